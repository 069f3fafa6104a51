using static Anneal.Tests.LayerChecks;

namespace Anneal.Tests;

public class PoolingLayerTests
{
    [Fact]
    public void SequencesAreFoldedWindowByWindow()
    {
        Tensor x = Tensor.From(new float[] { 1, 5, 2, -3, -4 }, [1, 5, 1]);
        Assert.Equal([5f, 2], new MaxPool1D().Apply(x).ToArray<float>());
        Assert.Equal([5f, 5, 2, -3], new MaxPool1D(2, 1).Apply(x).ToArray<float>());
        Assert.Equal([5f, 2, -4], new MaxPool1D(2, padding: Padding.Same).Apply(x).ToArray<float>());
        Assert.Equal([3f, -0.5f], new AveragePool1D().Apply(x).ToArray<float>());
        Assert.Equal([3f, -0.5f, -4], new AveragePool1D(2, padding: Padding.Same).Apply(x).ToArray<float>());
    }

    [Fact]
    public void WholeImagesAndSequencesAreFolded()
    {
        Tensor image = Tensor.From(new float[] { 1, 10, 2, 20, 3, 30, 6, 60 }, [1, 2, 2, 2]), sequence = image.Reshape(1, 4, 2);
        Assert.Equal([6f, 60], new GlobalMaxPool2D().Apply(image).ToArray<float>());
        Assert.Equal([3f, 30], new GlobalAveragePool2D().Apply(image).ToArray<float>());
        Assert.Equal([6f, 60], new GlobalMaxPool1D().Apply(sequence).ToArray<float>());
        Assert.Equal([3f, 30], new GlobalAveragePool1D().Apply(sequence).ToArray<float>());
        Assert.Equal([1, 2], new GlobalMaxPool2D().Apply(image).Shape);
        Assert.Equal([1, 1, 1, 2], new GlobalMaxPool2D(keepDims: true).Apply(image).Shape);
        Assert.Equal([1, 1, 1, 2], new GlobalAveragePool2D(true).Apply(image).Shape);
        Assert.Equal([1, 1, 2], new GlobalMaxPool1D(true).Apply(sequence).Shape);
        Assert.Equal([1, 1, 2], new GlobalAveragePool1D(true).Apply(sequence).Shape);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MaskedStepsDoNotEnter(bool keepDims)
    {
        Tensor x = Tensor.From(new float[] { -1, -3, 9, 9, 9, 9 }, [2, 3, 1]);
        bool[,] mask = { { true, true, false }, { false, false, false } };
        Assert.Equal([-2f, 0], new GlobalAveragePool1D(keepDims).Apply(Masked(x, mask)).ToArray<float>());
        Assert.Equal([-1f, 0], new GlobalMaxPool1D(keepDims).Apply(Masked(x, mask)).ToArray<float>());
        Assert.Equal([9f, 9], new GlobalMaxPool1D().Apply(Tensor.From(new float[] { -1, -3, 9, 9, 9, 9 }, [2, 3, 1])).ToArray<float>());
    }

    [Fact]
    public void GradientsLeaveMaskedStepsOut()
    {
        bool[,] mask = { { true, true, false }, { false, false, false } };
        foreach (Layer layer in (Layer[])[new GlobalAveragePool1D(), new GlobalMaxPool1D()])
        {
            Program program = Program.Compile(x =>
            {
                Masks.Attach(x, Tensor.From(mask));
                return Gradients.Of(layer.Apply(x).Sum(), x)[0];
            });
            float[] expected = layer is GlobalMaxPool1D ? [1, 0, 0, 0, 0, 0] : [0.5f, 0.5f, 0, 0, 0, 0];
            Assert.Equal(expected, program.Run(TensorData.From(new float[] { -1, -3, 9, 9, 9, 9 }, [2, 3, 1])).ToArray<float>());
        }
    }

    [Fact]
    public void MasksOfSequencesEndAtPooling()
    {
        bool[,] mask = { { true, false, false, false } };
        Assert.Null(MaskAfter(new MaxPool1D(), [1, 4, 2], mask));
        Assert.Null(MaskAfter(new GlobalMaxPool1D(), [1, 4, 4], mask));
        Assert.Null(MaskAfter(new GlobalAveragePool1D(true), [1, 4, 4], mask));
        Assert.Null(MaskAfter(new AveragePool1D(1, 2), [1, 1, 2], new bool[,] { { true } }));
        Assert.Equal("1000", MaskAfter(new AveragePool1D(3, 1, Padding.Same), [1, 4, 2], mask));
    }

    [Fact]
    public void AdaptivePoolingGivesTheWantedSize()
    {
        Tensor image = Tensor.From(new float[] { 1, 2, 3, 4, 5, 6 }, [1, 2, 3, 1]);
        Assert.Equal([3.5f], new AdaptiveAveragePool2D(1).Apply(image).ToArray<float>());
        Assert.Equal([3f, 4], new AdaptiveAveragePool2D((1, 2)).Apply(image).ToArray<float>());
        Assert.Equal([1, 4, 5, 1], new AdaptiveAveragePool2D((4, 5)).Apply(image).Shape);
    }

    [Fact]
    public void MistakesAreNamed()
    {
        Says<ShapeException>(() => new MaxPool1D(2, name: "p").Apply(Tensor.Zeros([2, 4])), "Layer p ", "[batch, time, channels]");
        Says<ShapeException>(() => new MaxPool1D(5, name: "p").Apply(Tensor.Zeros([2, 4, 1])), "Layer p ", "5 steps", "4 steps");
        Says<ShapeException>(() => new AveragePool2D(5, name: "p").Apply(Tensor.Zeros([2, 4, 9, 1])), "Layer p ", "5 x 5", "4 x 9");
        Says<ShapeException>(() => new GlobalMaxPool2D(name: "p").Apply(Tensor.Zeros([2, 4, 1])), "Layer p ", "[batch, height, width, channels]");
        Says<ShapeException>(() => new GlobalAveragePool1D(name: "p").Apply(Tensor.Zeros([2, 0, 1])), "Layer p ", "[2, 0, 1]");
        Says<ShapeException>(() => new AdaptiveAveragePool2D(2, "p").Apply(Tensor.Zeros([2, 4, 1])), "Layer p ", "[batch, height, width, channels]");
        Says<DTypeException>(() => new AveragePool1D(2, name: "p").Apply(Tensor.Zeros([2, 4, 1], DType.Int32)), "Layer p ", "int32");
        Says<DTypeException>(() => new GlobalMaxPool1D(name: "p").Apply(Tensor.Zeros([2, 4, 1], DType.Int32)), "Layer p ", "int32");
        Says<OptionException>(() => new MaxPool1D(0), "MaxPool1D", "poolSize");
        Says<OptionException>(() => new AveragePool1D(1, 0), "AveragePool1D", "strides");
        Says<OptionException>(() => new AveragePool1D(1, padding: Padding.Causal), "AveragePool1D", "Causal");
        Says<OptionException>(() => new MaxPool2D(1, padding: Padding.Causal), "MaxPool2D", "Causal");
        Says<OptionException>(() => new AdaptiveAveragePool2D((0, 1)), "AdaptiveAveragePool2D", "outputSize");
    }
}
