using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of GPT-2 (Radford et al., 2019).</summary>
public sealed record Gpt2Config : PretrainedConfig
{
    /// <inheritdoc/>
    public override string ModelType => "gpt2";

    /// <summary>The number of tokens.</summary>
    public int VocabularySize { get; init; } = 50257;

    /// <summary>The length of the longest text.</summary>
    public int MaximumPositions { get; init; } = 1024;

    /// <summary>The features of a token between the layers.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>The number of layers.</summary>
    public int LayerCount { get; init; } = 12;

    /// <summary>The number of heads.</summary>
    public int HeadCount { get; init; } = 12;

    /// <summary>The features inside of the feed-forward networks; null is four times <see cref="HiddenSize"/>.</summary>
    public int? IntermediateSize { get; init; }

    /// <summary>The activation of the feed-forward networks.</summary>
    public Activation HiddenActivation { get; init; } = Activation.GeluTanh;

    /// <summary>Dropout of what is added to a layer's input, in training.</summary>
    public double ResidualDropout { get; init; } = 0.1;

    /// <summary>Dropout of the embeddings, in training.</summary>
    public double EmbeddingDropout { get; init; } = 0.1;

    /// <summary>Dropout of the weights of attention, in training.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>What is added to the variance in normalizations.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>The standard deviation of the first weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether scores are divided by the root of a head's features.</summary>
    public bool ScaleAttention { get; init; } = true;

    /// <summary>Whether scores are divided by the number of the layer, counted from 1, as well.</summary>
    public bool ScaleAttentionByLayer { get; init; }

    /// <summary>Whether the logits come from the table of the tokens.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>The tokens that end a text.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    internal override int Depth => LayerCount;

    internal override void Check(string file)
    {
        RequireSizes(
            file, ("vocab_size", VocabularySize, ConfigFields.MostTokens), ("n_positions", MaximumPositions, ConfigFields.MostTokens),
            ("n_embd", HiddenSize, ConfigFields.MostWidth), ("n_layer", LayerCount, ConfigFields.MostLayers), ("n_head", HeadCount, ConfigFields.MostWidth),
            ("n_inner", IntermediateSize ?? 1, ConfigFields.MostWidth));
        RequireHeads(file, "n_head", HeadCount, "n_embd", HiddenSize);
    }

    internal override Gpt2Config Read(ConfigFields fields)
    {
        fields.RequireFlag("add_cross_attention", false);
        return new Gpt2Config
        {
            Source = Text(fields.Values),
            VocabularySize = fields.Int("vocab_size", 50257, 1, ConfigFields.MostTokens),
            MaximumPositions = fields.Int("n_positions", 1024, 1, ConfigFields.MostTokens),
            HiddenSize = fields.Int("n_embd", 768, 1, ConfigFields.MostWidth),
            LayerCount = fields.Int("n_layer", 12, 1, ConfigFields.MostLayers),
            HeadCount = fields.Int("n_head", 12, 1, ConfigFields.MostWidth),
            IntermediateSize = fields.OptionalInt("n_inner", 1, ConfigFields.MostWidth),
            HiddenActivation = fields.Activation("activation_function", Activation.GeluTanh),
            ResidualDropout = fields.Dropout("resid_pdrop", 0.1),
            EmbeddingDropout = fields.Dropout("embd_pdrop", 0.1),
            AttentionDropout = fields.Dropout("attn_pdrop", 0.1),
            NormEpsilon = fields.Number("layer_norm_epsilon", 1e-5, 0, 1),
            InitializerRange = fields.Number("initializer_range", 0.02, 1e-12, 1e6),
            ScaleAttention = fields.Flag("scale_attn_weights", true),
            ScaleAttentionByLayer = fields.Flag("scale_attn_by_inverse_layer_idx", false),
            TieWordEmbeddings = fields.Flag("tie_word_embeddings", true),
            EndIds = fields.EndIds(),
        };
    }

    internal override void WriteFields(JsonObject fields)
    {
        fields["vocab_size"] = VocabularySize;
        fields["n_positions"] = MaximumPositions;
        fields["n_embd"] = HiddenSize;
        fields["n_layer"] = LayerCount;
        fields["n_head"] = HeadCount;
        fields["n_inner"] = IntermediateSize;
        fields["activation_function"] = HiddenActivation == Activation.GeluTanh ? "gelu_new" : ActivationNames.NameOf(HiddenActivation, "activation_function");
        fields["resid_pdrop"] = ResidualDropout;
        fields["embd_pdrop"] = EmbeddingDropout;
        fields["attn_pdrop"] = AttentionDropout;
        fields["layer_norm_epsilon"] = NormEpsilon;
        fields["initializer_range"] = InitializerRange;
        fields["scale_attn_weights"] = ScaleAttention;
        fields["scale_attn_by_inverse_layer_idx"] = ScaleAttentionByLayer;
        fields["tie_word_embeddings"] = TieWordEmbeddings;
        fields["eos_token_id"] = EndIds.Count == 1 ? EndIds[0] : EndIds.Count == 0 ? null : new JsonArray([.. EndIds.Select(i => (JsonNode)i)]);
    }
}
