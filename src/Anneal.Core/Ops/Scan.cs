using System.Globalization;
using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// A loop over the leading axis of sequences. At each step the body takes the carries, the sequences' elements at this time and the
/// constants, and gives new carries and outputs; the outputs of all times are stacked.
/// </summary>
/// <remarks>
/// Inputs: the initial carries, the sequences <c>[time, ...]</c>, the constants. Outputs: the final carries, the stacked outputs
/// <c>[time, ...]</c>. The body's inputs are the carries, one element of each sequence and the constants, its outputs the new carries and the
/// step's outputs. It reads no variables, holds no literals and draws no numbers: <see cref="ScanRecorder"/> makes all of these constants.
/// </remarks>
/// <param name="Body">The graph of one step.</param>
/// <param name="CarryCount">How many carries there are.</param>
/// <param name="SequenceCount">How many sequences there are.</param>
/// <param name="Length">The number of steps.</param>
/// <param name="Reverse">Whether the steps go from the last time to the first. Elements and outputs keep their places.</param>
internal sealed record Scan(ScanBody Body, int CarryCount, int SequenceCount, long Length, bool Reverse) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override Graph Inner => Body.Graph;

    internal override double CountOperations(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs) =>
        Length * Inner.Nodes.Where(n => n.Op.Kind is OpKind.Elementwise or OpKind.Reduction or OpKind.Kernel).Sum(n => n.Op.CountOperations(n.Inputs, n.Outputs));

    internal int StackedCount => Inner.Outputs.Length - CarryCount;

    /// <summary>The time of a step: steps are counted in the order in which they run.</summary>
    internal long TimeOf(long step) => Reverse ? Length - 1 - step : step;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        if (inputs.Length != Inner.Inputs.Length)
            throw new OperandException($"takes {Inner.Inputs.Length} operands, got {inputs.Length}.");
        for (int i = 0; i < inputs.Length; i++)
        {
            bool isSequence = i >= CarryCount && i < CarryCount + SequenceCount;
            TensorType expected = isSequence ? Stacked(Inner.Inputs[i].Type) : Inner.Inputs[i].Type;
            if (inputs[i] != expected)
                throw new OperandException($"operand {i} is {inputs[i]}, but the body expects {expected}.");
        }

        return [.. Inner.Outputs.Select((o, i) => i < CarryCount ? o.Type : Stacked(o.Type))];
    }

    internal override Tensor?[] Gradient(GradientCall call) => ScanGradient.Of(this, call);

    internal override void Reference(ReferenceCall call)
    {
        var inputs = (double[][])call.Inputs.Clone();
        for (long step = 0; step < Length; step++)
        {
            int time = (int)TimeOf(step);
            for (int i = CarryCount; i < CarryCount + SequenceCount; i++)
            {
                int count = (int)Inner.Inputs[i].Shape.ElementCount;
                inputs[i] = call.Inputs[i][(time * count)..((time + 1) * count)];
            }

            Dictionary<Tensor, double[]> values = Interpreter.Run(Inner, inputs);
            for (int i = 0; i < Inner.Outputs.Length; i++)
            {
                double[] value = values[Inner.Outputs[i]];
                if (i < CarryCount)
                    inputs[i] = value;
                else
                    value.CopyTo(call.Outputs[i], time * value.Length);
            }
        }

        for (int i = 0; i < CarryCount; i++)
            inputs[i].CopyTo(call.Outputs[i], 0);
    }

    internal override OpRecord Record => OpRecord.Standard;

    /// <summary>The attributes and, on the same line, the body.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name} {{ Carries = {CarryCount}, Sequences = {SequenceCount}, Length = {Length}, Reverse = {Reverse}, Body = {Body.Text} }}");

    private TensorType Stacked(TensorType element) => element with { Shape = new Shape(Length).Concat(element.Shape) };
}

/// <summary>The graph of one step of a scan; two that print alike are equal.</summary>
internal sealed class ScanBody(Graph graph) : IEquatable<ScanBody>
{
    private string? _text;

    internal Graph Graph { get; } = graph;

    /// <summary>The whole graph on one line.</summary>
    internal string Text => _text ??= Printer.Print(Graph).TrimEnd().Replace("\n ", ";", StringComparison.Ordinal);

    public bool Equals(ScanBody? other) => other is not null && (ReferenceEquals(Graph, other.Graph) || Text == other.Text);

    public override bool Equals(object? obj) => Equals(obj as ScanBody);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
}
