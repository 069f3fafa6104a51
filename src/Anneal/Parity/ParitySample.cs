namespace Anneal;

/// <summary>Inputs on which two forms of a model are compared.</summary>
public sealed class ParitySample
{
    /// <summary>Makes a sample.</summary>
    /// <param name="inputs">What the model is given, each <c>[batch, ...]</c>.</param>
    /// <param name="mask">Which positions count: numbers or truth values in the shape of the logits without their last axis; null is all.</param>
    public ParitySample(IReadOnlyList<TensorData> inputs, TensorData? mask = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        (Inputs, Mask) = ([.. inputs], mask);
    }

    /// <summary>What the model is given.</summary>
    public IReadOnlyList<TensorData> Inputs { get; }

    /// <summary>Which positions count: those where it is not 0; null is all.</summary>
    public TensorData? Mask { get; }

    /// <summary>A sample of tokens, of which those count that an attention mask admits, if one is given.</summary>
    /// <param name="ids">Tokens <c>[batch, time]</c>.</param>
    /// <param name="attentionMask">What is not 0 counts, <c>[batch, time]</c>; the model is given it too. Null is all.</param>
    public static ParitySample OfTokens(TensorData ids, TensorData? attentionMask = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return attentionMask is null ? new ParitySample([ids]) : new ParitySample([ids, attentionMask], attentionMask);
    }
}
