namespace Anneal;

/// <summary>A model in which each layer's output is the next one's input.</summary>
public sealed class Sequential : Model
{
    /// <summary>Makes a model of layers, in the order in which data passes through them.</summary>
    /// <param name="layers">The layers; an <see cref="Input"/> in front lets the model be built at once.</param>
    /// <exception cref="OptionException">Two layers have the same name.</exception>
    /// <exception cref="ModelException">A layer is given twice.</exception>
    public Sequential(params ReadOnlySpan<Layer> layers) : this(null, layers)
    {
    }

    /// <summary>Makes a model of layers with a name.</summary>
    /// <param name="name">The name; null is <c>sequential</c>.</param>
    /// <param name="layers">The layers.</param>
    public Sequential(string? name, params ReadOnlySpan<Layer> layers) : base(name)
    {
        foreach (Layer layer in layers)
            Add(layer);
    }

    /// <summary>Adds a layer at the end.</summary>
    /// <exception cref="ModelException">The layer is part of the model already, or the model is built.</exception>
    public void Add(Layer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        if (IsBuilt)
            throw new ModelException($"The model {Name} is built, so no layer can be added to it.");
        if (Layers.Contains(layer))
            throw new ModelException($"Layer {layer.Name} is given twice. Hint: sharing a layer needs a functional model.");
        Adopt(layer);
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Tensor output = input;
        foreach (Layer layer in Layers)
            output = layer.Apply(output);
        return output;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.SetParts("layers", Layers.Select(LayerRegistry.Write));

    internal static new Sequential Read(LayerConfig config) => new([.. config.Parts("layers").Select(LayerRegistry.Read)]);

    private protected override TensorType[]? DeclaredInputs() => Layers is [Input input, ..] ? [input.Type] : null;
}
