using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>
/// Interprets a body of any data types point by point: floating-point values in double precision, rounded to their type after every
/// operation, whole numbers exactly in 64 bits, wrapped to theirs. Slow beside vectors, and the same bits everywhere.
/// </summary>
internal sealed unsafe class ScalarBody : LoopBody
{
    private const int TilePoints = 256;
    private const int SlotBytes = TilePoints * sizeof(long);

    private readonly Loop _loop;
    private readonly bool[] _needed;
    private readonly Step[] _steps;
    private readonly long[] _columnStrides;
    private readonly bool[] _isStored;

    /// <param name="loop">The loop.</param>
    /// <param name="columnStrides">The bytes from a column to the next, for inputs and outputs.</param>
    /// <param name="isStored">Which outputs the body itself writes; those that are folded receive 64-bit values.</param>
    internal ScalarBody(Loop loop, long[] columnStrides, bool[] isStored)
    {
        _loop = loop;
        _columnStrides = columnStrides;
        _isStored = isStored;
        _needed = VectorLowering.FindNeeded(loop, isStored);
        _steps = new Step[loop.Body.Length];
        for (int i = 0; i < _steps.Length; i++)
        {
            if (_needed[i] && loop.Body[i].Kind == LoopInstructionKind.Apply)
                _steps[i] = Prepare(loop, loop.Body[i]);
        }
    }

    /// <summary>How an operation is evaluated.</summary>
    private enum Form
    {
        Real,
        RealToWhole,
        Whole,
        Select,
        WholeToReal,
        WholeToWhole,
        RealCastToWhole,
    }

    private readonly record struct Step(Form Form, nint Whole);

    internal override long ScratchBytes => (long)_loop.Body.Length * SlotBytes;

    internal override void Run(byte** operands, long* rowStrides, long rows, long columns, byte* scratch)
    {
        for (int i = 0; i < _steps.Length; i++)
        {
            LoopInstruction instruction = _loop.Body[i];
            if (instruction.Kind == LoopInstructionKind.Constant)
                ScalarMemory.Fill(instruction.DType, instruction.Value, scratch + (i * SlotBytes), TilePoints);
        }

        for (long row = 0; row < rows; row++)
        {
            for (long column = 0; column < columns; column += TilePoints)
                RunTile(operands, rowStrides, row, column, Math.Min(TilePoints, columns - column), scratch);
        }
    }

    private void RunTile(byte** operands, long* rowStrides, long row, long column, long count, byte* scratch)
    {
        for (int i = 0; i < _steps.Length; i++)
        {
            LoopInstruction instruction = _loop.Body[i];
            byte* target = scratch + (i * SlotBytes);
            if (!_needed[i] || instruction.Kind == LoopInstructionKind.Constant)
                continue;
            if (instruction.Kind == LoopInstructionKind.Apply)
            {
                Apply(i, scratch, target, count);
                continue;
            }

            int operand = instruction.Input;
            byte* source = operands[operand] + (row * rowStrides[operand]) + (column * _columnStrides[operand]);
            ScalarMemory.Load(instruction.DType, source, _columnStrides[operand], target, count);
        }

        for (int i = 0; i < _loop.Outputs.Length; i++)
        {
            if (!_isStored[i])
                continue;
            LoopOutput output = _loop.Outputs[i];
            int operand = _loop.Inputs.Length + i;
            byte* source = scratch + (output.Register * SlotBytes);
            long stride = output.Reduction is null ? _columnStrides[operand] : sizeof(long);
            byte* target = operands[operand] + (row * rowStrides[operand]) + (column * stride);
            if (output.Reduction is null)
                ScalarMemory.Store(output.Operand.DType, source, target, stride, count);
            else
                Buffer.MemoryCopy(source, target, count * sizeof(long), count * sizeof(long));
        }
    }

    private void Apply(int index, byte* scratch, byte* target, long count)
    {
        LoopInstruction instruction = _loop.Body[index];
        ElementwiseOp op = instruction.Op!;
        int[] arguments = instruction.Arguments;
        byte* a = scratch + (arguments[0] * SlotBytes);
        byte* b = arguments.Length > 1 ? scratch + (arguments[1] * SlotBytes) : a;
        byte* c = arguments.Length > 2 ? scratch + (arguments[2] * SlotBytes) : a;
        double* realA = (double*)a, realB = (double*)b, realC = (double*)c, real = (double*)target;
        long* wholeA = (long*)a, wholeB = (long*)b, wholeC = (long*)c, whole = (long*)target;
        switch (_steps[index].Form)
        {
            case Form.Real:
                for (long i = 0; i < count; i++)
                    real[i] = ScalarMemory.Round(instruction.DType, op.Evaluate(realA[i], realB[i], realC[i]));
                break;
            case Form.RealToWhole:
                for (long i = 0; i < count; i++)
                    whole[i] = op.Evaluate(realA[i], realB[i], realC[i]) != 0 ? 1 : 0;
                break;
            case Form.Whole:
                var function = (delegate*<long, long, long>)_steps[index].Whole;
                for (long i = 0; i < count; i++)
                    whole[i] = ScalarMemory.Wrap(instruction.DType, function(wholeA[i], wholeB[i]));
                break;
            case Form.Select:
                for (long i = 0; i < count; i++)
                    whole[i] = wholeA[i] != 0 ? wholeB[i] : wholeC[i];
                break;
            case Form.WholeToReal:
                // Through float only where that is the target: a second rounding could give a neighbour.
                for (long i = 0; i < count; i++)
                    real[i] = instruction.DType == DType.Float32 ? (float)wholeA[i] : ScalarMemory.Round(instruction.DType, wholeA[i]);
                break;
            case Form.WholeToWhole:
                for (long i = 0; i < count; i++)
                    whole[i] = ScalarMemory.Saturate(instruction.DType, wholeA[i]);
                break;
            default:
                for (long i = 0; i < count; i++)
                    whole[i] = Truncate(instruction.DType, realA[i]);
                break;
        }
    }

    /// <summary>Truncates; beyond the type it saturates, and what is no number becomes 0.</summary>
    private static long Truncate(DType type, double value) =>
        type == DType.Bool ? (value != 0 ? 1 : 0) : ScalarMemory.Saturate(type, (long)value);

    private static Step Prepare(Loop loop, LoopInstruction instruction)
    {
        ElementwiseOp op = instruction.Op!;
        DType[] types = [.. instruction.Arguments.Select(a => loop.Body[a].DType)];
        bool isWhole = ScalarMemory.IsWhole(instruction.DType), takesWhole = types.All(ScalarMemory.IsWhole);
        if (op is Select)
            return new Step(Form.Select, 0);
        if (op is Cast && takesWhole)
            return new Step(isWhole ? Form.WholeToWhole : Form.WholeToReal, 0);
        if (op is Cast && isWhole)
            return new Step(Form.RealCastToWhole, 0);
        if (takesWhole && isWhole && WholeOps.Find(op) is not null and var function)
            return new Step(Form.Whole, (nint)function);
        if (!types.Any(ScalarMemory.IsWhole) && KernelTable.Knows(op))
            return new Step(isWhole ? Form.RealToWhole : Form.Real, 0);
        throw new DeviceException(
            $"The processor has no kernel for {op.Name} of {string.Join(", ", types.Select(t => t.Name()))}.");
    }
}
