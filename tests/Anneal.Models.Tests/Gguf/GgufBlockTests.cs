using System.Runtime.InteropServices;
using System.Text.Json;
using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>Blocks of few bits against references written value by value from the published layouts.</summary>
public sealed unsafe class GgufBlockTests
{
    /// <summary>The types, the values and bytes of a block, where its scales in half precision lie, and the value at a place.</summary>
    private static readonly Dictionary<GgufTensorType, (int Values, int Bytes, int[] Scales, Func<byte[], int, double> At)> Layouts = new()
    {
        [GgufTensorType.F16] = (1, 2, [0], (b, _) => Half16(b, 0)),
        [GgufTensorType.BF16] = (1, 2, [], (b, _) => BitConverter.UInt32BitsToSingle((uint)(b[0] | b[1] << 8) << 16)),
        [GgufTensorType.Q8_0] = (32, 34, [0], (b, i) => Half16(b, 0) * unchecked((sbyte)b[2 + i])),
        [GgufTensorType.Q4_0] = (32, 18, [0], (b, i) => Half16(b, 0) * (Nibble(b[2 + i % 16], i >= 16) - 8)),
        [GgufTensorType.Q4_K] = (256, 144, [0, 2], Q4K),
        [GgufTensorType.Q6_K] = (256, 210, [208], Q6K),
    };

    public static TheoryData<GgufTensorType> Types => [.. Layouts.Keys];

    [Theory]
    [MemberData(nameof(Types))]
    public void ValuesFollowTheLayout(GgufTensorType type)
    {
        (int values, int bytes, int[] scales, Func<byte[], int, double> at) = Layouts[type];
        Assert.Equal((values, bytes), GgufTypes.BlockOf(type));
        var random = new Random(7);
        const int Blocks = 300;
        byte[][] blocks = [.. Enumerable.Range(0, Blocks).Select(_ =>
        {
            var block = new byte[bytes];
            random.NextBytes(block);
            foreach (int scale in scales)
                BitConverter.TryWriteBytes(block.AsSpan(scale), (Half)(random.NextDouble() * 4 - 2));
            if (type == GgufTensorType.BF16)
                block[1] &= 0xBF;
            return block;
        })];
        AssertSame(type, blocks, values, at);
    }

