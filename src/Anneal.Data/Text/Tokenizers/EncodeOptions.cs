namespace Anneal.Data;

/// <summary>What places in a text are counted in.</summary>
public enum OffsetUnit
{
    /// <summary>Characters of a .NET string (units of UTF-16), so that a range can be cut from it.</summary>
    Utf16,

    /// <summary>Unicode code points, as other software counts.</summary>
    CodePoint,
}

/// <summary>What the text of a special token means where a user typed it.</summary>
public enum TypedSpecialTokens
{
    /// <summary>The token.</summary>
    Tokens,

    /// <summary>Text like any other, as chat input should be taken: nobody can end a turn by typing its end.</summary>
    Text,
}

/// <summary>Which of two sequences is made shorter.</summary>
public enum TruncationStrategy
{
    /// <summary>The longer one, then both alike.</summary>
    LongestFirst,

    /// <summary>The first.</summary>
    OnlyFirst,

    /// <summary>The second.</summary>
    OnlySecond,
}

/// <summary>An end of a sequence.</summary>
public enum SequenceSide
{
    /// <summary>Its beginning.</summary>
    Left,

    /// <summary>Its end.</summary>
    Right,
}

/// <summary>How sequences that are too long are cut. What is cut is counted in <see cref="TokenizedText.TruncatedTokens"/>.</summary>
/// <param name="MaxLength">The most tokens of a result, special tokens included.</param>
public sealed record TruncationOptions(int MaxLength)
{
    /// <summary>Nothing is cut, whatever the tokenizer's file says.</summary>
    public static TruncationOptions None { get; } = new(int.MaxValue);

    /// <summary>Which of two sequences is cut.</summary>
    public TruncationStrategy Strategy { get; init; } = TruncationStrategy.LongestFirst;

    /// <summary>Which end is cut off.</summary>
    public SequenceSide Side { get; init; } = SequenceSide.Right;

    /// <summary>How many tokens each of <see cref="TokenizedText.Overflow"/> shares with the one before it.</summary>
    public int Stride { get; init; }
}

/// <summary>How sequences are made equally long.</summary>
public sealed record PaddingOptions
{
    /// <summary>Nothing is filled, whatever the tokenizer's file says.</summary>
    public static PaddingOptions None { get; } = new() { IsOff = true };

    /// <summary>The length that is filled up to; null: that of the longest of a batch.</summary>
    public int? Length { get; init; }

    /// <summary>Where the padding stands.</summary>
    public SequenceSide Side { get; init; } = SequenceSide.Right;

    /// <summary>The length becomes a multiple of this.</summary>
    public int? MultipleOf { get; init; }

    /// <summary>The token that fills.</summary>
    public string Token { get; init; } = "[PAD]";

    /// <summary>Its id.</summary>
    public int Id { get; init; }

    /// <summary>Its type.</summary>
    public int TypeId { get; init; }

    internal bool IsOff { get; init; }
}

/// <summary>How a text is turned into tokens.</summary>
public sealed record EncodeOptions
{
    internal static readonly EncodeOptions Default = new();

    /// <summary>Whether tokens such as the beginning of a sequence are added, as the tokenizer's file says.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>What the text of a special token means where a user typed it.</summary>
    public TypedSpecialTokens TypedSpecialTokens { get; init; } = TypedSpecialTokens.Tokens;

    /// <summary>
    /// Places in the text, in order, where somebody typed a special token: none that has such a place in it is a token, and none that stands in the text only when it is
    /// normalized. Null: all are what <see cref="TypedSpecialTokens"/> says.
    /// </summary>
    internal int[]? TypedTokenPlaces { get; init; }

    /// <summary>What offsets are counted in.</summary>
    public OffsetUnit OffsetUnit { get; init; } = OffsetUnit.Utf16;

    /// <summary>How sequences that are too long are cut; null: as the tokenizer's file says.</summary>
    public TruncationOptions? Truncation { get; init; }

    /// <summary>How sequences are made equally long; null: as the tokenizer's file says.</summary>
    public PaddingOptions? Padding { get; init; }

    /// <summary>How many threads work on a batch; null: one for each core. Results do not depend on it.</summary>
    public int? Threads { get; init; }
}
