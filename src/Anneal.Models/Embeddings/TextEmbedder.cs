using System.Globalization;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>How the features of a text's tokens become one vector.</summary>
public enum EmbeddingPooling
{
    /// <summary>Their mean, special tokens included.</summary>
    Mean,

    /// <summary>Those of the first token, as encoders have been taught.</summary>
    First,

    /// <summary>Those of the last token, the only one of a causal model that has seen the whole text.</summary>
    Last,
}

/// <summary>How a <see cref="TextEmbedder"/> works.</summary>
public sealed record TextEmbedderOptions
{
    /// <summary>How the features of the tokens become one vector; null is <see cref="EmbeddingPooling.Mean"/> for encoders and <see cref="EmbeddingPooling.Last"/> for causal models.</summary>
    public EmbeddingPooling? Pooling { get; init; }

    /// <summary>Whether vectors are brought to length 1, so that their dot product is the cosine of the angle between them.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>The most tokens of a text, special ones included; what is longer is cut at its end. Null is what the tokenizer's file says, and at most what the model has positions for.</summary>
    public int? MaximumLength { get; init; }

    /// <summary>How many texts are computed at once, at least 1.</summary>
    public int BatchSize { get; init; } = 32;
}

/// <summary>A text as a vector.</summary>
/// <param name="Vector">The vector.</param>
/// <param name="TokenCount">The tokens of the text, without those that were cut off.</param>
/// <param name="IsTruncated">Whether the text was too long and its end was cut off.</param>
public sealed record TextEmbedding(IReadOnlyList<float> Vector, int TokenCount, bool IsTruncated);

/// <summary>
/// Makes vectors of texts with an encoder or a causal model: features of the last layer, pooled. It may be used by several threads at once, as long as the model is
/// not trained meanwhile.
/// </summary>
public sealed class TextEmbedder
{
    private const int ShortestRow = 16;
    private readonly TextEmbedderOptions _options;
    private readonly EncodeOptions _encoding;
    private readonly Program _features;
    private readonly int _padding;

