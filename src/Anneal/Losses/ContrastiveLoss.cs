namespace Anneal;

/// <summary>
/// (1 - y) · d² / 2 + y · max(0, margin - d)² / 2 with the distance d of two vectors, y being 0 for a similar and 1 for a dissimilar pair
/// (Hadsell, Chopra and LeCun, 2006); outputs <c>[batch, 2, features]</c>.
/// </summary>
internal sealed class ContrastiveLoss(double margin) : Loss
{
    private readonly double _margin = Require.Within(margin, 0, double.PositiveInfinity, "contrastive", nameof(margin));

    public override string Name => "contrastive";

    protected internal override (double Low, double High) TargetRange => (0, 1);

    protected internal override TensorType TargetType(TensorType output, TensorType target, string place) =>
        StackedOutputs.RequireOneTruthEach(output, target, 2, "the two of a pair", Name, place);

    protected internal override Tensor Values(Tensor output, Tensor target) =>
        Of(StackedOutputs.Part(output, 0), StackedOutputs.Part(output, 1), target, _margin);

    protected internal override void WriteConfig(LayerConfig config) => config.Set("margin", _margin);

    internal static ContrastiveLoss Read(LayerConfig config) => new(config.GetDouble("margin"));

    internal static Tensor Of(Tensor first, Tensor second, Tensor isDissimilar, double margin)
    {
        Tensor difference = first - second;
        Tensor missing = Tensor.Relu(margin - difference.Norm([-1]));
        return ((1 - isDissimilar) * Tensor.Square(difference).Sum([-1]) + isDissimilar * Tensor.Square(missing)) * 0.5;
    }
}
