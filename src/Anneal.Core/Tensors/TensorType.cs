namespace Anneal;

/// <summary>What is known of a tensor before it has values: the type of its elements and its shape.</summary>
/// <param name="DType">The type of the elements.</param>
/// <param name="Shape">The extents.</param>
public readonly record struct TensorType(DType DType, Shape Shape)
{
    /// <summary>The memory that the elements take, in bytes.</summary>
    /// <exception cref="ShapeException">There are more than 2^63 bytes.</exception>
    public long ByteCount => Shape.ElementCount <= long.MaxValue / 8
        ? Shape.ElementCount * DType.Size()
        : throw new ShapeException($"{this} takes more than 2^63 bytes.");

    /// <summary>Such as <c>float32[64, 10]</c>.</summary>
    public override string ToString() => DType.Name() + Shape;
}
