namespace Anneal;

/// <summary>What <see cref="Conv1DTranspose"/> and <see cref="Conv2DTranspose"/> share: the transpose of a convolution.</summary>
public abstract class TransposedConvolution : GroupedConvolution
{
    private readonly Size2D? _outputPadding;

    private protected TransposedConvolution(
        SlidingWindow window, Size2D? outputPadding, int filters, int groups, Activation activation, bool useBias,
        Initializer? kernelInitializer, Initializer? biasInitializer, string? name)
        : base(window, filters, groups, activation, useBias, kernelInitializer, biasInitializer, name)
    {
        _outputPadding = outputPadding;
        if (outputPadding is { } more && (more.Height < 0 || more.Width < 0 || more.Height >= window.Strides.Height || more.Width >= window.Strides.Width))
        {
            (string found, string limit) = window.IsImage ? (more.ToString(), window.Strides.ToString()) : ($"{more.Width}", $"{window.Strides.Width}");
            throw new OptionException($"{GetType().Name}: outputPadding must be at least 0 and below strides, but is {found} for strides of {limit}.");
        }
    }

    private protected Size2D? OutputPaddingSize => _outputPadding;

    private protected sealed override Shape KernelShape(long channels) => Window.KernelShape(Filters / Groups, channels);

    private protected sealed override Tensor Convolve(Tensor input)
    {
        (Ops.ConvolutionWindow window, long height, long width) = Window.PlaceTransposed(this, input.Shape, _outputPadding, Groups);
        return input.ConvolveTransposed(Kernel!, window, height, width);
    }
}
