using Anneal.Saving;

namespace Anneal.Data;

/// <summary>What a piece of a SentencePiece model is.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>A piece of a SentencePiece model.</summary>
internal readonly record struct SentencePiece(string Text, float Score, PieceKind Kind);

/// <summary>A SentencePiece model (Kudo and Richardson, 2018) as its file describes it.</summary>
internal sealed class SentencePieceFile
{
    private const int Unigram = 1, Bpe = 2;

    private SentencePieceFile()
    {
    }

    internal List<SentencePiece> Pieces { get; } = [];

    internal bool IsBpe { get; private set; }

    internal bool ByteFallback { get; private set; }

    /// <summary>Whether the sign for a space stands behind a word.</summary>
    internal bool TreatsWhiteSpaceAsSuffix { get; private set; }

    /// <summary>The text of what is not known.</summary>
    internal string UnknownSurface { get; private set; } = " \u2047 ";

    internal string BeginningPiece { get; private set; } = "<s>";

    internal string EndPiece { get; private set; } = "</s>";

    internal CharsMap? CharsMap { get; private set; }

    /// <summary>The map of characters as it lies in the file; null where there is none.</summary>
    internal byte[]? CharsMapBytes { get; private set; }

    internal bool AddsDummyPrefix { get; private set; } = true;

    internal bool RemovesExtraWhiteSpace { get; private set; } = true;

    internal bool EscapesWhiteSpace { get; private set; } = true;

    /// <summary>The id of the unknown piece.</summary>
    internal int UnknownId { get; private set; } = -1;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFileException">It is not sound, or needs what is not supported.</exception>
    internal static SentencePieceFile Read(byte[] bytes, string file)
    {
        var result = new SentencePieceFile();
        var reader = new ProtobufReader(bytes, file);
        var texts = new HashSet<string>();
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 1: result.ReadPiece(reader.Message(wire), texts); break;
                case 2: result.ReadTrainer(reader.Message(wire)); break;
                case 3: result.ReadNormalizer(reader.Message(wire)); break;
                case 5: RefuseDenormalizer(reader.Message(wire)); break;
                default: reader.Skip(wire); break;
            }
        }

        if (result.UnknownId < 0)
            throw reader.Fail("a model with a piece for what is not known", $"{result.Pieces.Count} pieces without one");
        int bytePieces = result.Pieces.Count(p => p.Kind == PieceKind.Byte);
        if (result.ByteFallback ? bytePieces != 256 : bytePieces != 0)
            throw reader.Fail(result.ByteFallback ? "256 pieces for bytes" : "no pieces for bytes, as the model does not fall back to them", $"{bytePieces}");
        if (result.IsBpe && result.Pieces.Any(p => p.Kind == PieceKind.Unused))
            throw reader.Fail("a model of byte-pair encoding without unused pieces, which are not supported", "some");
        return result;
    }

    private void ReadPiece(ProtobufReader reader, HashSet<string> texts)
    {
        string text = "";
        float score = 0;
        int kind = (int)PieceKind.Normal;
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 1: text = reader.Text(wire); break;
                case 2: score = reader.Single(wire); break;
                case 3: kind = reader.Natural(wire); break;
                default: reader.Skip(wire); break;
            }
        }

        if (kind is < (int)PieceKind.Normal or > (int)PieceKind.Byte)
            throw reader.Fail("a kind of piece from 1 to 6", $"{kind}");
        if (text.Length == 0 || !texts.Add(text))
            throw reader.Fail("a piece that is not empty, each once", text.Length == 0 ? "an empty one" : ModelFileException.Quote(text) + " twice");
        if (kind == (int)PieceKind.Byte && !IsByte(text))
            throw reader.Fail("a piece for a byte", ModelFileException.Quote(text));
        if (kind == (int)PieceKind.Unknown)
        {
            if (UnknownId >= 0)
                throw reader.Fail("one piece for what is not known", "another");
            UnknownId = Pieces.Count;
        }

        Pieces.Add(new SentencePiece(text, score, (PieceKind)kind));
    }

    private void ReadTrainer(ProtobufReader reader)
    {
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 3:
                    int type = reader.Natural(wire);
                    IsBpe = type == Bpe ? true : type == Unigram ? false : throw reader.Fail("a model of kind 1 (unigram) or 2 (byte-pair encoding)", $"{type}");
                    break;
                case 24: TreatsWhiteSpaceAsSuffix = reader.Boolean(wire); break;
                case 35: ByteFallback = reader.Boolean(wire); break;
                case 44: UnknownSurface = reader.Text(wire); break;
                case 46: BeginningPiece = reader.Text(wire); break;
                case 47: EndPiece = reader.Text(wire); break;
                default: reader.Skip(wire); break;
            }
        }
    }

    private void ReadNormalizer(ProtobufReader reader)
    {
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 2:
                    byte[] map = reader.Bytes(wire);
                    if (map.Length > 0)
                    {
                        CharsMap = CharsMap.Read(map, out (string Expected, string Found) problem) ?? throw reader.Fail(problem.Expected, problem.Found);
                        CharsMapBytes = map;
                    }

                    break;
                case 3: AddsDummyPrefix = reader.Boolean(wire); break;
                case 4: RemovesExtraWhiteSpace = reader.Boolean(wire); break;
                case 5: EscapesWhiteSpace = reader.Boolean(wire); break;
                default: reader.Skip(wire); break;
            }
        }
    }

    private static void RefuseDenormalizer(ProtobufReader reader)
    {
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            if (field == 2 && reader.Bytes(wire).Length > 0)
                throw reader.Fail("no map of characters for decoding, which is not supported", "one");
            if (field != 2)
                reader.Skip(wire);
        }
    }

    private static bool IsByte(string text) => text.StartsWith("<0x", StringComparison.Ordinal) && BpeModel.ByteTokens.Contains(text);
}
