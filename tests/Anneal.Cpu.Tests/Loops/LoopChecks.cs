using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>Runs a loop in every way, compares all of them bit for bit and one of them with the oracle.</summary>
internal static unsafe class LoopChecks
{
    /// <param name="loop">The loop.</param>
    /// <param name="seed">Seeds the inputs.</param>
    /// <param name="ulp">The error allowed for each stored value in units of the last place of float32; 0 wants the exact value.</param>
    /// <param name="draw">Draws an input.</param>
    /// <param name="withParts">Whether to run in several parts, too.</param>
    /// <param name="everySet">Whether to run on narrower vectors, too.</param>
    internal static void Check(Loop loop, int seed, double ulp = 0, Func<Random, double>? draw = null, bool withParts = true,
        bool everySet = true)
    {
        using var memory = new LoopMemory(loop);
        memory.Fill(new Random(seed), draw ?? Ordinary);
        (double[][] expected, double[][] magnitudes) = LoopOracle.Evaluate(memory);
        byte[][]? first = null;
        foreach (LoopOracle.Way way in LoopOracle.Ways(withParts, everySet))
        {
            for (int o = 0; o < loop.Outputs.Length; o++)
                memory.OutputSpan(o).Fill(0xEE);
            LoopOracle.Run(memory, way);
            string what = $"seed {seed}, {way}\n{loop.Print()}";
            memory.AssertGuards(what);
            byte[][] bytes = [.. loop.Outputs.Select((_, o) => Canonical(loop.Outputs[o].Operand.DType, memory.OutputSpan(o)))];
            if (first is null)
            {
                first = bytes;
                for (int o = 0; o < expected.Length; o++)
                    AssertClose(loop, memory, o, expected[o], magnitudes[o], ulp, what);
                continue;
            }

            for (int o = 0; o < bytes.Length; o++)
                Assert.True(bytes[o].AsSpan().SequenceEqual(first[o]), $"Output {o} has other bits than in the first way: {what}");
        }
    }

    internal static double Ordinary(Random random) => Math.Round((random.NextDouble() * 6) - 3, 3);

    /// <summary>Mostly ordinary numbers, and every kind of special one.</summary>
    internal static double Special(Random random) => random.Next(24) switch
    {
        0 => double.NaN,
        1 => double.PositiveInfinity,
        2 => double.NegativeInfinity,
        3 => 0.0,
        4 => -0.0,
        5 => float.Epsilon,
        6 => -float.Epsilon * 1000,
        7 => float.MaxValue,
        8 => float.MinValue,
        9 => 1e-39,
        10 => random.Next(-4, 5),
        11 => random.Next(-4, 5) + 0.5,
        12 => 88.5 + random.NextDouble(),
        13 => -104 + random.NextDouble(),
        _ => (random.NextDouble() * 20) - 10,
    };

    /// <summary>NaNs differ in payload between instructions; everything else must not differ.</summary>
    private static byte[] Canonical(DType type, Span<byte> bytes)
    {
        byte[] copy = bytes.ToArray();
        if (type != DType.Float32)
            return copy;
        Span<float> values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(copy.AsSpan());
        for (int i = 0; i < values.Length; i++)
        {
            if (float.IsNaN(values[i]))
                values[i] = float.NaN;
        }

        return copy;
    }

    private static void AssertClose(Loop loop, LoopMemory memory, int o, double[] expected, double[] magnitudes, double ulp, string what)
    {
        LoopOutput output = loop.Outputs[o];
        for (long i = 0; i < expected.Length; i++)
        {
            double actual = Element.Read(output.Operand.DType, memory.Output(o), i);
            double want = Element.Round(output.Operand.DType, expected[i]);
            double tolerance = output.Reduction is ReductionKind.Sum && output.Operand.DType.IsFloating()
                ? Math.BitDecrement(magnitudes[i] * 40) * Unit(output.Operand.DType)
                : output.Reduction is ReductionKind.Product ? Math.Abs(want) * 300 * Unit(output.Operand.DType)
                : UlpOf(want) * ulp;
            bool agrees = double.IsNaN(want) ? double.IsNaN(actual) : actual.Equals(want) || Math.Abs(actual - want) <= tolerance;
            if (agrees && want == 0 && actual == 0 && output.Reduction is null && ulp == 0 && output.Operand.DType.IsFloating())
                agrees = double.IsNegative(want) == double.IsNegative(actual);
            Assert.True(agrees, $"Output {o} [{i}]: expected {want:R}, got {actual:R}, allowed {tolerance:R}. {what}");
        }
    }

    private static double Unit(DType type) => type switch
    {
        DType.Float64 => Math.ScaleB(1, -53),
        DType.Float16 => Math.ScaleB(1, -11),
        DType.BFloat16 => Math.ScaleB(1, -8),
        _ => Math.ScaleB(1, -24),
    };

    private static double UlpOf(double value)
    {
        float magnitude = (float)Math.Abs(value);
        return float.IsFinite(magnitude) ? MathF.BitIncrement(magnitude) - magnitude : 0;
    }
}
