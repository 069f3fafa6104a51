namespace Anneal;

/// <summary>
/// What a layer will give: a type and how it comes about, without values. Functional models are described by applying layers to these.
/// </summary>
public sealed class LayerOutput
{
    internal LayerOutput(LayerCall call, int index, TensorType type) => (Producer, Index, Type) = (call, index, type);

    /// <summary>The type of one example, without the batch.</summary>
    public TensorType Type { get; }

    /// <summary>The extents of one example, without the batch.</summary>
    public Shape Shape => Type.Shape;

    internal LayerCall Producer { get; }

    internal int Index { get; }

    /// <summary>Such as <c>dense: float32[batch, 10]</c>.</summary>
    public override string ToString() => $"{Producer.Layer.Name}: {Type.DType.Name()}{ModelSummary.WithBatch(Shape)}";
}

/// <summary>One application of a layer in a functional model. A layer that is applied twice shares its parameters.</summary>
internal sealed class LayerCall
{
    // Shapes are worked out for a batch of this size; anything above 1 shows layers that mix up the axis of the examples.
    private const int BatchForShapes = 2;

    private LayerCall(Layer layer, LayerOutput[] inputs) => (Layer, Inputs) = (layer, inputs);

    internal Layer Layer { get; }

    internal LayerOutput[] Inputs { get; }

    internal static LayerOutput Begin(Input input)
    {
        var call = new LayerCall(input, []);
        return new LayerOutput(call, 0, input.Type);
    }

    /// <summary>Works out what a layer gives for these inputs; errors name the layer.</summary>
    internal static LayerOutput[] Connect(Layer layer, LayerOutput[] inputs)
    {
        if (inputs.Length == 0)
            throw new ShapeException($"Layer {layer.Name} needs at least one input.");
        using var trace = new Trace("shapes of " + layer.Name, training: false);
        using var scope = new BuildScope();
        Tensor[] arguments = Array.ConvertAll(inputs, i => trace.AddInput(Batched(i.Type, BatchForShapes), i.Producer.Layer.Name));
        Tensor[] outputs = layer.ApplyAll(arguments);
        scope.Complete();
        var call = new LayerCall(layer, inputs);
        var results = new LayerOutput[outputs.Length];
        for (int i = 0; i < results.Length; i++)
            results[i] = new LayerOutput(call, i, Single(outputs[i].Type, BatchForShapes, layer));
        return results;
    }

    /// <summary>The type of a batch of examples.</summary>
    internal static TensorType Batched(TensorType example, long count) => example with { Shape = new Shape(count).Concat(example.Shape) };

    /// <summary>The type of one example of a batch.</summary>
    internal static TensorType Single(TensorType batched, long count, Layer layer)
    {
        if (batched.Shape.Rank < 1 || batched.Shape[0] != count)
        {
            throw new ShapeException(
                $"Layer {layer.Path} gives {batched} for a batch of {count} examples; the first axis of an output must count the examples.");
        }

        return batched with { Shape = batched.Shape[1..] };
    }
}
