using System.Text;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>
/// The normalizer of a SentencePiece model: its map of characters (the longest key at each place), user-defined symbols as they are, white space
/// made visible, runs of it made one, and a space put before the text.
/// </summary>
internal sealed class SentencePieceNormalizer : Normalizer
{
    private const char Sign = MetaspacePreTokenizer.Sign;
    private readonly SentencePieceFile _file;
    private readonly TokenTrie? _symbols;
    private readonly bool[] _isPlain = new bool[128];

    internal SentencePieceNormalizer(SentencePieceFile file)
    {
        _file = file;
        foreach (SentencePiece piece in file.Pieces.Where(p => p.Kind == PieceKind.UserDefined))
            (_symbols ??= new TokenTrie()).Add(piece.Text, 1);
        FindPlain();
    }

    internal override void Apply(AlignedText text)
    {
        ReadOnlySpan<char> chars = text.Chars;
        byte[] utf8 = Encoding.UTF8.GetBytes(chars.ToArray());
        char space = _file.EscapesWhiteSpace ? Sign : ' ';
        text.BeginRewrite();
        int at = 0, byteAt = 0;
        bool removes = _file.RemovesExtraWhiteSpace, wasSpace = removes, isFirst = true;
        while (at < chars.Length)
        {
            char c = chars[at];
            bool isPlain = c < 128 && _isPlain[c] && (at + 1 == chars.Length || chars[at + 1] < 128);
            (string? replacement, int length) = isPlain ? (null, 1) : Next(chars, utf8, at, byteAt);
            int end = at + length;
            ReadOnlySpan<char> part = replacement is null ? chars[at..end] : replacement;
            if (isFirst && !(removes && part is " "))
            {
                // Leading white space goes first, then the prefix comes.
                isFirst = false;
                if (!_file.TreatsWhiteSpaceAsSuffix && _file.AddsDummyPrefix)
                    text.WriteInserted([space], at);
            }

            if (!isFirst)
            {
                while (wasSpace && part.StartsWith(' '))
                    part = part[1..];
                if (part.Length > 0)
                {
                    foreach (char unit in part)
                        text.Write([unit == ' ' ? space : unit], at, end);
                    wasSpace = removes && part[^1] == ' ';
                }
            }

            byteAt += isPlain ? 1 : Encoding.UTF8.GetByteCount(chars[at..end]);
            at = end;
        }

        while (removes && text.EndsWith(space))
            text.Unwrite(1);
        if (!isFirst && _file.TreatsWhiteSpaceAsSuffix && _file.AddsDummyPrefix)
            text.WriteInserted([space], chars.Length);
        text.EndRewrite();
    }

    internal override void Write(Utf8JsonWriter json) => throw new InvalidOperationException("A SentencePiece model is not written as tokenizer.json.");

    // What the text at a place becomes, null where it stays, and how many units of it.
    private (string? Replacement, int Length) Next(ReadOnlySpan<char> chars, byte[] utf8, int at, int byteAt)
    {
        CodePoints.At(chars, at, out int length);
        if (LongestSymbol(chars[at..]) is var symbol && symbol > 0)
            return (null, symbol);
        if (_file.CharsMap is null || !_file.CharsMap.TryLongest(utf8.AsSpan(byteAt), out int bytes, out string replacement))
            return (null, length);
        int units = Encoding.UTF8.GetCharCount(utf8, byteAt, bytes);

        // A damaged map may have a key that ends within a character.
        return Encoding.UTF8.GetByteCount(chars.Slice(at, Math.Min(units, chars.Length - at))) == bytes ? (replacement, units) : (null, length);
    }

    private int LongestSymbol(ReadOnlySpan<char> chars)
    {
        int longest = 0;
        if (_symbols is null)
            return longest;
        int node = TokenTrie.Root;
        for (int i = 0; i < chars.Length;)
        {
            node = _symbols.Next(node, chars[i++]);
            if (node == TokenTrie.None)
                break;
            if (_symbols.ValueAt(node) >= 0)
                longest = i;
        }

        return longest;
    }

    // A sign of ASCII is plain if it stays as it is, whatever sign of ASCII follows.
    private void FindPlain()
    {
        Span<byte> pair = stackalloc byte[2];
        for (int c = 1; c < _isPlain.Length; c++)
        {
            bool isPlain = _symbols is null || _symbols.Next(TokenTrie.Root, (char)c) == TokenTrie.None;
            for (int next = 1; next < 128 && isPlain && _file.CharsMap is { } map; next++)
            {
                (pair[0], pair[1]) = ((byte)c, (byte)next);
                isPlain = !map.HasPrefix(pair) && !map.TryLongest(pair[..1], out _, out _);
            }

            _isPlain[c] = isPlain;
        }
    }
}
