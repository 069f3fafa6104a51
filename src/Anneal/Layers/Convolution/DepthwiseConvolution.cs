namespace Anneal;

/// <summary>What <see cref="DepthwiseConv1D"/> and <see cref="DepthwiseConv2D"/> share: each channel has windows of its own.</summary>
public abstract class DepthwiseConvolution : ConvolutionLayer
{
    private readonly Initializer _initializer;
    private Parameter? _kernel;

    private protected DepthwiseConvolution(
        SlidingWindow window, int depthMultiplier, Activation activation, bool useBias,
        Initializer? depthwiseInitializer, Initializer? biasInitializer, string? name)
        : base(window, activation, useBias, biasInitializer, name)
    {
        DepthMultiplier = Require.AtLeastOne(depthMultiplier, GetType().Name, nameof(depthMultiplier));
        _initializer = depthwiseInitializer ?? Initializer.GlorotUniform;
    }

    /// <summary>The number of output channels that each input channel becomes.</summary>
    public int DepthMultiplier { get; }

    /// <summary>The weights, as the layer says; null before the layer is built.</summary>
    public Parameter? Kernel => _kernel;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("depthMultiplier", DepthMultiplier);
        config.Set("depthwiseInitializer", _initializer);
    }

    /// <summary>Convolves each channel alone: weights <c>[..., channels, multiplier]</c>, output channel c · multiplier + i.</summary>
    internal static Tensor Convolve(Layer layer, SlidingWindow window, Tensor input, Tensor kernel)
    {
        long channels = kernel.Shape[^2];
        Tensor grouped = kernel.Reshape(window.KernelShape(1, channels * kernel.Shape[^1]));
        return input.Convolve(grouped, window.Place(layer, input.Shape, channels));
    }

    private protected sealed override long BuildKernels(Shape inputShape)
    {
        _kernel = AddParameter("kernel", Window.KernelShape(inputShape[^1], DepthMultiplier), _initializer);
        return inputShape[^1] * DepthMultiplier;
    }

    private protected sealed override Tensor Convolve(Tensor input) => Convolve(this, Window, input, _kernel!);
}
