namespace Anneal.Tests.Data;

public sealed class NormalizationTests
{
    private static readonly double[] Values = [0, 1, 2, 3, 100, 127];

    [Fact]
    public void UnitIsExactlyDivisionBy255()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        Assert.Equal(all.Select(b => b / 255f), Apply(TensorData.From(all, [1, 256]), Normalization.Unit));
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.Float64)]
    [InlineData(DType.Float16)]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.UInt8)]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int32)]
    [InlineData(DType.Int64)]
    public void EveryTypeOfNumberIsRoundedOnce(DType dtype)
    {
        var data = new TensorData(dtype, [1, 3, 2]);
        for (int i = 0; i < Values.Length; i++)
            data.SetDouble(i, Values[i]);
        Assert.Equal(Values.Select(v => (float)(v * 0.1 - 3)), Apply(data, new Normalization(0.1, -3)));
        Assert.Equal(Values.Select((v, i) => i % 2 == 0 ? (float)(v * 0.1 - 3) : (float)(v * 7 + 0.3)), Apply(data, new Normalization([0.1, 7], [-3, 0.3])));
    }

    [Fact]
    public void StandardSubtractsTheMeanAndDividesByTheDeviation()
    {
        TensorData data = TensorData.From(new float[] { 1, 5, 3, 5 }, [2, 2]);
        Assert.Equal([-1f, 0, 1, 0], Apply(data, Normalization.Standard([2, 5], [1, 0])));
    }

    [Fact]
    public void OneNormalizationFollowsAnother()
    {
        TensorData data = TensorData.From(new byte[] { 255, 0 }, [1, 2]);
        Assert.Equal([3f, -1], Apply(data, Normalization.Unit.Then(new Normalization([2, 3], [1, -1]))));
        var source = new ArrayDataset([new ArraySource(data, Normalization.Unit)], []);
        Batch batch = source.CreateBatch(1);
        source.Normalize(new Normalization([2, 3], [1, -1])).Fill([0], batch);
        Assert.Equal([3f, -1], batch.Inputs[0].ToArray<float>());
        Assert.Throws<OptionException>(() => new Normalization([1, 2], [0, 0]).Then(new Normalization([1, 2, 3], [0, 0, 0])));
    }

    [Fact]
    public void BadNumbersAreRefused()
    {
        Assert.Throws<OptionException>(() => new Normalization(double.NaN));
        Assert.Throws<OptionException>(() => new Normalization(1, double.PositiveInfinity));
        Assert.Throws<OptionException>(() => new Normalization([], []));
        Assert.Throws<OptionException>(() => new Normalization([1], [1, 2]));
        Assert.Throws<OptionException>(() => Normalization.Standard([1], [1, 2]));
        Assert.Throws<OptionException>(() => Normalization.Standard([1], [-1]));
        Assert.Throws<ShapeException>(() => new ArrayDataset([new ArraySource(new TensorData(DType.UInt8, [4, 3]), new Normalization([1, 2], [0, 0]))], []));
        Assert.Throws<ShapeException>(() => Dataset.From(new TensorData(DType.UInt8, 4)).Normalize(new Normalization([1, 2], [0, 0])));
    }

    private static float[] Apply(TensorData data, Normalization normalization)
    {
        var source = new ArrayDataset([new ArraySource(data, normalization)], []);
        Batch batch = source.CreateBatch(source.Count);
        source.Fill(Enumerable.Range(0, source.Count).ToArray(), batch);
        return batch.Inputs[0].ToArray<float>();
    }
}
