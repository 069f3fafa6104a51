namespace Anneal;

/// <summary>The cross-entropy of truth values that do not depend on each other.</summary>
internal sealed class BinaryCrossentropy(bool fromLogits) : Loss
{
    public override string Name => "binary_crossentropy";

    internal override bool FromLogits => fromLogits;

    internal override TensorType TargetType(TensorType output, TensorType target, string place) => RequireSameShape(output, target, place);

    internal override Tensor Values(Tensor output, Tensor target)
    {
        if (fromLogits)
        {
            // Nothing overflows, and nothing cancels where the prediction is right.
            return (target * Tensor.Softplus(-output) + (1 - target) * Tensor.Softplus(output)).MeanOfExamples();
        }

        Tensor p = Tensor.Clamp(output, CrossentropyMath.Epsilon, 1 - CrossentropyMath.Epsilon);
        return -(target * Tensor.Log(p) + (1 - target) * Tensor.Log(1 - p)).MeanOfExamples();
    }

    internal override void Prepare(TargetCopy copy, long classes) => TargetReader.ToFloat(copy, 0, 1, Name);

    internal override unsafe void Classes(TensorData target, Span<int> classes)
    {
        if (target.Shape.ElementCount != classes.Length)
            throw new OptionException($"Class weights with {Name} need one output for each example, but the target has the shape {target.Shape}.");
        for (int i = 0; i < classes.Length; i++)
            classes[i] = ((float*)target.Pointer)[i] >= 0.5f ? 1 : 0;
    }

    internal override void WriteConfig(LayerConfig config) => config.Set("fromLogits", fromLogits);
}
