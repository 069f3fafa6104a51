using System.Text.Json;

namespace Anneal.Data;

/// <summary>Turns words into tokens.</summary>
internal abstract class TokenModel(Vocabulary vocabulary)
{
    internal Vocabulary Vocabulary => vocabulary;

    /// <summary>The id whose tokens are spelled as the text that they stand for, or -1.</summary>
    internal virtual int UnknownTextId => -1;

    /// <summary>What one thread at a time works with.</summary>
    internal abstract ModelSession CreateSession();

    /// <summary>Writes the model as <c>tokenizer.json</c> holds it.</summary>
    internal abstract void Write(Utf8JsonWriter json);

    protected static void WriteVocabulary(Utf8JsonWriter json, Vocabulary vocabulary)
    {
        json.WriteStartObject("vocab");
        foreach ((string token, int id) in vocabulary.Ordered())
            json.WriteNumber(token, id);
        json.WriteEndObject();
    }
}

/// <summary>A model at work: its caches and buffers. Not for several threads at once.</summary>
internal abstract class ModelSession
{
    /// <summary>Adds the tokens of a word.</summary>
    /// <param name="word">The word, in sound UTF-16 and not empty.</param>
    /// <param name="offset">Where it stands, which the tokens' places count from.</param>
    /// <param name="tokens">Receives the tokens.</param>
    internal abstract void Encode(ReadOnlySpan<char> word, int offset, TokenBuffer tokens);
}

/// <summary>A session that remembers the tokens of short words.</summary>
internal abstract class CachingSession : ModelSession
{
    private readonly WordCache _cache = new();
    private WordToken[] _found = new WordToken[32];
    private int _count;

    internal sealed override void Encode(ReadOnlySpan<char> word, int offset, TokenBuffer tokens)
    {
        if (word.Length > WordCache.LongestWord)
            EncodeLong(word, offset, tokens);
        else
            EncodeShort(word, offset, tokens);
    }

    /// <summary>Adds the tokens of a word that is too long to be remembered.</summary>
    protected virtual void EncodeLong(ReadOnlySpan<char> word, int offset, TokenBuffer tokens)
    {
        _count = 0;
        Find(word);
        tokens.Add(_found.AsSpan(0, _count), offset);
        if (_found.Length > 1 << 16)
            _found = new WordToken[32];
    }

    /// <summary>Adds the tokens of a word that may be remembered.</summary>
    protected void EncodeShort(ReadOnlySpan<char> word, int offset, TokenBuffer tokens)
    {
        ulong hash = WordCache.Hash(word);
        if (_cache.TryGet(word, hash, out ReadOnlySpan<WordToken> known))
        {
            tokens.Add(known, offset);
            return;
        }

        _count = 0;
        Find(word);
        ReadOnlySpan<WordToken> found = _found.AsSpan(0, _count);
        _cache.Add(word, hash, found);
        tokens.Add(found, offset);
    }

    /// <summary>Calls <see cref="Add"/> for the tokens of a word.</summary>
    protected abstract void Find(ReadOnlySpan<char> word);

    /// <summary>How many tokens of this word were found.</summary>
    protected int Count => _count;

    /// <summary>The last token found.</summary>
    protected ref WordToken Last => ref _found[_count - 1];

    protected void Add(int id, int start, int end)
    {
        if (_count == _found.Length)
            Array.Resize(ref _found, 2 * _count);
        _found[_count++] = new WordToken(id, start, end);
    }

    /// <summary>Forgets the tokens of this word.</summary>
    protected void Discard() => _count = 0;
}

/// <summary>A session that cuts long words where no token can reach across, so that their parts can be remembered.</summary>
/// <param name="neighbours">What stands side by side in tokens; null: words are never cut.</param>
internal abstract class CuttingSession(CharacterPairs? neighbours) : CachingSession
{
    protected override void EncodeLong(ReadOnlySpan<char> word, int offset, TokenBuffer tokens)
    {
        if (neighbours is null)
        {
            base.EncodeLong(word, offset, tokens);
            return;
        }

        int from = 0;
        for (int i = 1; i <= word.Length; i++)
        {
            if (i < word.Length && (neighbours.Contains(word[i - 1], word[i]) || char.IsLowSurrogate(word[i]) || AreTogether(word, i)))
                continue;
            ReadOnlySpan<char> piece = word[from..i];
            if (piece.Length > WordCache.LongestWord)
                base.EncodeLong(piece, offset + from, tokens);
            else
                EncodeShort(piece, offset + from, tokens);
            from = i;
        }
    }

    /// <summary>Whether a word must not be cut at an index, although no token reaches across.</summary>
    protected abstract bool AreTogether(ReadOnlySpan<char> word, int at);
}
