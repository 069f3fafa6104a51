using Anneal.Graphs;
using Anneal.Reference;
using Xunit.Sdk;

namespace Anneal.Testing;

/// <summary>
/// Checks gradients by finite differences in double precision, in one random direction: the derivative of a weighted sum of the outputs
/// along the direction against the gradient's projection on it.
/// </summary>
internal static class GradientCheck
{
    private const double Step = 1e-3;

    /// <summary>Checks the first order, and the second by checking the first order's gradient in the same way.</summary>
    internal static void Run(string name, TensorType[] types, double[][] inputs, Func<Tensor[], IReadOnlyList<Tensor>> function, int order = 2)
    {
        int[] floating = Enumerable.Range(0, types.Length).Where(i => types[i].DType.IsFloating()).ToArray();
        Tensor Scalar(Tensor[] x) => Weigh(function(x), 11);
        CheckFirst(name, types, inputs, floating, Scalar);
        if (order < 2)
            return;
        CheckFirst(name + " (second order)", types, inputs, floating, x =>
            Weigh(Gradients.Of(Scalar(x), floating.Select(i => x[i]).ToArray()), 23));
    }

    private static void CheckFirst(string name, TensorType[] types, double[][] inputs, int[] floating, Func<Tensor[], Tensor> scalar)
    {
        Graph gradientGraph = Graph.Of(name, types, x => Gradients.Of(scalar(x), floating.Select(i => x[i]).ToArray()));
        Graph valueGraph = Graph.Of(name, types, x => [scalar(x)]);
        double[][] gradients = ReferenceDevice.Evaluate(gradientGraph, inputs);
        double[][] direction = floating.Select((input, i) => Values.Uniform(inputs[input].Length, -1, 1, 31 + i)).ToArray();
        double projected = 0;
        for (int i = 0; i < gradients.Length; i++)
        {
            for (int j = 0; j < gradients[i].Length; j++)
                projected += gradients[i][j] * direction[i][j];
        }

        // Fourth order: the truncation error is of the order of the step to the fourth power.
        double At(double t) => ReferenceDevice.Evaluate(valueGraph, Move(inputs, floating, direction, t))[0][0];
        double numeric = (8 * (At(Step) - At(-Step)) - (At(2 * Step) - At(-2 * Step))) / (12 * Step);
        double scale = Math.Max(1, Math.Abs(numeric));
        if (!(Math.Abs(numeric - projected) <= Tolerances.FiniteDifference.At(scale)))
            throw new XunitException($"{name}: the gradient says {projected:R}, finite differences {numeric:R}.");
    }

    private static Tensor Weigh(IReadOnlyList<Tensor> outputs, int seed)
    {
        Tensor sum = Tensor.Zeros([], DType.Float64);
        for (int i = 0; i < outputs.Count; i++)
        {
            Tensor output = outputs[i];
            if (!output.DType.IsFloating())
                continue;
            TensorData weights = Values.ToData(Values.Uniform(output.Shape.ElementCount, -1, 1, seed + i), output.Type with { DType = DType.Float64 });
            sum += (output.Cast(DType.Float64) * Tensor.From(weights)).Sum();
        }

        return sum;
    }

    private static double[][] Move(double[][] inputs, int[] floating, double[][] direction, double t)
    {
        double[][] moved = inputs.Select(i => (double[])i.Clone()).ToArray();
        for (int i = 0; i < floating.Length; i++)
        {
            for (int j = 0; j < direction[i].Length; j++)
                moved[floating[i]][j] += t * direction[i][j];
        }

        return moved;
    }
}
