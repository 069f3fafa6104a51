using System.Runtime.CompilerServices;

namespace Anneal.Core.Tests;

public sealed unsafe class NativeBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65)]
    [InlineData(LargePages.LeastBytes - 1)]
    [InlineData(LargePages.LeastBytes)]
    [InlineData(LargePages.LeastBytes + 12_345)]
    [InlineData(40L << 20)]
    public void MemoryIsAlignedZeroedAndWritableToItsEnd(long byteCount)
    {
        for (int round = 0; round < 2; round++)
        {
            var buffer = new NativeBuffer(byteCount);
            Assert.Equal(0, (nint)buffer.Pointer % NativeBuffer.Alignment);
            Assert.Equal(byteCount, buffer.ByteCount);
            var bytes = new Span<byte>(buffer.Pointer, (int)byteCount);
            Assert.False(bytes.ContainsAnyExcept((byte)0));
            bytes.Fill(0xAB);

            // A vector behind the end may be read.
            byte beyond = buffer.Pointer[byteCount + NativeBuffer.Alignment - 1];
            Assert.InRange(beyond, 0, 255);
            GC.KeepAlive(buffer);
        }
    }

    /// <summary>A span over a tensor that nobody holds once showed memory that had been freed and taken again.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(200)]
    [InlineData(LargePages.LeastBytes / sizeof(float))]
    public void ASpanKeepsItsTensorAlive(long length)
    {
        Span<float> span = Make(3f, length);
        for (int i = 0; i < 20; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Make(7f, length);
        }

        Assert.False(span.ContainsAnyExcept(3f));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Span<float> Make(float value, long length)
        {
            Span<float> span = new TensorData(DType.Float32, length).AsSpan<float>();
            span.Fill(value);
            return span;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65)]
    [InlineData(LargePages.LeastBytes)]
    [InlineData(40L << 20)]
    public void TensorsAreAlignedZeroedAndWritableToTheirEnd(long byteCount)
    {
        for (int round = 0; round < 2; round++)
        {
            var data = new TensorData(DType.UInt8, byteCount);
            Assert.Equal(0, (nint)data.Pointer % NativeBuffer.Alignment);
            Assert.False(data.AsBytes().ContainsAnyExcept((byte)0));
            data.AsBytes().Fill(0xAB);
            byte beyond = data.Pointer[byteCount + NativeBuffer.Alignment - 1];
            Assert.InRange(beyond, 0, 255);
            GC.KeepAlive(data);
        }
    }

    [Fact]
    public void LargeBlocksAreGivenBack()
    {
        if (!LargePages.IsSupported)
            return;
        long before = MappedBytes();
        for (int i = 0; i < 200; i++)
        {
            Allocate();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.InRange(MappedBytes() - before, long.MinValue, 20L * (64 << 20));

        static void Allocate() => GC.KeepAlive(new NativeBuffer(64 << 20));
    }

    [Fact]
    public void WhatTheSystemDoesNotHaveIsAnError() => Assert.Throws<OutOfMemoryException>(() => new NativeBuffer(1L << 60));

    private static long MappedBytes() =>
        long.Parse(File.ReadLines("/proc/self/statm").First().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;
}
