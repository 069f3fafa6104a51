namespace Anneal;

/// <summary>Biases of recurrent layers.</summary>
internal static class RecurrentBiases
{
    /// <summary>Both are added to the same numbers at every step, so their sum may as well be.</summary>
    internal static Tensor? Sum(Parameter? bias, Parameter? recurrentBias) => (bias, recurrentBias) switch
    {
        (null, null) => null,
        (not null, null) => bias.Read(),
        (null, not null) => recurrentBias.Read(),
        _ => bias.Read() + recurrentBias,
    };
}

/// <summary>The first bias of an <see cref="Lstm"/> that remembers: 1 for the forget gates, another initializer's values elsewhere.</summary>
/// <param name="Others">The first values of the other gates.</param>
internal sealed record ForgetGateOnes(Initializer Others) : Initializer
{
    internal override void Fill(TensorData data, ulong seed, ulong stream)
    {
        Others.Fill(data, seed, stream);
        long units = data.Shape[0] / 4;
        for (long i = units; i < 2 * units; i++)
            data.SetDouble(i, 1);
    }

    internal override void WriteConfig(LayerConfig config) => throw new NotSupportedException("The layer stores what this is made of.");
}
