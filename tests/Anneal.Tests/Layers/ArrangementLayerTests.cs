using static Anneal.Tests.LayerChecks;

namespace Anneal.Tests;

public class ArrangementLayerTests
{
    private static readonly bool[,] Mask = { { true, false, true } };

    [Fact]
    public void StepsAndPixelsAreRepeated()
    {
        Tensor sequence = Tensor.From(new float[] { 1, 2, 3 }, [1, 3, 1]), image = Tensor.From(new float[] { 1, 2, 3, 4 }, [1, 2, 2, 1]);
        Assert.Equal([1f, 1, 1, 2, 2, 2, 3, 3, 3], new UpSampling1D(3).Apply(sequence).ToArray<float>());
        Assert.Equal([1f, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4], new UpSampling2D().Apply(image).ToArray<float>());
        Assert.Equal([1f, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4], new UpSampling2D((3, 1)).Apply(image).ToArray<float>());
        Assert.Equal([1f, 1.25f, 1.75f, 2, 3, 3.25f, 3.75f, 4], new UpSampling2D((1, 2), Interpolation.Bilinear).Apply(image).ToArray<float>());
    }

    [Fact]
    public void MarginsAreAddedAndCutOff()
    {
        Tensor sequence = Tensor.From(new float[] { 1, 2, 3 }, [1, 3, 1]);
        Assert.Equal([0f, 1, 2, 3, 0], new ZeroPadding1D().Apply(sequence).ToArray<float>());
        Assert.Equal([0f, 0, 1, 2, 3], new ZeroPadding1D((2, 0)).Apply(sequence).ToArray<float>());
        Assert.Equal([2f, 3], new Cropping1D((1, 0)).Apply(sequence).ToArray<float>());
        Tensor image = Numbers([2, 3, 4, 2]);
        Assert.Equal([2, 5, 6, 2], new ZeroPadding2D().Apply(image).Shape);
        Assert.Equal([2, 5, 8, 2], new ZeroPadding2D((1, 2)).Apply(image).Shape);
        var margin = ((0, 2), (3, 1));
        Tensor padded = new ZeroPadding2D(margin).Apply(image);
        Assert.Equal([2, 5, 8, 2], padded.Shape);
        AssertClose(image, new Cropping2D(margin).Apply(padded), 0);
        Assert.Equal(image.Sum().Item<float>(), padded.Sum().Item<float>(), 1e-5f);
        Assert.Equal([2, 1, 2, 2], new Cropping2D(1).Apply(image).Shape);
    }

    [Fact]
    public void AxesAreExchangedAndVectorsRepeated()
    {
        Tensor x = Numbers([2, 3, 4, 5]);
        Assert.Equal(x.Transpose(0, 3, 1, 2).ToArray<float>(), new Permute([3, 1, 2]).Apply(x).ToArray<float>());
        Assert.Equal([1f, 2, 1, 2, 1, 2], new RepeatVector(3).Apply(Tensor.From(new float[] { 1, 2 }, [1, 2])).ToArray<float>());
        Assert.Equal(DType.Int32, new RepeatVector(3).Apply(Tensor.Zeros([1, 2], DType.Int32)).DType);
    }

    [Fact]
    public void MasksFollowTheirSteps()
    {
        Shape shape = [1, 3, 3];
        Assert.Equal("110011", MaskAfter(new UpSampling1D(), shape, Mask));
        Assert.Equal("010100", MaskAfter(new ZeroPadding1D((1, 2)), shape, Mask));
        Assert.Equal("01", MaskAfter(new Cropping1D((1, 0)), shape, Mask));
        Assert.Equal("101", MaskAfter(new ZeroPadding2D((0, 1)), [1, 3, 2, 1], Mask));
        Assert.Equal("01", MaskAfter(new Cropping2D(((1, 0), (0, 0))), [1, 3, 2, 1], Mask));
        Assert.Equal("101", MaskAfter(new UpSampling2D((1, 2)), [1, 3, 2, 1], Mask));
        Assert.Equal("101", MaskAfter(new Permute([1, 3, 2]), [1, 3, 2, 1], Mask));
        Assert.Null(MaskAfter(new UpSampling2D(2), [1, 3, 2, 1], Mask));
        Assert.Null(MaskAfter(new Permute([2, 1]), shape, Mask));
        Assert.Null(MaskAfter(new RepeatVector(3), [1, 3], Mask));
    }

    [Fact]
    public void InputsThatDoNotFitNameTheLayer()
    {
        Tensor flat = Tensor.Zeros([2, 4]);
        Says<ShapeException>(() => new UpSampling1D(name: "u").Apply(flat), "Layer u ", "[batch, time, channels]");
        Says<ShapeException>(() => new UpSampling2D(name: "u").Apply(flat), "Layer u ", "[batch, height, width, channels]");
        Says<ShapeException>(() => new UpSampling2D(name: "u").Apply(Tensor.Zeros([2, 0, 4, 1])), "Layer u ", "[2, 0, 4, 1]");
        Says<DTypeException>(() => new UpSampling2D(name: "u").Apply(Tensor.Zeros([2, 2, 4, 1], DType.Int32)), "Layer u ", "int32");
        Says<ShapeException>(() => new ZeroPadding1D(name: "z").Apply(flat), "Layer z ", "[batch, time, channels]");
        Says<ShapeException>(() => new ZeroPadding2D(name: "z").Apply(flat), "Layer z ", "[batch, height, width, channels]");
        Says<ShapeException>(() => new Cropping1D((2, 2), "c").Apply(Tensor.Zeros([2, 4, 1])), "Layer c ", "axis 1", "[2, 4, 1]", "nothing is left");
        Says<ShapeException>(() => new Cropping2D((0, 3), "c").Apply(Tensor.Zeros([2, 4, 5, 1])), "Layer c ", "axis 2", "3, 3");
        Says<ShapeException>(() => new Permute([2, 1], "p").Apply(flat), "Layer p ", "2 axes", "[2, 4]");
        Says<ShapeException>(() => new RepeatVector(2, "r").Apply(Tensor.Zeros([2, 4, 1])), "Layer r ", "[batch, features]");
    }

    [Fact]
    public void ArgumentsAreCheckedAtOnce()
    {
        Says<OptionException>(() => new UpSampling1D(0), "UpSampling1D", "size");
        Says<OptionException>(() => new UpSampling2D((1, 0)), "UpSampling2D", "size", "1 x 0");
        Says<OptionException>(() => new UpSampling2D(2, (Interpolation)5), "UpSampling2D", "interpolation", "5");
        Says<OptionException>(() => new ZeroPadding1D((0, -1)), "ZeroPadding1D", "padding", "-1");
        Says<OptionException>(() => new ZeroPadding2D((0, -1)), "ZeroPadding2D", "padding", "(0, 0), (-1, -1)");
        Says<OptionException>(() => new Cropping1D(-1), "Cropping1D", "cropping");
        Says<OptionException>(() => new Cropping2D(-1), "Cropping2D", "cropping");
        Says<OptionException>(() => new Permute([1, 3]), "Permute", "axes", "[1, 3]");
        Says<OptionException>(() => new Permute([0, 1]), "Permute", "axes");
        Says<OptionException>(() => new Permute([]), "Permute", "axes");
        Says<OptionException>(() => new RepeatVector(0), "RepeatVector", "count");
    }
}
