using System.Globalization;
using Anneal.Data;
using Anneal.Saving;

namespace Anneal.Models;

/// <summary>How a model is written as GGUF.</summary>
public sealed record GgufSaveOptions
{
    /// <summary>
    /// How matrices are stored: F32, F16, Q8_0 or Q4_0. Vectors and positions stay F32, as other software wants them. With Q4_0 the matrix of the logits is Q8_0;
    /// with either, a matrix whose rows are not whole blocks of 32 is F16.
    /// </summary>
    public GgufTensorType Type { get; init; } = GgufTensorType.F16;

    /// <summary>The tokenizer, which the file holds as well; null for none.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>
    /// Whether the file also holds the tokenizer as <c>tokenizer.json</c>, exactly as it is, beside the lists of tokens and merges that llama.cpp reads. Software that
    /// finds it prefers it. It is left out where the tokenizer cannot be written so.
    /// </summary>
    public bool HasTokenizerJson { get; init; } = true;

    /// <summary>
    /// What renders conversations, which the file holds as it is; null for none. Its special tokens must be those of <see cref="Tokenizer"/>, and its <c>eos_token</c> the first
    /// of those that end the model's texts, where it uses them.
    /// </summary>
    public ChatTemplate? ChatTemplate { get; init; }

    /// <summary>The name of the model; null is that of its type.</summary>
    public string? Name { get; init; }

    /// <summary>How far the logits of the written model may lie from those of the original; null is what the type can be expected to keep.</summary>
    public ParityTolerance? Tolerance { get; init; }

    /// <summary>On what the two are compared; null is on texts of random tokens.</summary>
    public IReadOnlyList<ParitySample>? Samples { get; init; }

    /// <summary>Whether a model further from the original than <see cref="Tolerance"/> is written all the same, and the certificate says so; otherwise that is an error.</summary>
    public bool AllowsOutsideTolerance { get; init; }
}

/// <summary>
/// Models and tokenizers in GGUF files, as llama.cpp and the software around it exchange them: Llama, Mistral, Qwen2, Qwen3, GLM, GLM-4 and GPT-2.
/// </summary>
/// <example><code>
/// CausalLanguageModel model = Gguf.LoadModel("llama-q4_k_m.gguf");
/// Tokenizer tokenizer = Gguf.LoadTokenizer("llama-q4_k_m.gguf");
/// Gguf.Save(model, "mine.gguf", new GgufSaveOptions { Type = GgufTensorType.Q8_0, Tokenizer = tokenizer });
/// </code></example>
public static class Gguf
{
    private const int MostSampleTokens = 48, SampleCount = 4;

    /// <summary>
    /// Loads a model. Weights become float32 whatever they were, so that the model computes and trains like any other. A file of the architecture <c>llama</c> is a
    /// <see cref="MistralForCausalLM"/> where it names a sliding window, a <see cref="LlamaForCausalLM"/> otherwise.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="UnknownArchitectureException">Anneal does not have the architecture; the error lists those that it has.</exception>
    /// <exception cref="ModelConfigException">A key is missing, wrong, or asks for what is not supported.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape.</exception>
    /// <exception cref="ModelFileException">The file is missing or damaged, one of several, or has a tensor of a type that is not supported.</exception>
    public static CausalLanguageModel LoadModel(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        GgufArchitecture architecture = GgufArchitecture.Of(file);
        var keys = new GgufKeys(file, architecture.Name);
        if (keys.OptionalIntOf("split.count", 0, int.MaxValue) is > 1)
            throw new ModelFileException(path, "split.count", "a model in one file; several are not supported", "one of several files");
        PretrainedConfig config = architecture.Read(keys);
        config.Check(path);
        if (config.Depth > file.Tensors.Count)
        {
            throw new ModelConfigException(
                path, keys.KeyOf("block_count"), string.Create(CultureInfo.InvariantCulture, $"no more than the {file.Tensors.Count} tensors of the file"), string.Create(CultureInfo.InvariantCulture, $"{config.Depth}"));
        }

        if (config is DecoderConfig decoder && file.Tensors.TryGetValue(GgufNames.RotaryFactors, out GgufTensor? factors) && factors.Shape.ElementCount <= ConfigFields.MostWidth)
            config = GgufRotary.WithFactors(decoder, file.Read(factors.Name).AsSpan<float>(), keys);
        CausalLanguageModel model = architecture.Make(config);
        GgufWeights.Fill(model, file, architecture);
        return model;
    }

