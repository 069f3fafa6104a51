namespace Anneal.Bench;

/// <summary>The networks of the reference workloads, each with as many parameters as its peer.</summary>
internal static class Networks
{
    internal static Sequential Mlp() => new(new Flatten(), new Dense(128, Activation.Relu), new Dense(64, Activation.Relu), new Dense(10));

    internal static Sequential Cnn() => new(
        new Conv2D(32, 3, Activation.Relu), new MaxPool2D(2), new Conv2D(64, 3, Activation.Relu), new MaxPool2D(2),
        new Flatten(), new Dense(64, Activation.Relu), new Dense(10));

    /// <summary>PyTorch's LSTM has two biases that are added; the second is an option here.</summary>
    internal static Sequential LstmClassifier() => new(new Embedding(10_000, 128), new Lstm(128, useRecurrentBias: true), new Dense(5));

    /// <summary>An encoder that classifies by its first position.</summary>
    internal static Transformer BertMini() => new(vocabulary: 30_522, positions: 512, width: 256, depth: 4, heads: 4, classes: 5);

    /// <summary>A decoder whose head is its embedding.</summary>
    internal static Transformer CharGpt(int width = 384, int depth = 6) => new(vocabulary: 65, positions: 256, width, depth, heads: 6, classes: 0);
}

/// <summary>Pre-norm blocks over tokens <c>[batch, time]</c>: logits of classes <c>[batch, classes]</c>, or of the next token <c>[batch, time, vocabulary]</c>.</summary>
internal sealed class Transformer : Model
{
    private readonly Embedding _tokens;
    private readonly PositionalEmbedding _positions;
    private readonly TransformerEncoderBlock[] _blocks;
    private readonly LayerNormalization _norm;
    private readonly Dense? _head;

    internal Transformer(int vocabulary, int positions, int width, int depth, int heads, int classes)
    {
        _tokens = Track(new Embedding(vocabulary, width));
        _positions = Track(new PositionalEmbedding(positions));
        _blocks =
        [
            .. Enumerable.Range(0, depth).Select(_ => Track(new TransformerEncoderBlock(
                heads, 4 * width, Activation.GeluTanh, preNorm: true, causal: classes == 0))),
        ];
        _norm = Track(new LayerNormalization(epsilon: 1e-5));
        _head = classes > 0 ? Track(new Dense(classes, useBias: false)) : null;
    }

    protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs)
    {
        Tensor x = _positions.Apply(_tokens.Apply(inputs[0]));
        foreach (TransformerEncoderBlock block in _blocks)
            x = block.Apply(x);
        x = _norm.Apply(x);
        return [_head is null ? _tokens.Project(x) : _head.Apply(x.Narrow(1, 0, 1).Reshape([x.Shape[0], x.Shape[2]]))];
    }
}
