using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>Where one tile of a matrix product reads and writes, in elements.</summary>
internal unsafe struct TileArguments
{
    internal float* Left;
    internal float* Right;
    internal float* Output;

    /// <summary>From one row to the next in <see cref="Left"/>, where it is row-major.</summary>
    internal long LeftRowStep;

    /// <summary>From one depth to the next in <see cref="Left"/>, where it is depth-major: the rows of the set's largest tile.</summary>
    internal long LeftDepthStep;

    /// <summary>From one depth to the next in <see cref="Right"/>.</summary>
    internal long RightStep;

    /// <summary>From one row to the next in <see cref="Output"/>.</summary>
    internal long OutputStep;
    internal long Depth;

    /// <summary>Tiles of all rows and columns that lie below each other; 0 is one. Of smaller tiles there is one at a time.</summary>
    internal long Count;

    /// <summary>From one of them to the next in <see cref="Left"/>.</summary>
    internal long LeftTileStep;

    /// <summary>What is read after this panel, to be brought near: an address that need not be valid.</summary>
    internal float* Next;

    /// <summary>How far <see cref="Next"/> moves with each depth.</summary>
    internal long NextStep;

    /// <summary>How far it is from <see cref="Next"/> of a tile to that of the tile below.</summary>
    internal long NextTileStep;

    /// <summary>Whether sums are added to the output, or replace it.</summary>
    internal bool Accumulate;
}

/// <summary>How the left operand lies before a tile. What is fixed is a constant to the compiler.</summary>
internal interface ILeftLayout
{
    static abstract bool IsDepthMajor { get; }

    /// <summary>From one row to the next, in elements.</summary>
    static abstract long RowStep(long given);

    /// <summary>From one depth to the next, in elements.</summary>
    static abstract long DepthStep(long tileRows);
}

/// <summary>Each row is contiguous over the depth: the operand itself, or a copy.</summary>
internal readonly struct RowMajorLeft : ILeftLayout
{
    /// <summary>Of a copy. Longer than the longest block, and an odd number of cache lines so that a tile's rows fall into different sets.</summary>
    internal const int Stride = 336;

    public static bool IsDepthMajor => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long RowStep(long given) => given;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long DepthStep(long tileRows) => 1;
}

/// <summary>All rows that a tile reads of one depth are contiguous: for an operand that is stored transposed.</summary>
internal readonly struct DepthMajorLeft : ILeftLayout
{
    public static bool IsDepthMajor => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long RowStep(long given) => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long DepthStep(long tileRows) => tileRows;
}
