using System.Text;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>
/// Byte-pair encoding as SentencePiece defines it: neighbours whose text together is a piece become that piece, the best score first. User-defined
/// symbols are found first and never merge.
/// </summary>
internal sealed class SentencePieceBpeModel : TokenModel
{
    private readonly int[] _charIds = new int[char.MaxValue + 1];

    // Single characters that are no pieces, but parts of some: their ids follow those of the pieces.
    private readonly Dictionary<string, int> _parts = [];

    internal SentencePieceBpeModel(Vocabulary vocabulary, SentencePieceFile file) : base(vocabulary)
    {
        (UnknownId, ByteFallback) = (file.UnknownId, file.ByteFallback);
        FallbackIds = ByteFallback ? BpeModel.FallbackBytes(vocabulary) : [];
        SentencePiece[] pieces = [.. file.Pieces.Where(IsPiece)];
        foreach (SentencePiece piece in pieces)
        {
            Neighbours.AddToken(piece.Text);
            if (piece.Kind == PieceKind.UserDefined)
                (Symbols ??= new TokenTrie()).Add(piece.Text, IdOfPiece(piece.Text));
        }

        Array.Fill(_charIds, -1);
        foreach (SentencePiece piece in pieces)
        {
            foreach (int point in CodePoints.Of(piece.Text))
                AddPart(char.ConvertFromUtf32(point), pieces);
        }

        Pairs = MakePairs(pieces);
    }

    internal override int UnknownTextId => UnknownId;

    internal int UnknownId { get; }

    internal bool ByteFallback { get; }

    internal int[] FallbackIds { get; }

    internal CharacterPairs Neighbours { get; } = new();

    /// <summary>User-defined symbols, or null.</summary>
    internal TokenTrie? Symbols { get; }

    internal PairTable Pairs { get; }

    internal override ModelSession CreateSession() => new Session(this);

    internal override void Write(Utf8JsonWriter json) => throw new InvalidOperationException("A SentencePiece model is not written as tokenizer.json.");

    // Which pieces text can become.
    private static bool IsPiece(SentencePiece piece) => piece.Kind is PieceKind.Normal or PieceKind.UserDefined;

    private int IdOfPiece(string text) => Vocabulary.TryGetId(text, out int id) ? id : -1;

    private void AddPart(string text, SentencePiece[] pieces)
    {
        if (_parts.ContainsKey(text))
            return;
        int id = Vocabulary.Count + _parts.Count;
        _parts.Add(text, id);
        if (text.Length == 1)
            _charIds[text[0]] = id;
    }

    private PairTable MakePairs(SentencePiece[] pieces)
    {
        // A single character that is a piece itself has that piece's id.
        var ids = new Dictionary<string, int>(_parts);
        foreach (SentencePiece piece in pieces)
        {
            int id = IdOfPiece(piece.Text);
            ids[piece.Text] = id;
            if (_parts.ContainsKey(piece.Text))
            {
                _parts[piece.Text] = id;
                if (piece.Text.Length == 1)
                    _charIds[piece.Text[0]] = id;
            }
        }

        var lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        var found = new List<(int Left, int Right, int Rank, int Merged)>();
        float last = float.NaN;
        int rank = -1;
        foreach (SentencePiece piece in pieces.OrderByDescending(p => p.Score))
        {
            // Equal scores have one rank, so that the leftmost pair goes first.
            if (piece.Score != last)
                (rank, last) = (rank + 1, piece.Score);
            ReadOnlySpan<char> text = piece.Text;
            for (int cut = 1; cut < text.Length && text.Length <= RankFile.LongestToken; cut++)
            {
                if (lookup.TryGetValue(text[..cut], out int left) && lookup.TryGetValue(text[cut..], out int right))
                    found.Add((left, right, rank, ids[piece.Text]));
            }
        }

        var pairs = new PairTable(found.Count);
        foreach ((int left, int right, int pairRank, int merged) in found)
            pairs.Set(left, right, pairRank, merged);
        return pairs;
    }

    private int IdOf(int point, ReadOnlySpan<char> text) =>
        point <= char.MaxValue ? _charIds[point] : _parts.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out int id) ? id : -1;

    private bool IsKnown(int id) => (uint)id < (uint)Vocabulary.Count;

    private sealed class Session(SentencePieceBpeModel model) : CuttingSession(model.Neighbours)
    {
        private const int Frozen = -2;
        private readonly PairMerger _merger = new(model.Pairs);
        private readonly List<int> _frozen = [];

        protected override void Find(ReadOnlySpan<char> word)
        {
            _merger.Clear();
            _frozen.Clear();
            for (int i = 0; i < word.Length;)
            {
                int point = CodePoints.At(word, i, out int length);
                if (TrySymbol(word[i..], out int id, out int symbolLength))
                {
                    _frozen.Add(id);
                    _merger.Add(Frozen, i, i + symbolLength);
                    length = symbolLength;
                }
                else
                {
                    _merger.Add(model.IdOf(point, word.Slice(i, length)), i, i + length);
                }

                i += length;
            }

            _merger.Merge();
            int frozen = 0;
            bool wasUnknown = false;
            foreach (PairMerger.Symbol symbol in _merger.Symbols)
            {
                bool isUnknown = symbol.Id != Frozen && !model.IsKnown(symbol.Id);
                if (!isUnknown)
                    Add(symbol.Id == Frozen ? _frozen[frozen++] : symbol.Id, symbol.Start, symbol.End);
                else if (model.ByteFallback)
                    AddBytes(word, symbol.Start, symbol.End);
                else if (wasUnknown)
                    Last = Last with { End = symbol.End };
                else
                    Add(model.UnknownId, symbol.Start, symbol.End);
                wasUnknown = isUnknown;
            }
        }

        // Neighbouring unknown characters are one token.
        protected override bool AreTogether(ReadOnlySpan<char> word, int at)
        {
            if (model.ByteFallback)
                return false;
            int left = CodePoints.Before(word, at, out int leftLength), right = CodePoints.At(word, at, out int rightLength);
            return !model.IsKnown(model.IdOf(left, word.Slice(at - leftLength, leftLength))) && !model.IsKnown(model.IdOf(right, word.Slice(at, rightLength)));
        }

        private bool TrySymbol(ReadOnlySpan<char> text, out int id, out int length)
        {
            (id, length) = (-1, 0);
            int node = TokenTrie.Root;
            for (int i = 0; i < text.Length && model.Symbols is { } symbols;)
            {
                node = symbols.Next(node, text[i++]);
                if (node == TokenTrie.None)
                    break;
                if (symbols.ValueAt(node) is var value && value >= 0)
                    (id, length) = (value, i);
            }

            return length > 0;
        }

        private void AddBytes(ReadOnlySpan<char> word, int start, int end)
        {
            Span<byte> utf8 = stackalloc byte[4];
            int count = Encoding.UTF8.GetBytes(word[start..end], utf8);
            for (int b = 0; b < count; b++)
                Add(model.FallbackIds[utf8[b]], start, end);
        }
    }
}
