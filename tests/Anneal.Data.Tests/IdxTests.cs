using CsCheck;

namespace Anneal.Data.Tests;

public sealed class IdxTests
{
    private const string File = "x-idx";

    private static TensorData Read(byte[] bytes, int? rank = null) => Idx.Read(new MemoryStream(bytes), File, rank);

    public static TheoryData<byte, byte[], DType, double[]> Types => new()
    {
        { 0x08, [0, 1, 255], DType.UInt8, [0, 1, 255] },
        { 0x09, [0, 127, 0x80], DType.Int8, [0, 127, -128] },
        { 0x0B, [0x01, 0x02, 0x7F, 0xFF, 0x80, 0x00], DType.Int32, [0x0102, 32767, -32768] },
        { 0x0C, [1, 2, 3, 4, 0x7F, 0xFF, 0xFF, 0xFF, 0x80, 0, 0, 0], DType.Int32, [0x01020304, int.MaxValue, int.MinValue] },
        { 0x0D, [0x3F, 0xC0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0], DType.Float32, [1.5, 0, -2] },
        { 0x0E, [0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0], DType.Float64, [1.5, 0, -2] },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void EveryElementTypeIsRead(byte type, byte[] elements, DType dtype, double[] expected)
    {
        byte[] plain = IdxBytes.Of(type, [3], elements);
        foreach (byte[] bytes in (byte[][])[plain, IdxBytes.Gzip(plain)])
        {
            TensorData data = Read(bytes);
            Assert.Equal(new TensorType(dtype, 3), data.Type);
            Assert.Equal(expected, Enumerable.Range(0, 3).Select(i => data.GetDouble(i)));
        }
    }

    [Fact]
    public void RandomTensorsComeBack() =>
        Gen.Select(Gen.UInt[0, 5].Array[1, 4], Gen.Bool, Gen.Int).Sample((extents, zipped, seed) =>
        {
            byte[] elements = [.. Enumerable.Range(seed & 0xFF, (int)extents.Aggregate((a, b) => a * b)).Select(i => (byte)i)];
            byte[] bytes = IdxBytes.Of(0x08, extents, elements);
            TensorData data = Read(zipped ? IdxBytes.Gzip(bytes) : bytes);
            Assert.Equal(new Shape([.. extents.Select(e => (long)e)]), data.Shape);
            Assert.Equal(elements, data.ToArray<byte>());
        }, iter: 500);

    [Fact]
    public void LargeFilesAreReadInPieces()
    {
        foreach ((byte type, int size) in ((byte, int)[])[(0x08, 1), (0x0B, 2), (0x0C, 4)])
        {
            const int Count = 100_003;
            var elements = new byte[Count * size];
            for (int i = 0; i < Count; i++)
                elements[(i + 1) * size - 1] = (byte)(i % 100);
            TensorData data = Read(IdxBytes.Gzip(IdxBytes.Of(type, [Count], elements)));
            for (int i = 0; i < Count; i++)
                Assert.Equal(i % 100, data.GetDouble(i));
        }
    }

    [Fact]
    public void ContentAndNotTheNameTellsGzip()
    {
        using var folder = new TemporaryFolder();
        byte[] plain = IdxBytes.Of(0x08, [2], [1, 2]);
        System.IO.File.WriteAllBytes(folder.File("a.gz"), plain);
        System.IO.File.WriteAllBytes(folder.File("b"), IdxBytes.Gzip(plain));
        Assert.Equal([1, 2], Idx.Read(folder.File("a.gz")).ToArray<byte>());
        Assert.Equal([1, 2], Idx.Read(folder.File("b"), rank: 1).ToArray<byte>());
        Assert.Contains("no file", Assert.Throws<DataFileException>(() => Idx.Read(folder.File("c"))).Message);
    }

    public static TheoryData<string, long, byte[]> BadFiles => new()
    {
        { "header of 4 bytes", 0, [] },
        { "header of 4 bytes", 3, [0, 0, 8] },
        { "two zero bytes", 0, [1, 0, 8, 1, 0, 0, 0, 0] },
        { "two zero bytes", 0, [0, 1, 8, 1, 0, 0, 0, 0] },
        { "0x0A", 2, [0, 0, 10, 1, 0, 0, 0, 0] },
        { "at least 1 axis", 3, [0, 0, 8, 0, 5] },
        { "2 extents", 9, [0, 0, 8, 2, 0, 0, 0, 1, 0] },
        { "found 1 bytes", 8, [0, 0, 8, 1, 0, 0, 0, 2, 7] },
        { "found 1 bytes more", 9, [0, 0, 8, 1, 0, 0, 0, 1, 7, 7] },
        { "4294967295 bytes", 8, [0, 0, 8, 1, 255, 255, 255, 255] },
        { "2^62", 8, [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255] },
        { "2^62", 12, [0, 0, 8, 3, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255] },
        { "bytes", 12, [0, 0, 14, 2, 0x7F, 255, 255, 255, 0x7F, 255, 255, 255] },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void ABadFileIsRefused(string part, long position, byte[] bytes)
    {
        DataFileException error = Assert.Throws<DataFileException>(() => Read(bytes));
        Assert.Contains(part, error.Message);
        Assert.StartsWith($"{File}: byte {position}", error.Message);
        Assert.Equal((File, position), (error.File, error.Position));

        // The same content in gzip is no better, though the end of the file is found later.
        Assert.Throws<DataFileException>(() => Read(IdxBytes.Gzip(bytes)));
    }

    [Fact]
    public void AnotherRankIsRefused()
    {
        DataFileException error = Assert.Throws<DataFileException>(() => Read(IdxBytes.Of(0x08, [1], [1]), rank: 3));
        Assert.Equal((3, "3 axes", "1"), (error.Position, error.Expected, error.Found));
    }

    [Fact]
    public void AFileCutOffAnywhereIsRefused()
    {
        byte[] plain = IdxBytes.Of(0x0C, [3, 2], [.. Enumerable.Range(0, 24).Select(i => (byte)i)]);
        byte[] zipped = IdxBytes.Gzip(plain);
        foreach (byte[] whole in (byte[][])[plain, zipped])
        {
            Read(whole);
            for (int length = 0; length < whole.Length; length++)
                Assert.Throws<DataFileException>(() => Read(whole[..length]));
            for (int more = 1; more < 20; more++)
                Assert.Throws<DataFileException>(() => Read([.. whole, .. new byte[more]]));
        }
    }

    [Fact]
    public void GzipOfTwoMembersIsRefused()
    {
        byte[] half = IdxBytes.Of(0x08, [4], [1, 2]);
        Assert.Throws<DataFileException>(() => Read([.. IdxBytes.Gzip(half), .. IdxBytes.Gzip([3, 4])]));
        byte[] whole = IdxBytes.Gzip(IdxBytes.Of(0x08, [2], [1, 2]));
        Assert.Throws<DataFileException>(() => Read([.. whole, .. whole]));
    }

    [Fact]
    public void ABombIsBoundedByWhatItDeclares()
    {
        // 64 MB of zeros in some 64 kB; the header asks for 10 of them.
        byte[] bomb = IdxBytes.Gzip(IdxBytes.Of(0x08, [10], new byte[64 << 20]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("the end of the file", Assert.Throws<DataFileException>(() => Read(bomb)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);

        // A small file that declares more than any gzip file of its length can hold.
        byte[] liar = IdxBytes.Gzip(IdxBytes.Of(0x08, [1u << 30], [1, 2, 3]));
        Assert.Contains("at most", Assert.Throws<DataFileException>(() => Read(liar)).Message);
    }
}
