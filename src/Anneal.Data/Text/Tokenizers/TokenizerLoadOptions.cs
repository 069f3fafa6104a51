namespace Anneal.Data;

/// <summary>The patterns that the rank files of tiktoken belong to, which do not hold them.</summary>
public static class TiktokenPatterns
{
    /// <summary>That of r50k_base and p50k_base, GPT-2 and GPT-3.</summary>
    public static string R50k => WordScanner.Gpt2;

    /// <summary>That of cl100k_base, GPT-3.5 and GPT-4.</summary>
    public static string Cl100k => WordScanner.Cl100k;

    /// <summary>That of o200k_base, GPT-4o.</summary>
    public static string O200k => WordScanner.O200k;

    /// <summary>That of Llama 3, and of cl100k_base as it was first published.</summary>
    public static string Llama3 => WordScanner.Llama3;

    /// <summary>That of Qwen2.</summary>
    public static string Qwen2 => WordScanner.Qwen2;
}

/// <summary>What some files of tokenizers do not say themselves. <c>tokenizer.json</c> says all of it, and refuses these options.</summary>
public sealed record TokenizerLoadOptions
{
    /// <summary>For a rank file of tiktoken, which needs one: the regular expression whose matches are the words.</summary>
    public string? Pattern { get; init; }

    /// <summary>For a rank file of tiktoken: special tokens and their ids.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens { get; init; } = new Dictionary<string, int>();

    /// <summary>For a SentencePiece model: whether the token for the beginning of a sequence is added before a text.</summary>
    public bool AddBeginningOfSequence { get; init; }

    /// <summary>For a SentencePiece model: whether the token for the end of a sequence is added behind a text.</summary>
    public bool AddEndOfSequence { get; init; }
}
