using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>The container: what is read of sound files, and what is said of others.</summary>
public sealed class GgufFileTests
{
    private static readonly float[] Six = [1, 2, 3, 4, 5, 6];

    [Theory]
    [InlineData(0, new byte[] { 1, 200 }, new long[] { 1, 200 })]
    [InlineData(1, new byte[] { 1, 200 }, new long[] { 1, -56 })]
    [InlineData(2, new byte[] { 1, 200, 2, 0 }, new long[] { 51201, 2 })]
    [InlineData(3, new byte[] { 1, 200, 2, 0 }, new long[] { -14335, 2 })]
    [InlineData(4, new byte[] { 1, 0, 0, 200, 2, 0, 0, 0 }, new long[] { 3355443201, 2 })]
    [InlineData(5, new byte[] { 1, 0, 0, 200, 2, 0, 0, 0 }, new long[] { -939524095, 2 })]
    [InlineData(10, new byte[] { 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 }, new long[] { 4294967297, 2 })]
    [InlineData(11, new byte[] { 254, 255, 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0 }, new long[] { -2, 2 })]
    public void ListsOfWholeNumbersOfEveryKind(uint kind, byte[] bytes, long[] expected) =>
        With(new GgufBytes().Array("a", kind, 2, bytes).Value("b", 7u).ToArray(), path =>
        {
            using GgufFile file = GgufFile.Open(path);
            Assert.Equal(expected, file.Metadata["a"].Wholes);
            Assert.Equal(7, file.Metadata["b"].Whole);
        });

    [Theory]
    [InlineData(2u, 32)]
    [InlineData(3u, 32)]
    [InlineData(3u, 8)]
    [InlineData(3u, 256)]
    public void HeadersAreRead(uint version, int alignment)
    {
        var bytes = new GgufBytes { Version = version, Alignment = alignment };
        if (alignment != 32)
            bytes.Value("general.alignment", (uint)alignment);
        bytes.Value("a", 0, 200).Value("b", 1, 200).Value("c", 2, 0xFF, 0xFF).Value("d", 3, 0xFF, 0xFF).Value("e", uint.MaxValue).Value("f", 5, 0xFF, 0xFF, 0xFF, 0xFF).Value("g", 1e-6f);
        bytes.Value("h", 7, 1).Value("i", "\u4e2d text").Value("j", 10, BitConverter.GetBytes(5ul)).Value("k", 11, BitConverter.GetBytes(-5L)).Value("l", 12, BitConverter.GetBytes(0.1));
        bytes.Texts("m", "x", "", "y").Array("n", 5, 2, [1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]).Array("o", 6, 1, BitConverter.GetBytes(2.5f)).Array("p", 7, 2, 1, 0);
        bytes.Tensor("first", 2, 3, Six).Tensor("second", 1, [5], new byte[10]).Tensor("cube", 30, [2, 1, 3], new byte[12]);
        With(bytes.ToArray(), path =>
        {
            using GgufFile file = GgufFile.Open(path);
            Assert.Equal(((int)version, alignment), (file.Version, file.Alignment));
            Assert.Equal([200, -56, 65535, -1, uint.MaxValue, -1, 5, -5], "abcdefjk".Select(k => file.Metadata[k.ToString()].Whole!.Value));
            Assert.Equal([1e-6, 0.1], "gl".Select(k => file.Metadata[k.ToString()].Number!.Value));
            Assert.True(file.Metadata["h"].Truth);
            Assert.Equal("\u4e2d text", file.Metadata["i"].Text);
            Assert.Null(file.Metadata["i"].Whole);
            Assert.Equal(["x", "", "y"], file.Metadata["m"].Texts!);
            Assert.Equal([1, -1], file.Metadata["n"].Wholes!);
            Assert.Equal([2.5], file.Metadata["o"].Numbers!);
            Assert.Equal([true, false], file.Metadata["p"].Truths!);
            Assert.Equal((GgufValueKind.Array, GgufValueKind.Int32), (file.Metadata["n"].Kind, file.Metadata["n"].ElementKind!.Value));
            Assert.Equal(["first", "second", "cube"], file.Tensors.Keys);
            Assert.Equal(new Shape(2, 3), file.Tensors["first"].Shape);
            Assert.Equal(new Shape(3, 1, 2), file.Tensors["cube"].Shape);
            Assert.Equal(12, file.Tensors["cube"].ByteCount);
            Assert.Equal(Six, file.Read("first").ToArray<float>());
            Assert.Equal(new float[5], file.Read("second").ToArray<float>());
            Assert.Throws<ModelFileException>(() => file.Read("third"));
            file.Dispose();
            Assert.Throws<ObjectDisposedException>(() => file.Read("first"));
        });
    }

