namespace Anneal.Tests;

public class LayerTests
{
    [Fact]
    public void DenseIsAProductAndABias()
    {
        var layer = new Dense(2, Activation.Relu);
        layer.Apply(Tensor.Zeros([1, 2]));
        layer.Kernel!.Value = TensorData.From<float>([1, 2, 3, -4], [2, 2]);
        layer.Bias!.Value = TensorData.From<float>([0.5f, 0]);
        Assert.Equal([7.5f, 0], layer.Apply(Tensor.From(new float[,] { { 1, 2 } })).ToArray<float>());
        Assert.Equal([4, 3, 2], layer.Apply(Tensor.Zeros([4, 3, 2])).Shape);
        Assert.Null(Built(new Dense(2, useBias: false), [1, 3]).Bias);
    }

    [Theory]
    [InlineData(Padding.Valid, 1, 1, 3, 4)]
    [InlineData(Padding.Same, 1, 1, 5, 6)]
    [InlineData(Padding.Same, 2, 1, 3, 3)]
    [InlineData(Padding.Valid, 2, 1, 2, 2)]
    [InlineData(Padding.Valid, 1, 2, 1, 2)]
    [InlineData(Padding.Same, 1, 2, 5, 6)]
    public void ConvolutionsHaveTheShapesOfKeras(Padding padding, int stride, int dilation, int height, int width)
    {
        var layer = new Conv2D(4, 3, strides: stride, padding: padding, dilation: dilation, groups: 2);
        Assert.Equal([2, height, width, 4], layer.Apply(Tensor.Zeros([2, 5, 6, 2])).Shape);
        Assert.Equal([3, 3, 1, 4], layer.Kernel!.Shape);
    }

    [Fact]
    public void SamePaddingPutsTheOddRowBelow()
    {
        var layer = new Conv2D(1, (2, 1), padding: Padding.Same, useBias: false);
        layer.Apply(Tensor.Zeros([1, 2, 1, 1]));
        layer.Kernel!.Value = TensorData.From<float>([1, 10], [2, 1, 1, 1]);
        Assert.Equal([21f, 2], layer.Apply(Tensor.From(new float[] { 1, 2 }, [1, 2, 1, 1])).ToArray<float>());
    }

    [Fact]
    public void PoolingLeavesPaddingOut()
    {
        Tensor image = Tensor.From(new float[] { -1, -2, -3, -4, -5, -6, -7, -8, -9 }, [1, 3, 3, 1]);
        Assert.Equal([-1f, -3, -7, -9], new MaxPool2D(2, padding: Padding.Same).Apply(image).ToArray<float>());
        Assert.Equal([-3f, -4.5f, -7.5f, -9], new AveragePool2D(2, padding: Padding.Same).Apply(image).ToArray<float>());
        Assert.Equal([-1f], new MaxPool2D().Apply(image).ToArray<float>());
        Assert.Equal([-3f, -4, -6, -7], new AveragePool2D(2, strides: 1).Apply(image).ToArray<float>());
    }

    [Fact]
    public void ShapesAreChanged()
    {
        Assert.Equal([2, 12], new Flatten().Apply(Tensor.Zeros([2, 3, 4])).Shape);
        Assert.Equal([2, 1], new Flatten().Apply(Tensor.Zeros([2])).Shape);
        Assert.Equal([2, 6, 2], new Reshape([-1, 2]).Apply(Tensor.Zeros([2, 3, 4])).Shape);
        var exception = Assert.Throws<ShapeException>(() => new Reshape([5, -1], "r").Apply(Tensor.Zeros([2, 3, 4])));
        Assert.Contains("Layer r ", exception.Message);
    }

