namespace Anneal;

/// <summary>A layer that makes one output of several inputs.</summary>
/// <param name="name">The name, without '/'; null takes that of the type, with a counter within the model.</param>
public abstract class MergeLayer(string? name = null) : Layer(name)
{
    /// <summary>Applies the layer to tensors, inside of a trace or lazily.</summary>
    /// <exception cref="ShapeException">The inputs have shapes that the layer cannot take.</exception>
    public Tensor Apply(params ReadOnlySpan<Tensor> inputs) => ApplyAll(inputs.ToArray())[0];

    /// <summary>Applies the layer to the outputs of others, to describe a functional model. Nothing is computed.</summary>
    public LayerOutput Apply(params ReadOnlySpan<LayerOutput> inputs) => LayerCall.Connect(this, inputs.ToArray())[0];

    /// <summary>Computes the output from the inputs, each <c>[batch, ...]</c>.</summary>
    protected abstract Tensor Call(IReadOnlyList<Tensor> inputs);

    /// <inheritdoc/>
    protected sealed override Tensor Call(Tensor input) => Call([input]);

    /// <summary>A step of the output counts where it counts in every input that has as many axes and a mask that fits (as Keras).</summary>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(output);
        Tensor[] masks = [.. inputs.Where(i => i.Shape.Rank == output.Shape.Rank).Select(MaskOf).OfType<Tensor>().Distinct().Where(m => Masks.Fits(m, output))];
        return masks.Length == 0 ? null : masks.Aggregate((a, b) => a & b);
    }

    internal override Tensor[] Run(Tensor[] inputs) => [Call(inputs)];
}
