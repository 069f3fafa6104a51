
namespace Anneal.Cpu.Tests;

/// <summary>Every width that this machine has, lane by lane against scalar code.</summary>
public sealed unsafe class SimdTests
{
    private static readonly float[] Values =
    [
        0f, -0f, 1f, -1f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 3.7f, -3.7f, 1e-40f, -1e-40f, 1e30f, -1e30f, 8388609f, 255f, 256f,
        float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.Epsilon,
    ];

    [Fact]
    public void Operations_agree_with_scalar_code()
    {
        Check<V128>();
        if (InstructionSets.Best >= InstructionSet.Vector256)
            Check<V256>();
        if (InstructionSets.Best >= InstructionSet.Vector512)
            Check<V512>();
    }

    [Fact]
    public void Partial_and_widening_memory_operations_stay_in_bounds()
    {
        CheckMemory<V128>();
        if (InstructionSets.Best >= InstructionSet.Vector256)
            CheckMemory<V256>();
        if (InstructionSets.Best >= InstructionSet.Vector512)
            CheckMemory<V512>();
    }

    private static void Check<TVec>()
        where TVec : unmanaged, ISimd<TVec>
    {
        foreach (float a in Values)
        {
            TVec x = TVec.Broadcast(a);
            Same(MathF.Abs(a), TVec.Abs(x));
            Same(-a, TVec.Negate(x));
            Same(MathF.Sqrt(a), TVec.Sqrt(x));
            Same(MathF.Floor(a), TVec.Floor(x));
            Same(MathF.Ceiling(a), TVec.Ceiling(x));
            Same(MathF.Round(a), TVec.Round(x));
            foreach (float b in Values)
            {
                TVec y = TVec.Broadcast(b);
                Same(a + b, TVec.Add(x, y));
                Same(a - b, TVec.Subtract(x, y));
                Same(a * b, TVec.Multiply(x, y));
                Same(a / b, TVec.Divide(x, y));
                Same(MathF.Min(a, b), TVec.Min(x, y));
                Same(MathF.Max(a, b), TVec.Max(x, y));
                CheckComparisons(a, b, x, y);
                if (InstructionSets.Best > InstructionSet.Vector128)
                    Same(MathF.FusedMultiplyAdd(a, b, 0.3f), TVec.FusedMultiplyAdd(x, y, TVec.Broadcast(0.3f)));
            }
        }
    }

    private static void CheckComparisons<TVec>(float a, float b, TVec x, TVec y)
        where TVec : unmanaged, ISimd<TVec>
    {
        Same(a == b, TVec.Equal(x, y));
        Same(a != b, TVec.NotEqual(x, y));
        Same(a < b, TVec.LessThan(x, y));
        Same(a <= b, TVec.LessThanOrEqual(x, y));
        Same(a > b, TVec.GreaterThan(x, y));
        Same(a >= b, TVec.GreaterThanOrEqual(x, y));
        Same(a < b ? a : b, TVec.Select(TVec.LessThan(x, y), x, y));
        Assert.Equal(a < b, TVec.Any(TVec.LessThan(x, y)));
        TVec mask = TVec.LessThan(x, y);
        Same(a >= b || float.IsNaN(a) || float.IsNaN(b), TVec.Not(mask));
        Same(false, TVec.AndNot(mask, mask));
        Same(true, TVec.Or(mask, TVec.Not(mask)));
        Same(true, TVec.Xor(mask, TVec.Not(mask)));
    }

    private static void CheckMemory<TVec>()
        where TVec : unmanaged, ISimd<TVec>
    {
        Random random = new(1);
        byte[] bytes = new byte[TVec.Count];
        int[] integers = new int[TVec.Count];
        float* lanes = stackalloc float[16];
        for (int count = 0; count <= TVec.Count; count++)
        {
            using GuardedBuffer source = new(count, random), target = new(count), integerTarget = new(count);
            TVec loaded = TVec.LoadPartial(source.Pointer, count);
            TVec.StorePartial(target.Pointer, loaded, count);
            FloatComparer.SameBits(source.Span, target.Span, $"partial {count}");
            TVec.Store(lanes, loaded);
            for (int i = count; i < TVec.Count; i++)
                Assert.Equal(0f, lanes[i]);

            random.NextBytes(bytes);
            byte[] maskBytes = bytes.Select(value => (byte)(value & 1)).ToArray();
            byte[] maskTarget = new byte[TVec.Count + 4];
            maskTarget.AsSpan().Fill(9);
            for (int i = 0; i < TVec.Count; i++)
                integers[i] = random.Next(-1000, 1000);
            fixed (byte* b = bytes, m = maskBytes, t = maskTarget)
            fixed (int* n = integers)
            {
                Lanes(TVec.LoadBytePartial(b, count), i => i < count ? bytes[i] : 0f);
                Lanes(TVec.LoadInt32Partial(n, count), i => i < count ? integers[i] : 0f);
                Lanes(TVec.LoadByte(b), i => bytes[i]);
                Lanes(TVec.LoadInt32(n), i => integers[i]);
                Lanes(TVec.And(TVec.LoadMask(m), TVec.Broadcast(1f)), i => maskBytes[i]);
                TVec.StoreMaskPartial(t, TVec.LoadMaskPartial(m, count), count);
                TVec.StoreInt32Partial((int*)integerTarget.Pointer, TVec.LoadInt32(n), count);
            }

            Assert.Equal(maskBytes.AsSpan(0, count).ToArray(), maskTarget.AsSpan(0, count).ToArray());
            Assert.All(maskTarget.Skip(count), value => Assert.Equal(9, value));
            for (int i = 0; i < count; i++)
                Assert.Equal(integers[i], ((int*)integerTarget.Pointer)[i]);
        }
    }

    private static void Lanes<TVec>(TVec value, Func<int, float> expected)
        where TVec : unmanaged, ISimd<TVec>
    {
        float* lanes = stackalloc float[16];
        TVec.Store(lanes, value);
        for (int i = 0; i < TVec.Count; i++)
            Assert.Equal(expected(i), lanes[i]);
    }

    private static void Same<TVec>(float expected, TVec actual)
        where TVec : unmanaged, ISimd<TVec>
    {
        float* lanes = stackalloc float[16];
        TVec.Store(lanes, actual);
        for (int i = 0; i < TVec.Count; i++)
        {
            bool same = float.IsNaN(expected)
                ? float.IsNaN(lanes[i])
                : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(lanes[i]);
            Assert.True(same, $"{typeof(TVec).Name}: expected {expected}, got {lanes[i]}.");
        }
    }

    private static void Same<TVec>(bool expected, TVec actual)
        where TVec : unmanaged, ISimd<TVec>
    {
        float* lanes = stackalloc float[16];
        TVec.Store(lanes, actual);
        for (int i = 0; i < TVec.Count; i++)
            Assert.Equal(expected ? -1 : 0, BitConverter.SingleToInt32Bits(lanes[i]));
    }
}
