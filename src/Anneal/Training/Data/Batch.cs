using System.Runtime.InteropServices;

namespace Anneal;

/// <summary>
/// Memory for some examples of a data set, stacked along a new first axis: one tensor <c>[Count, ...]</c> for each input and target.
/// </summary>
public sealed class Batch
{
    private readonly TensorData[] _inputs, _targets;
    private readonly int[] _indices;

    internal Batch(Dataset data, int count)
    {
        if (count < 1)
            throw new DatasetException($"A batch needs at least 1 example, but {count} were asked for.");
        Count = count;
        _inputs = Allocate(data.Inputs, count);
        _targets = Allocate(data.Targets, count);
        _indices = new int[count];
        Weights = data.HasWeights ? new TensorData(DType.Float32, count) : null;
    }

    /// <summary>The number of examples: the first extent of every tensor here.</summary>
    public int Count { get; }

    /// <summary>One tensor <c>[Count, ...]</c> for each input of the data set.</summary>
    public IReadOnlyList<TensorData> Inputs => _inputs;

    /// <summary>One tensor <c>[Count, ...]</c> for each target of the data set.</summary>
    public IReadOnlyList<TensorData> Targets => _targets;

    /// <summary>The weight of each example, <c>float32[Count]</c>; null where the data set has none.</summary>
    public TensorData? Weights { get; }

    /// <summary>The examples that lie here, by their index in the data set.</summary>
    public ReadOnlySpan<int> Indices => _indices;

    /// <summary>The pass over the data that this batch belongs to, counted from 0; set by <see cref="BatchLoader"/>.</summary>
    public int Epoch { get; internal set; }

    /// <summary>The place of this batch in its epoch, counted from 0; set by <see cref="BatchLoader"/>.</summary>
    public int Position { get; internal set; }

    /// <summary>The elements of one example of an input, to write or read.</summary>
    /// <param name="input">Which input.</param>
    /// <param name="row">Which example of the batch, from 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="DTypeException">The input does not hold <typeparamref name="T"/>.</exception>
    public Span<T> Input<T>(int input, int row) where T : unmanaged => Row<T>(_inputs[input], row);

    /// <summary>The elements of one example of a target, to write or read.</summary>
    /// <param name="target">Which target.</param>
    /// <param name="row">Which example of the batch, from 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="DTypeException">The target does not hold <typeparamref name="T"/>.</exception>
    public Span<T> Target<T>(int target, int row) where T : unmanaged => Row<T>(_targets[target], row);

    internal TensorData[] InputArray => _inputs;

    internal TensorData[] TargetArray => _targets;

    internal void SetIndices(ReadOnlySpan<int> indices) => indices.CopyTo(_indices);

    /// <summary>Whether the tensors here have room for this many examples of a data set, exactly.</summary>
    internal bool Fits(Dataset data) =>
        Fits(_inputs, data.Inputs) && Fits(_targets, data.Targets) && Weights is not null == data.HasWeights;

    private static bool Fits(TensorData[] tensors, IReadOnlyList<TensorType> types)
    {
        if (tensors.Length != types.Count)
            return false;
        for (int i = 0; i < tensors.Length; i++)
        {
            // Slicing a Shape would allocate, and this runs for every batch.
            if (tensors[i].DType != types[i].DType || !tensors[i].Shape.Extents[1..].SequenceEqual(types[i].Shape.Extents))
                return false;
        }

        return true;
    }

    private Span<T> Row<T>(TensorData tensor, int row) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Count);
        if (DTypes.Of<T>() != tensor.DType)
            throw new DTypeException($"The batch holds {tensor.DType.Name()} here, not {DTypes.Of<T>().Name()}.");

        // Not through AsSpan of the whole tensor: a batch may exceed the 2 GB of a span. One example may not.
        long length = tensor.Type.ByteCount / Count;
        if (length > int.MaxValue)
            throw new ShapeException($"One example of {tensor.Type} is larger than 2 GB, the limit of a span.");
        return MemoryMarshal.Cast<byte, T>(tensor.AsBytes(row * length, (int)length));
    }

    private static TensorData[] Allocate(IReadOnlyList<TensorType> types, int count)
    {
        var tensors = new TensorData[types.Count];
        for (int i = 0; i < tensors.Length; i++)
            tensors[i] = new TensorData(types[i].DType, new Shape([count, .. types[i].Shape.Extents]));
        return tensors;
    }
}
