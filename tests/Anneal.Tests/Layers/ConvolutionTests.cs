using static Anneal.Tests.LayerChecks;

namespace Anneal.Tests;

public class ConvolutionTests
{
    [Theory]
    [InlineData(Padding.Valid, 1, 1, 1, 8)]
    [InlineData(Padding.Valid, 2, 1, 2, 4)]
    [InlineData(Padding.Same, 2, 1, 1, 5)]
    [InlineData(Padding.Same, 1, 3, 2, 10)]
    [InlineData(Padding.Causal, 1, 4, 1, 10)]
    [InlineData(Padding.Causal, 3, 2, 2, 4)]
    public void ASequenceIsConvolvedLikeAnImageOfOneRow(Padding padding, int strides, int dilation, int groups, int time)
    {
        Tensor x = Numbers([2, 10, 4]);
        var layer = new Conv1D(6, 3, Activation.Tanh, strides, padding, dilation, groups);
        Tensor y = layer.Apply(x);
        Assert.Equal([2, time, 6], y.Shape);
        Assert.Equal([3, 4 / groups, 6], layer.Kernel!.Shape);

        // A causal image does not exist: its padding is put there by hand.
        Tensor image = x.ExpandAxis(1);
        if (padding == Padding.Causal)
            image = image.Pad([0, 0, 2 * dilation, 0], [0, 0, 0, 0]);
        var other = new Conv2D(6, (1, 3), Activation.Tanh, (1, strides), padding == Padding.Same ? Padding.Same : Padding.Valid, (1, dilation), groups);
        other.Apply(image);
        Set(other.Kernel, layer.Kernel);
        AssertClose(other.Apply(image).Reshape(y.Shape), y, 0);
    }

    [Fact]
    public void ACausalConvolutionDoesNotSeeTheFuture()
    {
        var layer = new Conv1D(3, 4, padding: Padding.Causal, dilation: 2);
        Tensor x = Numbers([1, 12, 2]);
        float[] before = layer.Apply(x).ToArray<float>();
        Tensor changed = Tensor.Concat(1, x.Narrow(1, 0, 7), x.Narrow(1, 7, 5) + 1);
        float[] after = layer.Apply(changed).ToArray<float>();
        Assert.Equal(before[..21], after[..21]);
        Assert.NotEqual(before[21], after[21]);
    }

    [Theory]
    [InlineData(1, Padding.Valid)]
    [InlineData(3, Padding.Same)]
    public void ADepthwiseConvolutionIsAGroupedOne(int multiplier, Padding padding)
    {
        Tensor x = Numbers([2, 7, 6, 4]);
        var depthwise = new DepthwiseConv2D((3, 2), multiplier, Activation.Relu, (2, 1), padding, (1, 2));
        var grouped = new Conv2D(4 * multiplier, (3, 2), Activation.Relu, (2, 1), padding, (1, 2), groups: 4);
        Tensor y = depthwise.Apply(x);
        grouped.Apply(x);
        Assert.Equal([3, 2, 4, multiplier], depthwise.Kernel!.Shape);
        Assert.Equal([4 * multiplier], depthwise.Bias!.Shape);
        Set(depthwise.Bias, Numbers(4 * multiplier, 3));
        Set(grouped.Kernel, depthwise.Kernel);
        Set(grouped.Bias, depthwise.Bias);
        AssertClose(grouped.Apply(x), depthwise.Apply(x), 0);

        var sequence = new DepthwiseConv1D(3, multiplier, padding: padding);
        Assert.Equal([2, padding == Padding.Same ? 7 : 5, 4 * multiplier], sequence.Apply(Numbers([2, 7, 4])).Shape);
        Assert.Equal([3, 4, multiplier], sequence.Kernel!.Shape);
        Assert.Equal(y.Shape, grouped.Apply(x).Shape);
    }

