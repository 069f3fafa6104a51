using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// Slices of a table <c>[rows, ...]</c> chosen by whole numbers <c>[...]</c>: the output is the shape of the indices followed by that of
/// a row. An index out of range gives NaN (0 for whole numbers) rather than a wild read; layers check their indices on the host.
/// </summary>
internal sealed record Gather : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        if (inputs[0].Shape.Rank < 1)
            throw new OperandException("needs a table with at least one axis.");
        RequireIndices(inputs[1].DType);
        return [inputs[0] with { Shape = inputs[1].Shape.Concat(inputs[0].Shape[1..]) }];
    }

    internal static void RequireIndices(DType type)
    {
        if (type is not (DType.Int32 or DType.Int64))
            throw new OperandException($"needs int32 or int64 indices, not {type.Name()}.", isDType: true);
    }

    internal override Tensor?[] Gradient(GradientCall call) =>
        [Node.Apply(new ScatterAdd(call.Input.Shape), call.Inputs[1], call.Upstream), null];

    internal override void Reference(ReferenceCall call)
    {
        long row = call.InputShape(0)[1..].ElementCount, rows = call.InputShape(0)[0];
        for (long i = 0; i < call.Inputs[1].Length; i++)
        {
            long index = (long)call.Inputs[1][i];
            for (long j = 0; j < row; j++)
                call.Outputs[0][i * row + j] = index < 0 || index >= rows ? double.NaN : call.Inputs[0][index * row + j];
        }
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>
/// Adds rows to a table of zeros at the places that indices name, in the order of the indices: (indices <c>[...]</c>, rows
/// <c>[..., row]</c>) to <c>Table</c>. Indices out of range are left out.
/// </summary>
internal sealed record ScatterAdd(Shape Table) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Gather.RequireIndices(inputs[0].DType);
        if (inputs[1].Shape != inputs[0].Shape.Concat(Table[1..]))
            throw new OperandException($"the rows do not have the shape of the indices followed by that of a row of {Table}.");
        return [inputs[1] with { Shape = Table }];
    }

    // What was left out has no gradient, where a gather alone would give NaN.
    internal override Tensor?[] Gradient(GradientCall call)
    {
        Tensor indices = call.Inputs[0], gathered = Node.Apply(new Gather(), call.Upstream, indices);
        var ones = new long[Table.Rank - 1];
        Array.Fill(ones, 1);
        Tensor inside = indices.GreaterOrEqual(0) & indices.LessThan(Table[0]);
        return [null, Tensor.Select(inside.Reshape(indices.Shape.Concat(ones)), gathered, gathered.FillLike(0))];
    }

    internal override void Reference(ReferenceCall call)
    {
        long row = Table[1..].ElementCount;
        for (long i = 0; i < call.Inputs[0].Length; i++)
        {
            long index = (long)call.Inputs[0][i];
            for (long j = 0; j < row && index >= 0 && index < Table[0]; j++)
                call.Outputs[0][index * row + j] += call.Inputs[1][i * row + j];
        }
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>
/// One element along an axis for each index: <c>output[i, j, k] = x[i, indices[i, j, k], k]</c>. The shapes are equal except along the
/// axis. An index out of range gives NaN (0 for whole numbers).
/// </summary>
internal sealed record GatherAlong(int Axis) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Gather.RequireIndices(inputs[1].DType);
        RequireEqualButAxis(inputs[0].Shape, inputs[1].Shape, Axis);
        return [inputs[0] with { Shape = inputs[1].Shape }];
    }

    internal static void RequireEqualButAxis(Shape x, Shape indices, int axis)
    {
        bool fits = x.Rank == indices.Rank && axis < x.Rank;
        for (int i = 0; fits && i < x.Rank; i++)
            fits = i == axis || x[i] == indices[i];
        if (!fits)
            throw new OperandException($"needs indices whose shape differs from the values' along axis {axis} only.");
    }

    /// <summary>Calls back with the place of each index and the place that it names, or -1 where it names none.</summary>
    internal static void ForEach(Shape x, Shape indices, int axis, double[] values, Action<long, long> visit)
    {
        long inner = x[(axis + 1)..].ElementCount, extent = x[axis], taken = indices[axis];
        for (long i = 0; i < values.Length; i++)
        {
            long index = (long)values[i];
            long outer = i / inner / taken;
            visit(i, index < 0 || index >= extent ? -1 : (outer * extent + index) * inner + i % inner);
        }
    }

    internal override Tensor?[] Gradient(GradientCall call) =>
        [Node.Apply(new ScatterAddAlong(Axis, call.Input.Shape), call.Inputs[1], call.Upstream), null];

    internal override void Reference(ReferenceCall call) => ForEach(
        call.InputShape(0), call.InputShape(1), Axis, call.Inputs[1],
        (i, at) => call.Outputs[0][i] = at < 0 ? double.NaN : call.Inputs[0][at]);

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>Adds each value to a tensor of zeros at the place along an axis that its index names: (indices, values) to <c>To</c>.</summary>
internal sealed record ScatterAddAlong(int Axis, Shape To) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Gather.RequireIndices(inputs[0].DType);
        GatherAlong.RequireEqualButAxis(To, inputs[0].Shape, Axis);
        if (inputs[0].Shape != inputs[1].Shape)
            throw new OperandException("needs an index for each value.");
        return [inputs[1] with { Shape = To }];
    }

    // What was left out has no gradient, where a gather alone would give NaN.
    internal override Tensor?[] Gradient(GradientCall call)
    {
        Tensor indices = call.Inputs[0], gathered = Node.Apply(new GatherAlong(Axis), call.Upstream, indices);
        Tensor inside = indices.GreaterOrEqual(0) & indices.LessThan(To[Axis]);
        return [null, Tensor.Select(inside, gathered, gathered.FillLike(0))];
    }

    internal override void Reference(ReferenceCall call) => GatherAlong.ForEach(To, call.InputShape(0), Axis, call.Inputs[0], (i, at) =>
    {
        if (at >= 0)
            call.Outputs[0][at] += call.Inputs[1][i];
    });

    internal override OpRecord Record => OpRecord.Standard;
}
