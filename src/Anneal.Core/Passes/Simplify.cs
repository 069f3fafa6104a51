using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Passes;

/// <summary>
/// Replaces nodes by cheaper ones with the same value: neutral elements, arithmetic on constants, views of views, transposes that a
/// matrix product can do itself. Rules never change how a value is rounded; the sign of a zero is not kept.
/// </summary>
internal static class Simplify
{
    internal static Graph Run(Graph graph) => graph.Rewrite((node, inputs) => Rule(node, inputs) is { } result ? [result] : null);

    private static Tensor? Rule(Node node, Tensor[] inputs) => node.Op switch
    {
        ElementwiseOp op => FoldConstants(op, node, inputs) ?? Neutral(op, inputs) ?? (op is Add ? JoinPadded(inputs) : null),
        Reshape op => Reshaped(op, inputs[0]),
        Transpose op => Transposed(op, inputs[0]),
        BroadcastTo op => Broadcast(op, inputs[0]),
        Slice op => Sliced(op, node, inputs[0]),
        ReductionOp op => Reduced(op, node, inputs[0]),
        MatMul op => Multiplied(op, inputs),
        _ => null,
    };

    private static Tensor? FoldConstants(ElementwiseOp op, Node node, Tensor[] inputs)
    {
        // A stopped gradient has done its work once differentiation is over, which is before passes run.
        if (op is StopGradient)
            return inputs[0];
        if (!inputs.All(i => i.Node.Op is Constant))
            return null;
        double[] values = inputs.Select(i => ((Constant)i.Node.Op).Value).ToArray();
        double result = op.Evaluate(values[0], values[Math.Min(1, values.Length - 1)], values[^1]);

        // Whole-number division, and what the type cannot hold, keep their run-time meaning.
        DType type = node.Outputs[0].DType;
        if (!type.IsFloating() && (op is Divide || !IsHeld(type, result)))
            return null;
        return Tensor.Full(node.Outputs[0].Shape, result, type);
    }

    private static bool IsHeld(DType type, double value)
    {
        (double least, double most) = type switch
        {
            DType.Bool => (0, 1),
            DType.UInt8 => (byte.MinValue, byte.MaxValue),
            DType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
            _ => (-(1 << 30), 1 << 30),
        };
        return value >= least && value <= most && value == Math.Truncate(value);
    }

    private static Tensor? Neutral(ElementwiseOp op, Tensor[] inputs)
    {
        double? left = ConstantOf(inputs[0]), right = inputs.Length > 1 ? ConstantOf(inputs[1]) : null;
        return op switch
        {
            Add when right is 0 => inputs[0],
            Add when left is 0 => inputs[1],
            Subtract when right is 0 => inputs[0],
            Multiply when right is 1 => inputs[0],
            Multiply when left is 1 => inputs[1],
            Divide when right is 1 => inputs[0],
            Power when right is 1 => inputs[0],
            Negate when inputs[0].Node.Op is Negate => inputs[0].Node.Inputs[0],
            Relu when inputs[0].Node.Op is Relu => inputs[0],
            LogicalNot when inputs[0].Node.Op is LogicalNot => inputs[0].Node.Inputs[0],
            Select when left is { } condition => condition != 0 ? inputs[1] : inputs[2],
            Select when inputs[1] == inputs[2] => inputs[1],
            Cast { To: var to } when to == inputs[0].DType => inputs[0],
            _ => null,
        };
    }

