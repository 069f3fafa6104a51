using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Anneal.Cpu;

/// <summary>The tiles of one instruction set.</summary>
internal unsafe interface ITileSet
{
    /// <summary>Rows of the largest tile.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of a vector.</summary>
    static abstract int VectorColumns { get; }

    /// <summary>Vectors of the widest panel of the right operand.</summary>
    static abstract int PanelVectors { get; }

    /// <summary>
    /// Computes a tile of any number of rows and columns up to the largest. It may read the left panel up to the next multiple of the
    /// tile's rows, and reads whole vectors of the right panel; what it computes from there is dropped. Of the largest tile,
    /// <see cref="TileArguments.Count"/> that lie below each other.
    /// </summary>
    static abstract void Multiply<TLayout>(int rows, int columns, in TileArguments tile)
        where TLayout : struct, ILeftLayout;

    /// <summary>Copies a tile's rows of several depths, <paramref name="sourceStride"/> apart, one behind another.</summary>
    static abstract void CopyRows(float* source, long sourceStride, int depths, float* target);

    /// <summary>Adds the slices of a sum in their order.</summary>
    static abstract void Fold(float* slices, long sliceStride, int sliceCount, float* output, long count);
}

/// <summary>Tiles for AVX-512: 24 sums in 32 registers.</summary>
internal readonly struct Tiles512 : ITileSet
{
    public static int Rows => 8;

    public static int VectorColumns => 16;

    public static int PanelVectors => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TLayout>(int rows, int columns, in TileArguments tile)
        where TLayout : struct, ILeftLayout
    {
        if (columns == 48 && rows == 8)
            Tiles.Multiply8x3<Lanes512, Vector512<float>, TLayout>(tile);
        else if (columns is 48 or 32 or 16 && rows is 8 or 4 or 1)
            MultiplyWhole<TLayout>(rows, columns, tile);
        else
            MultiplyEdge<TLayout>(rows, columns, tile);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void CopyRows(float* source, long sourceStride, int depths, float* target)
    {
        for (int k = 0; k < depths; k++, source += sourceStride, target += 8)
            V256.Store(target, V256.Load(source));
    }

    public static unsafe void Fold(float* slices, long sliceStride, int sliceCount, float* output, long count) =>
        SliceFolding.Fold<V512>(slices, sliceStride, sliceCount, output, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyWhole<TLayout>(int rows, int columns, in TileArguments tile)
        where TLayout : struct, ILeftLayout
    {
        switch (rows, columns)
        {
            case (8, 48):
                Tiles.Multiply8x3<Lanes512, Vector512<float>, TLayout>(tile);
                break;
            case (8, 32):
                Tiles.Multiply8x2<Lanes512, Vector512<float>, TLayout>(tile);
                break;
            case (8, _):
                Tiles.Multiply8x1<Lanes512, Vector512<float>, TLayout>(tile);
                break;
            case (4, 48):
                Tiles.Multiply4x3<Lanes512, Vector512<float>, TLayout>(tile);
                break;
            case (4, 32):
                Tiles.Multiply4x2<Lanes512, Vector512<float>, TLayout>(tile);
                break;
            case (4, _):
                Tiles.Multiply4x1<Lanes512, Vector512<float>, TLayout>(tile);
                break;
            case (_, 48):
                Tiles.Multiply1x3<Lanes512, Vector512<float>, TLayout>(tile);
                break;
            case (_, 32):
                Tiles.Multiply1x2<Lanes512, Vector512<float>, TLayout>(tile);
                break;
            default:
                Tiles.Multiply1x1<Lanes512, Vector512<float>, TLayout>(tile);
                break;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void MultiplyEdge<TLayout>(int rows, int columns, in TileArguments tile)
        where TLayout : struct, ILeftLayout
    {
        float* buffer = stackalloc float[8 * 48];
        TileArguments whole = tile;
        whole.Output = buffer;
        whole.OutputStep = 48;
        whole.Accumulate = false;
        MultiplyWhole<TLayout>(rows > 4 ? 8 : rows > 1 ? 4 : 1, (columns + 15) & ~15, whole);
        TileEdge.Copy<V512>(buffer, 48, rows, columns, tile);
    }
}

/// <summary>Tiles for registers of 256 or 128 bits, of which there are at least 16.</summary>
internal readonly struct Tiles16<TLanes, TVector, TVec> : ITileSet
    where TLanes : struct, ITileLanes<TVector>
    where TVector : struct
    where TVec : unmanaged, ISimd<TVec>
{
    public static int Rows => 6;

    public static int VectorColumns => TLanes.Count;

    public static int PanelVectors => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TLayout>(int rows, int columns, in TileArguments tile)
        where TLayout : struct, ILeftLayout
    {
        if (columns == 2 * TLanes.Count && rows == 6)
            Tiles.Multiply6x2<TLanes, TVector, TLayout>(tile);
        else if ((columns == 2 * TLanes.Count || columns == TLanes.Count) && rows is 6 or 4 or 1)
            MultiplyWhole<TLayout>(rows, columns, tile);
        else
            MultiplyEdge<TLayout>(rows, columns, tile);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void CopyRows(float* source, long sourceStride, int depths, float* target)
    {
        // The second vector overlaps the first: together they are 6 floats.
        for (int k = 0; k < depths; k++, source += sourceStride, target += 6)
        {
            V128 low = V128.Load(source), high = V128.Load(source + 2);
            V128.Store(target, low);
            V128.Store(target + 2, high);
        }
    }

    public static unsafe void Fold(float* slices, long sliceStride, int sliceCount, float* output, long count) =>
        SliceFolding.Fold<TVec>(slices, sliceStride, sliceCount, output, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyWhole<TLayout>(int rows, int columns, in TileArguments tile)
        where TLayout : struct, ILeftLayout
    {
        bool isWide = columns > TLanes.Count;
        switch (rows)
        {
            case 6 when isWide:
                Tiles.Multiply6x2<TLanes, TVector, TLayout>(tile);
                break;
            case 6:
                Tiles.Multiply6x1<TLanes, TVector, TLayout>(tile);
                break;
            case 4 when isWide:
                Tiles.Multiply4x2<TLanes, TVector, TLayout>(tile);
                break;
            case 4:
                Tiles.Multiply4x1<TLanes, TVector, TLayout>(tile);
                break;
            case 1 when isWide:
                Tiles.Multiply1x2<TLanes, TVector, TLayout>(tile);
                break;
            default:
                Tiles.Multiply1x1<TLanes, TVector, TLayout>(tile);
                break;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void MultiplyEdge<TLayout>(int rows, int columns, in TileArguments tile)
        where TLayout : struct, ILeftLayout
    {
        float* buffer = stackalloc float[6 * 16];
        TileArguments whole = tile;
        whole.Output = buffer;
        whole.OutputStep = 16;
        whole.Accumulate = false;
        MultiplyWhole<TLayout>(rows > 4 ? 6 : rows > 1 ? 4 : 1, columns, whole);
        TileEdge.Copy<TVec>(buffer, 16, rows, columns, tile);
    }
}

/// <summary>Moves the part of a tile that lies inside the output there.</summary>
internal static unsafe class TileEdge
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Copy<TVec>(float* buffer, int bufferStep, int rows, int columns, in TileArguments tile)
        where TVec : unmanaged, ISimd<TVec>
    {
        Debug.Assert(columns <= bufferStep);
        for (int row = 0; row < rows; row++)
        {
            float* source = buffer + (row * bufferStep);
            float* target = tile.Output + (row * tile.OutputStep);
            int column = 0;
            for (; column <= columns - TVec.Count; column += TVec.Count)
            {
                TVec sum = TVec.Load(source + column);
                TVec.Store(target + column, tile.Accumulate ? TVec.Add(TVec.Load(target + column), sum) : sum);
            }

            int rest = columns - column;
            if (rest > 0)
            {
                TVec sum = TVec.LoadPartial(source + column, rest);
                if (tile.Accumulate)
                    sum = TVec.Add(TVec.LoadPartial(target + column, rest), sum);
                TVec.StorePartial(target + column, sum, rest);
            }
        }
    }
}

/// <summary>Adds partial results in their order.</summary>
internal static unsafe class SliceFolding
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Fold<TVec>(float* slices, long sliceStride, int sliceCount, float* output, long count)
        where TVec : unmanaged, ISimd<TVec>
    {
        Debug.Assert(sliceCount >= 1);
        long i = 0;
        for (; i <= count - TVec.Count; i += TVec.Count)
        {
            TVec sum = TVec.Load(slices + i);
            for (int slice = 1; slice < sliceCount; slice++)
                sum = TVec.Add(sum, TVec.Load(slices + (slice * sliceStride) + i));
            TVec.Store(output + i, sum);
        }

        for (; i < count; i++)
        {
            float sum = slices[i];
            for (int slice = 1; slice < sliceCount; slice++)
                sum += slices[(slice * sliceStride) + i];
            output[i] = sum;
        }
    }
}
