namespace Anneal;

/// <summary>The mean of the absolute differences as percentages of the targets, which are kept 1e-7 away from 0, as Keras.</summary>
internal sealed class MeanAbsolutePercentageErrorLoss : Loss
{
    public override string Name => "mean_absolute_percentage_error";

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor size = Tensor.Maximum(Tensor.Abs(target), target.FillLike(CrossentropyMath.Epsilon));
        return MeanOfPositions(Tensor.Abs(output - target) / size, output) * 100;
    }
}
