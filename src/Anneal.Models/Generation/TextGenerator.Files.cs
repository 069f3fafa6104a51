using Anneal.Data;
using Anneal.Saving;

namespace Anneal.Models;

/// <summary>How a model and its tokenizer are loaded together.</summary>
public sealed record TextGeneratorLoadOptions
{
    /// <summary>
    /// The most tokens of a text; null is the longest that the model was made for, and what <see cref="EncoderDecoderGenerator"/> takes for one with an
    /// encoder.
    /// </summary>
    public int? ContextLength { get; init; }

    /// <summary>The file of the tokenizer, by its name in the folder or its path; null is one of the usual names, <c>tokenizer.json</c> first.</summary>
    public string? TokenizerFile { get; init; }

    /// <summary>
    /// What the tokenizer's file does not say itself; a rank file of tiktoken needs it. Null is nothing, and for a SentencePiece model what
    /// <c>tokenizer_config.json</c> says of the tokens around a text, or what the family of the model does where that says nothing.
    /// </summary>
    public TokenizerLoadOptions? Tokenizer { get; init; }

    /// <summary>How prompts become tokens; null is as <see cref="TextGenerator"/> has it.</summary>
    public EncodeOptions? Encoding { get; init; }

    /// <summary>How the model is loaded; null for the defaults.</summary>
    public PretrainedLoadOptions? Model { get; init; }

    /// <summary>Whether the folder's chat template is left unread, for models that are not to chat and whose template uses what is not supported.</summary>
    public bool IgnoreChatTemplate { get; init; }
}

/// <content>Folders with a model and its tokenizer.</content>
public sealed partial class TextGenerator
{
    private const string TokenizerJson = "tokenizer.json", TokenizerConfig = "tokenizer_config.json";
    private static readonly string[] TokenizerFiles = [TokenizerJson, "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"];
    private static readonly string[] BesideTokenizer = [TokenizerConfig, "special_tokens_map.json"], Unread = ["chat_template.jinja", "chat_template.json"];

    // Where the tokenizer came from: files that say more than can be written are copied.
    private string? _tokenizerFile;

    /// <summary>
    /// Loads a model that makes texts with the tokenizer that lies beside it, its chat template where there is one, and the publisher's options
    /// (<see cref="GenerationOptions.Load"/>), which become <see cref="Options"/>.
    /// </summary>
    /// <param name="folder">The folder, as transformers saves it.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="UnknownArchitectureException">Anneal does not have the architecture.</exception>
    /// <exception cref="ModelConfigException">A field of a configuration is wrong or not supported, or the model makes no texts.</exception>
    /// <exception cref="ModelFileException">A file is missing or damaged.</exception>
    /// <exception cref="TokenizerMismatchException">Tokenizer and model do not belong together.</exception>
    /// <exception cref="ChatTemplateException">The chat template is wrong, or uses what is not supported; see <see cref="TextGeneratorLoadOptions.IgnoreChatTemplate"/>.</exception>
    /// <exception cref="AnnealException">As <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/> and <see cref="Tokenizer.Load"/>.</exception>
    public static TextGenerator Load(string folder, TextGeneratorLoadOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new TextGeneratorLoadOptions();
        string file = FindTokenizer(folder, options.TokenizerFile);
        ChatTemplate? template = !options.IgnoreChatTemplate && ChatTemplate.IsIn(folder) ? ChatTemplate.Load(folder) : null;
        PretrainedModel model = PretrainedModel.Load(folder, options.Model);
        Tokenizer tokenizer = Tokenizer.Load(file, options.Tokenizer ?? AroundTexts(folder, file, model.Config));
        (TokenGenerator generator, GenerationOptions generation) = model switch
        {
            CausalLanguageModel causal => (new CausalGenerator(causal, options.ContextLength), causal.GenerationOptions),
            T5ForConditionalGeneration t5 => ((TokenGenerator)(options.ContextLength is { } length ? new EncoderDecoderGenerator(t5, length) : new EncoderDecoderGenerator(t5)), t5.GenerationOptions),
            _ => throw new ModelConfigException(Path.Combine(folder, "config.json"), "architectures", "a model that makes texts", model.TypeName),
        };
        return new TextGenerator(generator, tokenizer, options.Encoding) { Options = generation, ChatTemplate = template, _tokenizerFile = file };
    }

