namespace Anneal;

/// <summary>How far outputs are from being on the right side with a margin of 1; targets are -1 and 1, and 0 is read as -1.</summary>
internal sealed class HingeLoss(bool isSquared) : Loss
{
    public override string Name => isSquared ? "squared_hinge" : "hinge";

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor missing = Tensor.Relu(1 - target * output);
        return MeanOfPositions(isSquared ? Tensor.Square(missing) : missing, output);
    }

    internal override void Prepare(TargetCopy copy, long classes)
    {
        TargetReader.ToFloat(copy, -1, 1, Name);
        Span<float> sides = copy.To.AsSpan<float>();
        for (int i = 0; i < sides.Length; i++)
        {
            if (sides[i] is not (-1 or 0 or 1))
                throw new LabelException(FormattableString.Invariant($"{copy.Describe(i)}: {Name} expects a target of -1 (or 0) or 1, but found {sides[i]}."));
            if (sides[i] == 0)
                sides[i] = -1;
        }

        GC.KeepAlive(copy.To);
    }
}
