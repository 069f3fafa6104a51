namespace Anneal;

/// <summary>max(0, 1 + largest of the other outputs - output of the right class), where the right class counts as 0 among the others, as Keras.</summary>
internal sealed class CategoricalHingeLoss : Loss
{
    public override string Name => "categorical_hinge";

    protected internal override TargetKind Targets => TargetKind.Distributions;

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor right = (target * output).Sum([-1]), wrong = ((1 - target) * output).Max([-1]);
        return Tensor.Relu(wrong - right + 1);
    }
}
