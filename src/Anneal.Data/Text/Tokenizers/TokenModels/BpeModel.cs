using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>The settings of a <see cref="BpeModel"/>, as <c>tokenizer.json</c> names them.</summary>
internal sealed record BpeSettings
{
    /// <summary>The token of what is not known; null: it is left out.</summary>
    internal string? UnknownToken { get; init; }

    /// <summary>Stands before every symbol of a word but the first.</summary>
    internal string? ContinuingSubwordPrefix { get; init; }

    /// <summary>Stands behind the last symbol of a word.</summary>
    internal string? EndOfWordSuffix { get; init; }

    /// <summary>Whether neighbouring unknown symbols become one token.</summary>
    internal bool FuseUnknown { get; init; }

    /// <summary>Whether an unknown symbol becomes the tokens of its bytes.</summary>
    internal bool ByteFallback { get; init; }

    /// <summary>Whether a word that is a token is that token, whatever the merges make of it.</summary>
    internal bool IgnoreMerges { get; init; }
}

/// <summary>Byte-pair encoding (Sennrich et al., 2016), on characters or, behind a byte-level pre-tokenizer, on bytes.</summary>
internal sealed class BpeModel : TokenModel
{
    private readonly (int Left, int Right)[] _merges;

    // The ids of single code points: of the first plane by value, of the others by their text.
    private readonly int[] _charIds = new int[char.MaxValue + 1];

    internal BpeModel(Vocabulary vocabulary, (int Left, int Right)[] merges, PairTable pairs, BpeSettings settings) : base(vocabulary)
    {
        (_merges, Pairs, Settings) = (merges, pairs, settings);
        Array.Fill(_charIds, -1);
        CharacterPairs? neighbours = settings.ContinuingSubwordPrefix is null && settings.EndOfWordSuffix is null ? new CharacterPairs() : null;
        foreach ((string token, int id) in vocabulary.Pairs)
        {
            if (token.Length == 1)
                _charIds[token[0]] = id;
            neighbours?.AddToken(token);
        }

        Neighbours = neighbours;
        UnknownId = settings.UnknownToken is { } unknown && vocabulary.TryGetId(unknown, out int unknownId) ? unknownId : -1;
        FallbackIds = settings.ByteFallback ? FallbackBytes(vocabulary) : [];
        int[] byteIds = [.. Enumerable.Range(0, 256).Select(b => _charIds[ByteAlphabet.CharOf((byte)b)])];
        ByteIds = byteIds.Any(id => id < 0) || neighbours is null ? null : byteIds;
    }

    internal PairTable Pairs { get; }

    /// <summary>The pairs that merge, by their ids, the first first; empty where ranks say what merges.</summary>
    internal IReadOnlyList<(int Left, int Right)> Merges => _merges;

    internal BpeSettings Settings { get; }

    internal int UnknownId { get; }

    /// <summary>Where words can be cut; null where symbols depend on their place in the word.</summary>
    internal CharacterPairs? Neighbours { get; }

    /// <summary>The tokens of bytes for what is not known, -1 where there is none.</summary>
    internal int[] FallbackIds { get; }

    /// <summary>The tokens of the byte alphabet, or null where one is missing.</summary>
    internal int[]? ByteIds { get; }

    internal override ModelSession CreateSession() => new BpeSession(this);

    /// <summary>A session that takes words as they are and turns them to bytes itself.</summary>
    internal ModelSession CreateByteSession() => new ByteLevelBpeSession(this, ByteIds!);

