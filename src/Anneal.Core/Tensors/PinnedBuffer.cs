using System.Runtime.InteropServices;

namespace Anneal;

/// <summary>
/// The zeroed memory of a tensor that callers see, aligned to 64 bytes. Up to the 2 GB that a span can show it is an array that the
/// collector never moves: a span over it keeps it alive, so that nobody can read memory that was freed. Larger blocks lie outside the managed heap.
/// </summary>
internal sealed unsafe class PinnedBuffer
{
    private readonly byte[]? _array;
    private readonly int _first;
    private readonly NativeBuffer? _native;

    internal PinnedBuffer(long byteCount)
    {
        // One vector more than asked for: kernels may read, never write, a full vector at the last element.
        long size = byteCount + NativeBuffer.Alignment + NativeBuffer.Alignment;
        if (size > Array.MaxLength)
        {
            _native = new NativeBuffer(byteCount);
            Pointer = _native.Pointer;
            return;
        }

        _array = GC.AllocateArray<byte>((int)size, pinned: true);
        byte* start = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0);
        _first = (int)(-(nint)start & (NativeBuffer.Alignment - 1));
        Pointer = start + _first;
        if (byteCount >= LargePages.LeastBytes && LargePages.IsSupported)
            LargePages.Advise(Pointer, (nuint)byteCount);
    }

    /// <summary>The first byte. The caller keeps this object alive while it uses the pointer.</summary>
    internal byte* Pointer { get; }

    /// <summary>A piece of the bytes; the span keeps them alive, unless they are more than 2 GB.</summary>
    internal Span<byte> Slice(long start, int length) =>
        _array is { } array ? array.AsSpan(_first + (int)start, length) : new Span<byte>(Pointer + start, length);
}