    /// <summary>
    /// Loads the tokenizer of a file: the <c>tokenizer.json</c> that it holds, or else what its lists of tokens, merges and scores describe (the kinds <c>gpt2</c> and
    /// <c>llama</c>).
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="pattern">
    /// For the kind <c>gpt2</c>: the regular expression whose matches are the words, where the file names none that is known, such as those of <see cref="TiktokenPatterns"/>.
    /// </param>
    /// <exception cref="ModelFileException">The file is missing or damaged, holds no tokenizer, or one that is not supported; the message names it.</exception>
    public static Tokenizer LoadTokenizer(string path, string? pattern = null)
    {
        using GgufFile file = GgufFile.Open(path);
        return GgufTokenizer.Read(file, pattern);
    }

    /// <summary>What renders conversations, with the special tokens that the file names; null where it holds none.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFileException">The file is missing or damaged, or a template is no text.</exception>
    /// <exception cref="ChatTemplateException">A template is wrong, or uses what is not supported.</exception>
    public static ChatTemplate? LoadChatTemplate(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return GgufChatTemplate.Read(file);
    }

    /// <summary>Loads model, tokenizer and chat template of a file to make texts with.</summary>
    /// <param name="path">The file.</param>
    /// <param name="contextLength">The most tokens of a text; null is the longest that the model was made for.</param>
    /// <param name="ignoreChatTemplate">Whether the template is left unread, for models that are not to chat and whose template uses what is not supported.</param>
    /// <exception cref="AnnealException">As <see cref="LoadModel"/>, <see cref="LoadTokenizer"/> and <see cref="LoadChatTemplate"/>, or model and tokenizer do not belong together.</exception>
    public static TextGenerator LoadGenerator(string path, int? contextLength = null, bool ignoreChatTemplate = false)
    {
        ChatTemplate? template = ignoreChatTemplate ? null : LoadChatTemplate(path);
        CausalLanguageModel model = LoadModel(path);
        return new TextGenerator(new CausalGenerator(model, contextLength), LoadTokenizer(path)) { Options = model.GenerationOptions, ChatTemplate = template };
    }

