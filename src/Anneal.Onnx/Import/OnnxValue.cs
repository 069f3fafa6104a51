namespace Anneal.Onnx;

/// <summary>A value while a graph is turned into operations: a tensor, or numbers that are known already, such as shapes and what is computed from them.</summary>
internal sealed class OnnxValue
{
    private Tensor? _tensor;

    internal OnnxValue(Tensor tensor) => (_tensor, Type) = (tensor, tensor.Type);

    internal OnnxValue(TensorData known) => (Known, Type) = (known, known.Type);

    /// <summary>The numbers, where they are known without running anything.</summary>
    internal TensorData? Known { get; }

    internal TensorType Type { get; }

    internal Shape Shape => Type.Shape;

    /// <summary>The value as a tensor of the present trace.</summary>
    internal Tensor Tensor
    {
        get
        {
            if (Known is null)
                return _tensor!;

            // One floating-point number is a constant that loops hold in a register; the type holds it exactly, as it came from there.
            return Type.DType.IsFloating() && Type.Shape.ElementCount == 1 && double.IsFinite(Known.GetDouble(0))
                ? Tensor.Full(Type.Shape, Known.GetDouble(0), Type.DType)
                : Tensor.From(Known);
        }
    }

    public static implicit operator OnnxValue(Tensor tensor) => new(tensor);

    public static implicit operator OnnxValue(TensorData known) => new(known);
}
