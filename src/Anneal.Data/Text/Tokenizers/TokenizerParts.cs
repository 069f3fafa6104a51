namespace Anneal.Data;

/// <summary>What a <see cref="Tokenizer"/> is made of.</summary>
internal sealed record TokenizerParts(TokenModel Model)
{
    internal Normalizer? Normalizer { get; init; }

    internal PreTokenizer? PreTokenizer { get; init; }

    internal PostProcessor? PostProcessor { get; init; }

    internal TokenDecoder? Decoder { get; init; }

    /// <summary>Added tokens with their ids.</summary>
    internal IReadOnlyList<(AddedToken Token, int Id)> AddedTokens { get; init; } = [];

    /// <summary>Ids of the model that are no text and that no text is looked up for.</summary>
    internal IReadOnlySet<int> ControlIds { get; init; } = new HashSet<int>();

    /// <summary>The SentencePiece model that it came from; null for one of another kind.</summary>
    internal SentencePieceFile? SentencePiece { get; init; }

    internal TruncationOptions? Truncation { get; init; }

    internal PaddingOptions? Padding { get; init; }

    /// <summary>Why it cannot be written as <c>tokenizer.json</c>; null: it can.</summary>
    internal string? WhyNotJson { get; init; }
}
