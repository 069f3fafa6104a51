namespace Anneal;

/// <summary>How the outputs of the two directions become one.</summary>
public enum BidirectionalMerge
{
    /// <summary>One after the other along the last axis, forward first.</summary>
    Concat,

    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>Their product, element by element.</summary>
    Multiply,

    /// <summary>Their mean.</summary>
    Average,
}

/// <summary>
/// Two recurrent layers that read a sequence in both directions (Schuster, Paliwal, 1997). Input as theirs; output <c>[batch, ...]</c>, or
/// <c>[batch, time, ...]</c> in the order of the input. States are those of the forward layer, then those of the backward layer.
/// </summary>
public sealed class Bidirectional : RecurrentLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="layer">What reads the sequence forward.</param>
    /// <param name="mergeMode">How the outputs become one.</param>
    /// <param name="backwardLayer">What reads it backward, with <c>goBackwards</c>; null is a layer with the options of the forward one.</param>
    /// <param name="name">The name; null takes <c>bidirectional</c> with a counter.</param>
    /// <exception cref="OptionException">
    /// A layer reads in the wrong direction, both are the same, they differ in what they give, or the backward layer cannot be made because its
    /// cell is not registered.
    /// </exception>
    public Bidirectional(
        UnidirectionalLayer layer, BidirectionalMerge mergeMode = BidirectionalMerge.Concat, UnidirectionalLayer? backwardLayer = null, string? name = null)
        : this(Checked(layer), Checked(layer, backwardLayer), mergeMode, name)
    {
        string stem = layer.Name;
        if (!stem.StartsWith("forward_", StringComparison.Ordinal))
            layer.Rename("forward_" + stem);
        if (backwardLayer is null)
            Backward.Rename("backward_" + (stem.StartsWith("forward_", StringComparison.Ordinal) ? stem["forward_".Length..] : stem));
        else if (!backwardLayer.Name.StartsWith("backward_", StringComparison.Ordinal))
            backwardLayer.Rename("backward_" + backwardLayer.Name);
        Track(Forward);
        Track(Backward);
    }

    private Bidirectional(UnidirectionalLayer forward, UnidirectionalLayer backward, BidirectionalMerge mergeMode, string? name)
        : base(forward.ReturnSequences, forward.ReturnState, name)
    {
        (Forward, Backward) = (forward, backward);
        MergeMode = Require.Defined(mergeMode, nameof(Bidirectional), nameof(mergeMode));
    }

    /// <summary>What reads the sequence forward.</summary>
    public UnidirectionalLayer Forward { get; }

    /// <summary>What reads the sequence backward.</summary>
    public UnidirectionalLayer Backward { get; }

    /// <summary>How the outputs become one.</summary>
    public BidirectionalMerge MergeMode { get; }

    /// <inheritdoc/>
    public override int StateCount => Forward.StateCount + Backward.StateCount;

    private protected override (Tensor Output, Tensor[] States) Recur(Tensor input, Tensor[] initialStates)
    {
        int count = initialStates.Length == 0 ? 0 : Forward.StateCount;
        Tensor[] forward = Forward.ApplyAll([input, .. initialStates[..count]]), backward = Backward.ApplyAll([input, .. initialStates[count..]]);
        Tensor there = forward[0], back = ReturnSequences ? backward[0].Flip(1) : backward[0];
        if (MergeMode != BidirectionalMerge.Concat && there.Shape != back.Shape)
            throw new ShapeException($"Layer {Path} cannot merge outputs of the shapes {there.Shape} and {back.Shape} by {MergeMode}.");
        Tensor output = MergeMode switch
        {
            BidirectionalMerge.Sum => there + back,
            BidirectionalMerge.Multiply => there * back,
            BidirectionalMerge.Average => (there + back) * 0.5,
            _ => Tensor.Concat(-1, there, back),
        };
        return (output, [.. forward[1..], .. backward[1..]]);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.SetPart("layer", LayerRegistry.Write(Forward));
        config.SetPart("backwardLayer", LayerRegistry.Write(Backward));
        config.Set("mergeMode", MergeMode);
    }

    internal static Bidirectional Read(LayerConfig config) =>
        new(ReadPart(config, "layer"), config.GetEnum<BidirectionalMerge>("mergeMode"), ReadPart(config, "backwardLayer"));

    private static UnidirectionalLayer ReadPart(LayerConfig config, string name)
    {
        LayerConfig part = config.Part(name);
        return LayerRegistry.Read(part) as UnidirectionalLayer ?? throw part.Fail("type", "a recurrent layer of one direction", part.GetString("type"));
    }

    private static UnidirectionalLayer Checked(UnidirectionalLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return layer.GoBackwards ? throw new OptionException($"{nameof(Bidirectional)}: layer must read forward, but {layer.Name} goes backwards.") : layer;
    }

    private static UnidirectionalLayer Checked(UnidirectionalLayer layer, UnidirectionalLayer? backward)
    {
        if (backward is null)
            return Reversed(layer);
        if (!backward.GoBackwards)
            throw new OptionException($"{nameof(Bidirectional)}: backwardLayer must be made with goBackwards: true, but {backward.Name} is not.");
        if (backward.ReturnSequences != layer.ReturnSequences || backward.ReturnState != layer.ReturnState)
            throw new OptionException($"{nameof(Bidirectional)}: both layers must agree in returnSequences and returnState.");
        return backward;
    }

    /// <summary>A layer with the same options that goes backwards, made as a stored one is.</summary>
    private static UnidirectionalLayer Reversed(UnidirectionalLayer layer)
    {
        if (layer is Rnn { Cell: var cell } && !LayerRegistry.Knows(cell.TypeName))
        {
            throw new OptionException(
                $"{nameof(Bidirectional)}: the backward layer needs a cell of its own. Hint: register {cell.TypeName} with {nameof(LayerRegistry)}, or give backwardLayer.");
        }

        LayerConfig stored = LayerRegistry.Write(layer);
        stored.Part("config").Set("goBackwards", true);
        return (UnidirectionalLayer)LayerRegistry.Read(stored);
    }
}
