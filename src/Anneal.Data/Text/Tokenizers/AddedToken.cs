namespace Anneal.Data;

/// <summary>A token that is found in the text before a model sees it.</summary>
/// <param name="Content">Its text; not empty.</param>
public sealed record AddedToken(string Content)
{
    /// <summary>Whether it steers a model and is no text of its own, such as the end of a sequence. Decoding leaves it out on request.</summary>
    public bool IsSpecial { get; init; }

    /// <summary>Whether it is found only where no word character stands beside it.</summary>
    public bool IsSingleWord { get; init; }

    /// <summary>Whether it takes the white space before it.</summary>
    public bool StripsLeft { get; init; }

    /// <summary>Whether it takes the white space behind it.</summary>
    public bool StripsRight { get; init; }

    /// <summary>Whether it is looked for in normalized text, instead of in the text as it was given.</summary>
    public bool IsNormalized { get; init; }

    /// <summary>A special token, looked for in the text as it was given.</summary>
    public static AddedToken Special(string content) => new(content) { IsSpecial = true };
}
