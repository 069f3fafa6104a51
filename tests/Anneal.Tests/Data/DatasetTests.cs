using CsCheck;

namespace Anneal.Tests.Data;

public sealed class DatasetTests
{
    /// <summary>Example i has the input (i, 10 i) and the label i mod 4.</summary>
    private static ArrayDataset Make(int count, bool weights = false)
    {
        var x = new float[count, 2];
        var y = new int[count];
        for (int i = 0; i < count; i++)
            (x[i, 0], x[i, 1], y[i]) = (i, 10 * i, i % 4);
        return Dataset.From(TensorData.From(x), TensorData.From(y), weights ? TensorData.From(Enumerable.Range(0, count).Select(i => i / 2f).ToArray()) : null);
    }

    private static int[] Examples(Dataset data)
    {
        if (data.Count == 0)
            return [];
        Batch batch = data.CreateBatch(data.Count);
        data.Fill(Enumerable.Range(0, data.Count).ToArray(), batch);
        return [.. Enumerable.Range(0, data.Count).Select(i => (int)batch.Input<float>(0, i)[0])];
    }

    [Fact]
    public void AnExampleHasTheTypesOfItsRow()
    {
        ArrayDataset data = Make(5, weights: true);
        Assert.Equal(5, data.Count);
        Assert.Equal(new TensorType(DType.Float32, 2), Assert.Single(data.Inputs));
        Assert.Equal(new TensorType(DType.Int32, Shape.Scalar), Assert.Single(data.Targets));
        Assert.True(data.HasWeights);
    }

    [Fact]
    public void FillStacksExamplesInTheOrderAskedFor()
    {
        ArrayDataset data = Make(5, weights: true);
        Batch batch = data.CreateBatch(3);
        data.Fill([4, 0, 4], batch);
        Assert.Equal(new Shape(3, 2), batch.Inputs[0].Shape);
        Assert.Equal([4f, 40, 0, 0, 4, 40], batch.Inputs[0].ToArray<float>());
        Assert.Equal([0, 0, 0], batch.Targets[0].ToArray<int>());
        Assert.Equal([2f, 0, 2], batch.Weights!.ToArray<float>());
        Assert.Equal([4, 0, 4], batch.Indices.ToArray());
    }

    [Fact]
    public void SeveralInputsAndTargetsKeepTheirTypes()
    {
        var data = new ArrayDataset(
            [TensorData.From(new byte[] { 0, 51, 102, 255 }, [2, 2]), new ArraySource(TensorData.From(new byte[] { 0, 51, 102, 255 }, [2, 2]), Normalization.Unit)],
            [TensorData.From(new long[] { long.MaxValue, -1 }), TensorData.From(new double[] { 0.5, 1.5 }), TensorData.From(new[] { true, false })]);
        Batch batch = data.CreateBatch(1);
        data.Fill([1], batch);
        Assert.Equal([102, 255], batch.Input<byte>(0, 0).ToArray());
        Assert.Equal([102 / 255f, 1f], batch.Input<float>(1, 0).ToArray());
        Assert.Equal(-1L, batch.Target<long>(0, 0)[0]);
        Assert.Equal(1.5, batch.Target<double>(1, 0)[0]);
        Assert.False(batch.Target<bool>(2, 0)[0]);
        Assert.Equal([long.MaxValue, -1], data.Labels());
    }

    public static TheoryData<string, Func<object>> BadUses => new()
    {
        { "3", () => Dataset.From(TensorData.From(new float[3]), TensorData.From(new int[4])) },
        { "without axes", () => Dataset.From(TensorData.Scalar(1f)) },
        { "float32[4]", () => Dataset.From(TensorData.From(new float[4]), TensorData.From(new int[4]), TensorData.From(new float[3])) },
        { "example 1", () => Dataset.From(TensorData.From(new float[2]), TensorData.From(new int[2]), TensorData.From([1f, float.NaN])) },
        { "example 0", () => Dataset.From(TensorData.From(new float[2]), TensorData.From(new int[2]), TensorData.From([-1f, 1f])) },
        { "at least one input", () => new ArrayDataset([], [TensorData.From(new int[2])]) },
        { "0 were asked for", () => Make(4).CreateBatch(0) },
        { "Example 4", () => Fill(Make(4), [4]) },
        { "Example -1", () => Fill(Make(4), [-1]) },
        { "room for 1", () => { Make(4).Fill([0, 1], Make(4).CreateBatch(1)); return 0; } },
        { "other inputs", () => { Make(4).Fill([0], Dataset.From(new TensorData(DType.Float32, [4, 3])).CreateBatch(1)); return 0; } },
        { "Example 9", () => Make(4).Subset([0, 9]) },
        { "has 4", () => Make(4).Take(5) },
        { "has 4", () => Make(4).Skip(-1) },
        { "NaN", () => Make(4).Split(double.NaN, 0) },
        { "between 0 and 1", () => Make(4).Split(1, 0) },
        { "0 and 4", () => Make(4).Split(0.1, 0) },
        { "no target 1", () => Make(4).Labels(1) },
        { "no target 0", () => Dataset.From(new TensorData(DType.Float32, [4, 3])).SplitStratified(0.5, 0) },
        { "float32[]", () => Dataset.From(new TensorData(DType.Float32, [4, 3]), new TensorData(DType.Float32, 4)).Labels() },
        { "no input 2", () => Make(4).Normalize(Normalization.Unit, 2) },
    };

