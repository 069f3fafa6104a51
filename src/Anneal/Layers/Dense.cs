namespace Anneal;

/// <summary>
/// A fully connected layer: <c>activation(input · kernel + bias)</c> along the last axis. Input <c>[batch, ..., features]</c>, output
/// <c>[batch, ..., units]</c>; kernel <c>[features, units]</c>, bias <c>[units]</c>.
/// </summary>
public sealed class Dense : Layer
{
    private readonly Initializer _kernelInitializer, _biasInitializer;
    private Parameter? _kernel, _bias;

    /// <summary>Makes the layer.</summary>
    /// <param name="units">The number of outputs; at least 1.</param>
    /// <param name="activation">What follows the product.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>dense</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Dense(
        int units, Activation activation = Activation.Linear, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(name)
    {
        Units = Require.AtLeastOne(units, nameof(Dense), nameof(units));
        Activation = Require.Defined(activation, nameof(Dense), nameof(activation));
        UseBias = useBias;
        _kernelInitializer = kernelInitializer ?? Initializer.GlorotUniform;
        _biasInitializer = biasInitializer ?? Initializer.Zeros;
    }

    /// <summary>The number of outputs.</summary>
    public int Units { get; }

    /// <summary>What follows the product.</summary>
    public Activation Activation { get; }

    /// <summary>Whether a bias is added.</summary>
    public bool UseBias { get; }

    /// <summary>The weights <c>[features, units]</c>; null before the layer is built.</summary>
    public Parameter? Kernel => _kernel;

    /// <summary>The bias <c>[units]</c>; null before the layer is built, or where there is none.</summary>
    public Parameter? Bias => _bias;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        RequireFeatures(inputShape);
        _kernel = AddParameter("kernel", [inputShape[^1], Units], _kernelInitializer);
        _bias = UseBias ? AddParameter("bias", Units, _biasInitializer) : null;
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        RequireFeatures(input.Shape);
        if (input.Shape[^1] != _kernel!.Shape[0])
            throw new ShapeException($"Layer {Path} was built for {_kernel.Shape[0]} features in the last axis, but found an input of shape {input.Shape}.");
        Tensor output = _kernel.Multiply(input);
        return Activation.Apply(_bias is null ? output : output + _bias);
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
        config.Set("units", Units);
        config.Set("activation", Activation);
        config.Set("useBias", UseBias);
        config.Set("kernelInitializer", _kernelInitializer);
        config.Set("biasInitializer", _biasInitializer);
    }

    internal static Dense Read(LayerConfig config) => new(
        config.GetInt32("units"), config.GetEnum<Activation>("activation"), config.GetBoolean("useBias"),
        config.GetInitializer("kernelInitializer"), config.GetInitializer("biasInitializer"));

    private void RequireFeatures(Shape shape)
    {
        if (shape.Rank < 2 || shape[^1] < 1)
            throw new ShapeException($"Layer {Path} expects an input [batch, ..., features], but found one of shape {shape}.");
    }
}
