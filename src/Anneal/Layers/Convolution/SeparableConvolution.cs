namespace Anneal;

/// <summary>
/// What <see cref="SeparableConv1D"/> and <see cref="SeparableConv2D"/> share: windows for each channel alone, then a product across channels.
/// </summary>
public abstract class SeparableConvolution : ConvolutionLayer
{
    private readonly Initializer _depthwiseInitializer, _pointwiseInitializer;
    private Parameter? _depthwise, _pointwise;

    private protected SeparableConvolution(
        SlidingWindow window, int filters, int depthMultiplier, Activation activation, bool useBias,
        Initializer? depthwiseInitializer, Initializer? pointwiseInitializer, Initializer? biasInitializer, string? name)
        : base(window, activation, useBias, biasInitializer, name)
    {
        Filters = Require.AtLeastOne(filters, GetType().Name, nameof(filters));
        DepthMultiplier = Require.AtLeastOne(depthMultiplier, GetType().Name, nameof(depthMultiplier));
        _depthwiseInitializer = depthwiseInitializer ?? Initializer.GlorotUniform;
        _pointwiseInitializer = pointwiseInitializer ?? Initializer.GlorotUniform;
    }

    /// <summary>The number of output channels.</summary>
    public int Filters { get; }

    /// <summary>The number of channels that each input channel becomes in between.</summary>
    public int DepthMultiplier { get; }

    /// <summary>The weights of the windows, as the layer says; null before the layer is built.</summary>
    public Parameter? DepthwiseKernel => _depthwise;

    /// <summary>The weights across channels, as the layer says; null before the layer is built.</summary>
    public Parameter? PointwiseKernel => _pointwise;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("filters", Filters);
        config.Set("depthMultiplier", DepthMultiplier);
        config.Set("depthwiseInitializer", _depthwiseInitializer);
        config.Set("pointwiseInitializer", _pointwiseInitializer);
    }

    private protected sealed override long BuildKernels(Shape inputShape)
    {
        long between = inputShape[^1] * DepthMultiplier;
        _depthwise = AddParameter("depthwise_kernel", Window.KernelShape(inputShape[^1], DepthMultiplier), _depthwiseInitializer);
        Shape pointwise = Window.IsImage ? [1, 1, between, Filters] : [1, between, Filters];
        _pointwise = AddParameter("pointwise_kernel", pointwise, _pointwiseInitializer);
        return Filters;
    }

    private protected sealed override Tensor Convolve(Tensor input)
    {
        Tensor between = DepthwiseConvolution.Convolve(this, Window, input, _depthwise!);
        Tensor across = ((Tensor)_pointwise!).Reshape(between.Shape[^1], Filters);
        return between.MatMul(across);
    }
}
