using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>How registers of each lane come from memory and go there.</summary>
internal static unsafe class LaneMemory<TVec>
    where TVec : unmanaged, ISimd<TVec>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec LoadWord(byte* source) => TVec.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec LoadWordPartial(byte* source, int count) => TVec.LoadPartial((float*)source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec RepeatWord(byte* source) => TVec.BroadcastBits(*(int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreWord(byte* target, TVec value) => TVec.Store((float*)target, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreWordPartial(byte* target, TVec value, int count) => TVec.StorePartial((float*)target, value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec RepeatMask(byte* source) => TVec.BroadcastBits(*source != 0 ? -1 : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec RepeatBFloat16(byte* source) => TVec.BroadcastBits(*(ushort*)source << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec LoadBFloat16Partial(byte* source, int count)
    {
        ushort* buffer = stackalloc ushort[16];
        new Span<ushort>(buffer, 16).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count * sizeof(ushort));
        return TVec.LoadBFloat16((byte*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreBFloat16Partial(byte* target, TVec value, int count)
    {
        ushort* buffer = stackalloc ushort[16];
        TVec.StoreBFloat16((byte*)buffer, value);
        Unsafe.CopyBlockUnaligned(target, buffer, (uint)count * sizeof(ushort));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec RepeatByte(byte* source) => TVec.Broadcast(*source);
}
