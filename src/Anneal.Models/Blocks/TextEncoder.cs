namespace Anneal.Models;

/// <summary>How an encoder of texts in the manner of BERT is built.</summary>
internal sealed record TextEncoderOptions
{
    internal required EncoderOptions Layers { get; init; }

    internal required int LayerCount { get; init; }

    internal required int VocabularySize { get; init; }

    internal required int MaximumPositions { get; init; }

    /// <summary>The kinds of segments; 0 where the model knows none.</summary>
    internal required int TypeVocabularySize { get; init; }

    internal required int? PaddingId { get; init; }

    /// <summary>Whether positions are counted from the one behind padding, over tokens that are not padding (RoBERTa), instead of from 0 over all.</summary>
    internal bool CountsFromPadding { get; init; }

    /// <summary>Whether the first token's features pass through one more product and a hyperbolic tangent.</summary>
    internal bool HasPooler { get; init; }
}

/// <summary>What an encoder of texts is given.</summary>
/// <param name="Mask">Which tokens count, <c>[batch, time]</c>; null is all.</param>
/// <param name="Types">The segment of each token; null is 0.</param>
/// <param name="Positions">The positions; null counts them.</param>
internal sealed record TextInputs(Tensor? Mask, Tensor? Types, Tensor? Positions);

/// <summary>Embeddings of tokens, positions and segments, and the layers of an encoder: tokens <c>[batch, time]</c>, output <c>[batch, time, width]</c>.</summary>
internal sealed class TextEncoder : Block<TextInputs>
{
    private readonly TextEncoderOptions _options;
    private readonly Dropout _dropout;

    internal TextEncoder(TextEncoderOptions options, string name) : base(name)
    {
        _options = options;
        EncoderOptions layers = options.Layers;
        Words = Track(new Embedding(options.VocabularySize, layers.Width, layers.Initializer, name: "words"));
        Positions = Track(new Embedding(options.MaximumPositions, layers.Width, layers.Initializer, name: "positions"));
        Types = options.TypeVocabularySize > 0 ? Track(new Embedding(options.TypeVocabularySize, layers.Width, layers.Initializer, name: "types")) : null;
        Norm = Track(new LayerNormalization(epsilon: layers.NormEpsilon, name: "norm"));
        _dropout = Track(new Dropout(layers.Dropout));
        Blocks = new EncoderBlock[options.LayerCount];
        for (int i = 0; i < Blocks.Length; i++)
            Blocks[i] = Track(new EncoderBlock(layers, FormattableString.Invariant($"layer_{i}")));
        Pooler = options.HasPooler ? Track(new Dense(layers.Width, Activation.Tanh, kernelInitializer: layers.Initializer, name: "pooler")) : null;
    }

    internal Embedding Words { get; }

    internal Embedding Positions { get; }

    internal Embedding? Types { get; }

    internal LayerNormalization Norm { get; }

    internal EncoderBlock[] Blocks { get; }

    internal Dense? Pooler { get; }

    internal int VocabularySize => _options.VocabularySize;

    /// <summary>The features of each token.</summary>
    internal int Width => _options.Layers.Width;

    /// <summary>The token that fills texts up where they are shorter than others.</summary>
    internal int? PaddingId => _options.PaddingId;

    /// <summary>The most tokens for which there are positions.</summary>
    internal int LongestText => _options.MaximumPositions - (_options.CountsFromPadding ? (_options.PaddingId ?? 0) + 1 : 0);

    protected override Tensor Call(Tensor ids, TextInputs inputs)
    {
        if (inputs.Positions is null && ids.Shape[1] > LongestText)
            throw new ShapeException($"Layer {Path} has positions for texts of at most {LongestText} tokens, but found {ids.Shape[1]}.");
        Tensor hidden = TokenEmbedding.Rows(Words, ids, _options.PaddingId);
        if (Types is not null)
            hidden += Types.Apply(inputs.Types ?? ids - ids);
        else if (inputs.Types is not null)
            throw new ShapeException($"Layer {Path} knows no kinds of segments, but was given some.");
        Tensor positions = inputs.Positions ?? PositionsOf(ids);
        hidden += _options.CountsFromPadding ? TokenEmbedding.Rows(Positions, positions, _options.PaddingId) : Positions.Apply(positions);
        hidden = _dropout.Apply(Norm.Apply(hidden));
        Tensor? mask = inputs.Mask is null ? null : AttentionMasks.Keys(AttentionMasks.Counted(inputs.Mask, ids.Shape));
        foreach (EncoderBlock block in Blocks)
            hidden = block.Apply(hidden, mask);
        return hidden;
    }

    private Tensor PositionsOf(Tensor ids)
    {
        if (!_options.CountsFromPadding)
            return Tensor.Range(ids.Shape[1], DType.Int64);
        Tensor counts = ids.NotEqualTo(_options.PaddingId!.Value).Cast(DType.Int64);
        return counts.CumulativeSum(-1).Cast(DType.Int64) * counts + Tensor.Full([], _options.PaddingId!.Value, DType.Int64);
    }
}