    [Fact]
    public void EachChannelOfADepthwiseConvolutionHasItsOwnWindow()
    {
        var layer = new DepthwiseConv1D(1, 2, useBias: false);
        layer.Apply(Tensor.Zeros([1, 1, 2]));
        Set(layer.Kernel, Tensor.From(1f, 10f, 100f, 1000f));
        Assert.Equal([2f, 20, 300, 3000], layer.Apply(Tensor.From(new float[] { 2, 3 }, [1, 1, 2])).ToArray<float>());
    }

    [Fact]
    public void ASeparableConvolutionIsADepthwiseOneAndAProduct()
    {
        Tensor x = Numbers([2, 6, 5, 3]);
        var layer = new SeparableConv2D(4, 3, 2, Activation.Sigmoid, padding: Padding.Same);
        var depthwise = new DepthwiseConv2D(3, 2, padding: Padding.Same, useBias: false);
        var pointwise = new Conv2D(4, 1, Activation.Sigmoid);
        Tensor y = layer.Apply(x);
        pointwise.Apply(depthwise.Apply(x));
        Assert.Equal([1, 1, 6, 4], layer.PointwiseKernel!.Shape);
        Set(depthwise.Kernel, layer.DepthwiseKernel!);
        Set(pointwise.Kernel, layer.PointwiseKernel);
        AssertClose(pointwise.Apply(depthwise.Apply(x)), y);

        var sequence = new SeparableConv1D(4, 3, padding: Padding.Causal, dilation: 2);
        Assert.Equal([2, 6, 4], sequence.Apply(Numbers([2, 6, 5])).Shape);
        Assert.Equal([3, 5, 1], sequence.DepthwiseKernel!.Shape);
        Assert.Equal([1, 5, 4], sequence.PointwiseKernel!.Shape);
    }

    [Theory]
    [InlineData(Padding.Valid, 1, 1, 3, 1, 1)]
    [InlineData(Padding.Valid, 2, 3, 3, 1, 2)]
    [InlineData(Padding.Valid, 3, 2, 2, 1, 1)]
    [InlineData(Padding.Same, 1, 1, 3, 2, 1)]
    [InlineData(Padding.Same, 2, 1, 4, 1, 2)]
    [InlineData(Padding.Same, 2, 3, 3, 1, 1)]
    [InlineData(Padding.Same, 3, 3, 2, 1, 1)]
    [InlineData(Padding.Same, 2, 2, 1, 1, 1)]
    public void ATransposeIsTheGradientOfItsConvolution(Padding padding, int strideHeight, int strideWidth, int kernel, int dilation, int groups)
    {
        Tensor up = Numbers([2, 4, 3, 4]);
        var transpose = new Conv2DTranspose(6, (kernel, 3), strides: (strideHeight, strideWidth), padding: padding, dilation: dilation, groups: groups, useBias: false);
        Tensor y = transpose.Apply(up);
        var convolution = new Conv2D(4, (kernel, 3), strides: (strideHeight, strideWidth), padding: padding, dilation: dilation, groups: groups, useBias: false);
        Assert.Equal(up.Shape, convolution.Apply(Tensor.Zeros(y.Shape)).Shape);
        Set(convolution.Kernel, transpose.Kernel!);
        TensorData gradient = Program.Compile(x => Gradients.Of((convolution.Apply(x) * up).Sum(), x)[0]).Run(Numbers(y.Shape, 5).Evaluate());
        AssertClose(Tensor.From(gradient), y);
    }

