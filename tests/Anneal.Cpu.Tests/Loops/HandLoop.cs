using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>Builds loops by hand. Registers are plain numbers.</summary>
internal sealed class HandLoop
{
    private readonly long[] _dims;
    private readonly int _reduceStart;
    private readonly int _reduceCount;
    private readonly List<LoopOperand> _inputs = [];
    private readonly List<LoopInstruction> _body = [];
    private readonly List<LoopOutput> _outputs = [];

    internal HandLoop(long[] dims, int reduceStart = 0, int reduceCount = 0)
    {
        _dims = dims;
        _reduceStart = reduceStart;
        _reduceCount = reduceCount;
    }

    internal int RegisterCount => _body.Count;

    internal DType TypeOf(int register) => _body[register].DType;

    /// <summary>Row-major strides over the dimensions for which <paramref name="keeps"/> holds, 0 in the others.</summary>
    internal long[] Dense(Func<int, bool>? keeps = null)
    {
        var strides = new long[_dims.Length];
        long stride = 1;
        for (int d = _dims.Length - 1; d >= 0; d--)
        {
            if (keeps is not null && !keeps(d))
                continue;
            strides[d] = stride;
            stride *= Math.Max(_dims[d], 1);
        }

        return strides;
    }

    internal int Load(DType type, long[]? strides = null, long offset = 0)
    {
        _inputs.Add(new LoopOperand(type, strides ?? Dense(), offset));
        _body.Add(new LoopInstruction(LoopInstructionKind.Load, type) { Input = _inputs.Count - 1 });
        return _body.Count - 1;
    }

    internal int Constant(DType type, double value)
    {
        _body.Add(new LoopInstruction(LoopInstructionKind.Constant, type) { Value = value });
        return _body.Count - 1;
    }

    internal int Apply(ElementwiseOp op, params int[] arguments)
    {
        TensorType[] types = [.. arguments.Select(a => new TensorType(_body[a].DType, Shape.Scalar))];
        DType type = op.Infer(types)[0].DType;
        _body.Add(new LoopInstruction(LoopInstructionKind.Apply, type) { Op = op, Arguments = arguments });
        return _body.Count - 1;
    }

    internal HandLoop Store(int register, long[]? strides = null, long offset = 0)
    {
        _outputs.Add(new LoopOutput(register, new LoopOperand(_body[register].DType, strides ?? Dense(), offset), null));
        return this;
    }

    internal HandLoop Fold(int register, ReductionKind kind, long[]? strides = null)
    {
        strides ??= Dense(d => d < _reduceStart || d >= _reduceStart + _reduceCount);
        _outputs.Add(new LoopOutput(register, new LoopOperand(_body[register].DType, strides, 0), kind));
        return this;
    }

    internal Loop Build() => new()
    {
        Dims = _dims,
        ReduceStart = _reduceStart,
        ReduceCount = _reduceCount,
        Inputs = [.. _inputs],
        Body = [.. _body],
        Outputs = [.. _outputs],
    };
}
