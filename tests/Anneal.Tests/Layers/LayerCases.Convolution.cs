namespace Anneal.Tests;

/// <content>Convolutions and pooling.</content>
internal static partial class LayerCases
{
    private static readonly TensorType Picture = new(DType.Float32, [3, 6, 5, 2]), Series = new(DType.Float32, [3, 7, 2]);
    private static readonly Initializer Normal = new RandomNormal(), Half = new Constant(0.5);

    private static LayerCase[] Convolution =>
    [
        new(() => new Conv1D(4, 3), Series)
        {
            Variants =
            [
                ("filters", () => new Conv1D(2, 3)),
                ("kernelSize", () => new Conv1D(4, 2)),
                ("activation", () => new Conv1D(4, 3, Activation.Tanh)),
                ("strides", () => new Conv1D(4, 3, strides: 2)),
                ("padding", () => new Conv1D(4, 3, padding: Padding.Causal)),
                ("dilation", () => new Conv1D(4, 3, dilation: 2)),
                ("groups", () => new Conv1D(4, 3, groups: 2)),
                ("useBias", () => new Conv1D(4, 3, useBias: false)),
                ("kernelInitializer", () => new Conv1D(4, 3, kernelInitializer: Normal)),
                ("biasInitializer", () => new Conv1D(4, 3, biasInitializer: Half)),
            ],
        },
        new(() => new Conv2D(4, 3), Picture)
        {
            Variants =
            [
                ("filters", () => new Conv2D(2, 3)),
                ("kernelSize", () => new Conv2D(4, (3, 2))),
                ("activation", () => new Conv2D(4, 3, Activation.Tanh)),
                ("strides", () => new Conv2D(4, 3, strides: (2, 1))),
                ("padding", () => new Conv2D(4, 3, padding: Padding.Same)),
                ("dilation", () => new Conv2D(4, 3, dilation: 2)),
                ("groups", () => new Conv2D(4, 3, groups: 2)),
                ("useBias", () => new Conv2D(4, 3, useBias: false)),
                ("kernelInitializer", () => new Conv2D(4, 3, kernelInitializer: Normal)),
                ("biasInitializer", () => new Conv2D(4, 3, biasInitializer: Half)),
            ],
        },
    ];

    private static LayerCase[] SeparatedConvolution =>
    [
        new(() => new DepthwiseConv1D(3), Series)
        {
            Variants =
            [
                ("kernelSize", () => new DepthwiseConv1D(2)),
                ("depthMultiplier", () => new DepthwiseConv1D(3, 2)),
                ("activation", () => new DepthwiseConv1D(3, activation: Activation.Tanh)),
                ("strides", () => new DepthwiseConv1D(3, strides: 2)),
                ("padding", () => new DepthwiseConv1D(3, padding: Padding.Causal)),
                ("dilation", () => new DepthwiseConv1D(3, dilation: 2)),
                ("useBias", () => new DepthwiseConv1D(3, useBias: false)),
                ("depthwiseInitializer", () => new DepthwiseConv1D(3, depthwiseInitializer: Normal)),
                ("biasInitializer", () => new DepthwiseConv1D(3, biasInitializer: Half)),
            ],
        },
        new(() => new DepthwiseConv2D(3), Picture)
        {
            Variants =
            [
                ("kernelSize", () => new DepthwiseConv2D(2)),
                ("depthMultiplier", () => new DepthwiseConv2D(3, 2)),
                ("activation", () => new DepthwiseConv2D(3, activation: Activation.Tanh)),
                ("strides", () => new DepthwiseConv2D(3, strides: (1, 2))),
                ("padding", () => new DepthwiseConv2D(3, padding: Padding.Same)),
                ("dilation", () => new DepthwiseConv2D(3, dilation: 2)),
                ("useBias", () => new DepthwiseConv2D(3, useBias: false)),
                ("depthwiseInitializer", () => new DepthwiseConv2D(3, depthwiseInitializer: Normal)),
                ("biasInitializer", () => new DepthwiseConv2D(3, biasInitializer: Half)),
            ],
        },
        new(() => new SeparableConv1D(4, 3), Series)
        {
            Variants =
            [
                ("filters", () => new SeparableConv1D(2, 3)),
                ("kernelSize", () => new SeparableConv1D(4, 2)),
                ("depthMultiplier", () => new SeparableConv1D(4, 3, 2)),
                ("activation", () => new SeparableConv1D(4, 3, activation: Activation.Tanh)),
                ("strides", () => new SeparableConv1D(4, 3, strides: 2)),
                ("padding", () => new SeparableConv1D(4, 3, padding: Padding.Causal)),
                ("dilation", () => new SeparableConv1D(4, 3, dilation: 2)),
                ("useBias", () => new SeparableConv1D(4, 3, useBias: false)),
                ("depthwiseInitializer", () => new SeparableConv1D(4, 3, depthwiseInitializer: Normal)),
                ("pointwiseInitializer", () => new SeparableConv1D(4, 3, pointwiseInitializer: Normal)),
                ("biasInitializer", () => new SeparableConv1D(4, 3, biasInitializer: Half)),
            ],
        },
        new(() => new SeparableConv2D(4, 3), Picture)
        {
            Variants =
            [
                ("filters", () => new SeparableConv2D(2, 3)),
                ("kernelSize", () => new SeparableConv2D(4, 2)),
                ("depthMultiplier", () => new SeparableConv2D(4, 3, 2)),
                ("activation", () => new SeparableConv2D(4, 3, activation: Activation.Tanh)),
                ("strides", () => new SeparableConv2D(4, 3, strides: 2)),
                ("padding", () => new SeparableConv2D(4, 3, padding: Padding.Same)),
                ("dilation", () => new SeparableConv2D(4, 3, dilation: 2)),
                ("useBias", () => new SeparableConv2D(4, 3, useBias: false)),
                ("depthwiseInitializer", () => new SeparableConv2D(4, 3, depthwiseInitializer: Normal)),
                ("pointwiseInitializer", () => new SeparableConv2D(4, 3, pointwiseInitializer: Normal)),
                ("biasInitializer", () => new SeparableConv2D(4, 3, biasInitializer: Half)),
            ],
        },
    ];