    /// <summary>The same bits as ggml, of which a few blocks are kept: its values of its blocks, and its blocks of the values where blocks are written.</summary>
    [Fact]
    public void BlocksAreThoseOfOtherSoftware()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "Anneal.Models.Tests", "Gguf", "blocks.json")));
        float[] values = Floats(json.RootElement.GetProperty("values"));
        int written = 0;
        foreach (JsonProperty type in json.RootElement.GetProperty("types").EnumerateObject())
        {
            GgufTensorType kind = Enum.Parse<GgufTensorType>(type.Name);
            byte[] blocks = type.Value.GetProperty("blocks").GetBytesFromBase64();
            Assert.Equal(Floats(type.Value.GetProperty("values")), Dequantize(kind, blocks, values.Length));
            if (!GgufTypes.Writable.Contains(kind))
                continue;
            Assert.Equal(blocks, Quantize(kind, values));
            written++;
        }

        Assert.Equal(2, written);

        static float[] Floats(JsonElement base64) => MemoryMarshal.Cast<byte, float>(base64.GetBytesFromBase64()).ToArray();
    }

    /// <summary>Tensors that are large enough to be shared out among threads, with a last piece that is not whole.</summary>
    [Fact]
    public void LargeTensorsAreReadInPieces()
    {
        var random = new Random(8);
        byte[][] blocks = [.. Enumerable.Range(0, 9000).Select(i =>
        {
            var block = new byte[144];
            random.NextBytes(block);
            BitConverter.TryWriteBytes(block.AsSpan(0), (Half)(i % 7 - 3));
            BitConverter.TryWriteBytes(block.AsSpan(2), (Half)(i % 5));
            return block;
        })];
        AssertSame(GgufTensorType.Q4_K, blocks, 256, Q4K);
    }

    [Fact]
    public void EightBitsAreRoundedAsTheReference()
    {
        foreach (float[] block in Blocks())
        {
            byte[] found = Quantize(GgufTensorType.Q8_0, block);
            float largest = block.Max(Math.Abs), scale = largest / 127f, inverse = scale == 0 ? 0 : 1f / scale;
            Assert.Equal((Half)scale, BitConverter.ToHalf(found));
            for (int i = 0; i < 32; i++)
            {
                float quotient = block[i] * inverse;
                int expected = Math.Sign(quotient) * (int)Math.Floor(Math.Abs((double)quotient) + 0.5);
                Assert.Equal(expected, unchecked((sbyte)found[2 + i]));
                Assert.True(Math.Abs(Layouts[GgufTensorType.Q8_0].At(found, i) - block[i]) <= 0.5 * scale + largest / 1000 + 1e-7, $"{block[i]} came back too far away.");
            }
        }
    }

    [Fact]
    public void FourBitsAreRoundedAsTheReference()
    {
        foreach (float[] block in Blocks())
        {
            byte[] found = Quantize(GgufTensorType.Q4_0, block);
            float extreme = block.First(v => Math.Abs(v) == block.Max(Math.Abs)), scale = extreme / -8f, inverse = scale == 0 ? 0 : 1f / scale;
            Assert.Equal((Half)scale, BitConverter.ToHalf(found));
            for (int i = 0; i < 32; i++)
            {
                // Truncated towards zero after a half was added to what is never below it.
                float shifted = block[i] * inverse + 8.5f;
                Assert.Equal(Math.Min(15, (int)Math.Floor(shifted)), Nibble(found[2 + i % 16], i >= 16));
                Assert.True(Math.Abs(Layouts[GgufTensorType.Q4_0].At(found, i) - block[i]) <= 1.01 * Math.Abs(scale) + 1e-7, $"{block[i]} came back too far away.");
            }
        }
    }

    [Fact]
    public void WhatSixteenBitsCanTellComesBack()
    {
        float[] values = [.. Enumerable.Range(-1000, 2000).Select(i => (float)(Half)(i / 64f))];
        byte[] written = Quantize(GgufTensorType.F16, values);
        Assert.Equal(values, Dequantize(GgufTensorType.F16, written, values.Length));
        Assert.Equal(values, Dequantize(GgufTensorType.F32, Quantize(GgufTensorType.F32, values), values.Length));
    }

    /// <summary>Blocks of random numbers, of ties, of one number, of zeros, and of numbers too small for a scale in half precision.</summary>
    private static IEnumerable<float[]> Blocks()
    {
        var random = new Random(9);
        for (int i = 0; i < 200; i++)
            yield return [.. Enumerable.Range(0, 32).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 3))))];
        yield return [.. Enumerable.Range(0, 32).Select(i => i % 2 == 0 ? 127f : (i - 16) / 2f)];
        yield return [.. Enumerable.Range(0, 32).Select(i => i == 5 ? -8f : (i - 16) / 2f)];
        yield return [.. Enumerable.Range(0, 32).Select(i => i == 5 ? 8f : (i - 16) / 2f)];
        yield return [.. Enumerable.Repeat(-0.3f, 32)];
        yield return new float[32];
        yield return [.. Enumerable.Repeat(1e-9f, 32)];
    }

    private static void AssertSame(GgufTensorType type, byte[][] blocks, int values, Func<byte[], int, double> at)
    {
        float[] found = Dequantize(type, [.. blocks.SelectMany(b => b)], blocks.Length * values);
        for (int b = 0; b < blocks.Length; b++)
        {
            for (int i = 0; i < values; i++)
            {
                double expected = at(blocks[b], i);
                Assert.True(Math.Abs(expected - found[b * values + i]) <= 1e-4 * Math.Max(1, Math.Abs(expected)), $"{type}, block {b}, value {i}: {found[b * values + i]:R}, expected {expected:R}");
            }
        }
    }

    private static double Q4K(byte[] block, int i)
    {
        int group = i / 32;
        int scale = group < 4 ? block[4 + group] % 64 : block[8 + group] % 16 + block[group] / 64 * 16;
        int least = group < 4 ? block[8 + group] % 64 : block[8 + group] / 16 + block[4 + group] / 64 * 16;
        return Half16(block, 0) * scale * Nibble(block[16 + group / 2 * 32 + i % 32], group % 2 == 1) - Half16(block, 2) * least;
    }

    private static double Q6K(byte[] block, int i)
    {
        int half = i / 128, quarter = i % 128 / 32, l = i % 32;
        int low = Nibble(block[64 * half + 32 * (quarter % 2) + l], quarter >= 2), high = block[128 + 32 * half + l] >> 2 * quarter & 3;
        return Half16(block, 208) * unchecked((sbyte)block[192 + i / 16]) * (low + 16 * high - 32);
    }

    private static double Half16(byte[] block, int at) => (double)BitConverter.ToHalf(block, at);

    private static int Nibble(byte value, bool isUpper) => isUpper ? value / 16 : value % 16;

    private static float[] Dequantize(GgufTensorType type, byte[] blocks, int count)
    {
        var values = new float[count];
        fixed (byte* from = blocks)
        {
            fixed (float* to = values)
                GgufDequantization.Run(type, from, to, count);
        }

        return values;
    }

    private static byte[] Quantize(GgufTensorType type, float[] values)
    {
        var bytes = new byte[GgufTypes.ByteCount(type, values.Length)];
        fixed (float* from = values)
        {
            fixed (byte* to = bytes)
                GgufQuantization.Run(type, from, to, values.Length);
        }

        return bytes;
    }
}
