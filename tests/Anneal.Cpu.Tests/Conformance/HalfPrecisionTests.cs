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
        // A unit in the last place, because rounding twice may give a neighbour; sums cancel, so some of it is absolute.
        double unit = dtype == DType.BFloat16 ? 1.0 / 128 : 1.0 / 1024;
        var wrong = new List<string>();
        int count = 0;
        OpCase[] cases = [.. OpCases.All().Where(c => c.Inputs.Any(i => i.Type.DType == DType.Float32) && c.Op is not Iota)];
        foreach (OpCase test in cases.Select(c => c.As(dtype)))
        {
            count++;
            double[][] inputs = [.. test.Draw().Select((x, i) => Values.ToDoubles(Values.ToData(x, test.Inputs[i].Type)))];
            var tolerance = new Tolerance(2e-5, unit);
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
}