    /// <summary>
    /// Writes a model. Before the file takes its name it is loaded again and compared with the original; the certificate stands beside it, as
    /// <c>PATH.parity.json</c>, and takes its place together with it.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file; one of this name is replaced when the new one is whole.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>How the written model compares with the original.</returns>
    /// <exception cref="ParityException">The two lie too far apart; there is no new file.</exception>
    /// <exception cref="OptionException">
    /// An option is out of range, the model's architecture is not written as GGUF, or the chat template uses a special token that the file could not name.
    /// </exception>
    /// <exception cref="ModelConfigException">The model has what GGUF files of its architecture cannot say.</exception>
    /// <exception cref="AdapterException">An adapter is on the model, which the file would not have.</exception>
    /// <exception cref="TokenizerMismatchException">The tokenizer has tokens that the model does not have.</exception>
    /// <exception cref="ModelFileException">The files cannot take their places.</exception>
    public static ParityCertificate Save(CausalLanguageModel model, string path, GgufSaveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new GgufSaveOptions();
        if (!GgufTypes.Writable.Contains(options.Type))
            throw new OptionException($"{nameof(options.Type)} must be one of {GgufTypes.Names(GgufTypes.Writable)}, but is {options.Type}.");
        GgufArchitecture architecture = GgufArchitecture.Of(model);
        model.RequireNoAdapters($"{nameof(Gguf)}.{nameof(Save)}");
        List<GgufSource> tensors = [.. GgufWeights.Sources(model, architecture, (name, shape) => TypeOf(name, shape, options.Type, model.Config))];
        if (architecture.RotaryFactors(model.Config) is { } factors)
            tensors.Add(new GgufSource(GgufNames.RotaryFactors, GgufTensorType.F32, [factors.Length], () => TensorData.From<float>(factors)));
        GgufMetadataWriter metadata = Describe(model, architecture, options);
        string part = path + FileSwitch.Part;
        try
        {
            using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                GgufWriter.Write(stream, metadata.Values, tensors);
                stream.Flush(flushToDisk: true);
            }

            ParityCertificate certificate = Parity.Check(model, LoadModel(part), options.Samples ?? Samples(model), options.Tolerance ?? ToleranceOf(options.Type));
            if (!certificate.Passed && !options.AllowsOutsideTolerance)
                throw new ParityException(path, certificate);
            string beside = path + "." + ParityCertificate.FileName;
            certificate.WritePart(beside);
            FileSwitch.Run(Path.GetDirectoryName(Path.GetFullPath(path))!, [Path.GetFileName(beside), Path.GetFileName(path)], _ => false);
            return certificate;
        }
        finally
        {
            File.Delete(part);
        }
    }

    private static GgufMetadataWriter Describe(CausalLanguageModel model, GgufArchitecture architecture, GgufSaveOptions options)
    {
        var metadata = new GgufMetadataWriter(architecture.Name);
        metadata.AddWhole("general.architecture", GgufValue.Of(architecture.Name));
        metadata.AddWhole("general.name", GgufValue.Of(options.Name ?? model.TypeName));
        architecture.Write(model.Config, metadata);
        metadata.AddWhole("general.file_type", GgufValue.Of(options.Type switch { GgufTensorType.F32 => 0, GgufTensorType.F16 => 1, GgufTensorType.Q4_0 => 2, _ => 7 }));
        if (options.Type is GgufTensorType.Q8_0 or GgufTensorType.Q4_0)
            metadata.AddWhole("general.quantization_version", GgufValue.Of(2));
        (IReadOnlyList<int> ends, int? padding) = model.Config switch
        {
            DecoderConfig decoder => (decoder.EndIds, decoder.PaddingId),
            Gpt2Config gpt2 => (gpt2.EndIds, null),
            _ => ([], null),
        };
        if (options.Tokenizer is { } tokenizer)
        {
            TokenizerMismatchException.RequireTokens(tokenizer, model.Name, model.VocabularySize);
            int? last = GgufTokenizer.Write(tokenizer, model.VocabularySize, options.HasTokenizerJson, metadata, ends);
            if (ends.Count == 0 && last is { } end)
                ends = [end];
        }

        if (options.ChatTemplate is not null)
            GgufChatTemplate.Write(options.ChatTemplate, options.Tokenizer, metadata, At(0), padding);
        foreach ((string name, int? id) in (ReadOnlySpan<(string, int?)>)[("eos", At(0)), ("eot", At(1)), ("eom", At(2)), ("padding", padding)])
        {
            if (id is { } token)
                metadata.AddWhole($"{GgufTokenizer.Prefix}{name}_token_id", GgufValue.Of(token));
        }

        return metadata;

        int? At(int index) => index < ends.Count ? ends[index] : null;
    }

    private static GgufTensorType TypeOf(string name, Shape shape, GgufTensorType wanted, PretrainedConfig config)
    {
        // Vectors are few bytes, and kernels elsewhere want them in single precision, and positions of GPT-2 too.
        if (shape.Rank < 2 || wanted == GgufTensorType.F32 || name.StartsWith("position_embd", StringComparison.Ordinal))
            return GgufTensorType.F32;
        if (wanted == GgufTensorType.F16 || shape[^1] % GgufTypes.BlockOf(wanted).Values != 0)
            return GgufTensorType.F16;
        bool isTied = config is DecoderConfig { TieWordEmbeddings: true } or Gpt2Config { TieWordEmbeddings: true };
        return name == (isTied ? GgufNames.Table : GgufNames.Head) ? GgufTensorType.Q8_0 : wanted;
    }

    private static ParityTolerance ToleranceOf(GgufTensorType type) => type switch
    {
        GgufTensorType.F32 => new ParityTolerance { Top1Agreement = 1, LargestDifference = 0, MeanDivergence = 0 },
        GgufTensorType.F16 => new ParityTolerance { Top1Agreement = 0.98, LargestDifference = 0.01, MeanDivergence = 1e-3 },
        GgufTensorType.Q8_0 => new ParityTolerance { Top1Agreement = 0.95, LargestDifference = 0.05, MeanDivergence = 0.02 },
        _ => new ParityTolerance { Top1Agreement = 0.7, LargestDifference = 0.5, MeanDivergence = 0.5 },
    };

    private static IEnumerable<ParitySample> Samples(CausalLanguageModel model)
    {
        var random = new Random(1);
        int length = Math.Min(MostSampleTokens, model.MaximumPositions);
        for (int i = 0; i < SampleCount; i++)
        {
            int[] ids = new int[length];
            for (int t = 0; t < length; t++)
                ids[t] = random.Next(model.VocabularySize);
            yield return ParitySample.OfTokens(TensorData.From<int>(ids).Reshape([1, length]));
        }
    }
}
