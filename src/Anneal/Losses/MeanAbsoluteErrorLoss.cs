namespace Anneal;

/// <summary>The mean of the absolute differences.</summary>
internal sealed class MeanAbsoluteErrorLoss : Loss
{
    public override string Name => "mean_absolute_error";

    protected internal override Tensor Values(Tensor output, Tensor target) => MeanOfPositions(Tensor.Abs(output - target), output);
}
