namespace Anneal;

/// <summary>
/// What all convolutions share: a window with learned weights moves over images <c>[batch, height, width, channels]</c> or sequences
/// <c>[batch, time, channels]</c>; a bias and an activation follow. A mask is handed on where the steps of the output are those of the input
/// (stride 1 and an equal extent).
/// </summary>
public abstract class ConvolutionLayer : Layer
{
    private readonly Initializer _biasInitializer;
    private Parameter? _bias;
    private long _channels;

    private protected ConvolutionLayer(
        SlidingWindow window, Activation activation, bool useBias, Initializer? biasInitializer, string? name) : base(name)
    {
        Window = window;
        Activation = Require.Defined(activation, GetType().Name, nameof(activation));
        UseBias = useBias;
        _biasInitializer = biasInitializer ?? Initializer.Zeros;
    }

    /// <summary>What follows the convolution.</summary>
    public Activation Activation { get; }

    /// <summary>What surrounds the input.</summary>
    public Padding Padding => Window.Padding;

    /// <summary>Whether a bias is added.</summary>
    public bool UseBias { get; }

    /// <summary>The bias, one for each output channel; null before the layer is built, or where there is none.</summary>
    public Parameter? Bias => _bias;

    private protected SlidingWindow Window { get; }

    /// <inheritdoc/>
    protected sealed override void Build(Shape inputShape)
    {
        Require.Rank(inputShape, Window.IsImage ? 4 : 3, this, Window.InputForm);
        _channels = inputShape[^1];
        if (_channels < 1)
            throw new ShapeException($"Layer {Path} expects at least one channel in the last axis, but found an input of shape {inputShape}.");
        long outputs = BuildKernels(inputShape);
        _bias = UseBias ? AddParameter("bias", outputs, _biasInitializer) : null;
    }

    /// <inheritdoc/>
    protected sealed override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        Require.Rank(input.Shape, Window.IsImage ? 4 : 3, this, Window.InputForm);
        if (input.Shape[^1] != _channels)
            throw new ShapeException($"Layer {Path} was built for {_channels} channels in the last axis, but found an input of shape {input.Shape}.");
        Tensor output = Convolve(input);
        return Activation.Apply(_bias is null ? output : output + _bias);
    }

    /// <inheritdoc/>
    protected sealed override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) =>
        Window.KeepsTime(inputs[0].Shape, output.Shape) ? base.ComputeMask(inputs, output) : null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        Window.Write(config, "kernelSize", withDilation: true);
        config.Set("activation", Activation);
        config.Set("useBias", UseBias);
        config.Set("biasInitializer", _biasInitializer);
    }

    /// <summary>Declares the weights for an input of this shape and gives the number of output channels.</summary>
    private protected abstract long BuildKernels(Shape inputShape);

    /// <summary>The output before bias and activation.</summary>
    private protected abstract Tensor Convolve(Tensor input);
}

/// <summary>
/// What <see cref="Conv1D"/>, <see cref="Conv2D"/> and their transposes share: filters, and groups of channels that do not see each other.
/// </summary>
public abstract class GroupedConvolution : ConvolutionLayer
{
    private readonly Initializer _kernelInitializer;
    private Parameter? _kernel;

    private protected GroupedConvolution(
        SlidingWindow window, int filters, int groups, Activation activation, bool useBias,
        Initializer? kernelInitializer, Initializer? biasInitializer, string? name)
        : base(window, activation, useBias, biasInitializer, name)
    {
        string layer = GetType().Name;
        Filters = Require.AtLeastOne(filters, layer, nameof(filters));
        Groups = Require.AtLeastOne(groups, layer, nameof(groups));
        if (filters % groups != 0)
            throw new OptionException($"{layer}: filters must be a multiple of groups, but {filters} filters and {groups} groups were given.");
        _kernelInitializer = kernelInitializer ?? Initializer.GlorotUniform;
    }

    /// <summary>The number of output channels.</summary>
    public int Filters { get; }

    /// <summary>Groups of channels that do not see each other.</summary>
    public int Groups { get; }

    /// <summary>The weights, as the layer says; null before the layer is built.</summary>
    public Parameter? Kernel => _kernel;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("filters", Filters);
        config.Set("groups", Groups);
        config.Set("kernelInitializer", _kernelInitializer);
    }

    private protected sealed override long BuildKernels(Shape inputShape)
    {
        if (inputShape[^1] % Groups != 0)
            throw new ShapeException($"Layer {Path} expects a multiple of {Groups} channels in the last axis, one for each group, but found an input of shape {inputShape}.");
        _kernel = AddParameter("kernel", KernelShape(inputShape[^1]), _kernelInitializer);
        return Filters;
    }

    private protected virtual Shape KernelShape(long channels) => Window.KernelShape(channels / Groups, Filters);

    private protected override Tensor Convolve(Tensor input) => input.Convolve(_kernel!, Window.Place(this, input.Shape, Groups));
}