    /// <summary>The id of a code point as a symbol, or -1.</summary>
    internal int IdOf(int codePoint, ReadOnlySpan<char> text) =>
        codePoint <= char.MaxValue ? _charIds[codePoint] : Vocabulary.TryGetId(text, out int id) ? id : -1;

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        ComponentJson.WriteOptional(json, "unk_token", Settings.UnknownToken);
        ComponentJson.WriteOptional(json, "continuing_subword_prefix", Settings.ContinuingSubwordPrefix);
        ComponentJson.WriteOptional(json, "end_of_word_suffix", Settings.EndOfWordSuffix);
        json.WriteBoolean("fuse_unk", Settings.FuseUnknown);
        json.WriteBoolean("byte_fallback", Settings.ByteFallback);
        json.WriteBoolean("ignore_merges", Settings.IgnoreMerges);
        WriteVocabulary(json, Vocabulary);
        json.WriteStartArray("merges");
        foreach ((int left, int right) in _merges)
        {
            json.WriteStartArray();
            foreach (int id in (int[])[left, right])
                json.WriteStringValue(Vocabulary.TryGetToken(id, out string? token) ? token : throw new InvalidOperationException("A merge has no token."));
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The tokens <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, -1 where there is none.</summary>
    internal static int[] FallbackBytes(Vocabulary vocabulary) =>
        [.. ByteTokens.Select(b => vocabulary.TryGetId(b, out int id) ? id : -1)];

    /// <summary>How vocabularies spell the bytes, in their order.</summary>
    internal static ImmutableArray<string> ByteTokens { get; } = [.. Enumerable.Range(0, 256).Select(b => string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>"))];
}

/// <summary>Byte-pair encoding of words of characters.</summary>
internal sealed class BpeSession(BpeModel model) : CuttingSession(model.Settings.IgnoreMerges ? null : model.Neighbours)
{
    private readonly PairMerger _merger = new(model.Pairs);

    protected override void Find(ReadOnlySpan<char> word)
    {
        if (model.Settings.IgnoreMerges && model.Vocabulary.TryGetId(word, out int whole))
        {
            Add(whole, 0, word.Length);
            return;
        }

        _merger.Clear();
        for (int i = 0; i < word.Length;)
        {
            int point = CodePoints.At(word, i, out int length);
            int id = IdOf(word, point, i, length);
            if (id >= 0)
                _merger.Add(id, i, i + length);
            else
                AddUnknown(word.Slice(i, length), i);
            i += length;
        }

        _merger.Merge();
        bool isAfterUnknown = false;
        foreach (PairMerger.Symbol symbol in _merger.Symbols)
        {
            bool isUnknown = symbol.Id == PairMergerUnknown;
            if (isUnknown && isAfterUnknown && model.Settings.FuseUnknown)
                Last = Last with { End = symbol.End };
            else
                Add(isUnknown ? model.UnknownId : symbol.Id, symbol.Start, symbol.End);
            isAfterUnknown = isUnknown;
        }
    }

    // An unknown symbol, which no merge takes.
    private const int PairMergerUnknown = -1;

    private int IdOf(ReadOnlySpan<char> word, int point, int at, int length)
    {
        if (model.Neighbours is not null)
            return model.IdOf(point, word.Slice(at, length));
        string symbol = string.Concat(at > 0 ? model.Settings.ContinuingSubwordPrefix : "", word.Slice(at, length), at + length == word.Length ? model.Settings.EndOfWordSuffix : "");
        return model.Vocabulary.TryGetId(symbol, out int id) ? id : -1;
    }

    private void AddUnknown(ReadOnlySpan<char> symbol, int at)
    {
        Span<byte> utf8 = stackalloc byte[4];
        utf8 = utf8[..Encoding.UTF8.GetBytes(symbol, utf8)];
        if (model.Settings.ByteFallback && AllKnown(utf8))
        {
            foreach (byte b in utf8)
                _merger.Add(model.FallbackIds[b], at, at + symbol.Length);
        }
        else if (model.UnknownId >= 0)
        {
            _merger.Add(PairMergerUnknown, at, at + symbol.Length);
        }
    }

    private bool AllKnown(ReadOnlySpan<byte> utf8)
    {
        foreach (byte b in utf8)
        {
            if (model.FallbackIds[b] < 0)
                return false;
        }

        return true;
    }

    // Both neighbours are unknown and so would become one token.
    protected override bool AreTogether(ReadOnlySpan<char> word, int at)
    {
        if (!model.Settings.FuseUnknown)
            return false;
        int left = CodePoints.Before(word, at, out int leftLength), right = CodePoints.At(word, at, out int rightLength);
        return model.IdOf(left, word.Slice(at - leftLength, leftLength)) < 0 && model.IdOf(right, word.Slice(at, rightLength)) < 0;
    }
}

/// <summary>Byte-pair encoding of the bytes of words.</summary>
internal sealed class ByteLevelBpeSession(BpeModel model, int[] byteIds) : CachingSession
{
    private readonly PairMerger _merger = new(model.Pairs);
    private char[] _spelled = new char[4 * WordCache.LongestWord];

    protected override void Find(ReadOnlySpan<char> word)
    {
        if (model.Settings.IgnoreMerges && IsToken(word, out int whole))
        {
            Add(whole, 0, word.Length);
            return;
        }

        _merger.Clear();
        Span<byte> utf8 = stackalloc byte[4];
        for (int i = 0; i < word.Length;)
        {
            char c = word[i];
            if (c < 128)
            {
                _merger.Add(byteIds[c], i, i + 1);
                i++;
                continue;
            }

            CodePoints.At(word, i, out int length);
            int count = Encoding.UTF8.GetBytes(word.Slice(i, length), utf8);
            for (int b = 0; b < count; b++)
                _merger.Add(byteIds[utf8[b]], i, i + length);
            i += length;
        }

        _merger.Merge();
        foreach (PairMerger.Symbol symbol in _merger.Symbols)
            Add(symbol.Id, symbol.Start, symbol.End);
    }

    private bool IsToken(ReadOnlySpan<char> word, out int id)
    {
        id = -1;

        // No unit becomes more than three bytes, and no token is that long that its word must be spelled out at any cost.
        if (3 * word.Length > _spelled.Length)
        {
            if (word.Length > 1 << 16)
                return false;
            _spelled = new char[3 * word.Length];
        }

        int count = 0;
        Span<byte> utf8 = stackalloc byte[4];
        for (int i = 0; i < word.Length;)
        {
            CodePoints.At(word, i, out int length);
            int bytes = Encoding.UTF8.GetBytes(word.Slice(i, length), utf8);
            for (int b = 0; b < bytes; b++)
                _spelled[count++] = ByteAlphabet.CharOf(utf8[b]);
            i += length;
        }

        return model.Vocabulary.TryGetId(_spelled.AsSpan(0, count), out id);
    }
}