    private static LayerCase[] TransposedConvolution =>
    [
        new(() => new Conv1DTranspose(4, 3, strides: 2), Series)
        {
            Variants =
            [
                ("filters", () => new Conv1DTranspose(2, 3, strides: 2)),
                ("kernelSize", () => new Conv1DTranspose(4, 2, strides: 2)),
                ("activation", () => new Conv1DTranspose(4, 3, Activation.Tanh, 2)),
                ("strides", () => new Conv1DTranspose(4, 3, strides: 3)),
                ("padding", () => new Conv1DTranspose(4, 3, strides: 2, padding: Padding.Same)),
                ("outputPadding", () => new Conv1DTranspose(4, 3, strides: 2, outputPadding: 1)),
                ("dilation", () => new Conv1DTranspose(4, 3, strides: 2, dilation: 2)),
                ("groups", () => new Conv1DTranspose(4, 3, strides: 2, groups: 2)),
                ("useBias", () => new Conv1DTranspose(4, 3, strides: 2, useBias: false)),
                ("kernelInitializer", () => new Conv1DTranspose(4, 3, strides: 2, kernelInitializer: Normal)),
                ("biasInitializer", () => new Conv1DTranspose(4, 3, strides: 2, biasInitializer: Half)),
            ],
        },
        new(() => new Conv2DTranspose(4, 3, strides: 2), Picture)
        {
            Variants =
            [
                ("filters", () => new Conv2DTranspose(2, 3, strides: 2)),
                ("kernelSize", () => new Conv2DTranspose(4, (3, 2), strides: 2)),
                ("activation", () => new Conv2DTranspose(4, 3, Activation.Tanh, 2)),
                ("strides", () => new Conv2DTranspose(4, 3, strides: (2, 3))),
                ("padding", () => new Conv2DTranspose(4, 3, strides: 2, padding: Padding.Same)),
                ("outputPadding", () => new Conv2DTranspose(4, 3, strides: 2, outputPadding: (0, 1))),
                ("dilation", () => new Conv2DTranspose(4, 3, strides: 2, dilation: 2)),
                ("groups", () => new Conv2DTranspose(4, 3, strides: 2, groups: 2)),
                ("useBias", () => new Conv2DTranspose(4, 3, strides: 2, useBias: false)),
                ("kernelInitializer", () => new Conv2DTranspose(4, 3, strides: 2, kernelInitializer: Normal)),
                ("biasInitializer", () => new Conv2DTranspose(4, 3, strides: 2, biasInitializer: Half)),
            ],
        },
    ];

    private static LayerCase[] Pooling =>
    [
        new(() => new MaxPool1D(2), Series)
        {
            Variants =
            [
                ("poolSize", () => new MaxPool1D(3)),
                ("strides", () => new MaxPool1D(2, 1)),
                ("padding", () => new MaxPool1D(2, padding: Padding.Same)),
            ],
        },
        new(() => new MaxPool2D(2), Picture)
        {
            Variants =
            [
                ("poolSize", () => new MaxPool2D((3, 2))),
                ("strides", () => new MaxPool2D(2, 1)),
                ("padding", () => new MaxPool2D(2, padding: Padding.Same)),
            ],
        },
        new(() => new AveragePool1D(2), Series)
        {
            Variants =
            [
                ("poolSize", () => new AveragePool1D(3)),
                ("strides", () => new AveragePool1D(2, 1)),
                ("padding", () => new AveragePool1D(2, padding: Padding.Same)),
            ],
        },
        new(() => new AveragePool2D(2), Picture)
        {
            Variants =
            [
                ("poolSize", () => new AveragePool2D((3, 2))),
                ("strides", () => new AveragePool2D(2, 1)),
                ("padding", () => new AveragePool2D(2, padding: Padding.Same)),
            ],
        },
        new(() => new AdaptiveAveragePool2D((3, 2)), Picture) { Variants = [("outputSize", () => new AdaptiveAveragePool2D(4))] },
        new(() => new GlobalMaxPool1D(), Series) { Variants = [("keepDims", () => new GlobalMaxPool1D(true))] },
        new(() => new GlobalMaxPool2D(), Picture) { Variants = [("keepDims", () => new GlobalMaxPool2D(true))] },
        new(() => new GlobalAveragePool1D(), Series) { Variants = [("keepDims", () => new GlobalAveragePool1D(true))] },
        new(() => new GlobalAveragePool2D(), Picture) { Variants = [("keepDims", () => new GlobalAveragePool2D(true))] },
    ];
}
