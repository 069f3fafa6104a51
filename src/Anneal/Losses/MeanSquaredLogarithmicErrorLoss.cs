namespace Anneal;

/// <summary>The mean of the squared differences of log(1 + x); outputs below 0 are taken as 0, as Keras.</summary>
internal sealed class MeanSquaredLogarithmicErrorLoss : Loss
{
    public override string Name => "mean_squared_logarithmic_error";

    protected internal override (double Low, double High) TargetRange => (0, float.MaxValue);

    protected internal override Tensor Values(Tensor output, Tensor target) =>
        MeanOfPositions(Tensor.Square(Tensor.Log1p(Tensor.Relu(output)) - Tensor.Log1p(target)), output);
}
