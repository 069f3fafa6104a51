namespace Anneal;

/// <summary>
/// One step of a recurrent network of your own, to be run over sequences by <see cref="Rnn"/>. Declare parameters in <see cref="Layer.Build"/>, compute
/// in <see cref="Step"/>.
/// </summary>
/// <param name="name">The name, without '/'; null takes that of the type.</param>
public abstract class RecurrentCell(string? name = null) : Layer(name)
{
    /// <summary>The extents of each state for one example, without the batch; at least one.</summary>
    public abstract IReadOnlyList<Shape> StateShapes { get; }

    /// <summary>The extents of an output for one example, without the batch; those of the first state, unless overridden.</summary>
    public virtual Shape OutputShape => StateShapes[0];

    /// <summary>Computes one step. It is recorded once and then run for all steps; it can neither assign states of layers nor draw random numbers.</summary>
    /// <param name="input">The element of the sequence, <c>[batch, ...]</c>.</param>
    /// <param name="states">The states, <c>[batch, ...]</c> each.</param>
    /// <returns>The output <c>[batch, ...]</c> and the next states, of the types of the old ones.</returns>
    protected abstract (Tensor Output, IReadOnlyList<Tensor> States) Step(Tensor input, IReadOnlyList<Tensor> states);

    /// <summary>The output of one step from states of zero.</summary>
    protected sealed override Tensor Call(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Tensor[] states = [.. StateShapes.Select(s => Tensor.Zeros(new Shape(input.Shape[0]).Concat(s), input.DType))];
        return Step(input, states).Output;
    }

    internal sealed override Tensor[] Run(Tensor[] inputs)
    {
        if (inputs.Length == 1)
            return [Call(inputs[0])];
        (Tensor output, IReadOnlyList<Tensor> states) = Step(inputs[0], inputs[1..]);
        return [output, .. states];
    }
}
