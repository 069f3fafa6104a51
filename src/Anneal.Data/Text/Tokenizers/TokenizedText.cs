namespace Anneal.Data;

/// <summary>A range of a text.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where it ends, exclusive.</param>
public readonly record struct TextRange(int Start, int End);

/// <summary>A text, or a pair of texts, as tokens.</summary>
public sealed class TokenizedText
{
    private readonly Tokenizer _tokenizer;
    private readonly int[] _ids, _typeIds, _attentionMask, _specialTokensMask, _sequences;
    private readonly TextRange[] _offsets;
    private readonly Dictionary<int, string>? _surfaces;
    private string[]? _tokens;

    internal TokenizedText(Tokenizer tokenizer, List<TokenPiece> pieces, PaddingOptions? padding, int padCount, int truncatedTokens, IReadOnlyList<TokenizedText> overflow)
    {
        (_tokenizer, TruncatedTokens, Overflow) = (tokenizer, truncatedTokens, overflow);
        int count = padCount;
        foreach (TokenPiece piece in pieces)
            count += piece.Ids.Length;
        (_ids, _typeIds, _offsets) = (new int[count], new int[count], new TextRange[count]);
        (_attentionMask, _specialTokensMask, _sequences) = (new int[count], new int[count], new int[count]);
        int at = 0;
        if (padding is { Side: SequenceSide.Left })
            at = Fill(padding, at, padCount, ref _surfaces);
        foreach (TokenPiece piece in pieces)
        {
            int length = piece.Ids.Length;
            piece.Ids.CopyTo(_ids, at);
            _typeIds.AsSpan(at, length).Fill(piece.TypeId);
            _attentionMask.AsSpan(at, length).Fill(1);
            _specialTokensMask.AsSpan(at, length).Fill(piece.IsSpecial ? 1 : 0);
            _sequences.AsSpan(at, length).Fill(piece.Sequence);
            for (int i = 0; i < piece.Offsets.Length; i++)
                _offsets[at + i] = piece.Offsets[i];
            foreach ((int index, string text) in piece.Surfaces)
                (_surfaces ??= [])[at + index] = text;
            at += length;
        }

        if (padding is { Side: SequenceSide.Right })
            Fill(padding, at, padCount, ref _surfaces);
    }

    /// <summary>How many tokens there are.</summary>
    public int Count => _ids.Length;

    /// <summary>The ids.</summary>
    public ReadOnlySpan<int> Ids => _ids;

    /// <summary>0 for the first sequence and 1 for the second, or what the tokenizer's file says.</summary>
    public ReadOnlySpan<int> TypeIds => _typeIds;

    /// <summary>1 for tokens and 0 for padding.</summary>
    public ReadOnlySpan<int> AttentionMask => _attentionMask;

    /// <summary>1 for tokens that were added around the text and for padding, 0 for those that were found in it.</summary>
    public ReadOnlySpan<int> SpecialTokensMask => _specialTokensMask;

    /// <summary>The text that each token was found in: 0 or 1 of a pair, and -1 for what was added.</summary>
    public ReadOnlySpan<int> Sequences => _sequences;

    /// <summary>The range of its text that each token stands for; empty for what was added.</summary>
    public ReadOnlySpan<TextRange> Offsets => _offsets;

    /// <summary>The tokens as the vocabulary spells them; what it does not know, where the model keeps its text, as it stands in the normalized text.</summary>
    public IReadOnlyList<string> Tokens => _tokens ??= MakeTokens();

    /// <summary>How many tokens of the text were cut off to keep within <see cref="TruncationOptions.MaxLength"/>.</summary>
    public int TruncatedTokens { get; }

    /// <summary>What was cut off, in parts that are as long.</summary>
    public IReadOnlyList<TokenizedText> Overflow { get; }

    private int Fill(PaddingOptions padding, int at, int count, ref Dictionary<int, string>? surfaces)
    {
        _ids.AsSpan(at, count).Fill(padding.Id);
        _typeIds.AsSpan(at, count).Fill(padding.TypeId);
        _specialTokensMask.AsSpan(at, count).Fill(1);
        _sequences.AsSpan(at, count).Fill(-1);
        for (int i = 0; i < count; i++)
            (surfaces ??= [])[at + i] = padding.Token;
        return at + count;
    }

    private string[] MakeTokens()
    {
        var tokens = new string[_ids.Length];
        for (int i = 0; i < tokens.Length; i++)
            tokens[i] = _surfaces is not null && _surfaces.TryGetValue(i, out string? surface) ? surface : _tokenizer.TokenOf(_ids[i]) ?? "";
        return tokens;
    }
}

/// <summary>Tokens that belong together: a text, or what is added before, between or behind texts.</summary>
internal sealed record TokenPiece(int[] Ids, TextRange[] Offsets, List<(int Index, string Text)> Surfaces)
{
    internal int TypeId { get; init; }

    internal bool IsSpecial { get; init; }

    /// <summary>Which text of a pair it is, or -1.</summary>
    internal int Sequence { get; init; }

    /// <summary>Tokens that are no text.</summary>
    internal static TokenPiece Added(int[] ids, string[] tokens, int typeId) =>
        new(ids, new TextRange[ids.Length], [.. tokens.Select((token, i) => (i, token))]) { TypeId = typeId, IsSpecial = true, Sequence = -1 };

    /// <summary>A part of it.</summary>
    internal TokenPiece Slice(int start, int end) => this with
    {
        Ids = Ids[start..end],
        Offsets = Offsets[start..end],
        Surfaces = [.. Surfaces.Where(s => s.Index >= start && s.Index < end).Select(s => (s.Index - start, s.Text))],
    };
}