    [Theory]
    [MemberData(nameof(BadUses))]
    public void AMistakeSaysWhatWasFound(string part, Func<object> use) => Assert.Contains(part, Assert.Throws<DatasetException>(use).Message);

    private static object Fill(Dataset data, int[] indices)
    {
        data.Fill(indices, data.CreateBatch(indices.Length));
        return data;
    }

    [Fact]
    public void ViewsOfViewsReadTheRightExamples()
    {
        Dataset view = Make(10).Skip(2).Take(5).Subset([4, 0, 2]);
        Assert.Equal([6, 2, 4], Examples(view));
        Assert.Equal([2L, 2, 0], view.Labels());
        Batch batch = view.CreateBatch(2);
        view.Fill([2, 0], batch);
        Assert.Equal([2, 0], batch.Indices.ToArray());
        Assert.Equal(4f, batch.Input<float>(0, 0)[0]);
        Assert.Empty(Examples(Make(3).Take(0)));
    }

    [Fact]
    public void ShuffleFollowsTheSeed()
    {
        Assert.Equal(Examples(Make(50).Shuffle(3)), Examples(Make(50).Shuffle(3)));
        Assert.NotEqual(Examples(Make(50).Shuffle(3)), Examples(Make(50).Shuffle(4)));
        Assert.Equal(Enumerable.Range(0, 50), Examples(Make(50).Shuffle(3)).Order());
    }

    [Fact]
    public void PartsOfASplitShareNothingAndMissNothing() =>
        Gen.Select(Gen.Int[2, 60], Gen.Double[0.01, 0.99], Gen.Long, Gen.Bool).Sample((count, fraction, seed, stratified) =>
        {
            Dataset data = Make(count);
            int expected = (int)Math.Round(fraction * count, MidpointRounding.AwayFromZero);
            if (expected == 0 || expected == count)
                return;
            (Dataset first, Dataset second) = stratified ? data.SplitStratified(fraction, seed) : data.Split(fraction, seed);
            Assert.Equal(expected, first.Count);
            Assert.Equal(Enumerable.Range(0, count), Examples(first).Concat(Examples(second)).Order());
            if (!stratified)
                return;
            long[] all = data.Labels(), part = first.Labels();
            for (int label = 0; label < 4; label++)
                Assert.InRange(part.Count(l => l == label) - (double)expected / count * all.Count(l => l == label), -1, 1);
        });

    [Fact]
    public void AStratifiedSplitMixesTheClasses()
    {
        long[] labels = Make(400).SplitStratified(0.5, 1).First.Labels();
        Assert.NotEqual(labels.Order(), labels);
        Assert.All(Enumerable.Range(0, 4), label => Assert.Equal(50, labels.Count(l => l == label)));
    }

    [Fact]
    public void ADatasetOfUsersCanBeViewedAndNormalized()
    {
        var data = new Squares(10);
        Assert.Equal([0L, 1, 4, 9], data.Take(4).Labels());
        Dataset view = data.Skip(3).Normalize(new Normalization(2, 1));
        Batch batch = view.CreateBatch(1);
        view.Fill([0], batch);
        Assert.Equal(7f, batch.Input<float>(0, 0)[0]);
        Assert.Equal([3L * 3, 16], view.Take(2).Labels());
        Assert.Throws<DTypeException>(() => new ByteDataset().Normalize(Normalization.Unit));
    }

    private sealed class Squares(int count) : Dataset(count, [new TensorType(DType.Float32, 1)], [new TensorType(DType.Int64, Shape.Scalar)])
    {
        protected override void FillCore(ReadOnlySpan<int> indices, Batch batch)
        {
            for (int row = 0; row < indices.Length; row++)
            {
                batch.Input<float>(0, row)[0] = indices[row];
                batch.Target<long>(0, row)[0] = (long)indices[row] * indices[row];
            }
        }
    }

    private sealed class ByteDataset() : Dataset(1, [new TensorType(DType.UInt8, 1)], [])
    {
        protected override void FillCore(ReadOnlySpan<int> indices, Batch batch) => batch.Input<byte>(0, 0)[0] = 1;
    }
}
