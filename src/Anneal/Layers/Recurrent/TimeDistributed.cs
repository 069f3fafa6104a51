namespace Anneal;

/// <summary>
/// Applies a layer to each step of a sequence as to an example of its own: input <c>[batch, time, ...]</c>, output <c>[batch, time, ...]</c>. All steps of
/// all examples go through the layer together, as one batch.
/// </summary>
public sealed class TimeDistributed : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="layer">What is applied to each step, a layer of one input and one output.</param>
    /// <param name="name">The name; null takes <c>time_distributed</c> with a counter.</param>
    public TimeDistributed(Layer layer, string? name = null) : base(name)
    {
        ArgumentNullException.ThrowIfNull(layer);
        Inner = Track(layer);
    }

    /// <summary>What is applied to each step.</summary>
    public Layer Inner { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Shape.Rank < 2)
            throw new ShapeException($"Layer {Path} expects an input [batch, time, ...], but found one of shape {input.Shape}.");
        long batch = input.Shape[0], time = input.Shape[1];
        Tensor output = Inner.Apply(input.Reshape(new Shape(batch * time).Concat(input.Shape[2..])));
        if (output.Shape.Rank == 0 || output.Shape[0] != batch * time)
            throw new ShapeException($"Layer {Path}: the layer {Inner.Name} gives {output.Type} for {batch * time} steps; its first axis must count them.");
        return output.Reshape(new Shape(batch, time).Concat(output.Shape[1..]));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.SetPart("layer", LayerRegistry.Write(Inner));

    internal static TimeDistributed Read(LayerConfig config) => new(LayerRegistry.Read(config.Part("layer")));
}
