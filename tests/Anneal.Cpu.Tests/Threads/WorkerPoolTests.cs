
namespace Anneal.Cpu.Tests;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_part_runs_exactly_once(int threads)
    {
        using WorkerPool pool = new(threads);
        for (int i = 0; i < 3000; i++)
        {
            CountingJob job = new(i % 17);
            pool.Run(job, i % 17);
            Assert.True(Array.TrueForAll(job.Counts, count => count == 1), $"run {i}");
            if (i % 500 == 0)
                Thread.Sleep(2); // lets the workers park
        }
    }

    [Fact]
    public void Several_callers_and_nested_runs_are_safe()
    {
        using WorkerPool pool = new(3);
        Thread[] callers = new Thread[4];
        int failures = 0;
        for (int i = 0; i < callers.Length; i++)
        {
            callers[i] = new Thread(() =>
            {
                for (int run = 0; run < 500; run++)
                {
                    CountingJob inner = new(4);
                    CountingJob outer = new(3) { Nested = () => pool.Run(inner, 4) };
                    pool.Run(outer, 3);
                    if (!Array.TrueForAll(outer.Counts, count => count == 1) || !Array.TrueForAll(inner.Counts, count => count == 3))
                        Interlocked.Increment(ref failures);
                }
            });
            callers[i].Start();
        }

        foreach (Thread caller in callers)
            caller.Join();
        Assert.Equal(0, failures);
    }

    [Fact]
    public void An_exception_reaches_the_caller_and_the_pool_goes_on()
    {
        using WorkerPool pool = new(2);
        for (int i = 0; i < 100; i++)
        {
            Assert.Throws<InvalidTimeZoneException>(() => pool.Run(new FailingJob(), 4));
            CountingJob job = new(4);
            pool.Run(job, 4);
            Assert.All(job.Counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        using WorkerPool pool = new(2);
        CountingJob job = new(2);
        pool.Run(job, 2);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            pool.Run(job, 2);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private sealed class CountingJob(int parts) : ParallelJob
    {
        internal int[] Counts { get; } = new int[parts];

        internal Action? Nested { get; init; }

        internal override void Execute(int part)
        {
            Interlocked.Increment(ref Counts[part]);
            Nested?.Invoke();
        }
    }

    private sealed class FailingJob : ParallelJob
    {
        internal override void Execute(int part)
        {
            if (part % 2 == 1)
                throw new InvalidTimeZoneException();
        }
    }
}
