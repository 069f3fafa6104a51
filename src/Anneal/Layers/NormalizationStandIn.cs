namespace Anneal;

internal sealed class NormalizationStandIn(bool rms, double epsilon, string name) : Layer(name)
{
    private Parameter? _gamma, _beta;

    protected override void Build(Shape inputShape)
    {
        _gamma = AddParameter("gamma", inputShape[^1], Initializer.Ones);
        _beta = rms ? null : AddParameter("beta", inputShape[^1], Initializer.Zeros);
    }

    protected override Tensor Call(Tensor input)
    {
        Tensor centered = rms ? input : input - input.Mean([-1], keepAxes: true);
        Tensor normal = centered / Tensor.Sqrt(Tensor.Square(centered).Mean([-1], keepAxes: true) + epsilon) * _gamma!;
        return _beta is null ? normal : normal + _beta;
    }
}
