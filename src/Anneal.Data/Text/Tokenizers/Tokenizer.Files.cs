using System.Text.Encodings.Web;
using System.Text.Json;

namespace Anneal.Data;

public sealed partial class Tokenizer
{
    // The largest known have some tens of megabytes.
    private const long LargestFile = 1L << 28;
    private static readonly string[] FileNames = ["tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"];

    /// <summary>Reads a tokenizer from a file, or from the folder of a model.</summary>
    /// <param name="path">
    /// A <c>tokenizer.json</c>, a SentencePiece model or a rank file of tiktoken, told apart by their content, or a folder that holds one of the
    /// first two under its usual name.
    /// </param>
    /// <param name="options">What the file does not say itself; null for nothing.</param>
    /// <exception cref="ModelFileException">The file is missing, damaged, or uses what is not supported; the message names the place.</exception>
    /// <exception cref="OptionException">An option is missing, does not fit the kind of file, or cannot be used.</exception>
    public static Tokenizer Load(string path, TokenizerLoadOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            path = FileNames.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists)
                ?? throw new ModelFileException(path, "the folder", "one of " + string.Join(", ", FileNames), "none");
        }

        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                throw new ModelFileException(path, "the file", "a tokenizer", "no such file");
            if (file.Length > LargestFile)
                throw new ModelFileException(path, "the file", $"at most {LargestFile} bytes", $"{file.Length}");
            return Read(File.ReadAllBytes(path), path, options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, "the file", "a file that can be read", e.Message, e);
        }
    }

    /// <summary>Reads a tokenizer from the bytes of its file.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="name">What the file is called in messages.</param>
    /// <param name="options">What the file does not say itself; null for nothing.</param>
    /// <exception cref="ModelFileException">The file is damaged or uses what is not supported; the message names the place.</exception>
    /// <exception cref="OptionException">An option is missing, does not fit the kind of file, or cannot be used.</exception>
    public static Tokenizer Read(byte[] bytes, string name, TokenizerLoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentException.ThrowIfNullOrEmpty(name);
        options ??= new TokenizerLoadOptions();
        FileKind kind = KindOf(bytes);
        if (kind != FileKind.Ranks && (options.Pattern is not null || options.SpecialTokens.Count > 0))
            throw new OptionException($"{name} is no rank file of tiktoken, so it takes neither a pattern nor special tokens.");
        if (kind != FileKind.SentencePiece && (options.AddBeginningOfSequence || options.AddEndOfSequence))
            throw new OptionException($"{name} is no SentencePiece model, so it is not told here what stands around a text.");
        return new Tokenizer(kind switch
        {
            FileKind.Json => TokenizerJson.Read(bytes, name),
            FileKind.SentencePiece => FromSentencePiece(SentencePieceFile.Read(bytes, name), options, name),
            _ => RankFile.Read(bytes, name, options),
        });
    }

    /// <summary>Writes the tokenizer as <c>tokenizer.json</c>, which other software reads too.</summary>
    /// <param name="path">The file; one of this name is replaced.</param>
    /// <exception cref="TokenizationException">The tokenizer came from a file that says more than <c>tokenizer.json</c> can, and is kept as that file.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] bytes = ToJson();
        string temporary = path + ".tmp";
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The tokenizer as the bytes of a <c>tokenizer.json</c>.</summary>
    /// <exception cref="TokenizationException">As for <see cref="Save"/>.</exception>
    public byte[] ToJson()
    {
        if (_parts.WhyNotJson is { } reason)
            throw new TokenizationException(char.ToUpperInvariant(reason[0]) + reason[1..] + ".");
        var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 }))
            TokenizerJson.Write(json, _parts);
        return stream.ToArray();
    }

    private static FileKind KindOf(ReadOnlySpan<byte> bytes)
    {
        int first = bytes.IndexOfAnyExcept(" \t\r\n"u8);
        if (first >= 0 && bytes[first] == (byte)'{')
            return FileKind.Json;

        // A message begins with the tag of its first piece, which no line of base 64 does.
        return bytes.Length > 0 && (char.IsAsciiLetterOrDigit((char)bytes[0]) || bytes[0] is (byte)'+' or (byte)'/') ? FileKind.Ranks : FileKind.SentencePiece;
    }

    private static TokenizerParts FromSentencePiece(SentencePieceFile file, TokenizerLoadOptions options, string name)
    {
        var vocabulary = new Vocabulary(file.Pieces.Select((piece, id) => (piece.Text, id)).ToDictionary(p => p.Text, p => p.id));
        return new TokenizerParts(file.IsBpe ? new SentencePieceBpeModel(vocabulary, file) : MakeUnigram(file, vocabulary))
        {
            Normalizer = new SentencePieceNormalizer(file),
            Decoder = new SentencePieceDecoder(file),
            PostProcessor = options.AddBeginningOfSequence || options.AddEndOfSequence ? MakeTemplate(file, options, vocabulary, name) : null,
            ControlIds = file.Pieces.Index().Where(p => p.Item.Kind == PieceKind.Control).Select(p => p.Index).ToHashSet(),
            SentencePiece = file,
            WhyNotJson = "SentencePiece models are not written as tokenizer.json; keep the model's file",
        };
    }

    private static UnigramModel MakeUnigram(SentencePieceFile file, Vocabulary vocabulary)
    {
        // In single precision, and with the least positive number as the largest score, as SentencePiece computes them.
        float least = float.MaxValue, largest = 1.17549435e-38f;
        foreach (SentencePiece piece in file.Pieces.Where(p => p.Kind == PieceKind.Normal))
            (least, largest) = (Math.Min(least, piece.Score), Math.Max(largest, piece.Score));
        double[] scores = [.. file.Pieces.Select(p => p.Kind == PieceKind.UserDefined ? System.Text.Encoding.UTF8.GetByteCount(p.Text) * largest - 0.1 : p.Score)];
        return new UnigramModel(
            vocabulary, scores, file.UnknownId, file.ByteFallback, least - (float)UnigramModel.UnknownPenalty, id => file.Pieces[id].Kind is PieceKind.Normal or PieceKind.UserDefined);
    }

    private static TemplatePostProcessor MakeTemplate(SentencePieceFile file, TokenizerLoadOptions options, Vocabulary vocabulary, string name)
    {
        var tokens = new Dictionary<string, TemplateToken>();
        List<TemplatePlace> Around(int sequence)
        {
            var places = new List<TemplatePlace>();
            if (options.AddBeginningOfSequence)
                places.Add(Place(file.BeginningPiece));
            places.Add(new TemplatePlace(sequence, null, sequence));
            if (options.AddEndOfSequence)
                places.Add(Place(file.EndPiece));
            return places;

            TemplatePlace Place(string piece)
            {
                if (!vocabulary.TryGetId(piece, out int id))
                    throw new ModelFileException(name, "the pieces", $"a piece {ModelFileException.Quote(piece)}", "none");
                tokens[piece] = new TemplateToken(piece, [id], [piece]);
                return new TemplatePlace(-1, piece, sequence);
            }
        }

        return new TemplatePostProcessor([.. Around(0)], [.. Around(0), .. Around(1)], tokens);
    }

    /// <summary>The kinds of files.</summary>
    private enum FileKind
    {
        Json,
        SentencePiece,
        Ranks,
    }
}
