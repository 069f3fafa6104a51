namespace Anneal.Tests;

/// <content>Attention, transformer blocks, embeddings and positions.</content>
internal static partial class LayerCases
{
    private static readonly TensorType Sequence = new(DType.Float32, [2, 3, 8]);

    private static readonly RotaryOptions Rotary = new() { Pairing = RotaryPairing.Interleaved, Dimension = 2, Base = 100 };

    private static LayerCase[] Attention =>
    [
        new(() => new MultiHeadAttention(2), Sequence, new TensorType(DType.Float32, [2, 4, 6]))
        {
            IsRandom = true,
            Variants =
            [
                ("numHeads", () => new MultiHeadAttention(4)),
                ("keyDimension", () => new MultiHeadAttention(2, keyDimension: 3)),
                ("valueDimension", () => new MultiHeadAttention(2, valueDimension: 3)),
                ("numKeyValueHeads", () => new MultiHeadAttention(2, numKeyValueHeads: 1)),
                ("dropout", () => new MultiHeadAttention(2, dropout: 0.3)),
                ("useBias", () => new MultiHeadAttention(2, useBias: false)),
                ("causal", () => new MultiHeadAttention(2, causal: true)),
                ("rotary", () => new MultiHeadAttention(2, rotary: new RotaryOptions())),
                ("rotary", () => new MultiHeadAttention(2, rotary: Rotary)),
                ("kernelInitializer", () => new MultiHeadAttention(2, kernelInitializer: Initializer.HeNormal)),
                ("biasInitializer", () => new MultiHeadAttention(2, biasInitializer: new Constant(0.5))),
                ("returnAttentionScores", () => new MultiHeadAttention(2, returnAttentionScores: true)),
            ],
        },
        new(() => new FeedForward(5, Activation.Tanh), Sequence)
        {
            IsRandom = true,
            Variants =
            [
                ("hiddenDimension", () => new FeedForward(4, Activation.Tanh)),
                ("activation", () => new FeedForward(5, Activation.Gelu)),
                ("gated", () => new FeedForward(5, Activation.Tanh, gated: true)),
                ("dropout", () => new FeedForward(5, Activation.Tanh, dropout: 0.3)),
                ("useBias", () => new FeedForward(5, Activation.Tanh, useBias: false)),
                ("kernelInitializer", () => new FeedForward(5, Activation.Tanh, kernelInitializer: Initializer.HeNormal)),
                ("biasInitializer", () => new FeedForward(5, Activation.Tanh, biasInitializer: new Constant(0.5))),
            ],
        },
        new(() => new TransformerEncoderBlock(2, 5, Activation.Gelu), Sequence)
        {
            IsRandom = true,
            Variants =
            [
                ("numHeads", () => new TransformerEncoderBlock(4, 5, Activation.Gelu)),
                ("feedForwardDimension", () => new TransformerEncoderBlock(2, 6, Activation.Gelu)),
                ("activation", () => new TransformerEncoderBlock(2, 5, Activation.Silu)),
                ("dropout", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, dropout: 0.3)),
                ("preNorm", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, preNorm: true)),
                ("epsilon", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, epsilon: 0.1)),
                ("normalization", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, normalization: BlockNormalization.RootMeanSquare)),
                ("gated", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, gated: true)),
                ("useBias", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, useBias: false)),
                ("numKeyValueHeads", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, numKeyValueHeads: 1)),
                ("rotary", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, rotary: Rotary)),
                ("causal", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, causal: true)),
                ("kernelInitializer", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, kernelInitializer: Initializer.HeNormal)),
                ("returnAttentionScores", () => new TransformerEncoderBlock(2, 5, Activation.Gelu, returnAttentionScores: true)),
            ],
        },
        new(() => new TransformerDecoderBlock(2, 5, Activation.Gelu), Sequence, new TensorType(DType.Float32, [2, 4, 6]))
        {
            IsRandom = true,
            Variants =
            [
                ("numHeads", () => new TransformerDecoderBlock(4, 5, Activation.Gelu)),
                ("feedForwardDimension", () => new TransformerDecoderBlock(2, 6, Activation.Gelu)),
                ("activation", () => new TransformerDecoderBlock(2, 5, Activation.Silu)),
                ("dropout", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, dropout: 0.3)),
                ("preNorm", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, preNorm: true)),
                ("epsilon", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, epsilon: 0.1)),
                ("normalization", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, normalization: BlockNormalization.RootMeanSquare)),
                ("gated", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, gated: true)),
                ("useBias", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, useBias: false)),
                ("numKeyValueHeads", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, numKeyValueHeads: 1)),
                ("rotary", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, rotary: Rotary)),
                ("causal", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, causal: false)),
                ("kernelInitializer", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, kernelInitializer: Initializer.HeNormal)),
                ("returnAttentionScores", () => new TransformerDecoderBlock(2, 5, Activation.Gelu, returnAttentionScores: true)),
            ],
        },
    ];

    private static LayerCase[] Embeddings =>
    [
        new(() => new Embedding(5, 3), new TensorType(DType.Int32, [2, 4]))
        {
            IndexLimit = 5,
            Variants =
            [
                ("vocabularySize", () => new Embedding(6, 3)),
                ("dimension", () => new Embedding(5, 2)),
                ("initializer", () => new Embedding(5, 3, new TruncatedNormal(0, 0.1))),
                ("maskZero", () => new Embedding(5, 3, maskZero: true)),
            ],
        },
        new(() => new PositionalEmbedding(4), Sequence)
        {
            Variants =
            [
                ("maximumLength", () => new PositionalEmbedding(3)),
                ("initializer", () => new PositionalEmbedding(4, new TruncatedNormal(0, 0.1))),
            ],
        },
        new(() => new SinusoidalPositionalEmbedding(), Sequence)
        {
            Variants = [("maximumWavelength", () => new SinusoidalPositionalEmbedding(100))],
        },
    ];
}
