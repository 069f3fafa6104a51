using System.Globalization;

namespace Anneal;

/// <summary>
/// What layers that read sequences step by step have in common: states may be given and taken. Input <c>[batch, time, ...]</c>; output
/// <c>[batch, ...]</c> of the last step, or <c>[batch, time, ...]</c> of all.
/// </summary>
/// <remarks>
/// Where the input has a mask, steps that do not count leave the states as they are and repeat the output of the step before; so the last
/// output is that of the last step that counts.
/// </remarks>
public abstract class RecurrentLayer : Layer
{
    // The output that has a time axis, which alone has the input's mask: shapes do not tell it from a state.
    private Tensor? _sequence;

    private protected RecurrentLayer(bool returnSequences, bool returnState, string? name) : base(name) =>
        (ReturnSequences, ReturnState) = (returnSequences, returnState);

    /// <summary>Whether the output has the values of all steps.</summary>
    public bool ReturnSequences { get; }

    /// <summary>Whether the states after the last step are further outputs.</summary>
    public bool ReturnState { get; }

    /// <summary>The number of states that the layer hands from step to step.</summary>
    public abstract int StateCount { get; }

    /// <summary>Applies the layer to a sequence and first states, inside of a trace or lazily.</summary>
    /// <param name="input">The sequence, <c>[batch, time, ...]</c>.</param>
    /// <param name="initialStates">The states before the first step, <c>[batch, ...]</c> each.</param>
    /// <returns>The output.</returns>
    /// <exception cref="ShapeException">The number or the shapes of the states or of the input do not fit.</exception>
    /// <exception cref="DTypeException">The input has a data type that the layer cannot take.</exception>
    public Tensor Apply(Tensor input, IReadOnlyList<Tensor> initialStates) => ApplyAll(Arguments(input, initialStates))[0];

    /// <summary>Applies the layer to a sequence and first states, to describe a functional model. Nothing is computed.</summary>
    /// <param name="input">The sequence.</param>
    /// <param name="initialStates">The states before the first step.</param>
    /// <exception cref="ShapeException">The number or the shapes of the states or of the input do not fit.</exception>
    public LayerOutput Apply(LayerOutput input, IReadOnlyList<LayerOutput> initialStates) =>
        LayerCall.Connect(this, Arguments(input, initialStates))[0];

    /// <summary>Applies the layer and gives the states after the last step as well, inside of a trace or lazily.</summary>
    /// <param name="input">The sequence, <c>[batch, time, ...]</c>.</param>
    /// <param name="initialStates">The states before the first step, <c>[batch, ...]</c> each; null is zeros.</param>
    /// <exception cref="OptionException">The layer was made without <see cref="ReturnState"/>.</exception>
    /// <exception cref="ShapeException">The number or the shapes of the states or of the input do not fit.</exception>
    public (Tensor Output, IReadOnlyList<Tensor> States) ApplyWithStates(Tensor input, IReadOnlyList<Tensor>? initialStates = null)
    {
        RequireReturnState();
        Tensor[] outputs = ApplyAll(Arguments(input, initialStates ?? []));
        return (outputs[0], outputs[1..]);
    }

    /// <summary>Applies the layer and gives the states after the last step as well, to describe a functional model. Nothing is computed.</summary>
    /// <param name="input">The sequence.</param>
    /// <param name="initialStates">The states before the first step; null is zeros.</param>
    /// <exception cref="OptionException">The layer was made without <see cref="ReturnState"/>.</exception>
    /// <exception cref="ShapeException">The number or the shapes of the states or of the input do not fit.</exception>
    public (LayerOutput Output, IReadOnlyList<LayerOutput> States) ApplyWithStates(LayerOutput input, IReadOnlyList<LayerOutput>? initialStates = null)
    {
        RequireReturnState();
        LayerOutput[] outputs = LayerCall.Connect(this, Arguments(input, initialStates ?? []));
        return (outputs[0], outputs[1..]);
    }

    internal sealed override Tensor[] Run(Tensor[] inputs)
    {
        if (inputs.Length != 1 && inputs.Length != 1 + StateCount)
        {
            throw new ShapeException(string.Create(
                CultureInfo.InvariantCulture,
                $"Layer {Path} takes a sequence alone or with {StateCount} states, but {inputs.Length - 1} states were given."));
        }

        (Tensor output, Tensor[] states) = Recur(inputs[0], inputs[1..]);
        _sequence = ReturnSequences ? output : null;
        return ReturnState ? [output, .. states] : [output];
    }

    /// <summary>From the sequence and the states, of which there are all or none, to the output and the states after the last step.</summary>
    private protected abstract (Tensor Output, Tensor[] States) Recur(Tensor input, Tensor[] initialStates);

    /// <summary>The mask of the input in the order of the output's steps.</summary>
    private protected virtual Tensor ArrangeMask(Tensor mask) => mask;

    /// <inheritdoc/>
    protected sealed override Tensor Call(Tensor input) => Run([input])[0];

    /// <summary>The mask of the input, where the output has all steps; states have none.</summary>
    protected sealed override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return output == _sequence && MaskOf(inputs[0]) is { } mask ? ArrangeMask(mask) : null;
    }

    private void RequireReturnState()
    {
        if (!ReturnState)
            throw new OptionException($"Layer {Name} does not give its states. Hint: make it with returnState: true.");
    }

    private static T[] Arguments<T>(T input, IReadOnlyList<T> initialStates) where T : class
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(initialStates);
        return [input, .. initialStates];
    }
}
