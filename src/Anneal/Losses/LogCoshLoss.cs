namespace Anneal;

/// <summary>The mean of the logarithm of the hyperbolic cosine of the differences.</summary>
internal sealed class LogCoshLoss : Loss
{
    public override string Name => "log_cosh";

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        // log cosh x = -log(1 - tanh² x) / 2 keeps its digits near 0; |x| + log(1 + exp(-2 |x|)) - log 2 does not overflow far away.
        Tensor size = Tensor.Abs(output - target), isNear = size.LessThan(1);
        Tensor near = Tensor.Log1p(-Tensor.Square(Tensor.Tanh(Tensor.Select(isNear, size, size.FillLike(0))))) * -0.5;
        Tensor far = size + Tensor.Log1p(Tensor.Exp(-2 * size)) - Math.Log(2);
        return MeanOfPositions(Tensor.Select(isNear, near, far), output);
    }
}
