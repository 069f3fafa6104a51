using System.Runtime.InteropServices;

namespace Anneal.Cpu.Tests;

/// <summary>Floats of an exact count between guards that show writes out of bounds; aligned as the arena is.</summary>
internal sealed unsafe class GuardedBuffer : IDisposable
{
    private const int GuardFloats = 64;
    private const uint GuardBits = 0x7FC0BEEF;
    private readonly float* _block;
    private readonly long _count;

    internal GuardedBuffer(long count)
    {
        _count = count;
        _block = (float*)NativeMemory.AlignedAlloc((nuint)((count + (2 * GuardFloats)) * sizeof(float)), 64);
        for (long i = 0; i < count + (2 * GuardFloats); i++)
            ((uint*)_block)[i] = GuardBits;
    }

    internal GuardedBuffer(long count, Random random)
        : this(count)
    {
        for (long i = 0; i < count; i++)
            Pointer[i] = (random.NextSingle() * 2) - 1;
    }

    internal float* Pointer => _block + GuardFloats;

    internal byte* Bytes => (byte*)Pointer;

    internal Span<float> Span => new(Pointer, checked((int)_count));

    public void Dispose()
    {
        bool intact = true;
        for (int i = 0; i < GuardFloats; i++)
            intact &= ((uint*)_block)[i] == GuardBits && ((uint*)_block)[GuardFloats + _count + i] == GuardBits;
        NativeMemory.AlignedFree(_block);
        Assert.True(intact, "A kernel wrote outside its buffer.");
    }
}

/// <summary>Comparisons that NaN cannot pass.</summary>
internal static class FloatComparer
{
    /// <summary>|actual - expected| within a bound that scales with the sum of magnitudes behind the expected value.</summary>
    internal static void Near(double expected, double magnitude, float actual, string what)
    {
        double tolerance = (magnitude * 1e-6) + 1e-30;
        Assert.True(Math.Abs(actual - expected) <= tolerance, $"{what}: expected {expected}, got {actual}, tolerance {tolerance}.");
    }

    internal static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.True(
            MemoryMarshal.AsBytes(expected).SequenceEqual(MemoryMarshal.AsBytes(actual)), $"{what}: the bits differ.");
    }
}

/// <summary>Counts how often each element of an output is covered, and how many calls run with the same worker at once.</summary>
internal sealed class CoverageEpilogue(long rows, long columns, int workers) : TileEpilogue
{
    private readonly int[] _counts = new int[rows * columns];
    private readonly int[] _active = new int[workers];
    private int _violations;

    internal override void Apply(int worker, long row, long rowCount, long column, long columnCount)
    {
        if (Interlocked.Increment(ref _active[worker]) != 1 || rowCount <= 0 || columnCount <= 0)
            Interlocked.Increment(ref _violations);
        for (long i = row; i < row + rowCount; i++)
        {
            for (long j = column; j < column + columnCount; j++)
                Interlocked.Increment(ref _counts[(i * columns) + j]);
        }

        Interlocked.Decrement(ref _active[worker]);
    }

    internal void AssertOnce(string what)
    {
        Assert.True(_violations == 0, $"{what}: a worker index was used twice at once, or a block was empty.");
        Assert.True(Array.TrueForAll(_counts, count => count == 1), $"{what}: an element was not covered exactly once.");
    }
}
