namespace Anneal;

/// <summary>The mean of the squared differences.</summary>
internal sealed class MeanSquaredErrorLoss : Loss
{
    public override string Name => "mean_squared_error";

    protected internal override Tensor Values(Tensor output, Tensor target) => MeanOfPositions(Tensor.Square(output - target), output);
}
