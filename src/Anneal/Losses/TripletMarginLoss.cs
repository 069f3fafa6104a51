namespace Anneal;

/// <summary>max(0, margin + distance to the positive - distance to the negative) for outputs stacked <c>[batch, 3, features]</c>.</summary>
internal sealed class TripletMarginLoss(double margin) : Loss
{
    // PyTorch's: added to each difference.
    private const double Epsilon = 1e-6;
    private readonly double _margin = Require.Within(margin, 0, double.PositiveInfinity, "triplet_margin", nameof(margin));

    public override string Name => "triplet_margin";

    protected internal override (double Low, double High) TargetRange => (0, 1);

    protected internal override TensorType TargetType(TensorType output, TensorType target, string place) =>
        StackedOutputs.RequireOneTruthEach(output, target, 3, "anchor, positive and negative", Name, place);

    protected internal override Tensor Values(Tensor output, Tensor target) =>
        Of(StackedOutputs.Part(output, 0), StackedOutputs.Part(output, 1), StackedOutputs.Part(output, 2), _margin);

    protected internal override Tensor Counts(Tensor target) => target;

    protected internal override void WriteConfig(LayerConfig config) => config.Set("margin", _margin);

    internal static TripletMarginLoss Read(LayerConfig config) => new(config.GetDouble("margin"));

    internal static Tensor Of(Tensor anchor, Tensor positive, Tensor negative, double margin) =>
        Tensor.Relu((anchor - positive + Epsilon).Norm([-1]) - (anchor - negative + Epsilon).Norm([-1]) + margin);
}

/// <summary>Outputs that hold several vectors of an example: <c>[batch, count, features]</c>.</summary>
internal static class StackedOutputs
{
    internal static Tensor Part(Tensor output, int index)
    {
        Tensor part = output.Narrow(1, index, 1);
        return part.Reshape(new Shape(output.Shape[0], output.Shape[2]));
    }

    internal static TensorType RequireOneTruthEach(TensorType output, TensorType target, int count, string parts, string loss, string place)
    {
        if (output.Shape.Rank != 3 || output.Shape[1] != count)
        {
            throw new ShapeException(FormattableString.Invariant(
                $"{place}: {loss} expects outputs [batch, {count}, features] ({parts}), but found {ModelSummary.WithBatch(output.Shape[1..])}."));
        }

        Shape examples = output.Shape[..1];
        return target.Shape == examples || target.Shape == examples.Concat(1)
            ? new TensorType(DType.Float32, examples)
            : throw new ShapeException($"{place}: {loss} expects a target of one number for each example, but found {ModelSummary.WithBatch(target.Shape[1..])}.");
    }
}