    // Extents by Keras: (input, kernel, stride, dilation, padding, output padding) to output.
    [Theory]
    [InlineData(4, 3, 1, 1, Padding.Valid, null, 6)]
    [InlineData(4, 3, 2, 1, Padding.Valid, null, 9)]
    [InlineData(4, 2, 3, 1, Padding.Valid, null, 12)]
    [InlineData(4, 2, 3, 1, Padding.Valid, 0, 11)]
    [InlineData(4, 3, 2, 1, Padding.Valid, 1, 10)]
    [InlineData(4, 3, 2, 2, Padding.Valid, null, 11)]
    [InlineData(4, 3, 2, 1, Padding.Same, null, 8)]
    [InlineData(4, 3, 2, 1, Padding.Same, 0, 7)]
    [InlineData(4, 3, 2, 1, Padding.Same, 1, 8)]
    [InlineData(4, 4, 2, 1, Padding.Same, 0, 6)]
    [InlineData(4, 4, 2, 1, Padding.Same, 1, 7)]
    [InlineData(4, 1, 3, 1, Padding.Same, 2, 12)]
    public void TransposesHaveTheShapesOfKeras(int input, int kernel, int stride, int dilation, Padding padding, int? outputPadding, int output)
    {
        var sequence = new Conv1DTranspose(5, kernel, Activation.Linear, stride, padding, outputPadding, dilation);
        Assert.Equal([2, output, 5], sequence.Apply(Numbers([2, input, 3])).Shape);
        Assert.Equal([kernel, 5, 3], sequence.Kernel!.Shape);
        Size2D? more = outputPadding is { } p ? p : null;
        var image = new Conv2DTranspose(5, kernel, strides: stride, padding: padding, outputPadding: more, dilation: dilation);
        Assert.Equal([2, output, output, 5], image.Apply(Numbers([2, input, input, 3])).Shape);
        Assert.Equal([kernel, kernel, 5, 3], image.Kernel!.Shape);
    }

    [Theory]
    [InlineData(null, new float[] { 1, 10, 2, 20, 3, 30 })]
    [InlineData(0, new float[] { 10, 2, 20, 3, 30 })]
    [InlineData(1, new float[] { 1, 10, 2, 20, 3, 30 })]
    public void ATransposeSpreadsItsInput(int? outputPadding, float[] expected)
    {
        // All that the windows touch is [1, 10, 2, 20, 3, 30, 0]; the odd step is cut off the end.
        var layer = new Conv1DTranspose(1, 3, Activation.Linear, 2, Padding.Same, outputPadding, useBias: false);
        layer.Apply(Tensor.Zeros([1, 3, 1]));
        Set(layer.Kernel, Tensor.From(1f, 10f, 0f));
        Assert.Equal(expected, layer.Apply(Tensor.From(new float[] { 1, 2, 3 }, [1, 3, 1])).ToArray<float>());
    }

    [Fact]
    public void MasksAreHandedOnWhereStepsKeepTheirPlaces()
    {
        bool[,] mask = { { true, true, false, false } };
        Shape shape = [1, 4, 2];
        const string Same = "1100";
        Assert.Equal(Same, MaskAfter(new Conv1D(2, 3, padding: Padding.Same), shape, mask));
        Assert.Equal(Same, MaskAfter(new Conv1D(2, 3, padding: Padding.Causal), shape, mask));
        Assert.Equal(Same, MaskAfter(new Conv1D(2, 1), shape, mask));
        Assert.Equal(Same, MaskAfter(new SeparableConv1D(2, 3, padding: Padding.Same), shape, mask));
        Assert.Null(MaskAfter(new Conv1D(2, 3), shape, mask));
        Assert.Null(MaskAfter(new Conv1D(2, 3, padding: Padding.Same, strides: 2), shape, mask));
        Assert.Null(MaskAfter(new Conv1DTranspose(2, 3), shape, mask));
        Assert.Null(MaskAfter(new Conv1D(2, 1, strides: 2), [1, 1, 2], new bool[,] { { true } }));
    }

