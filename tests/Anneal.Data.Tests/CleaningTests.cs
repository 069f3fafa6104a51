namespace Anneal.Data.Tests;

public sealed class CleaningTests
{
    [Fact]
    public void OneHotRowsHaveTheirOneAtTheLabel()
    {
        Assert.Equal([0f, 0, 1, 1, 0, 0], OneHot.Encode(TensorData.From([2L, 0]), 3).ToArray<float>());
        Assert.Equal(new Shape(2, 1, 3), OneHot.Encode(new TensorData(DType.UInt8, [2, 1]), 3).Shape);
        Assert.Equal(new Shape(0, 3), OneHot.Encode(new TensorData(DType.Int32, 0), 3).Shape);
        Assert.Equal([1f], OneHot.Encode(TensorData.Scalar(0), 1).ToArray<float>());
    }

    [Fact]
    public void LabelsOutOfRangeAreRefused()
    {
        Assert.Contains("Label 1 is 3", Assert.Throws<DatasetException>(() => OneHot.Encode(TensorData.From([0, 3]), 3)).Message);
        Assert.Contains("Label 0 is -1", Assert.Throws<DatasetException>(() => OneHot.Encode(TensorData.From([-1]), 3)).Message);
        Assert.Throws<DatasetException>(() => OneHot.Encode(TensorData.From([long.MaxValue]), 3));
        Assert.Throws<DTypeException>(() => OneHot.Encode(TensorData.From([1f]), 3));
        Assert.Throws<OptionException>(() => OneHot.Encode(TensorData.From([1]), 0));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(256)]
    [InlineData(300)]
    [InlineData(1025)]
    public void StandardizedFeaturesHaveMeanZeroAndDeviationOne(int count)
    {
        var values = new float[count, 3];
        for (int i = 0; i < count; i++)
            (values[i, 0], values[i, 1], values[i, 2]) = (i, 1000 + MathF.Sin(i), 7);
        Dataset train = Dataset.From(TensorData.From(values));
        Dataset normal = train.Normalize(Standardization.Fit(train));
        Batch batch = normal.CreateBatch(count);
        normal.Fill(Enumerable.Range(0, count).ToArray(), batch);
        float[] all = batch.Inputs[0].ToArray<float>();
        for (int feature = 0; feature < 3; feature++)
        {
            double[] column = [.. all.Where((_, i) => i % 3 == feature).Select(v => (double)v)];
            double mean = column.Average(), deviation = Math.Sqrt(column.Average(v => (v - mean) * (v - mean)));
            Assert.InRange(mean, -1e-5, 1e-5);
            Assert.InRange(deviation, feature == 2 ? 0 : 1 - 1e-5, feature == 2 ? 0 : 1 + 1e-5);
        }
    }

    [Fact]
    public void StandardizationWorksOnBytesAndOnViews()
    {
        Dataset all = Dataset.From(TensorData.From(new byte[] { 9, 9, 0, 100, 2, 100 }, [3, 2]));
        Dataset train = all.Skip(1);
        Normalization standard = Standardization.Fit(train);
        Assert.Equal(DType.Float32, all.Normalize(standard).Inputs[0].DType);
        Batch batch = train.CreateBatch(2);
        Assert.Throws<DatasetException>(() => train.Normalize(standard).Fill([0, 1], batch));
        batch = train.Normalize(standard).CreateBatch(2);
        train.Normalize(standard).Fill([0, 1], batch);
        Assert.Equal([-1f, 0, 1, 0], batch.Inputs[0].ToArray<float>());
    }

    [Fact]
    public void StandardizationNeedsFiniteValues()
    {
        Assert.Throws<DatasetException>(() => Standardization.Fit(Dataset.From(new TensorData(DType.Float32, [0, 2]))));
        Assert.Throws<DatasetException>(() => Standardization.Fit(Dataset.From(TensorData.From([1f, float.NaN]))));
        Assert.Throws<DatasetException>(() => Standardization.Fit(Dataset.From(TensorData.From([1f, 2])), new() { Input = 1 }));
        Assert.Throws<DTypeException>(() => Standardization.Fit(Dataset.From(TensorData.From([true]))));
    }

    [Fact]
    public void ATestPartHasItsShareAndItsLabels()
    {
        Dataset data = Dataset.From(new TensorData(DType.Float32, [100, 1]), TensorData.From(Enumerable.Range(0, 100).Select(i => i < 90 ? 0 : 1).ToArray()));
        (Dataset train, Dataset test) = TrainTestSplit.Of(data, new() { TestFraction = 0.3, Seed = 4, Balance = SplitBalance.Stratified });
        Assert.Equal((70, 30), (train.Count, test.Count));
        Assert.Equal((7, 3), (train.Labels().Count(l => l == 1), test.Labels().Count(l => l == 1)));
        Assert.Equal(20, TrainTestSplit.Of(data).Test.Count);
        Assert.Equal(test.Labels(), TrainTestSplit.Of(data, new() { TestFraction = 0.3, Seed = 4, Balance = SplitBalance.Stratified }).Test.Labels());
        Assert.Throws<DatasetException>(() => TrainTestSplit.Of(data, new() { TestFraction = 0 }));
        Assert.Throws<OptionException>(() => TrainTestSplit.Of(data, new() { Balance = (SplitBalance)5 }));
    }
}
