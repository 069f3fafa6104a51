using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Products, sums and loops.</summary>
internal static class ExportProducts
{
    internal static void Register(Dictionary<Type, ExportRule> rules)
    {
        rules[typeof(MatMul)] = Multiply;
        rules[typeof(Sum)] = (e, n) => e.Result(n, "ReduceSum", [e.Name(n.Input(0)), e.Integers(Axes(n))], Attributes.Of("keepdims", 0));
        rules[typeof(Product)] = (e, n) => Reduce(e, n, "ReduceProd");
        rules[typeof(Max)] = (e, n) => Reduce(e, n, "ReduceMax");
        rules[typeof(Min)] = (e, n) => Reduce(e, n, "ReduceMin");
        rules[typeof(CumulativeSum)] = Cumulate;
        rules[typeof(Scan)] = Loop;
    }

    private static long[] Axes(NodePair n)
    {
        var op = (ReductionOp)n.Op;
        return [.. Enumerable.Range(op.FirstAxis, op.AxisCount)];
    }

    private static void Reduce(OnnxEmitter e, NodePair n, string op) =>
        e.Result(n, op, [e.Name(n.Input(0))], Attributes.Of("axes", Axes(n)), Attributes.Of("keepdims", 0));

    private static void Cumulate(OnnxEmitter e, NodePair n)
    {
        var op = (CumulativeSum)n.Op;
        e.Result(
            n, "CumSum", [e.Name(n.Input(0)), e.Number(op.Axis, DType.Int64)], Attributes.Of("exclusive", op.Exclusive ? 1 : 0), Attributes.Of("reverse", op.Reverse ? 1 : 0));
    }

    private static void Multiply(OnnxEmitter e, NodePair n)
    {
        (bool transposeA, bool transposeB) = (((MatMul)n.Op).TransposeA, ((MatMul)n.Op).TransposeB);
        int rank = n.Output.Shape.Rank;
        if (rank == 2 && (transposeA || transposeB) && n.Output.DType.IsFloating())
        {
            e.Result(n, "Gemm", [e.Name(n.Input(0)), e.Name(n.Input(1))], Attributes.Of("transA", transposeA ? 1 : 0), Attributes.Of("transB", transposeB ? 1 : 0));
            return;
        }

        (Tensor a, Tensor b) = (Matrices(n.Input(0)), Matrices(n.Input(1)));

        // The format broadcasts stacks of matrices by itself, unless both operands lack the axis.
        if (Shape.Broadcast(a.Shape[..^2], b.Shape[..^2]) != n.Output.Shape[..^2])
            a = n.Input(0);
        e.Result(n, "MatMul", [Turned(e, n, a, transposeA), Turned(e, n, b, transposeB)]);
    }

    /// <summary>The operand before a broadcast that only repeats whole matrices.</summary>
    private static Tensor Matrices(Tensor operand) =>
        operand.Node.Op is BroadcastTo && operand.Node.Inputs[0].Shape is { Rank: >= 2 } shape && shape[^2..] == operand.Shape[^2..] ? operand.Node.Inputs[0] : operand;

    private static string Turned(OnnxEmitter e, NodePair n, Tensor operand, bool transpose)
    {
        if (!transpose)
            return e.Name(operand);
        int rank = operand.Shape.Rank;
        return e.Step(n, "Transpose", [e.Name(operand)], Attributes.Of("perm", [.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2]));
    }

    /// <summary>
    /// A scan is one in the format as well. What is the same at every step is read from around it by name. The format wants at least one sequence: where a
    /// loop has none, it counts.
    /// </summary>
    private static void Loop(OnnxEmitter e, NodePair n)
    {
        var scan = (Scan)n.Op;
        int states = scan.CarryCount, given = states + scan.SequenceCount;
        string[] captured = [.. n.First.Inputs[given..].Select(e.Name)];
        var inputs = n.First.Inputs[..given].Select(e.Name).ToList();
        OnnxGraph body = e.EmitBody(n, captured);
        int sequences = scan.SequenceCount;
        if (sequences == 0)
        {
            (Scan first, Scan second) = n.Ops<Scan>();
            var zero = OnnxTensor.Of("", TensorData.From(new long[1]));
            inputs.Add(e.Step(n, "ConstantOfShape", [e.Integers([e.Between(n, first.Length, second.Length)])], Attributes.Of("value", zero)));
            var count = new OnnxValueInfo { Name = inputs[^1] + "_element", ElementType = OnnxTypes.Of(DType.Int64), Dimensions = [] };
            body.Inputs.Add(count);
            sequences = 1;
        }

        long direction = scan.Reverse ? 1 : 0;
        long[] inputDirections = [.. Enumerable.Repeat(direction, sequences)], outputDirections = [.. Enumerable.Repeat(direction, scan.StackedCount)];
        var attributes = new List<OnnxAttribute>
        {
            Attributes.Of("body", body),
            Attributes.Of("num_scan_inputs", sequences),
            Attributes.Of("scan_input_directions", inputDirections),
        };
        if (scan.StackedCount > 0)
            attributes.Add(Attributes.Of("scan_output_directions", outputDirections));
        e.Results(n, "Scan", [.. inputs], [.. attributes]);
    }
}
