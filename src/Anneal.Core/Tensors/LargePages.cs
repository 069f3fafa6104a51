using System.Runtime.InteropServices;

namespace Anneal;

/// <summary>
/// Large blocks of zeroed memory straight from Linux, with the request for pages of 2 MiB: far fewer of them are brought in and looked up, and
/// what is never touched takes no memory. Elsewhere blocks come from the C library.
/// </summary>
internal static unsafe partial class LargePages
{
    private const nuint PageBytes = 2 << 20;
    private const int ReadWrite = 3, PrivateAnonymous = 0x22, HugePages = 14;

    /// <summary>The least size that is worth it.</summary>
    internal const long LeastBytes = 4 << 20;

    internal static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>The bytes to ask for and to give back, so that an aligned block of the wanted size lies inside.</summary>
    internal static nuint BytesToMap(nuint byteCount) => byteCount + PageBytes;

    /// <summary>Maps zeroed memory.</summary>
    /// <exception cref="OutOfMemoryException">There is not so much.</exception>
    internal static void* Map(nuint byteCount)
    {
        nint mapped = mmap(0, byteCount, ReadWrite, PrivateAnonymous, -1, 0);
        if (mapped == -1)
            throw new OutOfMemoryException($"The system has no {byteCount} bytes of memory.");

        Advise((void*)mapped, byteCount);
        return (void*)mapped;
    }

    /// <summary>Asks for large pages where they fit into the memory. Only a wish: without it pages are small.</summary>
    internal static void Advise(void* start, nuint byteCount)
    {
        nuint first = (nuint)Align(start), last = ((nuint)start + byteCount) & ~(PageBytes - 1);
        if (last > first)
            _ = madvise((nint)first, last - first, HugePages);
    }

    /// <summary>The first place in mapped memory where a large page can begin.</summary>
    internal static void* Align(void* mapped) => (void*)(((nuint)mapped + PageBytes - 1) & ~(PageBytes - 1));

    internal static void Unmap(void* mapped, nuint byteCount) => _ = munmap((nint)mapped, byteCount);

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(nint address, nuint length);

    [LibraryImport("libc")]
    private static partial int madvise(nint address, nuint length, int advice);
}
