using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>
/// Computes loops point by point in double precision through the definitions of the operations, rounded to each register's type; and
/// runs them in every way that a kernel can run.
/// </summary>
internal static unsafe class LoopOracle
{
    /// <summary>One way to run a kernel.</summary>
    internal sealed record Way(bool DynamicCode, InstructionSet Set, int Parts)
    {
        internal LoopCompilation Options => new()
        {
            DynamicCode = DynamicCode,
            InstructionSet = Set,
            MaximumParts = Parts,
            WorkOfPart = Parts > 1 ? 16 : 32_768,
        };
    }

    private static readonly Lazy<WorkerPool[]> Pools = new(() => [new(1), new(2), new(3)]);

    /// <summary>All vector widths of this machine that give the same bits.</summary>
    internal static InstructionSet[] Sets { get; } =
        [.. Enum.GetValues<InstructionSet>().Where(s => s <= InstructionSets.Best)];

    /// <param name="withParts">Whether to run in several parts, too.</param>
    /// <param name="everySet">Whether to run on narrower vectors, too.</param>
    internal static IEnumerable<Way> Ways(bool withParts, bool everySet = true)
    {
        foreach (InstructionSet set in everySet ? Sets : [InstructionSets.Best])
        {
            foreach (bool dynamic in (bool[])[true, false])
            {
                yield return new Way(dynamic, set, 1);
                if (withParts)
                {
                    yield return new Way(dynamic, set, 2);
                    yield return new Way(dynamic, set, 3);
                }
            }
        }
    }

    internal static LoopKernel Run(LoopMemory memory, Way way) => Run(memory, LoopKernel.Compile(memory.Loop, way.Options), way.Parts);

    internal static LoopKernel Run(LoopMemory memory, LoopKernel kernel, int threads)
    {
        var scratch = new NativeBuffer(kernel.ScratchBytes);
        kernel.Run(memory.Pointers, scratch.Pointer, Pools.Value[threads - 1]);
        for (int i = 0; i < 64; i++)
            Assert.Equal(0, scratch.Pointer[kernel.ScratchBytes + i]);
        GC.KeepAlive(scratch);
        return kernel;
    }

    /// <summary>
    /// The expected elements of each output, indexed as in memory (NaN-filled where nothing is written), and for folded outputs the
    /// sum of magnitudes that an error is measured by.
    /// </summary>
    internal static (double[][] Values, double[][] Magnitudes) Evaluate(LoopMemory memory)
    {
        Loop loop = memory.Loop;
        var values = new double[loop.Outputs.Length][];
        var magnitudes = new double[loop.Outputs.Length][];
        for (int o = 0; o < values.Length; o++)
        {
            long count = memory.OutputBytes(o) / loop.Outputs[o].Operand.DType.Size();
            values[o] = new double[count];
            magnitudes[o] = new double[count];
            if (loop.Outputs[o].Reduction is { } kind)
                Array.Fill(values[o], Identity(kind));
        }

        var registers = new double[loop.Body.Length];
        var index = new long[loop.Dims.Length];
        for (long point = 0; point < loop.PointCount; point++)
        {
            long rest = point;
            for (int d = index.Length - 1; d >= 0; d--)
                (rest, index[d]) = Math.DivRem(rest, loop.Dims[d]);
            for (int i = 0; i < registers.Length; i++)
                registers[i] = Step(memory, loop, i, registers, index);
            for (int o = 0; o < values.Length; o++)
            {
                long at = At(loop.Outputs[o].Operand, index);
                double value = registers[loop.Outputs[o].Register];
                values[o][at] = loop.Outputs[o].Reduction is { } kind ? Fold(kind, values[o][at], value) : value;
                magnitudes[o][at] += Math.Abs(value);
            }
        }

        return (values, magnitudes);
    }

    internal static double Identity(ReductionKind kind) => kind switch
    {
        ReductionKind.Sum => 0,
        ReductionKind.Product => 1,
        ReductionKind.Maximum => double.NegativeInfinity,
        _ => double.PositiveInfinity,
    };

    private static double Step(LoopMemory memory, Loop loop, int i, double[] registers, long[] index)
    {
        LoopInstruction instruction = loop.Body[i];
        switch (instruction.Kind)
        {
            case LoopInstructionKind.Constant:
                return Element.Round(instruction.DType, instruction.Value);
            case LoopInstructionKind.Load:
                LoopOperand input = loop.Inputs[instruction.Input];
                return Element.Read(input.DType, memory.Input(instruction.Input), At(input, index));
            default:
                int[] a = instruction.Arguments;
                double x = registers[a[0]], y = a.Length > 1 ? registers[a[1]] : 0, z = a.Length > 2 ? registers[a[2]] : 0;
                if (instruction.Op is Divide && instruction.DType.IsInteger())
                    return y == 0 ? 0 : Element.Round(instruction.DType, Math.Truncate(x / y));
                if (instruction.Op is Cast && instruction.DType.IsInteger())
                    return Element.Saturate(instruction.DType, x);
                return Element.Round(instruction.DType, instruction.Op!.Evaluate(x, y, z));
        }
    }

    private static double Fold(ReductionKind kind, double a, double b) => kind switch
    {
        ReductionKind.Sum => a + b,
        ReductionKind.Product => a * b,
        ReductionKind.Maximum => Math.Max(a, b),
        _ => Math.Min(a, b),
    };

    private static long At(LoopOperand operand, long[] index)
    {
        long at = operand.Offset;
        for (int d = 0; d < index.Length; d++)
            at += operand.Strides[d] * index[d];
        return at;
    }
}
