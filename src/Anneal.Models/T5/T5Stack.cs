namespace Anneal.Models;

/// <summary>The layers of T5's encoder or decoder, with the bias of distances that all of them share: embeddings in, normalized features out.</summary>
internal sealed class T5Stack : Block<T5Call>
{
    private readonly Dropout _dropout;

    internal T5Stack(T5Config config, bool isDecoder, string name) : base(name)
    {
        Bias = Track(new T5RelativeBias(config, bothWays: !isDecoder, "relative_bias"));
        Blocks = new T5Block[isDecoder ? config.DecoderLayerCount : config.LayerCount];
        for (int i = 0; i < Blocks.Length; i++)
            Blocks[i] = Track(new T5Block(config, i, isDecoder, FormattableString.Invariant($"layer_{i}")));
        Norm = Track(new RmsNormalization(epsilon: config.NormEpsilon, name: "norm"));
        _dropout = Track(new Dropout(config.DropoutRate));
    }

    internal T5RelativeBias Bias { get; }

    internal T5Block[] Blocks { get; }

    internal RmsNormalization Norm { get; }

    /// <summary>A bias with a mask in it: what may not be attended to is minus infinity.</summary>
    internal static Tensor Masked(Tensor bias, Tensor? mask)
    {
        if (mask is null)
            return bias;
        Shape shape = [mask.Shape[0], bias.Shape[1], bias.Shape[2], bias.Shape[3]];
        Tensor spread = bias.BroadcastTo(shape);
        return Tensor.Select(mask.BroadcastTo(shape), spread, Tensor.Full(shape, double.NegativeInfinity));
    }

    protected override Tensor Call(Tensor input, T5Call call)
    {
        Tensor hidden = _dropout.Apply(input);
        foreach (T5Block block in Blocks)
            hidden = block.Apply(hidden, call);
        return _dropout.Apply(Norm.Apply(hidden));
    }
}
