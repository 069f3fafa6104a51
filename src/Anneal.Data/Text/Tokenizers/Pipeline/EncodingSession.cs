namespace Anneal.Data;

/// <summary>What one thread at a time needs to turn texts into tokens.</summary>
internal sealed class EncodingSession
{
    private readonly TokenizerParts _parts;
    private readonly AddedTokens _added;
    private readonly ModelSession _model;
    private readonly SplitText _split = new();
    private readonly List<TextSplit> _found = [], _normalized = [];

    // Byte-level words go to the model as they are where it can turn them to bytes itself.
    private readonly PreTokenizer[] _preTokenizers;
    private readonly ByteLevelPreTokenizer? _lastCut;

    internal EncodingSession(TokenizerParts parts, AddedTokens added)
    {
        (_parts, _added) = (parts, added);
        _preTokenizers = parts.PreTokenizer is PreTokenizerSequence sequence ? sequence.Items : parts.PreTokenizer is { } single ? [single] : [];
        if (_preTokenizers is [.. var before, ByteLevelPreTokenizer last] && parts.Model is BpeModel { ByteIds: not null } bpe)
        {
            (_preTokenizers, _lastCut) = ([.. before], last);
            _model = bpe.CreateByteSession();
        }
        else
        {
            _model = parts.Model.CreateSession();
        }
    }

    /// <summary>The tokens of the last text, with places in units of the text.</summary>
    internal TokenBuffer Tokens { get; } = new();

    /// <summary>Turns a text into <see cref="Tokens"/>.</summary>
    internal void Encode(string text, EncodeOptions options)
    {
        Tokens.Clear();
        _found.Clear();
        var typed = new TypedTokenRule(options.TypedSpecialTokens, text, options.TypedTokenPlaces);
        _added.Find(text, null, typed, _found);
        foreach (TextSplit part in _found)
        {
            if (part.TokenId == TextSplit.NoToken)
                EncodePart(text.AsSpan(part.Start, part.Length), part.Start, typed);
            else
                AddToken(part.TokenId, text.AsSpan(part.Start, part.Length), part.Start, part.End);
        }
    }

    /// <summary>Turns a text into a piece.</summary>
    internal TokenPiece EncodePiece(string text, int sequence, EncodeOptions options)
    {
        Encode(text, options);
        Span<int> starts = Tokens.Starts, ends = Tokens.Ends;
        if (options.OffsetUnit == OffsetUnit.CodePoint)
            ToCodePoints(text, starts, ends);
        var offsets = new TextRange[starts.Length];
        for (int i = 0; i < offsets.Length; i++)
            offsets[i] = new TextRange(starts[i], ends[i]);
        return new TokenPiece(Tokens.Ids.ToArray(), offsets, [.. Tokens.Surfaces]) { Sequence = sequence, TypeId = sequence };
    }

    private void EncodePart(ReadOnlySpan<char> part, int origin, in TypedTokenRule typed)
    {
        _split.Reset(part, origin);
        AlignedText text = _split.Text;
        _parts.Normalizer?.Apply(text);
        _split.ResetSplits();
        if (_added.HasNormalized)
        {
            _normalized.Clear();
            _added.Find(text.Chars, text, typed, _normalized);
            foreach (TextSplit split in _normalized)
                _split.Add(split);
            _split.Commit();
        }

        foreach (PreTokenizer preTokenizer in _preTokenizers)
            preTokenizer.Apply(_split);
        _lastCut?.Cut(_split);
        int first = Tokens.Count;
        ReadOnlySpan<char> chars = text.Chars;
        foreach (TextSplit split in _split.Splits)
        {
            if (split.TokenId == TextSplit.NoToken)
                _model.Encode(chars[split.Start..split.End], split.Start, Tokens);
            else
                AddToken(split.TokenId, chars[split.Start..split.End], split.Start, split.End);
        }

        if (_parts.Model.UnknownTextId is var unknown && unknown >= 0)
            AddSurfaces(unknown, first, chars);
        text.ToOriginal(Tokens.Starts[first..], Tokens.Ends[first..]);
    }

    private void AddToken(int id, ReadOnlySpan<char> text, int start, int end)
    {
        if (!_added.TryGetToken(id, out AddedToken? token) || !text.SequenceEqual(token.Content))
            Tokens.Surfaces.Add((Tokens.Count, text.ToString()));
        Tokens.Add(id, start, end);
    }

    private void AddSurfaces(int unknown, int first, ReadOnlySpan<char> chars)
    {
        ReadOnlySpan<int> ids = Tokens.Ids;
        for (int i = first; i < ids.Length; i++)
        {
            // Also an added token can be the unknown one; its text is what it was found as.
            if (ids[i] == unknown)
                Tokens.Surfaces.Add((i, chars[Tokens.Starts[i]..Tokens.Ends[i]].ToString()));
        }
    }

    private static void ToCodePoints(ReadOnlySpan<char> text, Span<int> starts, Span<int> ends)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDBFF') < 0)
            return;
        var points = new int[text.Length + 1];
        for (int i = 0, count = 0; i < text.Length;)
        {
            bool isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            points[i++] = count;
            if (isPair)
                points[i++] = count + 1;
            points[i] = ++count;
        }

        for (int i = 0; i < starts.Length; i++)
            (starts[i], ends[i]) = (points[starts[i]], points[ends[i]]);
    }
}
