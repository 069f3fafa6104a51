namespace Anneal;

/// <summary>
/// x where it is positive, else x times a learned slope (He, Zhang, Ren, Sun, 2015). The shape stays; the slopes <c>alpha</c> have the shape
/// of one example, with extent 1 along shared axes.
/// </summary>
public sealed class PRelu : Layer
{
    private readonly Initializer _initializer;
    private readonly int[] _sharedAxes;
    private Parameter? _alpha;

    /// <summary>Makes the layer.</summary>
    /// <param name="alphaInitializer">The first value of the slopes; null is <see cref="Initializer.Zeros"/>, as Keras.</param>
    /// <param name="sharedAxes">
    /// The axes along which one slope serves all, counted from 1 (0 counts the examples); null is none. One slope for each channel of an image is
    /// <c>[1, 2]</c>.
    /// </param>
    /// <param name="name">The name; null takes <c>p_relu</c> with a counter.</param>
    /// <exception cref="OptionException">A shared axis is below 1 or named twice.</exception>
    public PRelu(Initializer? alphaInitializer = null, IReadOnlyList<int>? sharedAxes = null, string? name = null) : base(name)
    {
        _initializer = alphaInitializer ?? Initializer.Zeros;
        _sharedAxes = [.. sharedAxes ?? []];
        if (_sharedAxes.Any(a => a < 1) || _sharedAxes.Distinct().Count() != _sharedAxes.Length)
            throw new OptionException($"{nameof(PRelu)}: sharedAxes must be different numbers of at least 1, but are [{string.Join(", ", _sharedAxes)}].");
    }

    /// <summary>The axes along which one slope serves all, counted from 1.</summary>
    public IReadOnlyList<int> SharedAxes => _sharedAxes;

    /// <summary>The slopes below 0; null before the layer is built.</summary>
    public Parameter? Alpha => _alpha;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        if (inputShape.Rank < 2 || _sharedAxes.Any(a => a >= inputShape.Rank))
        {
            throw new ShapeException(
                $"Layer {Path} expects an input [batch, ...] with the axes [{string.Join(", ", _sharedAxes)}], but found one of shape {inputShape}.");
        }

        long[] extents = inputShape.ToArray();
        foreach (int axis in _sharedAxes)
            extents[axis] = 1;
        _alpha = AddParameter("alpha", extents[1..], _initializer);
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        if (input.Shape.Rank != _alpha!.Shape.Rank + 1 || !_alpha.Shape.BroadcastsTo(input.Shape[1..]))
            throw new ShapeException($"Layer {Path} was built for slopes of shape {_alpha.Shape}, but found an input of shape {input.Shape}.");
        return Tensor.Select(input.GreaterThan(0), input, input * _alpha);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("alphaInitializer", _initializer);
        config.Set("sharedAxes", [.. _sharedAxes.Select(a => (long)a)]);
    }

    internal static PRelu Read(LayerConfig config) =>
        new(config.GetInitializer("alphaInitializer"), config.GetInt32Array("sharedAxes"));
}
