namespace Anneal;

/// <summary>
/// Cross-correlation of images with learned windows: input <c>[batch, height, width, channels]</c>, output
/// <c>[batch, height, width, filters]</c>; kernel <c>[height, width, channels / groups, filters]</c>, bias <c>[filters]</c>.
/// </summary>
public sealed class Conv2D : Layer
{
    private readonly Initializer _kernelInitializer, _biasInitializer;
    private Parameter? _kernel, _bias;

    /// <summary>Makes the layer.</summary>
    /// <param name="filters">The number of output channels; at least 1 and a multiple of <paramref name="groups"/>.</param>
    /// <param name="kernelSize">The rows and columns of a window.</param>
    /// <param name="activation">What follows the convolution.</param>
    /// <param name="strides">The rows and columns from one window to the next; null is 1.</param>
    /// <param name="padding">What surrounds the image.</param>
    /// <param name="dilation">The rows and columns between the taps of a window; null is 1, no gap.</param>
    /// <param name="groups">Groups of channels that do not see each other; at least 1.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>conv2d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Conv2D(
        int filters, Size2D kernelSize, Activation activation = Activation.Linear, Size2D? strides = null, Padding padding = Padding.Valid,
        Size2D? dilation = null, int groups = 1, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(name)
    {
        Filters = Require.AtLeastOne(filters, nameof(Conv2D), nameof(filters));
        KernelSize = Require.AtLeastOne(kernelSize, nameof(Conv2D), nameof(kernelSize));
        Activation = Require.Defined(activation, nameof(Conv2D), nameof(activation));
        Strides = Require.AtLeastOne(strides ?? 1, nameof(Conv2D), nameof(strides));
        Padding = Require.Defined(padding, nameof(Conv2D), nameof(padding));
        Dilation = Require.AtLeastOne(dilation ?? 1, nameof(Conv2D), nameof(dilation));
        Groups = Require.AtLeastOne(groups, nameof(Conv2D), nameof(groups));
        if (filters % groups != 0)
            throw new OptionException($"{nameof(Conv2D)}: filters must be a multiple of groups, but {filters} filters and {groups} groups were given.");
        UseBias = useBias;
        _kernelInitializer = kernelInitializer ?? Initializer.GlorotUniform;
        _biasInitializer = biasInitializer ?? Initializer.Zeros;
    }

    /// <summary>The number of output channels.</summary>
    public int Filters { get; }

    /// <summary>The rows and columns of a window.</summary>
    public Size2D KernelSize { get; }

    /// <summary>What follows the convolution.</summary>
    public Activation Activation { get; }

    /// <summary>The rows and columns from one window to the next.</summary>
    public Size2D Strides { get; }

    /// <summary>What surrounds the image.</summary>
    public Padding Padding { get; }

    /// <summary>The rows and columns between the taps of a window.</summary>
    public Size2D Dilation { get; }

    /// <summary>Groups of channels that do not see each other.</summary>
    public int Groups { get; }

    /// <summary>Whether a bias is added.</summary>
    public bool UseBias { get; }

    /// <summary>The weights <c>[height, width, channels / groups, filters]</c>; null before the layer is built.</summary>
    public Parameter? Kernel => _kernel;

    /// <summary>The bias <c>[filters]</c>; null before the layer is built, or where there is none.</summary>
    public Parameter? Bias => _bias;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        Require.Rank(inputShape, 4, this, "[batch, height, width, channels]");
        if (inputShape[3] < 1 || inputShape[3] % Groups != 0)
            throw new ShapeException($"Layer {Path} expects a multiple of {Groups} channels in the last axis, one for each group, but found an input of shape {inputShape}.");
        _kernel = AddParameter("kernel", [KernelSize.Height, KernelSize.Width, inputShape[3] / Groups, Filters], _kernelInitializer);
        _bias = UseBias ? AddParameter("bias", Filters, _biasInitializer) : null;
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        Require.Rank(input.Shape, 4, this, "[batch, height, width, channels]");
        if (input.Shape[3] != _kernel!.Shape[2] * Groups)
            throw new ShapeException($"Layer {Path} was built for {_kernel.Shape[2] * Groups} channels in the last axis, but found an input of shape {input.Shape}.");
        Tensor output = input.Convolve(_kernel, Padding.Window(input.Shape, KernelSize, Strides, Dilation, Groups));
        return Activation.Apply(_bias is null ? output : output + _bias);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("filters", Filters);
        config.Set("kernelSize", KernelSize);
        config.Set("activation", Activation);
        config.Set("strides", Strides);
        config.Set("padding", Padding);
        config.Set("dilation", Dilation);
        config.Set("groups", Groups);
        config.Set("useBias", UseBias);
        config.Set("kernelInitializer", _kernelInitializer);
        config.Set("biasInitializer", _biasInitializer);
    }

    internal static Conv2D Read(LayerConfig config) => new(
        config.GetInt32("filters"), config.GetSize2D("kernelSize"), config.GetEnum<Activation>("activation"), config.GetSize2D("strides"),
        config.GetEnum<Padding>("padding"), config.GetSize2D("dilation"), config.GetInt32("groups"), config.GetBoolean("useBias"),
        config.GetInitializer("kernelInitializer"), config.GetInitializer("biasInitializer"));
}
