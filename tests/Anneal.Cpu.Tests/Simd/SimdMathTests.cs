
namespace Anneal.Cpu.Tests;

/// <summary>Accuracy over the whole range of floats in units of the last place, and equal bits for every width.</summary>
public sealed unsafe class SimdMathTests
{
    private const uint Step = 9973;

    // Without fused multiply-add the two-float parts lose their second half.
    private static readonly bool Fused = InstructionSets.Best > InstructionSet.Vector128 || System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported;

    private delegate TVec Function<TVec>(TVec x);

    [Fact]
    public void Exp() => Check(SimdMath.Exp, SimdMath.Exp, SimdMath.Exp, Math.Exp, 1);

    [Fact]
    public void Log() => Check(SimdMath.Log, SimdMath.Log, SimdMath.Log, Math.Log, 1);

    [Fact]
    public void Expm1() => Check(SimdMath.Expm1, SimdMath.Expm1, SimdMath.Expm1, ReferenceExpm1, 1.5);

    [Fact]
    public void Log1p() => Check(SimdMath.Log1p, SimdMath.Log1p, SimdMath.Log1p, ReferenceLog1p, 1.5);

    [Fact]
    public void Tanh() => Check(SimdMath.Tanh, SimdMath.Tanh, SimdMath.Tanh, Math.Tanh, 1.5);

    [Fact]
    public void Sigmoid() => Check(SimdMath.Sigmoid, SimdMath.Sigmoid, SimdMath.Sigmoid, ReferenceSigmoid, Fused ? 1.5 : 2.6);

    [Fact]
    public void Erf() => Check(SimdMath.Erf, SimdMath.Erf, SimdMath.Erf, ReferenceErf, 1.5);

    [Fact]
    public void Sin() => Check(SimdMath.Sin, SimdMath.Sin, SimdMath.Sin, Math.Sin, Fused ? 1 : 4);

    [Fact]
    public void Cos() => Check(SimdMath.Cos, SimdMath.Cos, SimdMath.Cos, Math.Cos, Fused ? 1 : 4);

    [Fact]
    public void Atan() => Check(SimdMath.Atan, SimdMath.Atan, SimdMath.Atan, Math.Atan, 2);

    [Fact]
    public void Pow_at_special_values()
    {
        float[] values =
        [
            0f, -0f, 1f, -1f, 2f, -2f, 3f, -3f, 0.5f, -0.5f, 1.5f, -7f, 1e-38f, 8388609f, 16777217f, 1e10f, float.NaN,
            float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue,
        ];
        foreach (float x in values)
        {
            foreach (float y in values)
            {
                float actual = FirstLane(SimdMath.Pow(V128.Broadcast(x), V128.Broadcast(y)));
                Near(Math.Pow(x, y), actual, Fused ? 1.5 : 200, $"{x} to the power of {y}");
            }
        }
    }

    [Fact]
    public void Pow()
    {
        Random random = new(1);
        for (int i = 0; i < 200_000; i++)
        {
            float x = i % 2 == 0 ? BitConverter.UInt32BitsToSingle((uint)random.Next()) : (float)Math.Exp((random.NextDouble() - 0.5) / 50);
            float y = (float)((random.NextDouble() - 0.5) * 200 / Math.Max(i % 2 == 0 ? 1 : 0.01, Math.Abs(Math.Log(x))));
            float actual = FirstLane(SimdMath.Pow(V128.Broadcast(x), V128.Broadcast(y)));
            Near(Math.Pow(x, y), actual, Fused ? 1.5 : 200, $"{x:R} to the power of {y:R}");
            if (InstructionSets.Best >= InstructionSet.Vector512)
            {
                float wide = FirstLane(SimdMath.Pow(V512.Broadcast(x), V512.Broadcast(y)));
                Assert.Equal(BitConverter.SingleToInt32Bits(actual), BitConverter.SingleToInt32Bits(wide));
            }
        }
    }

