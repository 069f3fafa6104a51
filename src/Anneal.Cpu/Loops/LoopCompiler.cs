using System.Runtime.CompilerServices;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>Chooses how a loop runs: its rows and columns, its body, its schedule.</summary>
internal sealed class LoopCompiler
{
    // The scalar path takes about this many times as long for a point as vectors do.
    private const int ScalarCost = 16;

    private readonly Loop _loop;
    private readonly LoopCompilation _options;
    private readonly LoopGeometry _geometry;
    private readonly int _innerDims;
    private readonly int _rowDim;
    private readonly int _columnDim;

    internal LoopCompiler(Loop loop, LoopCompilation options)
    {
        if (options.KeepMatrix && (loop.Dims.Length != 2 || loop.HasReductions))
            throw new ArgumentException("Only a loop of two dimensions without reductions keeps its matrix.", nameof(loop));
        if (!options.KeepMatrix)
            loop = loop.Collapse();
        if (loop.HasReductions && loop.ReduceCount == 0)
            loop = StoreInsteadOfFolding(loop);
        _loop = loop;
        _options = options;
        _geometry = new LoopGeometry(loop);
        int dims = loop.Dims.Length, innerStart = loop.ReduceStart + loop.ReduceCount;
        _innerDims = dims - innerStart;
        _columnDim = dims - 1;
        _rowDim =
            !loop.HasReductions || (_innerDims == 0 && loop.ReduceCount > 1) || _innerDims > 1 ? dims - 2
            : _innerDims == 0 ? loop.ReduceStart - 1
            : innerStart - 1;
    }

    internal LoopKernel Compile()
    {
        int[] sources = FindSources();
        bool[] isStored = FindStored(sources);
        LoopBody? body = null;
        bool isVector = true;
        int cost = 1;
        if (isStored.Any(s => s))
        {
            VectorBody? lowered = VectorLowering.TryLower(_loop, _rowDim, _columnDim, isStored);
            isVector = lowered is not null;
            if (lowered is null)
            {
                sources.AsSpan().Fill(-1);
                isStored = FindStored(sources);
            }

            body = lowered is null ? new ScalarBody(_loop, ColumnStrides(), isStored) : MakeBody(lowered, isStored);
            cost = lowered?.Cost ?? (_loop.Body.Length * ScalarCost);
        }

        int operandCount = _loop.Inputs.Length + _loop.Outputs.Length;
        bool isEmpty = _loop.PointCount == 0 && (!_loop.HasReductions || _loop.OuterCount * _loop.InnerCount == 0);
        return new LoopKernel(MakeSchedule(body, sources, isVector, _loop.PointCount * cost), operandCount, isEmpty);
    }

    private static Loop StoreInsteadOfFolding(Loop loop) => new()
    {
        Dims = loop.Dims,
        ReduceStart = loop.Dims.Length,
        Inputs = loop.Inputs,
        Body = loop.Body,
        Outputs = [.. loop.Outputs.Select(o => o with { Reduction = null })],
    };

    private LoopSchedule MakeSchedule(LoopBody? body, int[] sources, bool isVector, long work)
    {
        if (!_loop.HasReductions)
            return new PointSchedule(_geometry, body!, work, _options);
        var folds = new List<FoldedOutput>();
        for (int i = 0; i < _loop.Outputs.Length; i++)
        {
            LoopOutput output = _loop.Outputs[i];
            if (output.Reduction is not { } kind)
                continue;
            Folder folder = isVector
                ? Folder.ForFloats(kind, _loop.FoldedCount, _options.InstructionSet)
                : Folder.ForScalars(kind, _loop.Body[output.Register].DType);
            folds.Add(new FoldedOutput(folder, _loop.Inputs.Length + i, sources[i], output.Operand.DType));
        }

        work += _loop.PointCount * folds.Count;
        var parts = new FoldParts(_geometry, body, _rowDim, _loop.ReduceStart, _loop.ReduceCount, [.. folds], work);
        return _innerDims == 0 ? new RowFoldSchedule(parts, _options) : new ColumnFoldSchedule(parts, _options);
    }

