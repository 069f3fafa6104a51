namespace Anneal;

/// <summary>A recurrent layer that reads its sequence in one direction.</summary>
public abstract class UnidirectionalLayer : RecurrentLayer
{
    private protected UnidirectionalLayer(bool returnSequences, bool returnState, bool goBackwards, string? name)
        : base(returnSequences, returnState, name) => GoBackwards = goBackwards;

    /// <summary>Whether the sequence is read from its last step to its first; outputs of all steps then come in that order too, as in Keras.</summary>
    public bool GoBackwards { get; }

    /// <inheritdoc/>
    public sealed override int StateCount => StateShapes.Count;

    /// <summary>The extents of each state for one example.</summary>
    private protected abstract IReadOnlyList<Shape> StateShapes { get; }

    /// <summary>The extents of an output for one example where it is a value of its own; null where the first state is the output.</summary>
    private protected virtual Shape? OutputShape => null;

    /// <summary>Says what is wrong with an input; otherwise does nothing.</summary>
    private protected abstract void Check(Tensor input);

    /// <summary>Computes for all steps <c>[time, batch, ...]</c> at once what does not depend on states.</summary>
    private protected virtual Tensor Prepare(Tensor sequence) => sequence;

    /// <summary>The step. What it draws or computes here, rather than when it is called, is the same for all steps.</summary>
    private protected abstract RecurrentStep MakeStep(TensorType firstState);

    private protected sealed override (Tensor Output, Tensor[] States) Recur(Tensor input, Tensor[] initialStates)
    {
        Check(input);
        TensorType[] types = [.. StateShapes.Select(s => new TensorType(input.DType, new Shape(input.Shape[0]).Concat(s)))];
        for (int i = 0; i < initialStates.Length; i++)
        {
            if (initialStates[i].Type != types[i])
                throw new ShapeException($"Layer {Path} expects state {i} to be {types[i]}, but found {initialStates[i].Type}.");
        }

        Tensor[] initial = initialStates.Length > 0 ? initialStates : [.. types.Select(t => Tensor.Zeros(t.Shape, t.DType))];
        var recurrence = new Recurrence
        {
            Name = "layer " + Path,
            Mask = MaskOf(input)?.Transpose(1, 0),
            Reverse = GoBackwards,
            ReturnSequences = ReturnSequences,
            OutputShape = OutputShape is { } shape ? new Shape(input.Shape[0]).Concat(shape) : default(Shape?),
        };
        RecurrenceResult result = recurrence.Run(Prepare(SwapTime(input)), initial, MakeStep(types[0]));
        Tensor output = result.Sequence is { } sequence ? SwapTime(sequence) : result.Last!;
        return (GoBackwards && ReturnSequences ? output.Flip(1) : output, result.States);
    }

    private protected sealed override Tensor ArrangeMask(Tensor mask) => GoBackwards ? mask.Flip(1) : mask;

    private static Tensor SwapTime(Tensor x) => x.Transpose([1, 0, .. Enumerable.Range(2, x.Shape.Rank - 2)]);
}