    [Fact]
    public void DropoutKeepsTheMeanAndDropsTheRate()
    {
        var layer = new Dropout(0.25);
        Tensor ones = Tensor.Ones([100, 100]);
        Assert.Equal(ones.ToArray<float>(), layer.Apply(ones).ToArray<float>());
        Program program = Program.Compile(x => layer.Apply(x), new ProgramOptions { Training = true, Seed = 1 });
        float[] first = program.Run(ones.Evaluate()).ToArray<float>(), second = program.Run(ones.Evaluate()).ToArray<float>();
        Assert.All(first, v => Assert.True(v == 0 || Math.Abs(v - 4 / 3f) < 1e-6));
        Assert.InRange(first.Count(v => v == 0), 2300, 2700);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void TwoDropoutsOfOneShapeDiffer()
    {
        var model = new Sequential(new Dropout(0.5), new Dropout(0.5));
        Program program = Program.Compile(
            x => [model.Layers[0].Apply(x[0]), model.Layers[1].Apply(x[0])], new ProgramOptions { Training = true, Seed = 1 });
        TensorData[] results = program.RunAll(Tensor.Ones([10, 10]).Evaluate());
        Assert.NotEqual(results[0].ToArray<float>(), results[1].ToArray<float>());
    }

    [Fact]
    public void EmbeddingsLookUpRows()
    {
        var layer = new Embedding(3, 2);
        layer.Apply(Tensor.From(0));
        layer.Table!.Value = TensorData.From<float>([1, 2, 3, 4, 5, 6], [3, 2]);
        Tensor y = layer.Apply(Tensor.From(new int[,] { { 2, 0 } }));
        Assert.Equal([1, 2, 2], y.Shape);
        Assert.Equal([5f, 6, 1, 2], y.ToArray<float>());
    }

    [Theory]
    [InlineData(Activation.Linear, -1.5)]
    [InlineData(Activation.Relu, 0)]
    [InlineData(Activation.Relu6, 0)]
    [InlineData(Activation.LeakyRelu, -0.015)]
    [InlineData(Activation.Elu, -0.7768698398515702)]
    [InlineData(Activation.Selu, -1.3658142)]
    [InlineData(Activation.Gelu, -0.1002108)]
    [InlineData(Activation.GeluTanh, -0.1004299)]
    [InlineData(Activation.Silu, -0.2736385)]
    [InlineData(Activation.Mish, -0.2980642)]
    [InlineData(Activation.Sigmoid, 0.1824255)]
    [InlineData(Activation.HardSigmoid, 0.25)]
    [InlineData(Activation.HardSwish, -0.375)]
    [InlineData(Activation.Softplus, 0.2014133)]
    [InlineData(Activation.LogSigmoid, -1.7014133)]
    [InlineData(Activation.Softsign, -0.6)]
    [InlineData(Activation.Tanh, -0.9051483)]
    [InlineData(Activation.Exponential, 0.2231302)]
    [InlineData(Activation.Softmax, 0.0293122)]
    [InlineData(Activation.LogSoftmax, -3.5297505)]
    public void ActivationsFollowPyTorch(Activation activation, double expected)
    {
        float[] y = new ActivationLayer(activation).Apply(Tensor.From(new float[,] { { -1.5f, 2 } })).ToArray<float>();
        Assert.Equal(expected, y[0], 4);
    }

    [Fact]
    public void EveryActivationIsListedAbove() => Assert.Equal(
        Enum.GetValues<Activation>().Order(),
        typeof(LayerTests).GetMethod(nameof(ActivationsFollowPyTorch))!.CustomAttributes
            .Where(a => a.AttributeType == typeof(InlineDataAttribute))
            .Select(a => (Activation)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)a.ConstructorArguments[0].Value!)[0].Value!).Order());

    [Fact]
    public void LayersCanBeMadeAgainFromTheirConfigurations()
    {
        Layer[] layers =
        [
            new Dense(3, Activation.Tanh, useBias: false, kernelInitializer: new RandomNormal(0.5, 2), biasInitializer: new Constant(0.1), name: "d"),
            new Conv2D(4, (3, 2), Activation.Silu, (2, 1), Padding.Same, (1, 2), 2, false, Initializer.LeCunNormal, Initializer.Ones),
            new MaxPool2D((2, 3), 1, Padding.Same), new AveragePool2D(4), new Flatten(), new Reshape([2, -1]), new Dropout(0.3),
            new ActivationLayer(Activation.Mish), new Embedding(7, 3, new TruncatedNormal(0, 0.1)), new Input([2, 3], DType.Int32), new Concatenate(1),
            new Add(), new Sequential(new Dense(1)),
        ];
        foreach (Layer layer in layers)
        {
            LayerConfig stored = LayerRegistry.Write(layer);
            var read = new LayerConfig("test", System.Text.Json.Nodes.JsonNode.Parse(stored.Values.ToJsonString())!.AsObject(), "test");
            Layer again = LayerRegistry.Read(read);
            read.RequireAllRead();
            Assert.Equal(layer.GetType(), again.GetType());
            Assert.Equal(stored.Values.ToJsonString(), LayerRegistry.Write(again).Values.ToJsonString());
        }
    }

    private static T Built<T>(T layer, Shape shape) where T : Layer
    {
        layer.Apply(Tensor.Zeros(shape));
        return layer;
    }
}
