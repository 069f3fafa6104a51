using System.Text;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>The unigram language model (Kudo, 2018): of all ways to cut a word into pieces the one of the largest sum of log probabilities.</summary>
internal sealed class UnigramModel : TokenModel
{
    /// <summary>How much less likely than the least likely piece an unknown character is.</summary>
    internal const double UnknownPenalty = 10;

    /// <summary>The model of <c>tokenizer.json</c>: every token is a piece, and scores are added in double precision.</summary>
    internal UnigramModel(Vocabulary vocabulary, double[] scores, int unknownId, bool byteFallback)
        : this(vocabulary, scores, unknownId, byteFallback, scores.DefaultIfEmpty().Min() - UnknownPenalty, isPiece: null)
    {
    }

    /// <summary>The model of SentencePiece: only some tokens are pieces, and scores are added in single precision.</summary>
    internal UnigramModel(Vocabulary vocabulary, double[] scores, int unknownId, bool byteFallback, double unknownScore, Func<int, bool>? isPiece) : base(vocabulary)
    {
        (Scores, UnknownId, ByteFallback, UnknownScore) = (scores, unknownId, byteFallback, unknownScore);
        foreach ((string token, int id) in vocabulary.Pairs)
        {
            if (token.Length > 0 && (isPiece is null || isPiece(id)))
                Trie.Add(token, id);
        }

        IsSinglePrecision = isPiece is not null;
        FallbackIds = byteFallback ? BpeModel.FallbackBytes(vocabulary) : [];
    }

    internal override int UnknownTextId => UnknownId;

    /// <summary>Whether sums are rounded to single precision, as SentencePiece does, which decides between paths that are nearly alike.</summary>
    internal bool IsSinglePrecision { get; }

    /// <summary>Log probabilities by id.</summary>
    internal double[] Scores { get; }

    /// <summary>The token of what is not known, or -1.</summary>
    internal int UnknownId { get; }

    internal double UnknownScore { get; }

    internal bool ByteFallback { get; }

    internal int[] FallbackIds { get; }

    internal TokenTrie Trie { get; } = new();

    internal override ModelSession CreateSession() => new UnigramSession(this);

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Unigram");
        if (UnknownId >= 0)
            json.WriteNumber("unk_id", UnknownId);
        else
            json.WriteNull("unk_id");
        json.WriteStartArray("vocab");
        foreach ((string token, int id) in Vocabulary.Ordered())
        {
            json.WriteStartArray();
            json.WriteStringValue(token);
            json.WriteNumberValue(Scores[id]);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteBoolean("byte_fallback", ByteFallback);
        json.WriteEndObject();
    }
}

/// <summary>Finds the best path through a word (Viterbi, 1967), in time that grows with its length times that of the longest piece.</summary>
internal sealed class UnigramSession(UnigramModel model) : ModelSession
{
    private const int LargestKept = 1 << 16;
    private Node[] _nodes = new Node[128];
    private readonly List<WordToken> _path = [];

    internal override void Encode(ReadOnlySpan<char> word, int offset, TokenBuffer tokens)
    {
        FindBestPath(word);
        _path.Clear();
        for (int end = word.Length; end > 0; end = _nodes[end].Start)
        {
            int start = _nodes[end].Start, id = _nodes[end].Id;
            if (id == model.UnknownId && _path.Count > 0 && _path[^1].Id == id)
                _path[^1] = _path[^1] with { Start = start };
            else
                _path.Add(new WordToken(id, start, end));
        }

        for (int i = _path.Count - 1; i >= 0; i--)
        {
            WordToken token = _path[i];
            if (token.Id == model.UnknownId)
                AddUnknown(word, token, offset, tokens);
            else
                tokens.Add(token.Id, offset + token.Start, offset + token.End);
        }

        if (_nodes.Length > LargestKept)
            _nodes = new Node[128];
    }

    private void FindBestPath(ReadOnlySpan<char> word)
    {
        if (_nodes.Length <= word.Length)
            _nodes = new Node[Math.Max(word.Length + 1, 2 * _nodes.Length)];
        _nodes.AsSpan(0, word.Length + 1).Fill(new Node(0, -1, -1));
        TokenTrie trie = model.Trie;
        for (int start = 0; start < word.Length;)
        {
            double till = _nodes[start].Score;
            CodePoints.At(word, start, out int length);
            bool hasSingle = false;
            int node = TokenTrie.Root;
            for (int i = start; i < word.Length;)
            {
                node = trie.Next(node, word[i++]);
                if (node == TokenTrie.None)
                    break;
                int id = trie.ValueAt(node);
                if (id < 0)
                    continue;
                Offer(i, till + model.Scores[id], start, id);
                hasSingle |= i == start + length;
            }

            if (!hasSingle)
            {
                if (model.UnknownId < 0)
                    throw new TokenizationException($"The model knows no piece for '{word.Slice(start, length)}', and it has no token for what it does not know.");
                double unknown = till + model.UnknownScore;
                Offer(start + length, model.IsSinglePrecision ? (float)unknown : unknown, start, model.UnknownId);
            }

            start += length;
        }
    }

    // Of equal scores the path that was found first stays. SentencePiece compares before it rounds, except for unknown characters.
    private void Offer(int end, double score, int start, int id)
    {
        ref Node node = ref _nodes[end];
        if (node.Start < 0 || score > node.Score)
            node = new Node(model.IsSinglePrecision ? (float)score : score, start, id);
    }

    private void AddUnknown(ReadOnlySpan<char> word, WordToken token, int offset, TokenBuffer tokens)
    {
        ReadOnlySpan<char> text = word[token.Start..token.End];

        // A run of unknown characters can spell a token all the same.
        if (!model.IsSinglePrecision && model.Vocabulary.TryGetId(text, out int id))
            tokens.Add(id, offset + token.Start, offset + token.End);
        else if (!model.ByteFallback || !TryBytes(text, token, offset, tokens))
            tokens.Add(token.Id, offset + token.Start, offset + token.End);
    }

    private bool TryBytes(ReadOnlySpan<char> text, WordToken token, int offset, TokenBuffer tokens)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text.ToString());
        if (utf8.Any(b => model.FallbackIds[b] < 0))
            return false;
        int from = offset + token.Start, to = offset + token.End, at = 0;
        for (int i = 0; i < text.Length;)
        {
            int point = CodePoints.At(text, i, out int length);

            // SentencePiece tells the characters of a run apart.
            if (model.IsSinglePrecision)
                (from, to) = (offset + token.Start + i, offset + token.Start + i + length);
            for (int b = point < 0x80 ? 1 : point < 0x800 ? 2 : point <= char.MaxValue ? 3 : 4; b > 0; b--)
                tokens.Add(model.FallbackIds[utf8[at++]], from, to);
            i += length;
        }

        return true;
    }

    private readonly record struct Node(double Score, int Start, int Id);
}
