using System.Globalization;
using System.Text;
using Anneal.Ops;

namespace Anneal.Planning;

/// <summary>How an operand is reached from the iteration space: element index = Offset + sum of Strides[d] · index[d].</summary>
/// <param name="DType">The type of the stored elements.</param>
/// <param name="Strides">Elements per step of each dimension of the loop; 0 repeats, negative runs backwards.</param>
/// <param name="Offset">The element at the origin.</param>
internal sealed record LoopOperand(DType DType, long[] Strides, long Offset);

/// <summary>What an instruction of a loop's body does.</summary>
internal enum LoopInstructionKind
{
    /// <summary>Reads an input operand.</summary>
    Load,

    /// <summary>A number, the same everywhere.</summary>
    Constant,

    /// <summary>Applies an elementwise operation to registers.</summary>
    Apply,
}

/// <summary>One instruction of a loop's body; instruction i defines register i and may use lower registers only.</summary>
internal sealed record LoopInstruction(LoopInstructionKind Kind, DType DType)
{
    /// <summary>The operation of <see cref="LoopInstructionKind.Apply"/>.</summary>
    internal ElementwiseOp? Op { get; init; }

    /// <summary>The registers that the operation reads.</summary>
    internal int[] Arguments { get; init; } = [];

    /// <summary>The input read by <see cref="LoopInstructionKind.Load"/>.</summary>
    internal int Input { get; init; }

    /// <summary>The number of <see cref="LoopInstructionKind.Constant"/>.</summary>
    internal double Value { get; init; }
}

/// <summary>One result of a loop: a register, stored at every point, or folded over the reduced dimensions first.</summary>
/// <param name="Register">The register whose value is kept.</param>
/// <param name="Operand">Where it goes; its strides are 0 in the reduced dimensions where <paramref name="Reduction"/> is set.</param>
/// <param name="Reduction">How it is folded, or null to store every value.</param>
internal sealed record LoopOutput(int Register, LoopOperand Operand, ReductionKind? Reduction);

/// <summary>
/// A fused group: at each point of an iteration space it loads operands, computes, and stores or folds results. Pure data; a device
/// compiles it. Dimensions run from the outermost to the innermost and are collapsed as far as the operands allow. The dimensions
/// <c>[ReduceStart, ReduceStart + ReduceCount)</c> are folded by the outputs that have a reduction; the others keep the same order.
/// </summary>
internal sealed class Loop
{
    internal required long[] Dims { get; init; }

    internal int ReduceStart { get; init; }

    internal int ReduceCount { get; init; }

    internal required LoopOperand[] Inputs { get; init; }

    internal required LoopInstruction[] Body { get; init; }

    internal required LoopOutput[] Outputs { get; init; }

    internal long PointCount => Product(0, Dims.Length);

    /// <summary>The points before the folded dimensions, in them, and after them: the loop is <c>[Outer, Folded, Inner]</c>.</summary>
    internal long OuterCount => Product(0, ReduceStart);

    internal long FoldedCount => Product(ReduceStart, ReduceCount);

    internal long InnerCount => Product(ReduceStart + ReduceCount, Dims.Length - ReduceStart - ReduceCount);

    internal bool HasReductions => Outputs.Any(o => o.Reduction is not null);

    private long Product(int start, int count)
    {
        long product = 1;
        for (int i = start; i < start + count; i++)
            product *= Dims[i];
        return product;
    }

    /// <summary>
    /// The same loop with adjacent dimensions joined wherever every operand walks through them as through one. Folded dimensions join
    /// only among themselves. Dimensions of extent 1 vanish.
    /// </summary>
    internal Loop Collapse() => Collapse(d => d < ReduceStart ? 0 : d < ReduceStart + ReduceCount ? 1 : 2, keepEmptyZones: false);

