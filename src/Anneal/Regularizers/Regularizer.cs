namespace Anneal;

/// <summary>
/// A penalty on the size of a tensor, which training adds to the loss. Definitions are those of Keras: sums over the elements, not means.
/// Give one to any layer with <see cref="Layer.Regularizers"/> or its shorter forms.
/// </summary>
public abstract record Regularizer
{
    private protected Regularizer()
    {
    }

    /// <summary>The penalty of a floating-point tensor of any shape, without axes.</summary>
    public abstract Tensor Penalty(Tensor x);

    internal abstract void WriteConfig(LayerConfig config);

    internal static LayerConfig Write(Regularizer regularizer)
    {
        var config = new LayerConfig(regularizer.GetType().Name);
        config.Set("type", config.Owner);
        regularizer.WriteConfig(config);
        return config;
    }

    internal static Regularizer Read(LayerConfig config) => config.GetString("type") switch
    {
        nameof(L1) => new L1(config.GetDouble("factor")),
        nameof(L2) => new L2(config.GetDouble("factor")),
        nameof(L1L2) => new L1L2(config.GetDouble("l1"), config.GetDouble("l2")),
        { } other => throw config.Fail("type", "a known regularizer", other),
    };

    private protected double Factor0(double value, string argument) => Require.Within(value, 0, double.PositiveInfinity, GetType().Name, argument);
}
