namespace Anneal;

/// <summary>The cross-entropy between a distribution over classes and the predicted one.</summary>
internal sealed class CategoricalCrossentropy(bool fromLogits) : Loss
{
    public override string Name => "categorical_crossentropy";

    internal override bool FromLogits => fromLogits;

    internal override TensorType TargetType(TensorType output, TensorType target, string place)
    {
        CrossentropyMath.RequireClasses(output, Name, place);
        return output.Shape == target.Shape
            ? output
            : throw new ShapeException(
                $"{place}: {Name} expects targets of the shape of the output, {ModelSummary.WithBatch(output.Shape[1..])}, but found {ModelSummary.WithBatch(target.Shape[1..])}. "
                + "Hint: for numbers of classes use sparse_categorical_crossentropy.");
    }

    internal override Tensor Values(Tensor output, Tensor target) => -(target * CrossentropyMath.LogProbabilities(output, fromLogits)).Sum([-1]);

    internal override void Prepare(TargetCopy copy, long classes) => TargetReader.ToFloat(copy, 0, 1, Name);

    internal override unsafe void Classes(TensorData target, Span<int> classes)
    {
        int count = (int)target.Shape[^1];
        for (int i = 0; i < classes.Length; i++)
        {
            var row = new ReadOnlySpan<float>((float*)target.Pointer + (long)i * count, count);
            int best = 0;
            for (int k = 1; k < count; k++)
                best = row[k] > row[best] ? k : best;
            classes[i] = best;
        }
    }

    internal override void WriteConfig(LayerConfig config) => config.Set("fromLogits", fromLogits);
}
