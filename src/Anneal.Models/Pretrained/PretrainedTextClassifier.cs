using System.Globalization;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>How a <see cref="PretrainedTextClassifier"/> is begun.</summary>
public sealed record PretrainedTextClassifierOptions
{
    /// <summary>The length of every text in tokens, special ones included; longer ones are cut and counted. Null is what the tokenizer's file says, and at most
    /// what the model has positions for.</summary>
    public int? MaximumLength { get; init; }

    /// <summary>The seed of the new head, of dropout and of the order of the data. At least 0.</summary>
    public long Seed { get; init; }

    /// <summary>The tokenizer; null is the one in the folder.</summary>
    public Tokenizer? Tokenizer { get; init; }
}

/// <summary>
/// A public encoder (BERT, RoBERTa, DistilBERT) that tells texts apart, with its tokenizer: begun from a folder as transformers saves it, trained further, and saved in
/// the same form, so that Anneal and transformers read it back. Every text is filled up or cut to one length.
/// </summary>
/// <example><code>
/// PretrainedTextClassifier classifier = PretrainedTextClassifier.FromEncoder("bert-base-uncased", train.ClassNames, new() { MaximumLength = 128 });
/// classifier.Model.Compile(new AdamW(3e-5), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
/// classifier.Model.Fit(classifier.ToDataset(train), new FitOptions { Epochs = 3, BatchSize = 16 });
/// classifier.Save("news");
/// Console.WriteLine(PretrainedTextClassifier.Load("news").Classify(["Wheat prices fell"])[0].ClassName);
/// </code></example>
public sealed class PretrainedTextClassifier : ITextClassifier
{
    private const string TokenizerFile = "tokenizer.json";
    private readonly TextEncoderModel _model;
    private readonly EncodeOptions _encoding;
    private readonly string[] _classNames;

    private PretrainedTextClassifier(TextEncoderModel model, Tokenizer tokenizer, int? length)
    {
        TokenizerMismatchException.RequireTokens(tokenizer, model.Name, model.Encoder.VocabularySize);
        int longest = model.Encoder.LongestText;
        MaximumLength = length ?? Math.Min(tokenizer.Truncation?.MaxLength ?? longest, longest);
        if (MaximumLength < 1 || MaximumLength > longest)
        {
            throw new OptionException(string.Create(
                CultureInfo.InvariantCulture, $"{nameof(MaximumLength)} must be from 1 to {longest}, the most tokens that the model {model.Name} has positions for, but is {MaximumLength}."));
        }

        int padding = model.Encoder.PaddingId ?? tokenizer.Padding?.Id ?? 0;
        Tokenizer = tokenizer.With(
            new TruncationOptions(MaximumLength), new PaddingOptions { Length = MaximumLength, Id = padding, Token = tokenizer.TokenOf(padding) ?? tokenizer.Padding?.Token ?? "[PAD]" });
        _encoding = new EncodeOptions { TypedSpecialTokens = TypedSpecialTokens.Text };
        (_model, _classNames) = (model, [.. ((ClassifierConfig)model.Config).Labels]);
    }

    /// <summary>The model; <c>Compile</c> and <c>Fit</c> train it on what <see cref="ToDataset"/> gives.</summary>
    public TextEncoderModel Model => _model;

    /// <summary>The tokenizer, which cuts and fills to <see cref="MaximumLength"/>.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The length of every text in tokens, special ones included.</summary>
    public int MaximumLength { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => _classNames;

    /// <summary>Begins a classifier from a public encoder: its body is read, the head is made anew.</summary>
    /// <param name="folder">A folder as transformers saves it, with the tokenizer beside the model.</param>
    /// <param name="classNames">The names of the classes, each once.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="TokenizerMismatchException">The tokenizer has tokens that the model does not have.</exception>
    /// <exception cref="TokenizationException">The tokenizer cannot be saved again as <c>tokenizer.json</c>.</exception>
    /// <exception cref="UnknownArchitectureException">The model is no encoder that Anneal has with a head for texts.</exception>
    /// <exception cref="OptionException">The length or the seed is out of range, or the names are too few or not different.</exception>
    /// <exception cref="AnnealException">As for <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/> and <see cref="Tokenizer.Load"/>.</exception>
    public static PretrainedTextClassifier FromEncoder(string folder, IReadOnlyList<string> classNames, PretrainedTextClassifierOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(classNames);
        options ??= new PretrainedTextClassifierOptions();
        if (classNames.Count < 2 || classNames.Distinct().Count() != classNames.Count)
            throw new OptionException($"A classifier tells at least two classes of different names apart, but got {string.Join(", ", classNames)}.");
        Tokenizer tokenizer = options.Tokenizer ?? Tokenizer.Load(folder);

        // What could not be saved after training is refused before it.
        _ = tokenizer.ToJson();
        return new PretrainedTextClassifier(
            Read(folder, new PretrainedLoadOptions { NewHead = true, Labels = [.. classNames], Seed = options.Seed }), tokenizer, options.MaximumLength);
    }

    /// <summary>Loads what <see cref="Save"/> wrote, or a classifier that transformers saved with its tokenizer. It predicts the same bits as the one that was saved.</summary>
    /// <exception cref="AnnealException">As for <see cref="FromEncoder"/>.</exception>
    public static PretrainedTextClassifier Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new PretrainedTextClassifier(Read(folder, null), Tokenizer.Load(folder), null);
    }