    /// <summary>Makes an embedder.</summary>
    /// <param name="model">A <see cref="TextEncoderModel"/>, whose head is not used, or a <see cref="CausalLanguageModel"/>.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ModelException">The model is of another kind.</exception>
    /// <exception cref="TokenizerMismatchException">The tokenizer has tokens that the model does not have.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public TextEmbedder(PretrainedModel model, Tokenizer tokenizer, TextEmbedderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= new TextEmbedderOptions();
        (int longest, int vocabulary, int width, int? padding) = model switch
        {
            TextEncoderModel encoder => (encoder.Encoder.LongestText, encoder.Encoder.VocabularySize, encoder.Encoder.Width, encoder.Encoder.PaddingId),
            CausalLanguageModel causal => (causal.MaximumPositions, causal.VocabularySize, WidthOf(causal.Config), null),
            _ => throw new ModelException($"The model {model.Name} ({model.TypeName}) makes no vectors of texts: it is neither an encoder of texts nor a causal model."),
        };
        TokenizerMismatchException.RequireTokens(tokenizer, model.Name, vocabulary);
        int length = options.MaximumLength ?? Math.Min(tokenizer.Truncation?.MaxLength ?? longest, longest);
        if (length < 1 || length > longest)
            throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"{nameof(options.MaximumLength)} must be from 1 to {longest}, the most tokens that the model {model.Name} reads, not {length}."));
        if (options.BatchSize < 1)
            throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"{nameof(options.BatchSize)} must be at least 1, not {options.BatchSize}."));
        if (options.Pooling is { } given && !Enum.IsDefined(given))
            throw new OptionException($"{nameof(EmbeddingPooling)} has no value {(int)given}.");
        Pooling = options.Pooling ?? (model is CausalLanguageModel ? EmbeddingPooling.Last : EmbeddingPooling.Mean);
        (Model, Tokenizer, MaximumLength, Dimensions) = (model, tokenizer, length, width);
        (_options, _padding) = (options, padding ?? tokenizer.Padding?.Id ?? 0);
        _encoding = new EncodeOptions { TypedSpecialTokens = TypedSpecialTokens.Text, Truncation = new TruncationOptions(length), Padding = PaddingOptions.None };
        model.EnsureBuilt([.. model.InputsToBuild]);
        _features = Program.Compile((Tensor ids, Tensor mask, Tensor weights) => Pooled(ids, mask, weights), new ProgramOptions { Name = "vectors of " + model.Name });
    }

    /// <summary>The model.</summary>
    public PretrainedModel Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>How the features of the tokens become one vector.</summary>
    public EmbeddingPooling Pooling { get; }

    /// <summary>The most tokens of a text.</summary>
    public int MaximumLength { get; }

    /// <summary>How many numbers a vector has.</summary>
    public int Dimensions { get; }

    /// <summary>Loads a model and the tokenizer that lies beside it; of an encoder the body, with any head or none.</summary>
    /// <param name="folder">The folder, as transformers saves it.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="AnnealException">As the constructor, <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/> and <see cref="Tokenizer.Load"/>.</exception>
    public static TextEmbedder Load(string folder, TextEmbedderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var body = new PretrainedLoadOptions { NewHead = true };
        PretrainedModel model = ConfigFields.ReadFile(Path.Combine(folder, "config.json")).Text("model_type") switch
        {
            "bert" => BertForSequenceClassification.Load(folder, body),
            "roberta" => RobertaForSequenceClassification.Load(folder, body),
            "distilbert" => DistilBertForSequenceClassification.Load(folder, body),
            _ => PretrainedModel.Load(folder),
        };
        return new TextEmbedder(model, Tokenizer.Load(folder), options);
    }

    /// <summary>Makes vectors of texts. The vector of a text is the same in any company, up to the last digits.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellationToken">Ends the work before the next batch.</param>
    /// <returns>One vector a text, in the order of the texts.</returns>
    /// <exception cref="TokenizationException">A text cannot be encoded.</exception>
    /// <exception cref="InputException">A text has no token at all.</exception>
    /// <exception cref="ModelException">A vector is not finite, or of length 0 and is to be normalized.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public IReadOnlyList<TextEmbedding> Embed(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        TokenizedText[] tokens = Tokenizer.EncodeBatch(texts, _encoding);
        int empty = Array.FindIndex(tokens, t => t.Count == 0);
        if (empty >= 0)
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"Text {empty} has no token, so it has no vector."));

        // Texts of similar length go together, so that little is filled up.
        int[] order = [.. Enumerable.Range(0, tokens.Length).OrderBy(i => tokens[i].Count)];
        var results = new TextEmbedding[tokens.Length];
        foreach (int[] batch in order.Chunk(_options.BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            float[] vectors = Run(batch, tokens);
            for (int row = 0; row < batch.Length; row++)
            {
                TokenizedText text = tokens[batch[row]];
                results[batch[row]] = new TextEmbedding(Finished(vectors[(row * Dimensions)..((row + 1) * Dimensions)]), text.Count, text.TruncatedTokens > 0);
            }
        }

        return results;
    }

    private static int WidthOf(PretrainedConfig config) => config switch
    {
        DecoderConfig decoder => decoder.HiddenSize,
        Gpt2Config gpt2 => gpt2.HiddenSize,
        _ => throw new InvalidOperationException($"No width of {config.GetType().Name}."),
    };

    private float[] Run(int[] batch, TokenizedText[] tokens)
    {
        // Few lengths, so that few programs are compiled.
        int most = batch.Max(i => tokens[i].Count), length = ShortestRow;
        while (length < most)
            length *= 2;
        length = Math.Max(most, Math.Min(length, MaximumLength));
        TensorData ids = new(DType.Int32, [batch.Length, length]), mask = new(DType.Bool, [batch.Length, length]), weights = new(DType.Float32, [batch.Length, length]);
        ids.AsSpan<int>().Fill(_padding);
        for (int row = 0; row < batch.Length; row++)
        {
            ReadOnlySpan<int> text = tokens[batch[row]].Ids;
            text.CopyTo(ids.AsSpan<int>()[(row * length)..]);
            mask.AsSpan<bool>().Slice(row * length, text.Length).Fill(true);
            Span<float> shares = weights.AsSpan<float>().Slice(row * length, text.Length);
            if (Pooling == EmbeddingPooling.Mean)
                shares.Fill(1f / text.Length);
            else
                shares[Pooling == EmbeddingPooling.First ? 0 : shares.Length - 1] = 1;
        }

        return _features.Run(ids, mask, weights).AsSpan<float>().ToArray();
    }

    private Tensor Pooled(Tensor ids, Tensor mask, Tensor weights)
    {
        Tensor features = Model is TextEncoderModel encoder ? encoder.Features(ids, mask) : ((CausalLanguageModel)Model).Features(ids, mask);
        return (features * weights.ExpandAxis(-1)).Sum([1]);
    }

    private float[] Finished(float[] vector)
    {
        double square = 0;
        foreach (float value in vector)
            square += (double)value * value;
        if (!double.IsFinite(square))
            throw new ModelException($"The features of the model {Model.Name} are not finite, so the text has no vector.");
        if (!_options.Normalize)
            return vector;
        if (square == 0)
            throw new ModelException($"The features of the model {Model.Name} are all 0, so the vector of the text has no direction. Hint: {nameof(TextEmbedderOptions.Normalize)} can be switched off.");
        double scale = 1 / Math.Sqrt(square);
        return Array.ConvertAll(vector, value => (float)(value * scale));
    }
}
