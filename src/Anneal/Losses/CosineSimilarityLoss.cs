namespace Anneal;

/// <summary>The negative cosine of the angle between outputs and targets along the last axis, as Keras: -1 for the same direction.</summary>
internal sealed class CosineSimilarityLoss : Loss
{
    // PyTorch's: no length is taken as smaller.
    private const double Epsilon = 1e-8;

    public override string Name => "cosine_similarity";

    protected internal override TensorType TargetType(TensorType output, TensorType target, string place) => output.Shape.Rank >= 2
        ? RequireSameShape(output, target, place)
        : throw new ShapeException($"{place}: {Name} expects outputs [batch, ..., features], but found {ModelSummary.WithBatch(output.Shape[1..])}.");

    protected internal override Tensor Values(Tensor output, Tensor target) => -(Unit(output) * Unit(target)).Sum([-1]);

    private static Tensor Unit(Tensor x)
    {
        // Scaled by the largest element first, so that squares neither overflow nor vanish.
        Tensor largest = Tensor.Abs(x).Max([-1], keepAxes: true).StopGradient();
        Tensor scale = Tensor.Select(largest.EqualTo(0), largest.FillLike(1), largest);
        Tensor scaled = x / scale;
        Tensor length = scaled.Norm([-1], keepAxes: true);
        return scaled / Tensor.Maximum(length, Epsilon / scale);
    }
}
