namespace Anneal;

/// <summary>
/// A layer that changes inputs and targets together in training, such as <see cref="MixUp"/>. Give it to <c>Fit</c> by
/// <see cref="FitOptions.Augmentation"/>, or apply it in a training loop of your own. It has no parameters.
/// </summary>
/// <param name="name">The name, without '/'; null takes that of the type.</param>
public abstract class PairAugmentation(string? name = null) : Layer(name)
{
    /// <summary>Applies the layer to inputs <c>[batch, ...]</c> and targets <c>[batch, ...]</c>, inside of a trace or lazily.</summary>
    /// <exception cref="ShapeException">The tensors have shapes that the layer cannot take.</exception>
    /// <exception cref="DTypeException">The tensors have data types that the layer cannot take.</exception>
    public (Tensor Inputs, Tensor Targets) Apply(Tensor inputs, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        Tensor[] outputs = ApplyAll([inputs, targets]);
        return (outputs[0], outputs[1]);
    }

    /// <summary>Applies the layer to the outputs of others, to describe a functional model. Nothing is computed.</summary>
    public (LayerOutput Inputs, LayerOutput Targets) Apply(LayerOutput inputs, LayerOutput targets)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        LayerOutput[] outputs = LayerCall.Connect(this, [inputs, targets]);
        return (outputs[0], outputs[1]);
    }

    /// <summary>Computes both, of the same types as they came; outside of training unchanged.</summary>
    protected abstract (Tensor Inputs, Tensor Targets) Call(Tensor inputs, Tensor targets);

    /// <inheritdoc/>
    protected sealed override Tensor Call(Tensor input) => throw TakesTwo(1);

    internal override Tensor[] Run(Tensor[] inputs)
    {
        if (inputs.Length != 2)
            throw TakesTwo(inputs.Length);
        (Tensor changed, Tensor targets) = Call(inputs[0], inputs[1]);
        if (changed.Type != inputs[0].Type || targets.Type != inputs[1].Type)
            throw new ShapeException($"Layer {Path} must keep the types {inputs[0].Type} and {inputs[1].Type}, but gives {changed.Type} and {targets.Type}.");
        return [changed, targets];
    }

    private ShapeException TakesTwo(int found) => new($"Layer {Path} takes inputs and targets together, but was given {found}.");
}
