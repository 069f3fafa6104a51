namespace Anneal;

/// <summary>The negative logarithm of the probability of the labelled class.</summary>
internal sealed class SparseCategoricalCrossentropy(bool fromLogits, long ignoreIndex) : Loss
{
    public override string Name => "sparse_categorical_crossentropy";

    internal override bool FromLogits => fromLogits;

    internal override TensorType TargetType(TensorType output, TensorType target, string place)
    {
        CrossentropyMath.RequireClasses(output, Name, place);
        if (!target.DType.IsInteger())
        {
            throw new DTypeException(
                $"{place}: {Name} expects the numbers of classes as whole numbers, but found {target.DType.Name()}. Hint: for one-hot targets use categorical_crossentropy.");
        }

        Shape expected = output.Shape[..^1];
        if (target.Shape != expected && target.Shape != expected.Concat(1))
        {
            throw new ShapeException(
                $"{place}: {Name} expects labels of shape {ModelSummary.WithBatch(expected[1..])} for an output {ModelSummary.WithBatch(output.Shape[1..])}, but found {ModelSummary.WithBatch(target.Shape[1..])}.");
        }

        return new TensorType(DType.Int32, expected);
    }

    internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor log = CrossentropyMath.LogProbabilities(output, fromLogits);
        Tensor isLabel = target.ExpandAxis(-1).EqualTo(Tensor.Range(output.Shape[^1]));
        return -Tensor.Select(isLabel, log, log.FillLike(0)).Sum([-1]);
    }

    internal override Tensor Counts(Tensor target)
    {
        Tensor counts = target.GreaterOrEqual(0);
        return (ignoreIndex < 0 ? counts : counts & target.NotEqualTo(ignoreIndex)).Cast(DType.Float32);
    }

    /// <exception cref="LabelException">The label is neither a class nor the ignored number.</exception>
    internal void RequireLabel(long label, long classes, string place)
    {
        if (label != ignoreIndex && (label < 0 || label >= classes))
            throw TargetReader.NoClass(place, Name, classes, ignoreIndex, label);
    }

    internal override void Prepare(TargetCopy copy, long classes) => TargetReader.ToClasses(copy, classes, ignoreIndex, Name);

    internal override unsafe void Classes(TensorData target, Span<int> classes) => new ReadOnlySpan<int>(target.Pointer, classes.Length).CopyTo(classes);

    internal override void WriteConfig(LayerConfig config)
    {
        config.Set("fromLogits", fromLogits);
        config.Set("ignoreIndex", ignoreIndex);
    }
}
