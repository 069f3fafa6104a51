namespace Anneal;

/// <summary>The mean of the squared differences.</summary>
internal sealed class MeanSquaredError : Loss
{
    public override string Name => "mean_squared_error";

    internal override TensorType TargetType(TensorType output, TensorType target, string place) => RequireSameShape(output, target, place);

    internal override Tensor Values(Tensor output, Tensor target) => Tensor.Square(output - target).MeanOfExamples();

    internal override void Prepare(TargetCopy copy, long classes) => TargetReader.ToFloat(copy, float.MinValue, float.MaxValue, Name);

    internal override void WriteConfig(LayerConfig config)
    {
    }
}