    /// <summary>
    /// A sum of tensors that are each padded with zeros to another place along an axis, and together fill it: the gradient of something that
    /// is taken apart. They are put one after another instead.
    /// </summary>
    private static Tensor? JoinPadded(Tensor[] inputs)
    {
        var parts = new List<Tensor>();
        var stack = new Stack<Tensor>(inputs);
        while (stack.TryPop(out Tensor? top))
        {
            if (top.Node.Op is Add)
            {
                foreach (Tensor term in top.Node.Inputs)
                    stack.Push(term);
            }
            else if (top.Node.Op is Pad { Value: 0 } pad && pad.Between.All(b => b == 0))
            {
                parts.Add(top);
            }
            else
            {
                return null;
            }
        }

        Shape whole = inputs[0].Shape;
        int[] axes = [.. Enumerable.Range(0, whole.Rank).Where(i => parts.Any(p => p.Node.Inputs[0].Shape[i] != whole[i]))];
        if (axes is not [int axis])
            return null;
        parts.Sort((a, b) => ((Pad)a.Node.Op).Before[axis].CompareTo(((Pad)b.Node.Op).Before[axis]));
        long end = 0;
        foreach (Tensor part in parts)
        {
            if (((Pad)part.Node.Op).Before[axis] != end)
                return null;
            end += part.Node.Inputs[0].Shape[axis];
        }

        return end == whole[axis] ? Tensor.Concat(axis, [.. parts.Select(p => p.Node.Inputs[0])]) : null;
    }

    private static Tensor? Reshaped(Reshape op, Tensor input) => input.Node.Op switch
    {
        _ when op.To == input.Shape => input,
        Reshape => input.Node.Inputs[0].Reshape(op.To),
        Constant constant => Tensor.Full(op.To, constant.Value, input.DType),
        _ => null,
    };

    private static Tensor? Transposed(Transpose op, Tensor input)
    {
        if (op.Order.Select((axis, i) => axis == i).All(same => same))
            return input;
        if (input.Node.Op is Constant constant)
            return Tensor.Full(op.Order.Select(axis => input.Shape[(int)axis]).ToArray(), constant.Value, input.DType);
        if (input.Node.Op is Transpose inner)
        {
            Tensor source = input.Node.Inputs[0];
            int[] order = op.Order.Select(axis => (int)inner.Order[(int)axis]).ToArray();
            return order.SequenceEqual(Enumerable.Range(0, order.Length)) ? source : source.Transpose(order);
        }

        // Moving axes of extent 1 about does not move any element.
        int[] kept = op.Order.Select(axis => (int)axis).Where(axis => input.Shape[axis] != 1).ToArray();
        return kept.SequenceEqual(kept.Order())
            ? input.Reshape(new Shape(op.Order.Select(axis => input.Shape[(int)axis]).ToArray()))
            : null;
    }

    private static Tensor? Broadcast(BroadcastTo op, Tensor input) => input.Node.Op switch
    {
        _ when op.To == input.Shape => input,
        _ when op.To.ElementCount == input.Shape.ElementCount => input.Reshape(op.To),
        BroadcastTo => input.Node.Inputs[0].BroadcastTo(op.To),
        Constant constant => Tensor.Full(op.To, constant.Value, input.DType),
        _ => null,
    };

    private static Tensor? Sliced(Slice op, Node node, Tensor input) => input.Node.Op switch
    {
        _ when op.Extent == input.Shape && op.Step.Values.All(s => s == 1) => input,
        Constant constant => Tensor.Full(node.Outputs[0].Shape, constant.Value, input.DType),
        _ => null,
    };

    private static Tensor? Reduced(ReductionOp op, Node node, Tensor input) =>
        input.Shape[op.FirstAxis..(op.FirstAxis + op.AxisCount)].ElementCount == 1 ? input.Reshape(node.Outputs[0].Shape) : null;

    private static Tensor? Multiplied(MatMul op, Tensor[] inputs)
    {
        (Tensor a, bool transposeA) = Untranspose(inputs[0], op.TransposeA);
        (Tensor b, bool transposeB) = Untranspose(inputs[1], op.TransposeB);
        return a == inputs[0] && b == inputs[1] ? null : MatMul.Product(a, b, transposeA, transposeB);
    }

    private static (Tensor Matrix, bool Transposed) Untranspose(Tensor matrix, bool transposed)
    {
        if (matrix.Node.Op is not Transpose { Order: var order })
            return (matrix, transposed);
        int rank = order.Rank;
        for (int i = 0; i < rank - 2; i++)
        {
            if (order[i] != i)
                return (matrix, transposed);
        }

        return order[rank - 1] == rank - 2 ? (matrix.Node.Inputs[0], !transposed) : (matrix, transposed);
    }

    private static double? ConstantOf(Tensor tensor) => (tensor.Node.Op as Constant)?.Value;
}