    private static void Check(
        Function<V128> narrow, Function<V256> middle, Function<V512> wide, Func<double, double> reference, double tolerance)
    {
        Assert.Equal(16, V512.Count);
        float* x = stackalloc float[16];
        float* results = stackalloc float[3 * 16];
        float[] special =
        [
            0f, -0f, 1f, -1f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon,
            1.17549435e-38f, -1.17549435e-38f, 1e-40f, -1e-40f, float.MaxValue, float.MinValue, 88.7f,
        ];
        for (int i = 0; i < 16; i++)
            x[i] = special[i];
        for (ulong bits = 0; bits <= uint.MaxValue; bits += 16 * Step)
        {
            for (int i = 0; i < 16; i += 4)
                V128.Store(results + i, narrow(V128.Load(x + i)));
            for (int i = 0; i < 16; i++)
                Near(reference(x[i]), results[i], tolerance, $"{x[i]:R}");
            if (InstructionSets.Best >= InstructionSet.Vector256)
            {
                V256.Store(results + 16, middle(V256.Load(x)));
                V256.Store(results + 24, middle(V256.Load(x + 8)));
                AssertSame(results, results + 16);
            }

            if (InstructionSets.Best >= InstructionSet.Vector512)
            {
                V512.Store(results + 32, wide(V512.Load(x)));
                AssertSame(results, results + 32);
            }

            for (uint i = 0; i < 16; i++)
                x[i] = BitConverter.UInt32BitsToSingle((uint)(bits + (i * Step)));
        }
    }

    private static void AssertSame(float* expected, float* actual)
    {
        for (int i = 0; i < 16; i++)
        {
            Assert.True(
                BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i])
                || (float.IsNaN(expected[i]) && float.IsNaN(actual[i])), $"{expected[i]:R} and {actual[i]:R}");
        }
    }

    private static void Near(double expected, float actual, double tolerance, string what)
    {
        float rounded = (float)expected;
        if (float.IsNaN(rounded) || float.IsInfinity(rounded) || rounded == 0 || float.IsInfinity(actual))
        {
            bool same = rounded.Equals(actual) && (rounded != 0 || float.IsNegative(rounded) == float.IsNegative(actual));
            bool nearOverflow = Math.Abs(expected) > 0.9999 * float.MaxValue && Math.Abs(actual) > 0.9999 * float.MaxValue;
            bool nearUnderflow = Math.Abs(expected) < 2 * float.Epsilon && Math.Abs(actual) <= float.Epsilon && expected != 0;
            Assert.True(same || nearOverflow || nearUnderflow, $"At {what}: expected {expected}, got {actual}.");
            return;
        }

        double unit = (double)MathF.BitIncrement(MathF.Abs(rounded)) - MathF.Abs(rounded);
        Assert.True(Math.Abs(actual - expected) <= tolerance * unit, $"At {what}: expected {expected:R}, got {actual:R}.");
    }

    private static float FirstLane<TVec>(TVec value)
        where TVec : unmanaged, ISimd<TVec>
    {
        float* lanes = stackalloc float[16];
        TVec.Store(lanes, value);
        return lanes[0];
    }

    private static double ReferenceSigmoid(double x) => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x));

    private static double ReferenceExpm1(double x) =>
        x == 0 ? x : Math.Abs(x) < 1e-3 ? x + (x * x / 2) + (x * x * x / 6) + (x * x * x * x / 24) : Math.Exp(x) - 1;

    private static double ReferenceLog1p(double x) =>
        x == 0 ? x : Math.Abs(x) < 1e-3 ? x - (x * x / 2) + (x * x * x / 3) - (x * x * x * x / 4) : Math.Log(1 + x);

    /// <summary>The series for small arguments, the continued fraction of the complement for large ones.</summary>
    private static double ReferenceErf(double x)
    {
        double a = Math.Abs(x);
        if (double.IsNaN(x) || a > 6.5)
            return double.IsNaN(x) ? x : Math.Sign(x);
        if (a < 2.5)
        {
            double term = a, sum = a;
            for (int n = 1; n < 100; n++)
            {
                term *= -a * a / n;
                sum += term / ((2 * n) + 1);
            }

            return Math.CopySign(2 / Math.Sqrt(Math.PI) * sum, x);
        }

        double fraction = a;
        for (int n = 120; n >= 1; n--)
            fraction = a + (n / 2.0 / fraction);
        return Math.CopySign(1 - (Math.Exp(-a * a) / Math.Sqrt(Math.PI) / fraction), x);
    }
}
