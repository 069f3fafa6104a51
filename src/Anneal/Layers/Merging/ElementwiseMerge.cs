namespace Anneal;

/// <summary>
/// Combines its inputs element by element. They are of one batch and one data type; an input with fewer axes gets axes of extent 1 after the
/// batch, and an axis of extent 1 is repeated (as Keras).
/// </summary>
public abstract class ElementwiseMerge : MergeLayer
{
    private protected ElementwiseMerge(string? name) : base(name)
    {
    }

    /// <inheritdoc/>
    protected sealed override Tensor Call(IReadOnlyList<Tensor> inputs)
    {
        int rank = inputs.Max(i => i.Shape.Rank);
        Shape common = Align(inputs[0].Shape, rank);
        foreach (Tensor input in inputs)
        {
            Shape aligned = Align(input.Shape, rank);
            if (input.Shape.Rank < 1 || aligned[0] != common[0] || Shape.Broadcast(common, aligned) is not { } both)
            {
                throw new ShapeException(
                    $"Layer {Path} expects inputs of one batch whose other axes are equal or 1, but found {string.Join(" and ", inputs.Select(i => i.Shape))}.");
            }

            if (input.DType != inputs[0].DType)
                throw new DTypeException($"Layer {Path} expects inputs of one data type, but found {string.Join(" and ", inputs.Select(i => i.Type))}.");
            common = both;
        }

        return Combine([.. inputs.Select(i => i.Reshape(Align(i.Shape, rank)))]);
    }

    /// <summary>Combines inputs of equally many axes.</summary>
    private protected abstract Tensor Combine(Tensor[] inputs);

    private static Shape Align(Shape shape, int rank)
    {
        long[] ones = new long[rank - shape.Rank];
        Array.Fill(ones, 1);
        return shape.Rank == 0 ? ones : shape[..1].Concat(ones).Concat(shape[1..]);
    }
}
