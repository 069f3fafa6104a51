using System.Collections.Concurrent;

namespace Anneal.Data;

/// <summary>
/// Turns text into the tokens of a model and back, as the software that the model came from does: the same ids, tokens, offsets and text. It reads
/// <c>tokenizer.json</c> (WordPiece, byte-pair encoding on characters or bytes, Unigram, WordLevel), SentencePiece models and tiktoken's rank files.
/// </summary>
/// <remarks>
/// It never changes and may be used by several threads at once. Halves of surrogate pairs that stand alone in a text count as U+FFFD.
/// Results do not depend on the machine, its culture or its libraries.
/// </remarks>
public sealed partial class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedTokens _added;
    private readonly ConcurrentBag<EncodingSession> _sessions = [];
    private Tokenizer? _forTemplates;

    internal Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _added = new AddedTokens(parts.AddedTokens, parts.Normalizer);
    }

    /// <summary>What it is made of.</summary>
    internal TokenizerParts Parts => _parts;

    /// <summary>One more than the largest id, which is the least number of rows that an embedding of these tokens has.</summary>
    public int IdCount => Math.Max(_parts.Model.Vocabulary.MaxId, _added.MaxId) + 1;

    /// <summary>How many different tokens there are, added ones among them.</summary>
    public int VocabularySize => _parts.Model.Vocabulary.Count + _added.All.Count(t => !_parts.Model.Vocabulary.TryGetId(t.Token.Content, out _));

    /// <summary>The added tokens and their ids, in the order of the file.</summary>
    public IReadOnlyList<(AddedToken Token, int Id)> AddedTokens => _added.All;

    /// <summary>How the tokenizer's file wants sequences cut; null: not at all.</summary>
    public TruncationOptions? Truncation => _parts.Truncation;

    /// <summary>How the tokenizer's file wants sequences filled; null: not at all.</summary>
    public PaddingOptions? Padding => _parts.Padding;

    /// <summary>The same tokenizer that cuts and fills in another way where it is not told otherwise. A file of it says so.</summary>
    /// <param name="truncation">How sequences are cut; null: not at all.</param>
    /// <param name="padding">How sequences are filled; null: not at all.</param>
    public Tokenizer With(TruncationOptions? truncation, PaddingOptions? padding) => new(_parts with
    {
        Truncation = truncation is { MaxLength: int.MaxValue } ? null : truncation,
        Padding = padding is { IsOff: true } ? null : padding,
    });

    /// <summary>
    /// The same tokenizer, but such that it finds control tokens in a text: chat templates write them, while SentencePiece itself puts them around a text only by their numbers.
    /// </summary>
    internal Tokenizer ForTemplates => _forTemplates ??= _parts.ControlIds.Count == 0 ? this : new Tokenizer(_parts with
    {
        AddedTokens = [.. _parts.AddedTokens, .. _parts.ControlIds.Order().Select(id => (AddedToken.Special(TokenOf(id)!), id)).Where(t => !_added.TryGetId(t.Item1.Content, out _))],
    });
    /// <summary>The same tokenizer that finds other added tokens in texts.</summary>
    internal Tokenizer WithAddedTokens(IReadOnlyList<(AddedToken Token, int Id)> tokens) => new(_parts with { AddedTokens = tokens });

    /// <summary>The id of a token, or null where there is none of this text.</summary>
    public int? IdOf(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _added.TryGetId(token, out int id) || _parts.Model.Vocabulary.TryGetId(token, out id) ? id : null;
    }

    /// <summary>The token of an id, or null where there is none.</summary>
    public string? TokenOf(int id) =>
        _added.TryGetToken(id, out AddedToken? added) ? added.Content : _parts.Model.Vocabulary.TryGetToken(id, out string? token) ? token : null;

    /// <summary>Whether an id steers a model and is no text.</summary>
    public bool IsSpecial(int id) => _added.IsSpecial(id) || _parts.ControlIds.Contains(id);

    /// <summary>Turns a text into tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="TokenizationException">The model has no token for what it does not know, the text cannot be cut as asked, or a pattern takes too long.</exception>
    public TokenizedText Encode(string text, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Single([EncodeOne(text, null, options ?? EncodeOptions.Default)], options ?? EncodeOptions.Default);
    }

    /// <summary>Turns two texts that belong together, such as a question and a passage, into one sequence of tokens.</summary>
    /// <param name="first">The first text.</param>
    /// <param name="second">The second text.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="TokenizationException">As for <see cref="Encode"/>.</exception>
    public TokenizedText EncodePair(string first, string second, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Single([EncodeOne(first, second, options ?? EncodeOptions.Default)], options ?? EncodeOptions.Default);
    }

    /// <summary>Turns many texts into tokens, on several threads; the results are as those of <see cref="Encode"/>, padded together.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="TokenizationException">As for <see cref="Encode"/>.</exception>
    public TokenizedText[] EncodeBatch(IReadOnlyList<string> texts, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Batch(texts.Count, i => (texts[i] ?? throw new ArgumentException("A text is null.", nameof(texts)), null), options ?? EncodeOptions.Default);
    }

    /// <summary>Turns many pairs of texts into tokens, as <see cref="EncodeBatch(IReadOnlyList{string}, EncodeOptions?)"/> does.</summary>
    /// <exception cref="TokenizationException">As for <see cref="Encode"/>.</exception>
    public TokenizedText[] EncodeBatch(IReadOnlyList<(string First, string Second)> pairs, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return Batch(pairs.Count, i => (pairs[i].First, pairs[i].Second), options ?? EncodeOptions.Default);
    }

    /// <summary>How many tokens a text has, special ones included where they are added. Neither truncation nor padding count.</summary>
    /// <exception cref="TokenizationException">As for <see cref="Encode"/>.</exception>
    public int Count(string text, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= EncodeOptions.Default;
        EncodingSession session = Rent();
        session.Encode(text, options);
        int count = session.Tokens.Count + (options.AddSpecialTokens ? _parts.PostProcessor?.AddedCount(isPair: false) ?? 0 : 0);
        _sessions.Add(session);
        return count;
    }

    /// <summary>Turns tokens into text.</summary>
    /// <param name="ids">The ids; those of no token are left out.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var tokens = new List<string>(ids.Length);
        foreach (int id in ids)
        {
            if (!(skipSpecialTokens && IsSpecial(id)) && (_added.TryGetText(id, out string? token) || _parts.Model.Vocabulary.TryGetToken(id, out token)))
                tokens.Add(token);
        }

        return _parts.Decoder is { } decoder ? string.Concat(decoder.Decode(tokens)) : string.Join(' ', tokens);
    }

    /// <summary>Turns many sequences of tokens into text.</summary>
    public string[] DecodeBatch(IReadOnlyList<int[]> batch, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return [.. batch.Select(ids => Decode(ids, skipSpecialTokens))];
    }

    /// <summary>Begins to turn tokens into text as they come, one by one.</summary>
    public StreamingDecoder CreateStreamingDecoder(bool skipSpecialTokens = true) => new(this, skipSpecialTokens);

    private TokenizedText Single(List<Encoded> encoded, EncodeOptions options) => Finish(encoded, options)[0];

    private TokenizedText[] Batch(int count, Func<int, (string First, string? Second)> textAt, EncodeOptions options)
    {
        if (options.Threads is <= 0)
            throw new OptionException($"A batch cannot be encoded by {options.Threads} threads.");
        var encoded = new Encoded[count];
        int threads = Math.Min(options.Threads ?? Environment.ProcessorCount, count);
        if (threads <= 1)
        {
            for (int i = 0; i < count; i++)
                encoded[i] = EncodeOne(textAt(i).First, textAt(i).Second, options);
        }
        else
        {
            try
            {
                Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => encoded[i] = EncodeOne(textAt(i).First, textAt(i).Second, options));
            }
            catch (AggregateException e) when (e.InnerExceptions[0] is AnnealException or ArgumentException)
            {
                throw e.InnerExceptions[0];
            }
        }

        return Finish(encoded, options);
    }

    private Encoded EncodeOne(string first, string? second, EncodeOptions options)
    {
        EncodingSession session = Rent();
        var texts = new List<TokenPiece>(2) { session.EncodePiece(first, 0, options) };
        if (second is not null)
            texts.Add(session.EncodePiece(second, 1, options));
        _sessions.Add(session);
        int added = options.AddSpecialTokens ? _parts.PostProcessor?.AddedCount(second is not null) ?? 0 : 0;
        TruncationOptions? truncation = options.Truncation ?? _parts.Truncation;
        int before = texts.Sum(t => t.Ids.Length);
        List<List<TokenPiece>> parts = truncation is null || truncation.MaxLength == int.MaxValue ? [texts] : TokenTruncation.Cut(texts, truncation, added);
        int truncated = before - parts[0].Sum(t => t.Ids.Length);
        foreach (List<TokenPiece> part in parts)
            _parts.PostProcessor?.Process(part, options.AddSpecialTokens, this);
        return new Encoded(parts, truncated);
    }

    private TokenizedText[] Finish(IReadOnlyList<Encoded> encoded, EncodeOptions options)
    {
        PaddingOptions? padding = options.Padding ?? _parts.Padding;
        if (padding is { IsOff: true })
            padding = null;
        int target = 0;
        if (padding is not null)
        {
            target = padding.Length ?? encoded.Select(e => Length(e.Parts[0])).DefaultIfEmpty().Max();
            if (padding.MultipleOf is { } multiple && multiple > 0 && target % multiple != 0)
                target = checked(target + multiple - target % multiple);
            if (padding.Length < 0 || padding.MultipleOf < 0)
                throw new OptionException("The length of padded sequences cannot be negative.");
        }

        var results = new TokenizedText[encoded.Count];
        for (int i = 0; i < results.Length; i++)
        {
            TokenizedText[] overflow = [.. encoded[i].Parts.Skip(1).Select(part => Make(part, 0, []))];
            results[i] = Make(encoded[i].Parts[0], encoded[i].Truncated, overflow);
        }

        return results;

        TokenizedText Make(List<TokenPiece> part, int truncated, TokenizedText[] overflow) =>
            new(this, part, padding, Math.Max(0, target - Length(part)), truncated, overflow);

        static int Length(List<TokenPiece> part) => part.Sum(p => p.Ids.Length);
    }

    private EncodingSession Rent() => _sessions.TryTake(out EncodingSession? session) ? session : new EncodingSession(_parts, _added);

    /// <summary>A text or a pair: what is kept of it and, behind it, what was cut off.</summary>
    private readonly record struct Encoded(List<List<TokenPiece>> Parts, int Truncated);
}