    /// <summary>
    /// The same loop over two dimensions, the second of the given extent; null where it is no loop over such a matrix. For loops without
    /// reductions.
    /// </summary>
    internal Loop? AsMatrix(long columns)
    {
        int split = Dims.Length;
        long inner = 1;
        while (split > 0 && inner < columns)
            inner *= Dims[--split];
        if (inner != columns || HasReductions || PointCount == 0)
            return null;
        Loop matrix = Collapse(d => d < split ? 0 : 1, keepEmptyZones: true);
        return matrix.Dims.Length == 2 ? matrix : null;
    }

    private Loop Collapse(Func<int, int> zoneOf, bool keepEmptyZones)
    {
        LoopOperand[] operands = [.. Inputs, .. Outputs.Select(o => o.Operand)];
        var dims = new List<long>();
        var strides = operands.Select(_ => new List<long>()).ToArray();
        var zones = new List<int>();
        for (int d = 0; d < Dims.Length; d++)
        {
            if (Dims[d] == 1)
                continue;
            bool joins = dims.Count > 0 && zones[^1] == zoneOf(d)
                && !operands.Where((o, i) => strides[i][^1] != o.Strides[d] * Dims[d]).Any();
            if (!joins)
            {
                dims.Add(Dims[d]);
                zones.Add(zoneOf(d));
            }
            else
            {
                dims[^1] *= Dims[d];
            }

            for (int i = 0; i < operands.Length; i++)
            {
                if (joins)
                    strides[i].RemoveAt(strides[i].Count - 1);
                strides[i].Add(operands[i].Strides[d]);
            }
        }

        for (int zone = 0; keepEmptyZones && zone < 2; zone++)
        {
            if (zones.Contains(zone))
                continue;
            int at = zone == 0 ? 0 : dims.Count;
            dims.Insert(at, 1);
            zones.Insert(at, zone);
            foreach (List<long> list in strides)
                list.Insert(at, 0);
        }

        LoopOperand Collapsed(int i) => operands[i] with { Strides = [.. strides[i]] };
        return new Loop
        {
            Dims = [.. dims],
            ReduceStart = HasReductions ? zones.Count(z => z == 0) : 0,
            ReduceCount = HasReductions ? zones.Count(z => z == 1) : 0,
            Inputs = Inputs.Select((_, i) => Collapsed(i)).ToArray(),
            Body = Body,
            Outputs = Outputs.Select((o, i) => o with { Operand = Collapsed(Inputs.Length + i) }).ToArray(),
        };
    }

    /// <summary>A text that two loops share exactly when the same compiled code serves both.</summary>
    internal string Print()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"loop [{string.Join(", ", Dims)}]");
        if (ReduceCount > 0)
            text.Append(CultureInfo.InvariantCulture, $" fold dims {ReduceStart}..{ReduceStart + ReduceCount - 1}");
        text.Append('\n');
        for (int i = 0; i < Body.Length; i++)
        {
            LoopInstruction x = Body[i];
            string what = x.Kind switch
            {
                LoopInstructionKind.Load => $"load in{x.Input} {Describe(Inputs[x.Input])}",
                LoopInstructionKind.Constant => x.Value.ToString("R", CultureInfo.InvariantCulture),
                _ => $"{x.Op!.Name}({string.Join(", ", x.Arguments.Select(a => "r" + a))})",
            };
            text.Append(CultureInfo.InvariantCulture, $"  r{i}: {x.DType.Name()} = {what}\n");
        }

        for (int i = 0; i < Outputs.Length; i++)
        {
            string fold = Outputs[i].Reduction is { } reduction ? $"{reduction} of " : "";
            text.Append(CultureInfo.InvariantCulture, $"  out{i} {Describe(Outputs[i].Operand)} = {fold}r{Outputs[i].Register}\n");
        }

        return text.ToString();
    }

    private static string Describe(LoopOperand operand) =>
        $"{operand.DType.Name()} strides [{string.Join(", ", operand.Strides)}]" + (operand.Offset == 0 ? "" : $" offset {operand.Offset}");
}
