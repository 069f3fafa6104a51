using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Anneal.Cpu;

/// <summary>
/// Threads that share the parts of a job with the caller. After a job they spin for a short while, because the next kernel of a step
/// usually follows within microseconds, and then park. A run allocates nothing.
/// </summary>
/// <remarks>
/// Parts are claimed from one 64-bit ticket: the run's number in the upper half, the next part in the lower. A claim compares the whole
/// ticket, so a worker that comes late can never take a part of a run other than the one whose job it has read.
/// </remarks>
internal sealed class WorkerPool : IDisposable
{
    private const int MaximumThreads = 1024;
    private const int ClosedPart = int.MaxValue;
    private static readonly long SpinTicks = Stopwatch.Frequency / 20_000; // 50 microseconds
    private static readonly Lazy<WorkerPool> LazyShared = new(() => new WorkerPool(DefaultThreadCount()));

    private readonly Thread[] _threads;
    private readonly bool _spins;
    private readonly SemaphoreSlim _wake = new(0);
    private ParallelJob? _job;
    private int _partCount;
    private int _running;
    private Exception? _failure;
    private bool _stopping;
    private PaddedLong _ticket;
    private PaddedLong _remaining;
    private PaddedLong _parked;

    internal WorkerPool(int threadCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threadCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threadCount, MaximumThreads);
        ThreadCount = threadCount;
        // With more threads than cores a spinning thread only takes time from one that has work.
        _spins = threadCount <= Environment.ProcessorCount;
        _ticket.Value = ClosedPart;
        _threads = new Thread[threadCount - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"Anneal worker {i + 1}" };
            _threads[i].UnsafeStart();
        }
    }

    internal static WorkerPool Shared => LazyShared.Value;

    /// <summary>How many threads can take part in a run, the caller included.</summary>
    internal int ThreadCount { get; }

    /// <summary>
    /// Executes parts 0 to <paramref name="parts"/> - 1 and returns when all are done. While another caller's run is in progress, or
    /// inside a part, the caller executes all parts itself. The first exception of a part is thrown here, after all parts have ended.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Run(ParallelJob job, int parts)
    {
        if (parts <= 1 || ThreadCount == 1 || Interlocked.CompareExchange(ref _running, 1, 0) != 0)
        {
            for (int part = 0; part < parts; part++)
                job.Execute(part);
            return;
        }

        Publish(job, parts);
        ExecuteParts();
        WaitForOthers();
        Exception? failure = _failure;
        _failure = null;
        _job = null;
        Volatile.Write(ref _running, 0);
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Ends the threads. Only pools other than <see cref="Shared"/> need it, and only when no run is in progress.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stopping, true);
        Interlocked.Add(ref _ticket.Value, 1L << 32);
        _wake.Release(Math.Max(_threads.Length, 1));
        foreach (Thread thread in _threads)
            thread.Join();
        _wake.Dispose();
    }

    private static int DefaultThreadCount()
    {
        string? setting = Environment.GetEnvironmentVariable("ANNEAL_THREADS");
        if (string.IsNullOrEmpty(setting))
            return Math.Min(Environment.ProcessorCount, MaximumThreads);
        if (!int.TryParse(setting, out int count) || count is < 1 or > MaximumThreads)
            throw new InvalidOperationException($"ANNEAL_THREADS is '{setting}'; expected a number from 1 to {MaximumThreads}.");
        return count;
    }

    private void Publish(ParallelJob job, int parts)
    {
        // Closed first: a late worker of the previous run must not pair its ticket with the new job.
        long run = (_ticket.Value >> 32) + 1;
        Volatile.Write(ref _ticket.Value, (run << 32) | ClosedPart);
        Interlocked.MemoryBarrier();
        _job = job;
        _partCount = parts;
        Volatile.Write(ref _remaining.Value, parts);
        Interlocked.Exchange(ref _ticket.Value, (run + 1) << 32);
        long parked = Volatile.Read(ref _parked.Value);
        if (parked > 0)
            _wake.Release((int)Math.Min(parked, parts - 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ExecuteParts()
    {
        while (true)
        {
            long ticket = Volatile.Read(ref _ticket.Value);
            int part = (int)ticket;
            ParallelJob? job = Volatile.Read(ref _job);
            if (part >= Volatile.Read(ref _partCount) || job is null)
                return;
            if (Interlocked.CompareExchange(ref _ticket.Value, ticket + 1, ticket) != ticket)
                continue;
            try
            {
                job.Execute(part);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref _failure, exception, null);
            }

            Interlocked.Decrement(ref _remaining.Value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WaitForOthers()
    {
        int rounds = 0;
        while (Volatile.Read(ref _remaining.Value) != 0)
        {
            if (_spins && rounds < 10_000)
                Thread.SpinWait(1);
            else
                Thread.Yield();
            rounds++;
        }
    }

    private void Work()
    {
        long seen = 0;
        while (!Volatile.Read(ref _stopping))
        {
            long run = WaitForRun(seen);
            ExecuteParts();
            seen = run;
        }
    }

    /// <summary>Returns the number of an open run later than <paramref name="seen"/>, or any when the pool stops.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long WaitForRun(long seen)
    {
        long until = Stopwatch.GetTimestamp() + (_spins ? SpinTicks : 0);
        do
        {
            for (int i = 0; i < 16; i++)
            {
                if (IsNewRun(seen, out long run))
                    return run;
                Thread.SpinWait(1);
            }
        }
        while (Stopwatch.GetTimestamp() < until);

        while (true)
        {
            // Counted before the last look: a caller either sees the count and releases, or this look sees its run.
            Interlocked.Increment(ref _parked.Value);
            bool found = IsNewRun(seen, out long run);
            if (!found)
                _wake.Wait();
            Interlocked.Decrement(ref _parked.Value);
            if (found || IsNewRun(seen, out run))
                return run;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsNewRun(long seen, out long run)
    {
        long ticket = Volatile.Read(ref _ticket.Value);
        run = ticket >> 32;
        return (run != seen && (int)ticket != ClosedPart) || Volatile.Read(ref _stopping);
    }

    /// <summary>A counter with cache lines of its own, so that writers of its neighbours do not disturb its readers.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = 256)]
    private struct PaddedLong
    {
        [System.Runtime.InteropServices.FieldOffset(128)]
        internal long Value;
    }
}
