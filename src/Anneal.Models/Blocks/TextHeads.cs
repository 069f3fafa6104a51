namespace Anneal.Models;

/// <summary>The logits of the classes of a text from its first token, after a product of its own where the family has one.</summary>
internal sealed class SequenceHead : Layer
{
    private readonly Activation _activation;
    private readonly Dropout _dropout;
    private readonly bool _dropsFirst;

    internal SequenceHead(int width, int classes, bool hasInner, Activation activation, double dropout, bool dropsFirst, Initializer initializer) : base("head")
    {
        (_activation, _dropsFirst) = (activation, dropsFirst);
        Inner = hasInner ? Track(new Dense(width, kernelInitializer: initializer, name: "inner")) : null;
        _dropout = Track(new Dropout(dropout));
        Classifier = Track(new Dense(classes, kernelInitializer: initializer, name: "classifier"));
    }

    internal Dense? Inner { get; }

    internal Dense Classifier { get; }

    protected override Tensor Call(Tensor input)
    {
        if (Inner is null)
            return Classifier.Apply(_dropout.Apply(input));
        Tensor inner = _activation.Apply(Inner.Apply(_dropsFirst ? _dropout.Apply(input) : input));
        return Classifier.Apply(_dropout.Apply(inner));
    }
}

/// <summary>The logits of the classes of each token.</summary>
internal sealed class TokenHead : Layer
{
    private readonly Dropout _dropout;

    internal TokenHead(int classes, double dropout, Initializer initializer) : base("head")
    {
        _dropout = Track(new Dropout(dropout));
        Classifier = Track(new Dense(classes, kernelInitializer: initializer, name: "classifier"));
    }

    internal Dense Classifier { get; }

    protected override Tensor Call(Tensor input) => Classifier.Apply(_dropout.Apply(input));
}

/// <summary>The logits of each token's being the first and the last of an answer: two outputs <c>[batch, time]</c>.</summary>
internal sealed class SpanHead : Layer
{
    private readonly Dropout _dropout;

    internal SpanHead(double dropout, Initializer initializer) : base("head")
    {
        _dropout = Track(new Dropout(dropout));
        Ends = Track(new Dense(2, kernelInitializer: initializer, name: "ends"));
    }

    internal Dense Ends { get; }

    internal Tensor[] Spans(Tensor hidden)
    {
        Tensor both = Apply(hidden);
        return [both.Narrow(-1, 0, 1).Reshape(both.Shape[..2]), both.Narrow(-1, 1, 1).Reshape(both.Shape[..2])];
    }

    protected override Tensor Call(Tensor input) => Ends.Apply(_dropout.Apply(input));
}

/// <summary>The logits of the words that may stand in each token's place, from the table of the words or weights of its own, with a bias of its own.</summary>
internal sealed class MaskedHead : Layer
{
    private readonly Embedding? _words;
    private readonly Activation _activation;
    private readonly int _vocabulary;
    private Parameter? _bias;

    /// <summary>Makes the head; without <paramref name="words"/> it has weights of its own.</summary>
    internal MaskedHead(int width, int vocabulary, Activation activation, double epsilon, Embedding? words, Initializer initializer) : base("head")
    {
        (_words, _activation, _vocabulary) = (words, activation, vocabulary);
        Inner = Track(new Dense(width, kernelInitializer: initializer, name: "inner"));
        Norm = Track(new LayerNormalization(epsilon: epsilon, name: "norm"));
        Projection = words is null ? Track(new Dense(vocabulary, useBias: false, kernelInitializer: initializer, name: "projection")) : null;
    }

    /// <summary>Files of untied heads hold a second bias, which nothing reads; it is kept for them.</summary>
    internal State? SpareBias { get; private set; }

    internal Dense Inner { get; }

    internal LayerNormalization Norm { get; }

    internal Dense? Projection { get; }

    internal Parameter Bias => _bias!;

    protected override void Build(Shape inputShape)
    {
        _bias = AddParameter("bias", _vocabulary, Initializer.Zeros);
        SpareBias = _words is null ? AddState("spare_bias", _vocabulary, Initializer.Zeros) : null;
    }

    protected override Tensor Call(Tensor input)
    {
        Tensor hidden = Norm.Apply(_activation.Apply(Inner.Apply(input)));
        return (Projection is null ? _words!.Project(hidden) : Projection.Apply(hidden)) + _bias!;
    }
}
