namespace Anneal.Data;

/// <summary>How a vocabulary is made from a corpus: what all kinds of models have in common.</summary>
public abstract record TokenizerTrainingOptions
{
    private protected TokenizerTrainingOptions()
    {
    }

    /// <summary>How many tokens the vocabulary has at most, special ones included. It has fewer where the corpus gives no more.</summary>
    public int VocabularySize { get; init; } = 30_000;

    /// <summary>Tokens that steer a model, which get the first ids in this order.</summary>
    public IReadOnlyList<AddedToken> SpecialTokens { get; init; } = [];

    /// <summary>Characters that are tokens even if the corpus lacks them.</summary>
    public string InitialAlphabet { get; init; } = "";

    /// <summary>How text is changed before it is cut; null: not at all.</summary>
    public Normalizer? Normalizer { get; init; }

    /// <summary>How many threads count words; null: one for each core. The result does not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>Refuses what cannot be.</summary>
    internal void Check()
    {
        if (VocabularySize <= SpecialTokens.Count)
            throw new OptionException($"A vocabulary of {VocabularySize} tokens has no room beside {SpecialTokens.Count} special ones.");
        if (Threads is <= 0)
            throw new OptionException($"Words cannot be counted by {Threads} threads.");
        if (SpecialTokens.Any(t => t.Content.Length == 0) || SpecialTokens.DistinctBy(t => t.Content).Count() != SpecialTokens.Count)
            throw new OptionException("Every special token needs a text of its own.");
    }
}

/// <summary>What byte-pair encoding begins with.</summary>
public enum BpeUnit
{
    /// <summary>The 256 bytes, as in GPT-2: no text is unknown.</summary>
    Bytes,

    /// <summary>The characters of the corpus.</summary>
    Characters,
}

/// <summary>How <see cref="BpeTrainer"/> makes a vocabulary.</summary>
public sealed record BpeTrainingOptions : TokenizerTrainingOptions
{
    /// <summary>What merges begin with.</summary>
    public BpeUnit Unit { get; init; } = BpeUnit.Bytes;

    /// <summary>A pair that is rarer is not merged.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>How text is cut into words, which no token reaches across; null: as GPT-2 does, or before each space for characters.</summary>
    public PreTokenizer? PreTokenizer { get; init; }

    /// <summary>For characters: the token of what is not known, which becomes the first special one if it is none; null: it is left out.</summary>
    public string? UnknownToken { get; init; } = "<unk>";

    /// <summary>For characters: how many different ones are tokens, the most frequent; null: all.</summary>
    public int? LimitAlphabet { get; init; }

    /// <summary>How many characters (or bytes) a token has at most; null: any number.</summary>
    public int? MaxTokenLength { get; init; }
}

/// <summary>How <see cref="WordPieceTrainer"/> makes a vocabulary.</summary>
public sealed record WordPieceTrainingOptions : TokenizerTrainingOptions
{
    /// <summary>A pair that is rarer is not merged.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>How text is cut into words; null: as BERT does.</summary>
    public PreTokenizer? PreTokenizer { get; init; }

    /// <summary>The token of what is not known, which becomes the first special one if it is none.</summary>
    public string UnknownToken { get; init; } = "[UNK]";

    /// <summary>What tokens begin with that go on within a word.</summary>
    public string ContinuingSubwordPrefix { get; init; } = "##";

    /// <summary>How many different characters are tokens, the most frequent; null: all.</summary>
    public int? LimitAlphabet { get; init; }
}

/// <summary>How <see cref="UnigramTrainer"/> makes a vocabulary.</summary>
public sealed record UnigramTrainingOptions : TokenizerTrainingOptions
{
    /// <summary>How text is cut into words; null: before each space, as SentencePiece does.</summary>
    public PreTokenizer? PreTokenizer { get; init; }

    /// <summary>The token of what is not known, which becomes the first special one if it is none.</summary>
    public string UnknownToken { get; init; } = "<unk>";

    /// <summary>How many code points a piece has at most.</summary>
    public int MaxPieceLength { get; init; } = 16;

    /// <summary>The share of the pieces that is kept each time that the least useful ones go, between 0 and 1.</summary>
    public double ShrinkingFactor { get; init; } = 0.75;

    /// <summary>How often probabilities are estimated before pieces go.</summary>
    public int SubIterations { get; init; } = 2;

    /// <summary>How many pieces it begins with at most.</summary>
    public int SeedSize { get; init; } = 1_000_000;
}
