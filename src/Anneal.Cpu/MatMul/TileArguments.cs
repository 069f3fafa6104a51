namespace Anneal.Cpu;

/// <summary>Where one tile of a matrix product reads and writes, in elements.</summary>
internal unsafe struct TileArguments
{
    internal float* Left;
    internal float* Right;
    internal float* Output;

    /// <summary>From one depth to the next in <see cref="Left"/>.</summary>
    internal long LeftStep;

    /// <summary>From one depth to the next in <see cref="Right"/>.</summary>
    internal long RightStep;

    /// <summary>From one row to the next in <see cref="Output"/>.</summary>
    internal long OutputStep;
    internal long Depth;

    /// <summary>What is read after this panel, to be brought near: an address that need not be valid.</summary>
    internal float* Next;

    /// <summary>How far <see cref="Next"/> moves with each depth.</summary>
    internal long NextStep;

    /// <summary>Whether sums are added to the output, or replace it.</summary>
    internal bool Accumulate;
}

/// <summary>How a panel of the left operand is stored; a constant to the compiler, so that a tile's row offsets are constants too.</summary>
internal interface ILeftLayout
{
    /// <summary>From one row to the next, in elements.</summary>
    static abstract int RowStride { get; }
}

/// <summary>Each row of the panel is contiguous over the depth, so that packing is copying.</summary>
internal readonly struct RowMajorLeft : ILeftLayout
{
    /// <summary>Longer than the longest block, and an odd number of cache lines so that a tile's rows fall into different sets.</summary>
    internal const int Stride = 336;

    public static int RowStride => Stride;
}

/// <summary>All rows that a tile reads of one depth are contiguous: for an operand that is stored transposed.</summary>
internal readonly struct DepthMajorLeft : ILeftLayout
{
    public static int RowStride => 1;
}
