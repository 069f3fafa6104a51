namespace Anneal.Data;

/// <summary>
/// Turns tokens into text as they come, while a model generates. It never gives half of a character: what is not whole yet waits for the next
/// token. All that it gives, joined, is what <see cref="Tokenizer.Decode"/> makes of all tokens, where these spell sound text.
/// </summary>
public sealed class StreamingDecoder
{
    // A character has at most four bytes, and so tokens, that spell nothing alone; what waits longer never becomes one.
    private const int MostWaiting = 8;

    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;

    // What was given already and still says whether a space stands before the next word, and what waits.
    private readonly List<int> _context = [], _waiting = [];

    internal StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens) => (_tokenizer, _skipSpecialTokens) = (tokenizer, skipSpecialTokens);

    /// <summary>Takes the next token.</summary>
    /// <returns>The text that is whole now; it may be empty.</returns>
    public string Push(int id)
    {
        if (_skipSpecialTokens && _tokenizer.IsSpecial(id))
            return "";
        _waiting.Add(id);
        return Take(isEnd: false);
    }

    /// <summary>Ends the sequence.</summary>
    /// <returns>What still waited, with U+FFFD for characters that are not whole.</returns>
    public string Flush()
    {
        string text = _waiting.Count == 0 ? "" : Take(isEnd: true);
        _context.Clear();
        _waiting.Clear();
        return text;
    }

    private string Take(bool isEnd)
    {
        string given = Decode(_context), all = Decode([.. _context, .. _waiting]);
        bool waits = all.Length <= given.Length || all[^1] == '\uFFFD';
        if (waits && !isEnd && _waiting.Count < MostWaiting)
            return "";

        // Where the bytes that wait spoil those before them, they speak for themselves.
        string text = all.StartsWith(given, StringComparison.Ordinal) ? all[given.Length..] : Decode(_waiting);
        if (text.Length > 0)
        {
            _context.Clear();
            _context.AddRange(_waiting);
            _waiting.Clear();
        }
        else if (_waiting.Count >= MostWaiting)
        {
            // Tokens without any text leave what was before them in force.
            _waiting.Clear();
        }

        return text;
    }

    private string Decode(List<int> ids) => _tokenizer.Decode([.. ids], _skipSpecialTokens);
}
