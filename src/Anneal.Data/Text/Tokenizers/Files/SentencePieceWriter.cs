using System.Buffers.Binary;
using System.Text;

namespace Anneal.Data;

/// <summary>Writes a SentencePiece model of byte-pair encoding from its parts, so that it is read like any other.</summary>
internal sealed class SentencePieceWriter
{
    private const int Bpe = 2;
    private readonly MemoryStream _pieces = new();

    internal required string BeginningPiece { get; init; }

    internal required string EndPiece { get; init; }

    internal required bool ByteFallback { get; init; }

    internal required bool AddsDummyPrefix { get; init; }

    internal required bool RemovesExtraWhiteSpace { get; init; }

    internal byte[]? CharsMap { get; init; }

    internal void Add(string text, float score, PieceKind kind)
    {
        var piece = new MemoryStream();
        WriteBytes(piece, 1, Encoding.UTF8.GetBytes(text));
        WriteTag(piece, 2, 5);
        Span<byte> number = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(number, score);
        piece.Write(number);
        WriteNumber(piece, 3, (uint)kind);
        WriteBytes(_pieces, 1, piece.ToArray());
    }

    /// <summary>The file. It begins with the description of the training, so that nothing takes it for a text.</summary>
    internal byte[] ToBytes()
    {
        var trainer = new MemoryStream();
        WriteNumber(trainer, 3, Bpe);
        WriteNumber(trainer, 35, ByteFallback ? 1u : 0);
        WriteBytes(trainer, 46, Encoding.UTF8.GetBytes(BeginningPiece));
        WriteBytes(trainer, 47, Encoding.UTF8.GetBytes(EndPiece));
        var normalizer = new MemoryStream();
        if (CharsMap is not null)
            WriteBytes(normalizer, 2, CharsMap);
        WriteNumber(normalizer, 3, AddsDummyPrefix ? 1u : 0);
        WriteNumber(normalizer, 4, RemovesExtraWhiteSpace ? 1u : 0);
        WriteNumber(normalizer, 5, 1);
        var file = new MemoryStream();
        WriteBytes(file, 2, trainer.ToArray());
        _pieces.WriteTo(file);
        WriteBytes(file, 3, normalizer.ToArray());
        return file.ToArray();
    }

    private static void WriteTag(MemoryStream to, uint field, uint wire) => WriteVariable(to, field << 3 | wire);

    private static void WriteNumber(MemoryStream to, uint field, uint value)
    {
        WriteTag(to, field, 0);
        WriteVariable(to, value);
    }

    private static void WriteBytes(MemoryStream to, uint field, byte[] bytes)
    {
        WriteTag(to, field, 2);
        WriteVariable(to, (uint)bytes.Length);
        to.Write(bytes);
    }

    private static void WriteVariable(MemoryStream to, uint value)
    {
        for (; value >= 128; value >>= 7)
            to.WriteByte((byte)(value | 128));
        to.WriteByte((byte)value);
    }
}
