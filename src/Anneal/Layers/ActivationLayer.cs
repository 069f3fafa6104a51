namespace Anneal;

/// <summary>An activation as a layer of its own. The shape stays.</summary>
public sealed class ActivationLayer : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="activation">The function.</param>
    /// <param name="name">The name; null takes <c>activation</c> with a counter.</param>
    /// <exception cref="OptionException">There is no such activation.</exception>
    public ActivationLayer(Activation activation, string? name = null) : base(name) =>
        Activation = Require.Defined(activation, nameof(ActivationLayer), nameof(activation));

    /// <summary>The function.</summary>
    public Activation Activation { get; }

    private protected override string DefaultName => "activation";

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        return Activation.Apply(input);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("activation", Activation);

    internal static ActivationLayer Read(LayerConfig config) => new(config.GetEnum<Activation>("activation"));
}
