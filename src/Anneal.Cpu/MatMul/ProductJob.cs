using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>One run of a <see cref="TiledProduct"/>: its operands and the counters from which its threads claim work.</summary>
internal sealed unsafe class ProductJob : ParallelJob
{
    private readonly TiledProduct _product;
    private readonly int[] _slicesDone;
    private int _nextPack;
    private int _packed;
    private long _nextUnit;

    internal ProductJob(TiledProduct product, long sliceCounters)
    {
        _product = product;
        _slicesDone = new int[sliceCounters];
    }

    internal float* Left { get; private set; }

    internal float* Right { get; private set; }

    internal float* Output { get; private set; }

    /// <summary>The right operand in panels, where it was arranged before the run.</summary>
    internal float* Panels { get; private set; }

    internal byte* Scratch { get; private set; }

    internal TileEpilogue? Epilogue { get; private set; }

    internal void Start(float* left, float* right, float* panels, float* output, byte* scratch, TileEpilogue? epilogue)
    {
        Panels = panels;
        Left = left;
        Right = right;
        Output = output;
        Scratch = scratch;
        Epilogue = epilogue;
        _nextPack = 0;
        _packed = 0;
        _nextUnit = 0;
        Array.Clear(_slicesDone);
    }

    internal void Finish() => Epilogue = null;

    internal override void Execute(int part) => _product.Work(this, part);

    internal int ClaimPack() => Interlocked.Increment(ref _nextPack) - 1;

    internal long ClaimUnit() => Interlocked.Increment(ref _nextUnit) - 1;

    internal void FinishPack() => Interlocked.Increment(ref _packed);

    /// <summary>Waits until <paramref name="count"/> packs are finished. All have been claimed, so each is being worked on by a thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void WaitForPacks(int count)
    {
        Debug.Assert(Volatile.Read(ref _nextPack) >= count);
        int rounds = 0;
        while (Volatile.Read(ref _packed) < count)
        {
            if (++rounds < 2000)
                Thread.SpinWait(1);
            else
                Thread.Yield();
        }
    }

    /// <summary>Whether this was the last slice of a block of the output.</summary>
    internal bool FinishSlice(long block, int sliceCount) => Interlocked.Increment(ref _slicesDone[block]) == sliceCount;
}