    [Fact]
    public void InputsThatDoNotFitNameTheLayer()
    {
        Says<ShapeException>(() => new Conv1D(2, 3, name: "a").Apply(Tensor.Zeros([2, 4])), "Layer a ", "[batch, time, channels]", "[2, 4]");
        Says<ShapeException>(() => new DepthwiseConv2D(3, name: "a").Apply(Tensor.Zeros([2, 4, 1])), "Layer a ", "[batch, height, width, channels]");
        Says<ShapeException>(() => new Conv1D(2, 5, name: "a").Apply(Tensor.Zeros([2, 4, 1])), "Layer a ", "5 steps", "4 steps");
        Says<ShapeException>(() => new Conv2D(2, 3, dilation: 2, name: "a").Apply(Tensor.Zeros([2, 4, 6, 1])), "Layer a ", "5 x 5", "4 x 6");
        Says<ShapeException>(() => new SeparableConv2D(2, (1, 7), name: "a").Apply(Tensor.Zeros([2, 4, 6, 1])), "Layer a ", "1 x 7", "4 x 6");
        Says<ShapeException>(() => new Conv1D(4, 1, groups: 2, name: "a").Apply(Tensor.Zeros([2, 4, 3])), "Layer a ", "multiple of 2", "[2, 4, 3]");
        Says<ShapeException>(() => new Conv2DTranspose(4, 1, groups: 2, name: "a").Apply(Tensor.Zeros([2, 4, 4, 3])), "Layer a ", "multiple of 2");
        Says<ShapeException>(() => new Conv1DTranspose(4, 2, padding: Padding.Same, strides: 2, outputPadding: 0, name: "a").Apply(Tensor.Zeros([2, 1, 3])), "Layer a ", "empty output");
        Says<ShapeException>(() => new Conv1D(2, 1, name: "a").Apply(Tensor.Zeros([2, 4, 0])), "Layer a ", "at least one channel");
        Says<DTypeException>(() => new Conv1D(2, 1, name: "a").Apply(Tensor.Zeros([2, 4, 1], DType.Int32)), "Layer a ", "float32", "int32");
        Says<DTypeException>(() => new Conv2DTranspose(2, 1, name: "a").Apply(Tensor.Zeros([2, 4, 4, 1], DType.UInt8)), "Layer a ", "uint8");
        var built = new Conv1DTranspose(2, 1, name: "a");
        built.Apply(Tensor.Zeros([2, 4, 3]));
        Says<ShapeException>(() => built.Apply(Tensor.Zeros([2, 4, 5])), "Layer a ", "built for 3 channels", "[2, 4, 5]");
    }

    [Fact]
    public void ArgumentsAreCheckedAtOnce()
    {
        Says<OptionException>(() => new Conv1D(0, 1), "Conv1D", "filters", "0");
        Says<OptionException>(() => new Conv1D(1, 0), "Conv1D", "kernelSize", "0");
        Says<OptionException>(() => new Conv1D(1, 1, strides: 0), "Conv1D", "strides");
        Says<OptionException>(() => new Conv1D(1, 1, dilation: -1), "Conv1D", "dilation", "-1");
        Says<OptionException>(() => new Conv1D(3, 1, groups: 2), "Conv1D", "filters must be a multiple of groups");
        Says<OptionException>(() => new Conv1D(3, 1, padding: (Padding)7), "Conv1D", "padding", "7");
        Says<OptionException>(() => new Conv2D(3, 1, padding: Padding.Causal), "Conv2D", "padding", "Causal");
        Says<OptionException>(() => new Conv1DTranspose(3, 1, padding: Padding.Causal), "Conv1DTranspose", "Causal");
        Says<OptionException>(() => new DepthwiseConv2D(3, 0), "DepthwiseConv2D", "depthMultiplier");
        Says<OptionException>(() => new SeparableConv1D(3, 3, 0), "SeparableConv1D", "depthMultiplier");
        Says<OptionException>(() => new SeparableConv2D(3, 3, activation: (Activation)99), "SeparableConv2D", "activation");
        Says<OptionException>(() => new Conv2DTranspose(3, 1, strides: (2, 3), outputPadding: (1, 3)), "Conv2DTranspose", "outputPadding", "1 x 3", "2 x 3");
        Says<OptionException>(() => new Conv1DTranspose(3, 1, outputPadding: 1), "Conv1DTranspose", "outputPadding", "is 1 for strides of 1");
        Says<OptionException>(() => new Conv1DTranspose(3, 1, strides: 2, outputPadding: -1), "Conv1DTranspose", "outputPadding", "-1");
    }
}
