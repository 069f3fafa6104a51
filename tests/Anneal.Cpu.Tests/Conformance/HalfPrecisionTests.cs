using Anneal.Ops;
using Anneal.Testing;

namespace Anneal.Cpu.Tests.Conformance;

/// <summary>Every operation in 16-bit types: the reference's value for operands that the type holds, rounded to it.</summary>
public sealed class HalfPrecisionTests
{
    private static readonly CpuDevice Compiled = new(new CpuOptions { Threads = 2 });
    private static readonly CpuDevice Tiles = new(new CpuOptions { Threads = 1, CompileLoops = false });

    [Theory]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float16)]
    public void EveryOperationFollowsTheReference(DType dtype)
    {
        // A unit in the last place, because rounding twice may give a neighbour; sums cancel, so some of it is absolute. A scan is many operations.
        double unit = dtype == DType.BFloat16 ? 1.0 / 128 : 1.0 / 1024;
        var wrong = new List<string>();
        int count = 0;
        OpCase[] cases = [.. OpCases.All().Where(c => c.Inputs.Any(i => i.Type.DType == DType.Float32) && c.Op is not Iota)];
        foreach (OpCase test in cases.Select(c => c.As(dtype)))
        {
            count++;
            double[][] inputs = [.. test.Draw().Select((x, i) => Values.ToDoubles(Values.ToData(x, test.Inputs[i].Type)))];
            Tolerance tolerance = test.Op is Scan ? new Tolerance(unit, 6 * unit) : new Tolerance(2e-5, unit);
            foreach (CpuDevice device in (CpuDevice[])[Compiled, Tiles])
            {
                (string? difference, _) = Anneal.Testing.Conformance.Check(
                    test.Trace(), [.. test.Inputs.Select(i => i.Type)], inputs, device, tolerance, test.Name);
                if (difference is not null)
                    wrong.Add(difference);
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong.Take(10)));
        Assert.True(count > 100, $"{count} cases.");
    }

    [Fact]
    public void BFloat16LoopsHaveTheBitsOfEveryPath()
    {
        // Lengths around those of vectors and tiles, broadcast operands, transposed ones, masks, and values that round, tie or overflow.
        foreach (long length in (long[])[1, 3, 8, 15, 16, 17, 33, 64, 100, 1024, 2050])
        {
            var type = new TensorType(DType.BFloat16, [3, length]);
            double[] special = [0, -0.0, 1, 1.00390625, 1.01171875, 3.3e38, -3.3e38, double.PositiveInfinity, double.NaN, 1e-40, 257, 259];
            double[] x = [.. Values.Uniform(3 * length, -4, 4, 5).Select((v, i) => i % 7 == 0 ? special[i / 7 % special.Length] : v)];
            double[][] inputs = [x, Values.Uniform(length, 0.5, 2, 6), Values.Uniform(3 * length, -1, 1, 7)];
            TensorType[] types = [type, new(DType.BFloat16, [length]), new(DType.BFloat16, [length, 3])];
            byte[][] results = [.. ((CpuDevice[])[Compiled, Tiles]).Select(device =>
            {
                Execution.ProgramContext context = Execution.CompiledGraph.Compile(Graphs.Graph.Of("loops", types, a =>
                {
                    Tensor sum = a[0] * a[1] + a[2].Transpose(), chosen = Tensor.Select(a[0].GreaterThan(a[1]), sum, a[0]);
                    return [chosen, Tensor.Exp(a[0] * 0.1), chosen.Cast(DType.Float32) * 1.5, (a[0].Cast(DType.Float32) * 1.001).Cast(DType.BFloat16), Tensor.Relu(sum)];
                }), device).CreateContext();
                for (int i = 0; i < inputs.Length; i++)
                    Values.ToData(inputs[i], types[i]).AsBytes().CopyTo(context.Inputs[i].AsBytes());
                context.Run();
                return context.Outputs.SelectMany(o => o.AsBytes().ToArray()).ToArray();
            })];
            Assert.Equal(results[0], results[1]);
            float[] scaled = [.. x.Select(v => BitConverter.Int32BitsToSingle(TensorData.ToBFloat16(BitConverter.Int32BitsToSingle(TensorData.ToBFloat16((float)v) << 16) * 1.001f) << 16))];
            int offset = (int)(length * 3) * (2 + 2 + 4);
            for (int i = 0; i < scaled.Length; i++)
                Assert.Equal(TensorData.ToBFloat16(scaled[i]), BitConverter.ToUInt16(results[0], offset + 2 * i));
        }
    }
}
