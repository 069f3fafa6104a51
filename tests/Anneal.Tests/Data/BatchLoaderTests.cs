using System.Diagnostics;

namespace Anneal.Tests.Data;

public sealed class BatchLoaderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static ArrayDataset Make(int count) =>
        Dataset.From(TensorData.From(Enumerable.Range(0, count).Select(i => (float)i).ToArray(), [count, 1]), TensorData.From(Enumerable.Range(0, count).ToArray()));

    private static List<int[]> Epoch(BatchLoader loader)
    {
        var batches = new List<int[]>();
        while (loader.TryNext(out Batch? batch))
        {
            Assert.Equal(batch.Count, batch.Inputs[0].Shape[0]);
            Assert.Equal(batches.Count, batch.Position);
            Assert.Equal(batch.Indices.ToArray(), batch.Targets[0].ToArray<int>());
            Assert.Equal(batch.Indices.ToArray().Select(i => (float)i), batch.Inputs[0].ToArray<float>());
            batches.Add(batch.Indices.ToArray());
        }

        return batches;
    }

    [Theory]
    [InlineData(10, 3, Remainder.Keep, new[] { 3, 3, 3, 1 })]
    [InlineData(10, 3, Remainder.Drop, new[] { 3, 3, 3 })]
    [InlineData(9, 3, Remainder.Keep, new[] { 3, 3, 3 })]
    [InlineData(9, 3, Remainder.Drop, new[] { 3, 3, 3 })]
    [InlineData(3, 3, Remainder.Keep, new[] { 3 })]
    [InlineData(5, 3, Remainder.Keep, new[] { 3, 2 })]
    public void AnEpochHasItsBatches(int count, int size, Remainder remainder, int[] sizes)
    {
        for (int prefetch = 0; prefetch < 8; prefetch++)
        {
            using var loader = new BatchLoader(Make(count), new() { BatchSize = size, Remainder = remainder, Prefetch = prefetch, Order = BatchOrder.Sequential });
            Assert.Equal(sizes.Length, loader.BatchesPerEpoch);
            Assert.Equal(sizes.Sum(), loader.ExamplesPerEpoch);
            for (int epoch = 0; epoch < 4; epoch++)
            {
                List<int[]> batches = Epoch(loader);
                Assert.Equal(sizes, batches.Select(b => b.Length));
                Assert.Equal(Enumerable.Range(0, sizes.Sum()), batches.SelectMany(b => b));
            }
        }
    }

    [Fact]
    public void TheOrderFollowsTheSeedWhateverTheThreadsDo()
    {
        List<string> expected = Run(prefetch: 0, seed: 5, slow: false);
        Assert.Equal(3, expected.Distinct().Count());
        foreach (int prefetch in (int[])[0, 1, 2, 3, 16])
        {
            Assert.Equal(expected, Run(prefetch, seed: 5, slow: false));
            Assert.Equal(expected, Run(prefetch, seed: 5, slow: true));
        }

        Assert.NotEqual(expected, Run(prefetch: 2, seed: 6, slow: false));

        static List<string> Run(int prefetch, long seed, bool slow)
        {
            using var loader = new BatchLoader(Make(23), new() { BatchSize = 4, Prefetch = prefetch, Seed = seed, Epochs = 3 });
            var epochs = new List<string>();
            for (int epoch = 0; epoch < 3; epoch++)
            {
                List<int[]> batches = Epoch(loader);
                Assert.Equal(Enumerable.Range(0, 23), batches.SelectMany(b => b).Order());
                epochs.Add(string.Join(' ', batches.SelectMany(b => b)));
                if (slow)
                    Thread.Sleep(5);
            }

            Assert.False(loader.TryNext(out _));
            Assert.False(loader.TryNext(out _));
            return epochs;
        }
    }

    [Fact]
    public void ABatchKeepsItsValuesUntilTheNextIsAskedFor()
    {
        using var loader = new BatchLoader(Make(100), new() { BatchSize = 1, Prefetch = 1, Epochs = 1 });
        while (loader.TryNext(out Batch? batch))
        {
            int before = batch.Targets[0].ToArray<int>()[0];
            Thread.Sleep(1);
            Assert.Equal(before, batch.Targets[0].ToArray<int>()[0]);
        }
    }

    [Fact]
    public void ALoaderGoesOnWhereAnotherStopped()
    {
        var options = new BatchLoaderOptions { BatchSize = 3, Seed = 9, Epochs = 3 };
        using var whole = new BatchLoader(Make(10), options);
        Epoch(whole);
        List<int[]> second = Epoch(whole), third = Epoch(whole);

        using var rest = new BatchLoader(Make(10), options with { FirstEpoch = 1, FirstBatch = 2 });
        Assert.True(rest.TryNext(out Batch? batch));
        Assert.Equal((1, 2), (batch.Epoch, batch.Position));
        Assert.Equal(second[2], batch.Indices.ToArray());
        Assert.True(rest.TryNext(out batch));
        Assert.Equal(second[3], batch.Indices.ToArray());
        Assert.False(rest.TryNext(out _));
        Assert.Equal(third, Epoch(rest));
    }

    [Fact]
    public void MistakesAreFoundBeforeAnythingElse()
    {
        Assert.Contains("empty", Assert.Throws<DatasetException>(() => new BatchLoader(Make(3).Take(0))).Message);
        string message = Assert.Throws<DatasetException>(() => new BatchLoader(Make(3), new() { BatchSize = 4 })).Message;
        Assert.Contains("4 examples", message);
        Assert.Contains("has 3", message);
        Assert.Throws<OptionException>(() => new BatchLoader(Make(3), new() { BatchSize = 0 }));
        Assert.Throws<OptionException>(() => new BatchLoader(Make(3), new() { BatchSize = 1, Prefetch = -1 }));
        Assert.Throws<OptionException>(() => new BatchLoader(Make(3), new() { BatchSize = 1, Epochs = -1 }));
        Assert.Throws<OptionException>(() => new BatchLoader(Make(3), new() { BatchSize = 1, FirstEpoch = -1 }));
        Assert.Throws<OptionException>(() => new BatchLoader(Make(3), new() { BatchSize = 1, FirstBatch = 3 }));
        Assert.Throws<OptionException>(() => new BatchLoader(Make(3), new() { BatchSize = 1, Order = (BatchOrder)7 }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    public void AnExceptionComesOutAsItWasThrownAndInItsPlace(int prefetch)
    {
        var data = new Watched(Make(10)) { OnFill = indices => { if (indices[0] == 6) throw new TimeoutException("slow disk"); } };
        using var loader = new BatchLoader(data, new() { BatchSize = 2, Prefetch = prefetch, Order = BatchOrder.Sequential });
        for (int i = 0; i < 3; i++)
        {
            Assert.True(loader.TryNext(out Batch? batch));
            Assert.Equal(2 * i, batch.Indices[0]);
        }

        for (int i = 0; i < 2; i++)
            Assert.Equal("slow disk", Assert.Throws<TimeoutException>(() => loader.TryNext(out _)).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void CancellationComesAtOnce(int prefetch)
    {
        using var cancellation = new CancellationTokenSource();
        using var loader = new BatchLoader(Make(10), new() { BatchSize = 2, Prefetch = prefetch }, cancellation.Token);
        Assert.True(loader.TryNext(out _));
        cancellation.Cancel();
        var error = Assert.Throws<OperationCanceledException>(() => loader.TryNext(out _));
        Assert.Equal(cancellation.Token, error.CancellationToken);
    }

    [Fact]
    public async Task CancellationWakesAConsumerThatWaits()
    {
        using var cancellation = new CancellationTokenSource();
        using var filling = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        var data = new Watched(Make(10)) { OnFill = _ => { filling.Set(); finish.Wait(); } };
        using var loader = new BatchLoader(data, new() { BatchSize = 2 }, cancellation.Token);
        Task waiting = Task.Run(() => loader.TryNext(out _));
        filling.Wait();
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience));
        finish.Set();
    }

    [Fact]
    public void DisposeEndsTheThreadAfterTheBatchInHand()
    {
        int fills = 0;
        var data = new Watched(Make(1000)) { OnFill = _ => Interlocked.Increment(ref fills) };
        var clock = Stopwatch.StartNew();
        var loader = new BatchLoader(data, new() { BatchSize = 1, Prefetch = 5 });
        Assert.True(loader.TryNext(out _));
        loader.Dispose();
        loader.Dispose();
        int after = fills;
        Thread.Sleep(20);
        Assert.Equal(after, fills);

        // One in the hands of the consumer and five ahead.
        Assert.InRange(after, 1, 6);
        Assert.True(clock.Elapsed < Patience);
        Assert.Throws<ObjectDisposedException>(() => loader.TryNext(out _));
    }

    [Fact]
    public void TheQueueIsBounded()
    {
        int fills = 0;
        var data = new Watched(Make(1000)) { OnFill = _ => Interlocked.Increment(ref fills) };
        using var loader = new BatchLoader(data, new() { BatchSize = 1, Prefetch = 3 });
        SpinWait.SpinUntil(() => Volatile.Read(ref fills) == 4, Patience);
        Thread.Sleep(20);
        Assert.Equal(4, Volatile.Read(ref fills));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void NoBatchAllocatesAfterTheFirstEpoch(int prefetch)
    {
        // Each thread counts its own bytes, so that what other tests allocate at the same time does not matter.
        var bytes = TensorData.From(Enumerable.Range(0, 205 * 12).Select(i => (byte)i).ToArray(), [205, 4, 3]);
        Dataset images = new ArrayDataset([new ArraySource(bytes, Normalization.Unit)], [new TensorData(DType.Int32, 205)], new TensorData(DType.Float32, 205));
        var filled = new long[1000];
        int fills = 0;
        var data = new Watched(images.Shuffle(1).Skip(2)) { OnFill = _ => filled[fills++] = GC.GetAllocatedBytesForCurrentThread() };
        using var loader = new BatchLoader(data, new() { BatchSize = 8, Prefetch = prefetch, Epochs = 6 });
        Drain(loader);
        Drain(loader);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int epoch = 2; epoch < 6; epoch++)
            Drain(loader);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(6 * loader.BatchesPerEpoch, fills);
        Assert.Equal(0, filled[fills - 1] - filled[2 * loader.BatchesPerEpoch]);

        static void Drain(BatchLoader loader)
        {
            while (loader.TryNext(out _))
            {
            }
        }
    }

    private sealed class Watched(Dataset source) : Dataset(source.Count, source.Inputs, source.Targets, source.HasWeights)
    {
        internal required Action<int[]> OnFill { get; init; }

        private readonly Dictionary<int, int[]> _shown = [];

        protected override void FillCore(ReadOnlySpan<int> indices, Batch batch)
        {
            // One array for each length, kept: this class must not spoil the count of allocations.
            if (!_shown.TryGetValue(indices.Length, out int[]? shown))
                _shown.Add(indices.Length, shown = new int[indices.Length]);
            indices.CopyTo(shown);
            OnFill(shown);
            source.Fill(indices, batch);
        }
    }
}
