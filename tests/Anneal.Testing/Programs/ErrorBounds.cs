using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>
/// Running error analysis: interprets a graph in double precision and carries, beside each value, a bound on the error that float32 may
/// have made so far. Errors of operands pass through an operation as far as its values around the operands differ; then its own rounding
/// is added: the units in the last place of its record, or for sums of n terms n roundings of the terms' magnitudes, whatever their order.
/// </summary>
internal static class ErrorBounds
{
    private const double Epsilon = 1.0 / (1 << 24);

    /// <summary>Second-order terms that the analysis leaves out, and the rounding of the analysis itself.</summary>
    private const double Slack = 1.01;

    /// <summary>The values of all tensors and the bound for each element.</summary>
    internal static (Dictionary<Tensor, double[]> Values, Dictionary<Tensor, double[]> Bounds) Interpret(Graph graph, IReadOnlyList<double[]> inputs)
    {
        Dictionary<Tensor, double[]> values = Interpreter.Run(graph, inputs);
        var bounds = new Dictionary<Tensor, double[]>();
        using Trace.RewriteScope scope = Trace.Rewrite(graph.Trace);
        foreach (Node node in graph.Nodes)
        {
            double[][] x = [.. node.Inputs.Select(i => values[i])], errors = [.. node.Inputs.Select(i => bounds[i])];
            foreach (Tensor output in node.Outputs)
                bounds[output] = Bound(node, x, errors, values[output]);
        }

        return (values, bounds);
    }

    private static double[] Bound(Node node, double[][] x, double[][] errors, double[] value)
    {
        switch (node.Op)
        {
            case LeafOp or Iota:
                return new double[value.Length];
            case ElementwiseOp op:
                return Elementwise(op, x, errors, value);
            case Sum:
                return Rounded(Apply(node, errors), Apply(node, Absolute(x)), Counts(node, x));
            case Product op:
                // Relative errors add up, and each multiplication rounds once.
                double[] relative = [.. x[0].Select((v, i) => errors[0][i] / Math.Abs(v))];
                double[] sum = Apply(SumLike(op, node), [relative]);
                double[] count = Counts(SumLike(op, node), x);
                return [.. value.Select((v, i) => Slack * Math.Abs(v) * (sum[i] + Epsilon * count[i]))];
            case ReductionOp op:
                // An extreme moves no further than the element that moves most.
                return Apply(Node.Record(new Max(op.FirstAxis, op.AxisCount), node.Inputs)[0].Node, errors);
            case MaxPool:
                return Apply(node, errors);
            case MatMul or Convolve:
                return Bilinear(node, x, errors);
            case AveragePool op:
                double taps = op.Pooling.Height * op.Pooling.Width + 2;
                return Rounded(Apply(node, errors), Apply(node, Absolute(x)), [.. value.Select(_ => taps)]);
            case ScatterAdd or ScatterAddAlong:
                double[][] ones = [x[0], [.. x[1].Select(_ => 1.0)]];
                return Rounded(Apply(node, [x[0], errors[1]]), Apply(node, [x[0], [.. x[1].Select(Math.Abs)]]), Apply(node, ones));
            case Gather or GatherAlong:
                return Apply(node, [errors[0], x[1]]);
            case Pad pad:
                // Errors are arranged like values, but what is put around them is exact.
                return Apply(Node.Record(pad with { Value = 0 }, node.Inputs)[0].Node, errors);
            case ViewOp or Reshape or Concat:
                return Apply(node, errors);
            default:
                throw new InvalidOperationException($"There is no error bound for {node.Op.Name}.");
        }
    }

    private static double[] Elementwise(ElementwiseOp op, double[][] x, double[][] errors, double[] value)
    {
        var bounds = new double[value.Length];
        double unit = op is Copy or StopGradient or Negate or Abs or Relu or Maximum or Minimum or Select or Compare or LogicalAnd or LogicalOr or LogicalNot
            ? 0
            : Epsilon * (1 + 2 * op.Record.Ulp);
        var at = new double[3];
        for (int i = 0; i < bounds.Length; i++)
        {
            // The corners of the box in which the operands may lie; within it every operation of a program is monotonous or nearly constant.
            double spread = 0;
            for (int corner = 0; corner < 1 << op.Arity; corner++)
            {
                for (int k = 0; k < op.Arity; k++)
                    at[k] = x[k][i] + ((corner >> k) % 2 == 0 ? errors[k][i] : -errors[k][i]);
                spread = Math.Max(spread, Math.Abs(op.Evaluate(at[0], at[1], at[2]) - value[i]));
            }

            bounds[i] = Slack * (spread + unit * (Math.Abs(value[i]) + spread)) + (unit > 0 ? float.Epsilon : 0);
        }

        return bounds;
    }

    /// <summary>A product of two operands, summed: |a| · e(b) + e(a) · |b| + e(a) · e(b), and the roundings of n terms |a| · |b|.</summary>
    private static double[] Bilinear(Node node, double[][] x, double[][] errors)
    {
        double[] a = [.. x[0].Select(Math.Abs)], b = [.. x[1].Select(Math.Abs)];
        double[] first = Apply(node, [a, errors[1]]), second = Apply(node, [errors[0], b]), both = Apply(node, errors);
        double[] passed = [.. first.Select((v, i) => v + second[i] + both[i])];
        double[] counts = Apply(node, [[.. a.Select(_ => 1.0)], [.. b.Select(_ => 1.0)]]);
        return Rounded(passed, Apply(node, [a, b]), [.. counts.Select(c => c + 1)]);
    }

    /// <summary>What passes through a sum, and the roundings of its terms.</summary>
    private static double[] Rounded(double[] passed, double[] magnitudes, double[] counts) =>
        [.. passed.Select((p, i) => Slack * (p + Epsilon * counts[i] * (magnitudes[i] + p)) + float.Epsilon)];

    private static Node SumLike(ReductionOp op, Node node) => Node.Record(new Sum(op.FirstAxis, op.AxisCount), node.Inputs)[0].Node;

    private static double[][] Absolute(double[][] x) => Array.ConvertAll(x, a => Array.ConvertAll(a, Math.Abs));

    private static double[] Counts(Node node, double[][] x) => Apply(node, Array.ConvertAll(x, a => Array.ConvertAll(a, _ => 1.0)));

    private static double[] Apply(Node node, double[][] inputs)
    {
        var call = new ReferenceCall(node, inputs);
        node.Op.Reference(call);
        return call.Outputs[0];
    }
}
