namespace Anneal;

/// <summary>Makes a sequence of equal steps: input <c>[batch, features]</c>, output <c>[batch, count, features]</c>.</summary>
public sealed class RepeatVector : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="count">The number of steps; at least 1.</param>
    /// <param name="name">The name; null takes <c>repeat_vector</c> with a counter.</param>
    /// <exception cref="OptionException">The count is below 1.</exception>
    public RepeatVector(int count, string? name = null) : base(name) => Count = Require.AtLeastOne(count, nameof(RepeatVector), nameof(count));

    /// <summary>The number of steps.</summary>
    public int Count { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Rank(input.Shape, 2, this, "[batch, features]");
        return input.ExpandAxis(1).BroadcastTo([input.Shape[0], Count, input.Shape[1]]);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) => null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("count", Count);

    internal static RepeatVector Read(LayerConfig config) => new(config.GetInt32("count"));
}
