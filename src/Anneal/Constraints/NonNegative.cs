namespace Anneal;

/// <summary>Puts 0 in the place of negative elements.</summary>
public sealed record NonNegative : Constraint
{
    /// <inheritdoc/>
    public override Tensor Apply(Tensor value) => Tensor.Relu(value);

    internal override void WriteConfig(LayerConfig config)
    {
    }
}