    [Fact]
    public void AFileThatEndsEarlyIsRefusedWhereverItEnds()
    {
        byte[] whole = new GgufBytes().Value("a", "text").Texts("b", "x", "y").Tensor("first", 2, 3, Six).ToArray();
        for (int length = 0; length < whole.Length; length++)
            Refused(whole[..length]);
    }

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "0x", [.. "GGML"u8, .. Sound()[4..]] },
        { "2 or 3", [.. Sound()[..4], 1, 0, 0, 0, .. Sound()[8..]] },
        { "big-endian", [.. Sound()[..4], 0, 0, 0, 3, .. Sound()[8..]] },
        { "as many tensors", [.. Sound()[..8], .. BitConverter.GetBytes(ulong.MaxValue), .. Sound()[16..]] },
        { "as many values", [.. Sound()[..16], .. BitConverter.GetBytes(1ul << 40), .. Sound()[24..]] },
        { "each key once", new GgufBytes().Value("a", 1u).Value("a", 2u).ToArray() },
        { "a key of", new GgufBytes().Value("", 1u).ToArray() },
        { "kind of a value", new GgufBytes().Value("a", 13, 0).ToArray() },
        { "0 or 1", new GgufBytes().Value("a", 7, 2).ToArray() },
        { "below 2^63", new GgufBytes().Value("a", 10, BitConverter.GetBytes(ulong.MaxValue)).ToArray() },
        { "below 2^63", new GgufBytes().Array("a", 10, 2, [.. BitConverter.GetBytes(1ul), .. BitConverter.GetBytes(ulong.MaxValue)]).ToArray() },
        { "UTF-8", new GgufBytes().Value("a", 8, [1, 0, 0, 0, 0, 0, 0, 0, 0xFF]).ToArray() },
        { "other than lists", new GgufBytes().Array("a", 9, 0).ToArray() },
        { "as many values of", new GgufBytes().Array("a", 4, int.MaxValue).ToArray() },
        { "multiple of 8", new GgufBytes().Value("general.alignment", 12u).ToArray() },
        { "multiple of 8", new GgufBytes().Value("general.alignment", "x").ToArray() },
        { "1 to 4 axes", new GgufBytes().Tensor("t", 0, [], [0, 0, 0, 0]).ToArray() },
        { "1 to 4 axes", new GgufBytes().Tensor("t", 0, [1, 1, 1, 1, 1], [0, 0, 0, 0]).ToArray() },
        { "2^60", new GgufBytes().Tensor("t", 0, [0, 3], []).ToArray() },
        { "2^60", new GgufBytes().Tensor("t", 0, [1ul << 40, 1ul << 40], []).ToArray() },
        { "the type 77", new GgufBytes().Tensor("t", 77, [32], new byte[128]).ToArray() },
        { "whole blocks of 32", new GgufBytes().Tensor("t", 8, [33, 32], new byte[2000]).ToArray() },
        { "whole blocks of 256", new GgufBytes().Tensor("t", 12, [32, 256], new byte[9000]).ToArray() },
        { "multiple of 32", new GgufBytes().Tensor("t", 0, [1], new byte[64], place: 4).ToArray() },
        { "each tensor once", new GgufBytes().Tensor("t", 1, 1, [1]).Tensor("t", 1, 1, [1]).ToArray() },
        { "behind the tensors", new GgufBytes().Tensor("t", 4, 4, new float[16]).Tensor("u", 0, [1], [0, 0, 0, 0], place: 32).ToArray() },
        { "a file that ends at", new GgufBytes().Tensor("t", 0, [1], [0, 0, 0, 0], place: 1ul << 40).ToArray() },
        { "a file that ends at", new GgufBytes().Tensor("t", 0, [1000], [0, 0, 0, 0]).ToArray() },
        { "name of a tensor", new GgufBytes().Tensor("", 1, 1, [1]).ToArray() },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void WhatIsWrongIsNamed(string part, byte[] bytes) => Assert.Contains(part, Refused(bytes).Message, StringComparison.Ordinal);

    [Fact]
    public void ATypeThatIsNotSupportedIsNamedWhenItsValuesAreRead() => With(new GgufBytes().Tensor("t", 13, [256], new byte[176]).ToArray(), path =>
    {
        using GgufFile file = GgufFile.Open(path);
        Assert.Equal(GgufTensorType.Q5_K, file.Tensors["t"].Type);
        string message = Assert.Throws<ModelFileException>(() => file.Read("t")).Message;
        Assert.Contains("Q5_K", message, StringComparison.Ordinal);
        Assert.Contains("Q4_K", message, StringComparison.Ordinal);
        Assert.Contains("'t'", message, StringComparison.Ordinal);
    });

    [Fact]
    public void AFileThatIsNotThereIsNamed() => Assert.Throws<ModelFileException>(() => GgufFile.Open(Path.Combine(Path.GetTempPath(), "no such file.gguf")));

    private static byte[] Sound() => new GgufBytes().Value("a", 1u).Tensor("first", 2, 3, Six).ToArray();

    private static ModelFileException Refused(byte[] bytes)
    {
        ModelFileException? error = null;
        With(bytes, path => error = Assert.Throws<ModelFileException>(() => GgufFile.Open(path).Dispose()));
        return error!;
    }

    private static void With(byte[] bytes, Action<string> use)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("x.gguf");
        File.WriteAllBytes(path, bytes);
        use(path);
    }
}