    /// <summary>The tokens of texts.</summary>
    /// <param name="texts">The texts; at least one.</param>
    /// <returns>Tokens int32 and mask bool, both <c>[texts, length]</c>, and how much was cut off.</returns>
    /// <exception cref="DatasetException">There is no text.</exception>
    /// <exception cref="TokenizationException">A text cannot be encoded.</exception>
    public PaddedSequences Encode(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Count == 0)
            throw new DatasetException("A classifier needs at least one text, but found none.");
        TokenizedText[] encoded = Tokenizer.EncodeBatch(texts, _encoding);
        TensorData ids = new(DType.Int32, [texts.Count, MaximumLength]), mask = new(DType.Bool, [texts.Count, MaximumLength]);
        int kept = 0;
        for (int i = 0; i < encoded.Length; i++)
        {
            encoded[i].Ids.CopyTo(ids.AsSpan<int>()[(i * MaximumLength)..]);
            for (int t = 0; t < MaximumLength; t++)
            {
                bool counts = encoded[i].AttentionMask[t] != 0;
                mask.AsSpan<bool>()[i * MaximumLength + t] = counts;
                kept += counts ? 1 : 0;
            }
        }

        long dropped = encoded.Sum(e => (long)e.TruncatedTokens);
        return new PaddedSequences(ids, mask, new TruncationReport(encoded.Length, encoded.Count(e => e.TruncatedTokens > 0), dropped, kept + dropped));
    }

    /// <inheritdoc/>
    public Dataset ToDataset(LabeledTexts texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        texts.RequireClasses(_classNames);
        PaddedSequences encoded = Encode(texts.Texts);
        return new ArrayDataset([encoded.Tokens, encoded.Mask], [TensorData.From<int>([.. texts.Labels])]);
    }

    /// <inheritdoc/>
    public IReadOnlyList<TextPrediction> Classify(IReadOnlyList<string> texts)
    {
        PaddedSequences encoded = Encode(texts);
        return TextPrediction.Of(_model.Predict(new ArrayDataset([encoded.Tokens, encoded.Mask], [])), _classNames);
    }

    /// <inheritdoc/>
    public ConfusionMatrix Evaluate(LabeledTexts texts)
    {
        Dataset data = ToDataset(texts);
        return ConfusionMatrix.Of(data.Labels(), TextPrediction.Checked(_model.Predict(data), _classNames.Length));
    }

    /// <summary>Saves tokenizer and model as transformers does; the length of texts stands in <c>tokenizer.json</c>, the names of the classes in <c>config.json</c>.</summary>
    /// <exception cref="ModelFileException">The folder holds a model as <see cref="Model.Save(string)"/> writes it.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _model.SavePretrained(folder);
        Tokenizer.Save(Path.Combine(folder, TokenizerFile));
    }

    private static TextEncoderModel Read(string folder, PretrainedLoadOptions? options)
    {
        string file = Path.Combine(folder, "config.json");
        return ConfigFields.ReadFile(file).Text("model_type") switch
        {
            "bert" => BertForSequenceClassification.Load(folder, options),
            "roberta" => RobertaForSequenceClassification.Load(folder, options),
            "distilbert" => DistilBertForSequenceClassification.Load(folder, options),
            var other => throw new UnknownArchitectureException(file, other is null ? "(none is named)" : ModelFileException.Quote(other), ["bert", "distilbert", "roberta"]),
        };
    }
}
