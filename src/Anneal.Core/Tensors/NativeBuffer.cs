using System.Runtime.InteropServices;

namespace Anneal;

/// <summary>
/// A block of memory outside the managed heap, aligned to 64 bytes and zeroed. The garbage collector knows its size and frees it, so
/// nobody has to dispose of anything; blocks may exceed 2 GB.
/// </summary>
internal sealed unsafe class NativeBuffer
{
    internal const int Alignment = 64;
    private readonly void* _pointer;

    // What was mapped, where the block is large; null where it comes from the C library.
    private readonly void* _mapped;

    internal NativeBuffer(long byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        ByteCount = byteCount;
        // One vector more than asked for: kernels may read, never write, a full vector at the last element.
        nuint size = checked((nuint)byteCount + Alignment);
        if (byteCount >= LargePages.LeastBytes && LargePages.IsSupported)
        {
            _mapped = LargePages.Map(LargePages.BytesToMap(size));
            _pointer = LargePages.Align(_mapped);
        }
        else
        {
            _pointer = NativeMemory.AlignedAlloc(size, Alignment);
            NativeMemory.Clear(_pointer, size);
        }

        GC.AddMemoryPressure(byteCount + Alignment);
    }

    ~NativeBuffer()
    {
        if (_mapped is null)
            NativeMemory.AlignedFree(_pointer);
        else
            LargePages.Unmap(_mapped, LargePages.BytesToMap((nuint)ByteCount + Alignment));
        GC.RemoveMemoryPressure(ByteCount + Alignment);
    }

    internal long ByteCount { get; }

    /// <summary>The first byte. The caller keeps this object alive while it uses the pointer.</summary>
    internal byte* Pointer => (byte*)_pointer;
}