    /// <summary>
    /// Saves the model, the tokenizer, <see cref="ChatTemplate"/> and <see cref="Options"/>, as transformers and <see cref="Load"/> read them. A tokenizer that was loaded with
    /// <see cref="Load"/> is copied as its file is; another one is written as <c>tokenizer.json</c>.
    /// </summary>
    /// <param name="folder">Where to; made where there is none.</param>
    /// <param name="options">How the model is saved; null for the defaults.</param>
    /// <exception cref="TokenizationException">The tokenizer is not written as <c>tokenizer.json</c>, and was not loaded with <see cref="Load"/>; nothing is saved.</exception>
    /// <exception cref="ModelFileException">The tokenizer's file is no longer where it was; nothing is saved.</exception>
    /// <exception cref="AnnealException">As <see cref="PretrainedModel.SavePretrained(string, PretrainedSaveOptions?)"/>.</exception>
    public void SavePretrained(string folder, PretrainedSaveOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var files = new List<(string Name, byte[] Bytes)>();
        if (_tokenizerFile is null)
        {
            files.Add((TokenizerJson, Tokenizer.ToJson()));
        }
        else
        {
            if (!File.Exists(_tokenizerFile))
                throw new ModelFileException(_tokenizerFile, "the file", "the tokenizer that was loaded", "no such file");
            string beside = Path.GetDirectoryName(Path.GetFullPath(_tokenizerFile))!;
            foreach (string path in BesideTokenizer.Concat(ChatTemplate is null ? Unread : []).Select(name => Path.Combine(beside, name)).Where(File.Exists).Prepend(_tokenizerFile))
                files.Add((Path.GetFileName(path), File.ReadAllBytes(path)));
        }

        Model.SavePretrained(folder, options);
        Options.Save(folder);
        foreach ((string name, byte[] bytes) in files)
            WholeFile.Replace(Path.Combine(folder, name), stream => stream.Write(bytes));
        ChatTemplate?.Save(folder);
    }

    private static string FindTokenizer(string folder, string? given)
    {
        if (given is not null)
            return Path.Combine(folder, given);
        return TokenizerFiles.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new ModelFileException(folder, "the folder", "a tokenizer under one of the names " + string.Join(", ", TokenizerFiles), "none");
    }

    /// <summary>What stands around a text, of which a SentencePiece model itself says nothing; null for files of other kinds.</summary>
    private static TokenizerLoadOptions? AroundTexts(string folder, string file, PretrainedConfig config)
    {
        if (!IsSentencePiece(file))
            return null;
        string path = Path.Combine(folder, TokenizerConfig);
        ConfigFields? fields = File.Exists(path) ? ConfigFields.ReadFile(path) : null;
        bool begins = config is LlamaConfig or MistralConfig, ends = config is T5Config;
        return new TokenizerLoadOptions
        {
            AddBeginningOfSequence = fields?.Flag("add_bos_token", begins) ?? begins,
            AddEndOfSequence = fields?.Flag("add_eos_token", ends) ?? ends,
        };
    }

    /// <summary>Whether a file begins as SentencePiece models do: with the tag of the first piece, which is neither JSON nor base 64.</summary>
    private static bool IsSentencePiece(string file)
    {
        const int Tag = 0x0A;
        if (!file.EndsWith(".model", StringComparison.OrdinalIgnoreCase) || !File.Exists(file))
            return false;
        using FileStream stream = File.OpenRead(file);
        return stream.ReadByte() == Tag;
    }
}
