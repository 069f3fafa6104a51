using System.Globalization;
using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>One step of a random program: what it does and with which earlier values, as numbers that fit any pool of values.</summary>
/// <param name="Kind">Selects the operation.</param>
/// <param name="Id">The number of the step in the whole program; later steps refer to it even where steps between are left out.</param>
/// <param name="First">Selects the first operand.</param>
/// <param name="Second">Selects the second operand.</param>
/// <param name="Detail">Selects axes, sizes and the like.</param>
internal readonly record struct ProgramStep(int Kind, int Id, int First, int Second, int Detail);

/// <summary>
/// A program from a seed: up to 40 operations on a pool of values, with variables that it reads and updates, and several outputs. Any
/// selection of its steps is a program too, so that one which fails can be made small.
/// </summary>
internal sealed partial class RandomProgram
{
    internal const int LargestLength = 40;

    /// <summary>Shapes of the arguments: matrices that multiply, vectors and a scalar that broadcast, an image.</summary>
    private static readonly Shape[] InputShapes = [[4, 6], [6, 4], [4, 1], [2, 4, 6], Shape.Scalar, [2, 5, 4, 3], 7];

    private static readonly Shape[] VariableShapes = [[4, 6], [4, 6], [3, 2, 5], Shape.Scalar];

    private RandomProgram(int seed, ProgramStep[] steps, bool isSmooth) => (Seed, Steps, IsSmooth) = (seed, steps, isSmooth);

    internal int Seed { get; }

    internal ProgramStep[] Steps { get; }

    /// <summary>Whether all operations are differentiable everywhere; the others have kinks (maxima, absolute values), but no jumps.</summary>
    internal bool IsSmooth { get; }

    /// <summary>The program of a seed. Three of four are smooth.</summary>
    internal static RandomProgram Of(int seed)
    {
        int draws = 0;
        int Draw(int count) => (int)(Philox.Uniform((ulong)seed, 9, 0, draws++) * count);
        var steps = new ProgramStep[1 + Draw(LargestLength)];
        for (int i = 0; i < steps.Length; i++)
            steps[i] = new ProgramStep(Draw(1 << 20), i, Draw(1 << 20), Draw(1 << 20), Draw(1 << 20));
        return new RandomProgram(seed, steps, seed % 4 != 0);
    }

    /// <summary>The same program with fewer steps.</summary>
    internal RandomProgram With(ProgramStep[] steps) => new(Seed, steps, IsSmooth);

    internal static TensorType[] Inputs(DType dtype) => [.. InputShapes.Select(s => new TensorType(dtype, s))];

    /// <summary>The values of the arguments, exact in float32.</summary>
    internal double[][] DrawInputs() => [.. InputShapes.Select((s, i) => Values.Uniform(s.ElementCount, -1, 1, Seed * 31 + i))];

    /// <summary>Fresh variables with values of their own.</summary>
    internal State[] MakeVariables(DType dtype) => [.. VariableShapes.Select((s, i) => new State(
        Values.ToData(Values.Uniform(s.ElementCount, -1, 1, Seed * 37 + i), new TensorType(dtype, s)), FormattableString.Invariant($"variable {i}")))];

    /// <summary>Records the program.</summary>
    /// <param name="variables">As <see cref="MakeVariables"/> gave them.</param>
    /// <param name="dtype">The type in which to compute.</param>
    internal Graph Trace(State[] variables, DType dtype) =>
        Graph.Of(ToString(), Inputs(dtype), x => Record(x, variables));

    /// <summary>Records the program and the gradients of a weighted sum of its outputs with respect to its arguments.</summary>
    internal Graph TraceGradients(State[] variables, DType dtype) => Graph.Of("gradients of " + this, Inputs(dtype), x =>
        Gradients.Of(Weigh(Record(x, variables, flows: true)), x));

    /// <summary>Records the weighted sum of the outputs whose gradients <see cref="TraceGradients"/> gives.</summary>
    internal Graph TraceSum(State[] variables, DType dtype) => Graph.Of("sum of " + this, Inputs(dtype), x => [Weigh(Record(x, variables, flows: true))]);

    /// <summary>
    /// The shortest selection of steps that still fails, found by leaving out ever smaller runs of steps as long as that helps.
    /// </summary>
    internal RandomProgram Shrink(Func<RandomProgram, bool> fails)
    {
        RandomProgram smallest = this;
        for (int length = Math.Max(1, Steps.Length / 2); length >= 1; length /= 2)
        {
            for (int start = 0; start < smallest.Steps.Length;)
            {
                RandomProgram shorter = smallest.With([.. smallest.Steps[..start], .. smallest.Steps.Skip(start + length)]);
                if (fails(shorter))
                    smallest = shorter;
                else
                    start += length;
            }
        }

        return smallest;
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"seed {Seed}, steps {string.Join(' ', Steps.Select(s => s.Id))}");

    private Tensor[] Record(Tensor[] inputs, State[] variables, bool flows = false)
    {
        // Stack traces for every node would take longer than the rest.
        Graphs.Origin? outer = Anneal.Trace.Current!.DerivedFrom;
        Anneal.Trace.Current.DerivedFrom = Origin.Unknown;
        var pool = new Pool(inputs, variables, IsSmooth, flows);
        foreach (ProgramStep step in Steps)
            pool.Run(step);
        Tensor[] outputs = pool.Outputs(Seed);
        Anneal.Trace.Current.DerivedFrom = outer;
        return outputs;
    }

    private static Tensor Weigh(Tensor[] outputs)
    {
        Tensor? sum = null;
        for (int i = 0; i < outputs.Length; i++)
        {
            Tensor output = outputs[i];
            TensorData weights = Values.ToData(Values.Uniform(output.Shape.ElementCount, -1, 1, 50 + i), output.Type);
            Tensor weighted = (output * Tensor.From(weights)).Sum();
            sum = sum is null ? weighted : sum + weighted;
        }

        return sum!;
    }
}
