namespace Anneal;

/// <summary>What is known of a tensor before it has values: the type of its elements and its shape.</summary>
/// <param name="DType">The type of the elements.</param>
/// <param name="Shape">The extents.</param>
public readonly record struct TensorType(DType DType, Shape Shape)
{
    /// <summary>The memory that the elements take, in bytes.</summary>
    public long ByteCount => Shape.ElementCount * DType.Size();

    /// <summary>Such as <c>float32[64, 10]</c>.</summary>
    public override string ToString() => DType.Name() + Shape;
}
