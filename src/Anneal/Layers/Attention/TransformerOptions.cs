namespace Anneal;

/// <summary>How a transformer block normalizes.</summary>
public enum BlockNormalization
{
    /// <summary>Mean 0 and variance 1 over the features of each step.</summary>
    Layer,

    /// <summary>Root mean square 1 over the features of each step, without a shift (Zhang and Sennrich, 2019).</summary>
    RootMeanSquare,
}

/// <summary>What the parts of transformer blocks are made of.</summary>
/// <param name="NumHeads">The number of attention heads.</param>
/// <param name="FeedForwardDimension">The hidden features of the feed-forward part.</param>
/// <param name="Activation">The activation of the feed-forward part.</param>
/// <param name="Dropout">The rate of dropout of weights of attention, hidden features, and what is added to the input.</param>
/// <param name="PreNorm">Whether the input of each part is normalized, or its sum with the output.</param>
/// <param name="Epsilon">What is added to variances.</param>
/// <param name="Normalization">The kind of normalization.</param>
/// <param name="Gated">Whether the feed-forward part is gated.</param>
/// <param name="UseBias">Whether products add a bias.</param>
/// <param name="NumKeyValueHeads">The number of heads of keys and values of self-attention.</param>
/// <param name="Rotary">Rotary positions of self-attention.</param>
/// <param name="Causal">Whether self-attention is causal.</param>
/// <param name="KernelInitializer">The first values of kernels.</param>
/// <param name="ReturnAttentionScores">Whether the weights of the attention are a second output.</param>
internal sealed record TransformerOptions(
    int NumHeads, int FeedForwardDimension, Activation Activation, double Dropout, bool PreNorm, double Epsilon, BlockNormalization Normalization,
    bool Gated, bool UseBias, int? NumKeyValueHeads, RotaryOptions? Rotary, bool Causal, Initializer KernelInitializer, bool ReturnAttentionScores)
{
    /// <summary>Checks what no part checks for itself, and names the block.</summary>
    internal TransformerOptions Checked(string block)
    {
        Require.AtLeastOne(NumHeads, block, "numHeads");
        Require.AtLeastOne(FeedForwardDimension, block, "feedForwardDimension");
        Require.Defined(Activation, block, "activation");
        Require.Within(Dropout, 0, 1, block, "dropout");
        Require.Within(Epsilon, 0, double.PositiveInfinity, block, "epsilon");
        Require.Defined(Normalization, block, "normalization");
        if (NumKeyValueHeads is { } shared && NumHeads % Require.AtLeastOne(shared, block, "numKeyValueHeads") != 0)
            throw new OptionException($"{block}: numKeyValueHeads must divide the {NumHeads} heads, but is {shared}.");
        return this;
    }

    internal MultiHeadAttention SelfAttention(string name, bool scores) => new(
        NumHeads, numKeyValueHeads: NumKeyValueHeads, dropout: Dropout, useBias: UseBias, causal: Causal, rotary: Rotary,
        kernelInitializer: KernelInitializer, returnAttentionScores: scores, name: name);

    internal MultiHeadAttention CrossAttention(string name) => new(
        NumHeads, numKeyValueHeads: NumKeyValueHeads, dropout: Dropout, useBias: UseBias, kernelInitializer: KernelInitializer,
        returnAttentionScores: ReturnAttentionScores, name: name);

    internal FeedForward FeedForward(string name) => new(
        FeedForwardDimension, Activation, Gated, Dropout, UseBias, KernelInitializer, name: name);

    internal Layer Norm(string name) => Normalization == BlockNormalization.RootMeanSquare
        ? new RmsNormalization(epsilon: Epsilon, name: name)
        : new LayerNormalization(epsilon: Epsilon, name: name);

    internal void Write(LayerConfig config)
    {
        config.Set("numHeads", NumHeads);
        config.Set("feedForwardDimension", FeedForwardDimension);
        config.Set("activation", Activation);
        config.Set("dropout", Dropout);
        config.Set("preNorm", PreNorm);
        config.Set("epsilon", Epsilon);
        config.Set("normalization", Normalization);
        config.Set("gated", Gated);
        config.Set("useBias", UseBias);
        if (NumKeyValueHeads is { } shared)
            config.Set("numKeyValueHeads", shared);
        RotaryConfig.Write(config, Rotary);
        config.Set("causal", Causal);
        config.Set("kernelInitializer", KernelInitializer);
        config.Set("returnAttentionScores", ReturnAttentionScores);
    }

    internal static TransformerOptions Read(LayerConfig config) => new(
        config.GetInt32("numHeads"), config.GetInt32("feedForwardDimension"), config.GetEnum<Activation>("activation"), config.GetDouble("dropout"),
        config.GetBoolean("preNorm"), config.GetDouble("epsilon"), config.GetEnum<BlockNormalization>("normalization"), config.GetBoolean("gated"),
        config.GetBoolean("useBias"), config.Contains("numKeyValueHeads") ? config.GetInt32("numKeyValueHeads") : null, RotaryConfig.Read(config),
        config.GetBoolean("causal"), config.GetInitializer("kernelInitializer"), config.GetBoolean("returnAttentionScores"));
}
