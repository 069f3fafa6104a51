namespace Anneal;

/// <summary>
/// The feed-forward part of a transformer: <c>down(activation(up(x)))</c>, or gated (Shazeer, 2020; SwiGLU with <see cref="Activation.Silu"/>)
/// <c>down(activation(gate(x)) · up(x))</c>, with dropout before the last product. Input and output <c>[batch, ..., features]</c>.
/// </summary>
/// <remarks>
/// Weights: <c>up/kernel</c> and, where gated, <c>gate/kernel</c> <c>[features, hiddenDimension]</c>, <c>down/kernel</c>
/// <c>[hiddenDimension, features]</c>, and a bias beside each.
/// </remarks>
public sealed class FeedForward : Layer
{
    private readonly Projection _up, _down;
    private readonly Projection? _gate;
    private readonly Dropout _dropout;
    private readonly Initializer _kernelInitializer, _biasInitializer;

    /// <summary>Makes the layer.</summary>
    /// <param name="hiddenDimension">The features between the two products; at least 1.</param>
    /// <param name="activation">What follows the first product, or the gate.</param>
    /// <param name="gated">Whether a second product is multiplied in.</param>
    /// <param name="dropout">The probability with which a hidden feature is dropped in training, at least 0 and below 1.</param>
    /// <param name="useBias">Whether the products add a bias.</param>
    /// <param name="kernelInitializer">The first values of the kernels; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first values of the biases; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>feed_forward</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public FeedForward(
        int hiddenDimension, Activation activation = Activation.Relu, bool gated = false, double dropout = 0, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(name)
    {
        const string Me = nameof(FeedForward);
        HiddenDimension = Require.AtLeastOne(hiddenDimension, Me, nameof(hiddenDimension));
        Activation = Require.Defined(activation, Me, nameof(activation));
        (Gated, UseBias) = (gated, useBias);
        _dropout = Track(new Dropout(Require.Within(dropout, 0, 1, Me, nameof(dropout)), "dropout"));
        _kernelInitializer = kernelInitializer ?? Initializer.GlorotUniform;
        _biasInitializer = biasInitializer ?? Initializer.Zeros;
        _up = Track(new Projection(useBias, _kernelInitializer, _biasInitializer, "up") { Units = hiddenDimension });
        _gate = gated ? Track(new Projection(useBias, _kernelInitializer, _biasInitializer, "gate") { Units = hiddenDimension }) : null;
        _down = Track(new Projection(useBias, _kernelInitializer, _biasInitializer, "down"));
    }

    /// <summary>The features between the two products.</summary>
    public int HiddenDimension { get; }

    /// <summary>What follows the first product, or the gate.</summary>
    public Activation Activation { get; }

    /// <summary>Whether a second product is multiplied in.</summary>
    public bool Gated { get; }

    /// <summary>The probability with which a hidden feature is dropped in training.</summary>
    public double Dropout => _dropout.Rate;

    /// <summary>Whether the products add a bias.</summary>
    public bool UseBias { get; }

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        RequireFeatures(inputShape);
        _down.Units = (int)inputShape[^1];
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        RequireFeatures(input.Shape);
        Tensor hidden = _gate is null ? Activation.Apply(_up.Apply(input)) : Activation.Apply(_gate.Apply(input)) * _up.Apply(input);
        return _down.Apply(_dropout.Apply(hidden));
    }

    /// <summary>The mask of the input, unless the features are the steps, which each output then sums over.</summary>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return Masks.BeforeLastAxis(inputs[0]);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("hiddenDimension", HiddenDimension);
        config.Set("activation", Activation);
        config.Set("gated", Gated);
        config.Set("dropout", Dropout);
        config.Set("useBias", UseBias);
        config.Set("kernelInitializer", _kernelInitializer);
        config.Set("biasInitializer", _biasInitializer);
    }

    internal static FeedForward Read(LayerConfig config) => new(
        config.GetInt32("hiddenDimension"), config.GetEnum<Activation>("activation"), config.GetBoolean("gated"), config.GetDouble("dropout"),
        config.GetBoolean("useBias"), config.GetInitializer("kernelInitializer"), config.GetInitializer("biasInitializer"));

    private void RequireFeatures(Shape shape)
    {
        if (shape.Rank < 2 || shape[^1] < 1)
            throw new ShapeException($"Layer {Path} expects an input [batch, ..., features], but found one of shape {shape}.");
    }
}
