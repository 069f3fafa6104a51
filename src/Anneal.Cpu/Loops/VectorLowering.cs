using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>Translates the body of a loop to vector registers, leaving out what no output needs.</summary>
internal sealed class VectorLowering
{
    private readonly Loop _loop;
    private readonly int _rowDim;
    private readonly int _columnDim;
    private readonly int[] _registers;
    private readonly List<VectorStep> _steps = [];

    private VectorLowering(Loop loop, int rowDim, int columnDim)
    {
        _loop = loop;
        _rowDim = rowDim;
        _columnDim = columnDim;
        _registers = new int[loop.Body.Length];
    }

    /// <summary>The body in vector registers, or null where a type or operation needs <see cref="ScalarBody"/>.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="rowDim">The dimension whose points are rows, or -1.</param>
    /// <param name="columnDim">The dimension along which vectors run, or -1.</param>
    /// <param name="isStored">Which outputs the body itself writes.</param>
    internal static VectorBody? TryLower(Loop loop, int rowDim, int columnDim, bool[] isStored)
    {
        var lowering = new VectorLowering(loop, rowDim, columnDim);
        bool[] needed = FindNeeded(loop, isStored);
        for (int i = 0; i < loop.Body.Length; i++)
        {
            if (needed[i] && !lowering.Add(i))
                return null;
        }

        var stores = new List<VectorStore>();
        for (int i = 0; i < loop.Outputs.Length; i++)
        {
            if (!isStored[i])
                continue;
            LoopOutput output = loop.Outputs[i];
            Lane lane = lowering._steps[lowering._registers[output.Register]].Lane;
            bool fits = lane != Lane.Byte && Lanes.Of(output.Operand.DType) == lane && (output.Reduction is null || lane == Lane.Float);
            if (!fits)
                return null;
            stores.Add(new VectorStore(lowering._registers[output.Register], loop.Inputs.Length + i));
        }

        return new VectorBody
        {
            Steps = [.. lowering._steps],
            Stores = [.. stores],
            OperandCount = loop.Inputs.Length + loop.Outputs.Length,
        };
    }

    /// <summary>Which registers the stored outputs depend on.</summary>
    internal static bool[] FindNeeded(Loop loop, bool[] isStored)
    {
        var needed = new bool[loop.Body.Length];
        for (int i = 0; i < loop.Outputs.Length; i++)
            needed[loop.Outputs[i].Register] |= isStored[i];
        for (int i = needed.Length - 1; i >= 0; i--)
        {
            if (!needed[i])
                continue;
            foreach (int argument in loop.Body[i].Arguments)
                needed[argument] = true;
        }

        return needed;
    }

    private bool Add(int index)
    {
        LoopInstruction instruction = _loop.Body[index];
        if (Lanes.Of(instruction.DType) is not { } lane)
            return false;
        switch (instruction.Kind)
        {
            case LoopInstructionKind.Load:
                LoopOperand input = _loop.Inputs[instruction.Input];
                if (input.DType != instruction.DType)
                    return false;
                return Define(index, new VectorStep(instruction.Kind, lane, RateOf(input)) { Operand = instruction.Input });
            case LoopInstructionKind.Constant:
                return Define(index, new VectorStep(instruction.Kind, lane, Rate.Call) { Bits = BitsOf(instruction.Value, lane) });
            default:
                return AddOp(index, instruction);
        }
    }

    private bool AddOp(int index, LoopInstruction instruction)
    {
        ElementwiseOp op = instruction.Op!;
        int[] arguments = [.. instruction.Arguments.Select(a => _registers[a])];
        Lane[] lanes = [.. arguments.Select(a => _steps[a].Lane)];
        if (KernelTable.IsIdentity(op, lanes[0]))
        {
            _registers[index] = arguments[0];
            return true;
        }

        if (KernelTable.Find(op, lanes) is { } kernel && kernel.Result == Lanes.Of(instruction.DType))
            return Apply(index, kernel, arguments);
        return AddRounded(index, op, lanes, arguments, instruction.DType);
    }

    /// <summary>An operation with bfloat16 among its types: that of float32, rounded where the result is bfloat16.</summary>
    private bool AddRounded(int index, ElementwiseOp op, Lane[] lanes, int[] arguments, DType result)
    {
        bool rounds = result == DType.BFloat16;
        if (!rounds && !lanes.Contains(Lane.BFloat16))
            return false;
        ElementwiseOp wide = op is Cast && rounds ? new Cast(DType.Float32) : op;
        Lane[] wideLanes = Array.ConvertAll(lanes, l => l == Lane.BFloat16 ? Lane.Float : l);
        Lane? expected = rounds ? Lane.Float : Lanes.Of(result);
        if (KernelTable.Find(wide, wideLanes) is not { } kernel || kernel.Result != expected)
            return false;
        Apply(index, kernel, arguments);
        return !rounds || Apply(index, KernelTable.Find(new Cast(DType.BFloat16), [Lane.Float])!, [_registers[index]]);
    }

    private bool Apply(int index, KernelEntry kernel, int[] arguments) => Define(
        index, new VectorStep(LoopInstructionKind.Apply, kernel.Result, arguments.Max(a => _steps[a].Rate)) { Kernel = kernel, Arguments = arguments });

    private bool Define(int index, VectorStep step)
    {
        _registers[index] = _steps.Count;
        _steps.Add(step);
        return true;
    }

    private Rate RateOf(LoopOperand operand) =>
        _columnDim >= 0 && operand.Strides[_columnDim] != 0 ? Rate.Point
        : _rowDim >= 0 && operand.Strides[_rowDim] != 0 ? Rate.Row
        : Rate.Call;

    private static int BitsOf(double value, Lane lane) => lane switch
    {
        Lane.Mask => value != 0 ? -1 : 0,
        Lane.Int32 => unchecked((int)(long)value),
        Lane.Byte => BitConverter.SingleToInt32Bits(unchecked((byte)(long)value)),
        _ => BitConverter.SingleToInt32Bits((float)value),
    };
}