    /// <summary>Makes the body, and where columns of operands are not contiguous, what gathers and scatters them.</summary>
    private LoopBody MakeBody(VectorBody body, bool[] isStored)
    {
        PackedBody.Operand[] strided = FindStrided(body, isStored);
        long rows = _rowDim >= 0 ? _loop.Dims[_rowDim] : 1, columns = _columnDim >= 0 ? _loop.Dims[_columnDim] : 1;
        if (strided.Length > 0 && rows > 1)
            (rows, columns) = (Math.Min(rows, PackedBody.BlockRows), Math.Min(columns, PackedBody.BlockColumns));
        LoopBody made = MakeContiguousBody(body, rows, columns);
        return strided.Length == 0
            ? made
            : new PackedBody(made, [.. Operands().Select(o => o.DType.Size())], ColumnStrides(), strided);
    }

    private LoopBody MakeContiguousBody(VectorBody body, long rows, long columns)
    {
        if (_options.DynamicCode && RuntimeFeature.IsDynamicCodeSupported)
            return new CompiledBody(LoopEmitter.Compile(body, _options.InstructionSet, columns));
        return _options.InstructionSet switch
        {
            InstructionSet.Vector512 => new TileBody<V512>(body, InstructionSet.Vector512, rows, columns),
            InstructionSet.Vector256 => new TileBody<V256>(body, InstructionSet.Vector256, rows, columns),
            _ => new TileBody<V128>(body, InstructionSet.Vector128, rows, columns),
        };
    }

    private PackedBody.Operand[] FindStrided(VectorBody body, bool[] isStored)
    {
        var strided = new List<PackedBody.Operand>();
        if (_columnDim < 0 || _loop.Dims[_columnDim] == 1)
            return [];
        LoopOperand[] operands = Operands();
        long[] strides = ColumnStrides();
        for (int i = 0; i < operands.Length; i++)
        {
            int output = i - _loop.Inputs.Length;
            bool isUsed = output >= 0
                ? isStored[output]
                : strides[i] != 0 && body.Steps.Any(s => s.Kind == LoopInstructionKind.Load && s.Operand == i);
            if (isUsed && strides[i] != operands[i].DType.Size())
                strided.Add(new PackedBody.Operand(i, output >= 0));
        }

        return [.. strided];
    }

    /// <summary>For each folded output, the operand whose memory the values can be folded from, or -1.</summary>
    private int[] FindSources()
    {
        int[] sources = new int[_loop.Outputs.Length];
        sources.AsSpan().Fill(-1);
        bool isBox = (_innerDims == 0 && _loop.ReduceCount == 1) || _innerDims == 1;
        bool stores = _loop.Outputs.Any(o => o.Reduction is null);
        for (int i = 0; i < sources.Length && isBox; i++)
        {
            LoopOutput output = _loop.Outputs[i];
            LoopInstruction register = _loop.Body[output.Register];
            if (output.Reduction is null || output.Operand.DType != DType.Float32)
                continue;
            // An output may overwrite an input before it would be folded, so with stores only their result serves.
            if (!stores && register.Kind == LoopInstructionKind.Load && IsContiguousFloat(_loop.Inputs[register.Input]))
                sources[i] = register.Input;
            int stored = Array.FindIndex(
                _loop.Outputs, o => o.Reduction is null && o.Register == output.Register && IsContiguousFloat(o.Operand));
            if (stored >= 0)
                sources[i] = _loop.Inputs.Length + stored;
        }

        return sources;
    }

    private bool IsContiguousFloat(LoopOperand operand) => operand.DType == DType.Float32 && operand.Strides[_columnDim] == 1;

    private bool[] FindStored(int[] sources) => [.. _loop.Outputs.Select((o, i) => o.Reduction is null || sources[i] < 0)];

    private LoopOperand[] Operands() => [.. _loop.Inputs, .. _loop.Outputs.Select(o => o.Operand)];

    private long[] ColumnStrides()
    {
        LoopOperand[] operands = Operands();
        var strides = new long[operands.Length];
        for (int i = 0; i < strides.Length; i++)
        {
            int size = operands[i].DType.Size();
            bool isFolded = i >= _loop.Inputs.Length && _loop.Outputs[i - _loop.Inputs.Length].Reduction is not null;
            strides[i] = isFolded ? size : _geometry.Stride(i, _columnDim);
        }

        return strides;
    }
}
