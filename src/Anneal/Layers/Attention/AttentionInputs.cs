namespace Anneal;

/// <summary>What an attention layer is given, checked.</summary>
internal sealed class AttentionInputs
{
    private AttentionInputs(Tensor[] inputs, Layer layer)
    {
        (Layer, Query) = (layer, inputs[0]);
        Value = inputs.Length > 1 ? inputs[1] : Query;
        Key = inputs.Length > 2 ? inputs[2] : Value;
        AttentionMask = inputs.Length > 3 ? inputs[3] : null;
    }

    internal Tensor Query { get; }

    internal Tensor Value { get; }

    internal Tensor Key { get; }

    private Tensor? AttentionMask { get; }

    private Layer Layer { get; }

    /// <summary>Query, value, key and mask of a layer's inputs, of which all but the first may be missing.</summary>
    internal static AttentionInputs Of(Tensor[] inputs, Layer layer)
    {
        RequireSequences(Array.ConvertAll(inputs, i => i.Shape), layer);
        foreach (Tensor input in inputs.Take(3))
            Require.Floating(input, layer);
        return new AttentionInputs(inputs, layer);
    }

    /// <exception cref="ShapeException">There are not one to four inputs, or they are not sequences that belong together.</exception>
    internal static void RequireSequences(Shape[] shapes, Layer layer)
    {
        if (shapes.Length is < 1 or > 4)
            throw new ShapeException($"Layer {layer.Path} takes a query, a value, a key and a mask, but {shapes.Length} inputs were given.");
        foreach (Shape shape in shapes.Take(3))
        {
            Require.Rank(shape, 3, layer, "[batch, time, features]");
            if (shape[1] < 1 || shape[2] < 1)
                throw new ShapeException($"Layer {layer.Path} expects at least one step and one feature, but found an input of shape {shape}.");
            if (shape[0] != shapes[0][0])
                throw new ShapeException($"Layer {layer.Path} expects inputs of one batch, but found {shapes[0]} and {shape}.");
        }

        if (shapes.Length > 2 && shapes[1][1] != shapes[2][1])
            throw new ShapeException($"Layer {layer.Path} expects a key for each value, but found {shapes[2][1]} keys and {shapes[1][1]} values.");
    }

    /// <exception cref="OptionException">The layer was not asked for the weights of its attention.</exception>
    internal static void RequireScores(bool returned, Layer layer)
    {
        if (!returned)
            throw new OptionException($"Layer {layer.Name} was made without returnAttentionScores: true, so it does not give the weights of its attention.");
    }

    /// <summary>The masks that the inputs carry and the one that is an input, as one for <c>[batch, heads, queries, keys]</c>; null where there is none.</summary>
    internal Tensor? Mask(int heads)
    {
        Tensor? counts = Of(Query, "query") is { } asks ? asks.Reshape(asks.Shape[0], 1, asks.Shape[1], 1) : null;
        foreach ((Tensor asked, string what) in Key == Value ? new[] { (Value, "value") } : [(Value, "value"), (Key, "key")])
        {
            if (Of(asked, what) is { } given)
            {
                Tensor row = given.Reshape(given.Shape[0], 1, 1, given.Shape[1]);
                counts = counts is null ? row : counts & row;
            }
        }

        if (AttentionMask is null)
            return counts;
        Tensor mask = CheckedMask(AttentionMask, heads);
        return counts is null ? mask
            : mask.DType == DType.Bool ? mask & counts
            : Tensor.Select(counts, mask, Tensor.Full(Shape.Scalar, double.NegativeInfinity, mask.DType));
    }

    private Tensor CheckedMask(Tensor mask, int heads)
    {
        Shape full = [Query.Shape[0], heads, Query.Shape[1], Key.Shape[1]];
        if (mask.DType != DType.Bool && mask.DType != Query.DType)
            throw new DTypeException($"Layer {Layer.Path} expects an attention mask of bool or {Query.DType.Name()}, but found {mask.Type}.");

        Tensor each = mask.Shape.Rank == 3 ? mask.ExpandAxis(1) : mask;
        return each.Shape.Rank == 4 && each.Shape.BroadcastsTo(full)
            ? each
            : throw new ShapeException(
                $"Layer {Layer.Path} expects an attention mask [batch, queries, keys] or [batch, heads, queries, keys], here {full}, but found one of shape {mask.Shape}.");
    }

    private Tensor? Of(Tensor tensor, string what)
    {
        if (Masks.Of(tensor) is not { } mask)
            return null;
        return mask.Shape == tensor.Shape[..2]
            ? mask
            : throw new ShapeException($"Layer {Layer.Path} expects a mask [batch, time] of shape {tensor.Shape[..2]} for its {what}, but found one of shape {mask.Shape}.");
    }
}

/// <summary>Stores rotary options.</summary>
internal static class RotaryConfig
{
    internal static void Write(LayerConfig config, RotaryOptions? options)
    {
        if (options is null)
            return;
        var part = new LayerConfig(config.Owner);
        part.Set("base", options.Base);
        part.Set("pairing", options.Pairing);
        if (options.Dimension is { } dimension)
            part.Set("dimension", dimension);
        config.SetPart("rotary", part);
    }

    internal static RotaryOptions? Read(LayerConfig config)
    {
        if (!config.Contains("rotary"))
            return null;
        LayerConfig part = config.Part("rotary");
        return new RotaryOptions
        {
            Base = part.GetDouble("base"),
            Pairing = part.GetEnum<RotaryPairing>("pairing"),
            Dimension = part.Contains("dimension") ? part.GetInt32("dimension") : null,
        };
    }
}
