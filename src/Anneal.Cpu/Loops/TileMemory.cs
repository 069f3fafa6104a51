using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>Moves rows between memory and tiles, where rows follow each other densely.</summary>
/// <remarks>Reading may touch up to 64 bytes behind the last element, writing never does; tiles have a vector of slack.</remarks>
internal static unsafe class TileMemory<TVec>
    where TVec : unmanaged, ISimd<TVec>
{
    internal static void Load(Lane lane, byte* source, long rowStride, long rows, long columns, float* target)
    {
        for (long row = 0; row < rows; row++)
        {
            // Behind a row's last element a full vector is written, which the next row overwrites.
            for (long i = 0; i < columns; i += TVec.Count)
                TVec.Store(target + i, LoadVector(lane, source + i * lane.SizeInMemory()));
            target += columns;
            source += rowStride;
        }
    }

    /// <summary>One element of each row, in all columns.</summary>
    internal static void Repeat(Lane lane, byte* source, long rowStride, long rows, long columns, float* target)
    {
        for (long row = 0; row < rows; row++)
        {
            TVec value = RepeatVector(lane, source);
            for (long i = 0; i < columns; i += TVec.Count)
                TVec.Store(target + i, value);
            target += columns;
            source += rowStride;
        }
    }

    internal static TVec RepeatVector(Lane lane, byte* source) => lane switch
    {
        Lane.Mask => LaneMemory<TVec>.RepeatMask(source),
        Lane.Byte => LaneMemory<TVec>.RepeatByte(source),
        Lane.BFloat16 => LaneMemory<TVec>.RepeatBFloat16(source),
        _ => LaneMemory<TVec>.RepeatWord(source),
    };

    /// <summary>Writes rows of a tile, or where <paramref name="step"/> is 0 one vector all over.</summary>
    internal static void Store(Lane lane, float* source, nint step, byte* target, long rowStride, long rows, long columns)
    {
        for (long row = 0; row < rows; row++)
        {
            float* from = source;
            long i = 0;
            for (; i <= columns - TVec.Count; i += TVec.Count)
            {
                StoreVector(lane, target + i * lane.SizeInMemory(), TVec.Load(from));
                from += step;
            }

            int rest = (int)(columns - i);
            if (rest > 0)
                StorePartial(lane, target + i * lane.SizeInMemory(), TVec.Load(from), rest);
            source += step == 0 ? 0 : columns;
            target += rowStride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec LoadVector(Lane lane, byte* source) => lane switch
    {
        Lane.Mask => TVec.LoadMask(source),
        Lane.Byte => TVec.LoadByte(source),
        Lane.BFloat16 => TVec.LoadBFloat16(source),
        _ => TVec.Load((float*)source),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreVector(Lane lane, byte* target, TVec value)
    {
        if (lane == Lane.Mask)
            TVec.StoreMask(target, value);
        else if (lane == Lane.BFloat16)
            TVec.StoreBFloat16(target, value);
        else
            TVec.Store((float*)target, value);
    }

    private static void StorePartial(Lane lane, byte* target, TVec value, int count)
    {
        if (lane == Lane.Mask)
            TVec.StoreMaskPartial(target, value, count);
        else if (lane == Lane.BFloat16)
            LaneMemory<TVec>.StoreBFloat16Partial(target, value, count);
        else
            TVec.StorePartial((float*)target, value, count);
    }
}
