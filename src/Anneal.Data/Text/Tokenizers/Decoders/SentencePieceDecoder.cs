using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>Turns the pieces of a SentencePiece model into text.</summary>
internal sealed class SentencePieceDecoder(SentencePieceFile file) : TokenDecoder
{
    private const char Sign = MetaspacePreTokenizer.Sign;
    private readonly Dictionary<string, PieceKind> _kinds = file.Pieces.Where(p => p.Kind != PieceKind.Normal).ToDictionary(p => p.Text, p => p.Kind);
    private readonly Dictionary<string, byte> _bytes = Enumerable.Range(0, 256).ToDictionary(b => BpeModel.ByteTokens[b], b => (byte)b);

    internal override List<string> Decode(List<string> tokens)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        bool isBeginning = true, hasSeenSpace = false;
        foreach (string token in tokens)
        {
            PieceKind kind = _kinds.GetValueOrDefault(token, PieceKind.Normal);
            if (kind == PieceKind.Byte)
            {
                bytes.Add(_bytes[token]);
                continue;
            }

            Flush(bytes, text);

            // The space that was put before the text goes once, or all of them where runs of spaces were removed.
            if (hasSeenSpace || text.Length > 0)
                isBeginning = false;
            hasSeenSpace = false;
            if (kind == PieceKind.Unknown)
            {
                text.Append(file.UnknownSurface);
                continue;
            }

            ReadOnlySpan<char> piece = token;
            if (isBeginning && (file.AddsDummyPrefix || file.RemovesExtraWhiteSpace) && piece.StartsWith(Sign))
            {
                piece = piece[1..];
                hasSeenSpace = !file.RemovesExtraWhiteSpace;
            }

            foreach (char c in piece)
                text.Append(c == Sign ? ' ' : c);
        }

        Flush(bytes, text);
        return [text.ToString()];
    }

    internal override void Write(Utf8JsonWriter json) => throw new InvalidOperationException("A SentencePiece model is not written as tokenizer.json.");

    // Every byte that belongs to no character becomes U+FFFD for itself.
    private static void Flush(List<byte> bytes, StringBuilder text)
    {
        ReadOnlySpan<byte> run = bytes.ToArray();
        while (run.Length > 0)
        {
            bool isSound = Rune.DecodeFromUtf8(run, out Rune rune, out int length) == OperationStatus.Done;
            text.Append(isSound ? rune.ToString() : "\uFFFD");
            run = run[(isSound ? length : 1)..];
        }

        bytes.Clear();
    }
}
