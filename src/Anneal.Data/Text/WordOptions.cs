namespace Anneal.Data;

/// <summary>What becomes of punctuation and symbols.</summary>
public enum PunctuationHandling
{
    /// <summary>They only separate words.</summary>
    Drop,

    /// <summary>Each is a word of its own.</summary>
    Keep,
}

/// <summary>What becomes of decimal digits.</summary>
public enum DigitHandling
{
    /// <summary>They stay.</summary>
    Keep,

    /// <summary>Each becomes 0, so that a number is known by its shape: 1,987 is 0,000.</summary>
    Mask,
}

/// <summary>How a text is cut into words.</summary>
public sealed record WordOptions
{
    /// <summary>Whether words are in lower case (of Unicode, the same in every culture).</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>What becomes of punctuation and symbols.</summary>
    public PunctuationHandling Punctuation { get; init; }

    /// <summary>What becomes of decimal digits.</summary>
    public DigitHandling Digits { get; init; }

    /// <summary>Words that are left out, after case and digits have been changed; null is none.</summary>
    public IReadOnlySet<string>? StopWords { get; init; }

    internal void Check()
    {
        Require.Defined(Punctuation, nameof(WordOptions), nameof(Punctuation));
        Require.Defined(Digits, nameof(WordOptions), nameof(Digits));
    }
}
