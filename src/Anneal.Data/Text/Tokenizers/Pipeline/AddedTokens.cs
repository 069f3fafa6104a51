using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Anneal.Data;

/// <summary>The added tokens of a tokenizer, and how they are found in a text: at each place the longest.</summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<int, AddedToken> _byId;
    private readonly Dictionary<string, int> _ids = [];
    private readonly Dictionary<int, string> _normalizedContents = [];
    private readonly Finder? _given, _normalized;

    internal AddedTokens(IReadOnlyList<(AddedToken Token, int Id)> tokens, Normalizer? normalizer)
    {
        All = tokens;
        _byId = tokens.ToDictionary(t => t.Id, t => t.Token);
        foreach ((AddedToken token, int id) in tokens)
            _ids.Add(token.Content, id);
        _given = Finder.Of([.. tokens.Where(t => !t.Token.IsNormalized).Select(t => (t.Token.Content, t.Id))]);
        foreach ((AddedToken token, int id) in tokens.Where(t => t.Token.IsNormalized))
            _normalizedContents.Add(id, normalizer?.Normalize(token.Content) ?? token.Content);
        _normalized = Finder.Of([.. _normalizedContents.Select(t => (t.Value, t.Key))]);
    }

    internal IReadOnlyList<(AddedToken Token, int Id)> All { get; }

    /// <summary>Whether any is looked for in normalized text.</summary>
    internal bool HasNormalized => _normalized is not null;

    internal int MaxId => _byId.Keys.DefaultIfEmpty(-1).Max();

    internal bool TryGetId(string content, out int id) => _ids.TryGetValue(content, out id);

    internal bool TryGetToken(int id, [NotNullWhen(true)] out AddedToken? token) => _byId.TryGetValue(id, out token);

    /// <summary>What a token is in decoding: its text as it was found, with what normalization put there.</summary>
    internal bool TryGetText(int id, [NotNullWhen(true)] out string? text)
    {
        text = _normalizedContents.TryGetValue(id, out string? normalized) ? normalized : _byId.TryGetValue(id, out AddedToken? token) ? token.Content : null;
        return text is not null;
    }

    internal bool IsSpecial(int id) => _byId.TryGetValue(id, out AddedToken? token) && token.IsSpecial;

    /// <summary>Adds the parts of a text, tokens and what stands between them, in order.</summary>
    /// <param name="text">The text.</param>
    /// <param name="normalized">The text, where it is normalized; null where it is as it was given.</param>
    /// <param name="typed">What special tokens in it mean.</param>
    /// <param name="parts">Receives the parts.</param>
    internal void Find(ReadOnlySpan<char> text, AlignedText? normalized, in TypedTokenRule typed, List<TextSplit> parts)
    {
        Finder? finder = normalized is null ? _given : _normalized;
        int done = 0, at = 0;
        while (finder is not null && finder.TryFind(text, at, out TextSplit match))
        {
            AddedToken token = _byId[match.TokenId];
            int start = match.Start, end = match.End;
            if (token.IsSpecial && typed.IsText(token, normalized?.StartOf(start) ?? start, normalized?.EndOf(end - 1) ?? end))
            {
                // Within what was typed another token may begin, which ends outside of it.
                at = typed.Places is null ? end : start + 1;
                continue;
            }

            at = end;
            if (start < done || token.IsSingleWord && !StandsAlone(text, start, end))
                continue;
            while (token.StripsLeft && start > done && CodePoints.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.StripsRight && end < text.Length && CodePoints.IsWhiteSpace(text[end]))
                end++;
            if (start > done)
                parts.Add(new TextSplit(done, start));
            parts.Add(new TextSplit(start, end, match.TokenId));
            done = end;
        }

        if (done < text.Length)
            parts.Add(new TextSplit(done, text.Length));
    }

    private static bool StandsAlone(ReadOnlySpan<char> text, int start, int end) =>
        (start == 0 || !CodePoints.IsWord(CodePoints.Before(text, start, out _))) && (end == text.Length || !CodePoints.IsWord(CodePoints.At(text, end, out _)));

    /// <summary>Finds the longest of several texts at the leftmost place where there is one.</summary>
    private sealed class Finder
    {
        private readonly TokenTrie _trie = new();
        private readonly SearchValues<char> _first;

        private Finder(List<(string Text, int Id)> tokens)
        {
            foreach ((string text, int id) in tokens)
                _trie.Add(text, id);
            _first = SearchValues.Create([.. tokens.Select(t => t.Text[0]).Distinct()]);
        }

        internal static Finder? Of(List<(string Text, int Id)> tokens)
        {
            // Normalization can leave nothing of a token, which is then never found.
            tokens.RemoveAll(t => t.Text.Length == 0);
            return tokens.Count == 0 ? null : new Finder(tokens);
        }

        internal bool TryFind(ReadOnlySpan<char> text, int from, out TextSplit match)
        {
            for (int start = from; start < text.Length; start++)
            {
                int next = text[start..].IndexOfAny(_first);
                if (next < 0)
                    break;
                start += next;
                int node = TokenTrie.Root, end = -1, id = -1;
                for (int i = start; i < text.Length;)
                {
                    node = _trie.Next(node, text[i++]);
                    if (node == TokenTrie.None)
                        break;
                    if (_trie.ValueAt(node) is var value && value >= 0)
                        (end, id) = (i, value);
                }

                if (end >= 0)
                {
                    match = new TextSplit(start, end, id);
                    return true;
                }
            }

            match = default;
            return false;
        }
    }
}

/// <summary>Which special tokens that stand in a text are text.</summary>
/// <param name="Treatment">What all of them mean.</param>
/// <param name="Original">The text as it was given.</param>
/// <param name="Places">Where some were typed, see <see cref="EncodeOptions.TypedTokenPlaces"/>.</param>
internal readonly record struct TypedTokenRule(TypedSpecialTokens Treatment, string Original, int[]? Places)
{
    /// <summary>Whether a special token that stands in a range of the text as it was given is no token.</summary>
    internal bool IsText(AddedToken token, int start, int end)
    {
        if (Treatment == TypedSpecialTokens.Text)
            return true;
        if (Places is null)
            return false;
        int next = Array.BinarySearch(Places, start);
        next = next < 0 ? ~next : next;
        return next < Places.Length && Places[next] < end || !Original.AsSpan(start, end - start).SequenceEqual(token.Content);
    }
}
