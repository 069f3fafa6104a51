namespace Anneal;

/// <summary>The same elements of each example in the same order under another shape: <c>[batch, ...]</c> to <c>[batch, target...]</c>.</summary>
public sealed class Reshape : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="targetShape">The extents of one example; one of them may be -1, to be worked out.</param>
    /// <param name="name">The name; null takes <c>reshape</c> with a counter.</param>
    /// <exception cref="OptionException">An extent is below 1 and not -1, or more than one is -1.</exception>
    public Reshape(IReadOnlyList<long> targetShape, string? name = null) : base(name)
    {
        ArgumentNullException.ThrowIfNull(targetShape);
        TargetShape = [.. targetShape];
        if (TargetShape.Any(e => e < 1 && e != -1) || TargetShape.Count(e => e == -1) > 1)
        {
            throw new OptionException(
                $"{nameof(Reshape)}: targetShape must have extents of at least 1, at most one of them -1, but is [{string.Join(", ", TargetShape)}].");
        }
    }

    /// <summary>The extents of one example; -1 is worked out.</summary>
    public IReadOnlyList<long> TargetShape { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        if (input.Shape.Rank < 1)
            throw new ShapeException($"Layer {Path} expects an input [batch, ...], but found one value.");
        Shape example = input.Shape[1..];
        long known = TargetShape.Where(e => e != -1).Aggregate(1L, (a, b) => a * b);
        bool fits = TargetShape.Contains(-1) ? example.ElementCount % known == 0 : example.ElementCount == known;
        if (!fits)
        {
            throw new ShapeException(
                $"Layer {Path} expects examples that divide into [{string.Join(", ", TargetShape)}], but found an input of shape {input.Shape}, {example.ElementCount} elements each.");
        }

        return input.Reshape(new Shape([input.Shape[0], .. TargetShape.Select(e => e == -1 ? example.ElementCount / known : e)]));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("targetShape", [.. TargetShape]);

    internal static Reshape Read(LayerConfig config) => new(config.GetInt64Array("targetShape"));
}
