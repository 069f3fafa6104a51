namespace Anneal;

/// <summary>Values of all examples for one input or target of an <see cref="ArrayDataset"/>.</summary>
/// <param name="Data">The values, <c>[n, ...]</c>. They keep their type in memory.</param>
/// <param name="Normalization">Turns the values into float32 when a batch is made; null leaves them as they are.</param>
public sealed record ArraySource(TensorData Data, Normalization? Normalization = null)
{
    /// <summary>Values that are used as they are.</summary>
    public static implicit operator ArraySource(TensorData data) => new(data);

    /// <summary>The type of one example in a batch.</summary>
    internal TensorType ExampleType => new(Normalization is null ? Data.DType : DType.Float32, Data.Shape[1..]);
}

/// <summary>
/// Examples in memory. They keep the type in which they were given, so images of bytes stay bytes, and become float32 batch by batch.
/// The tensors are shared, not copied: do not write to them while they are in use.
/// </summary>
public sealed unsafe class ArrayDataset : Dataset
{
    private readonly ArraySource[] _inputs, _targets;
    private readonly TensorData? _weights;

    /// <summary>Makes a data set of any number of inputs and targets.</summary>
    /// <param name="inputs">At least one tensor <c>[n, ...]</c>.</param>
    /// <param name="targets">Any number of tensors <c>[n, ...]</c>.</param>
    /// <param name="weights">The weight of each example, <c>float32[n]</c>, finite and at least 0; or null.</param>
    /// <exception cref="DatasetException">The numbers of examples differ, or a weight is not what it should be.</exception>
    /// <exception cref="ShapeException">A normalization has another number of features than the last axis of its values.</exception>
    public ArrayDataset(IReadOnlyList<ArraySource> inputs, IReadOnlyList<ArraySource> targets, TensorData? weights = null)
        : base(
            CommonCount(inputs, targets), [.. inputs.Select(i => i.ExampleType)], [.. targets.Select(t => t.ExampleType)],
            weights is not null)
    {
        (_inputs, _targets, _weights) = ([.. inputs], [.. targets], weights);
        foreach (ArraySource source in inputs.Concat(targets))
            source.Normalization?.RequireFits(source.Data.Shape[1..]);
        if (weights is not null)
            RequireWeights(weights, Count);
    }

    /// <inheritdoc/>
    protected override void FillCore(ReadOnlySpan<int> indices, Batch batch)
    {
        for (int i = 0; i < _inputs.Length; i++)
            Copy(_inputs[i], indices, batch.InputArray[i]);
        for (int i = 0; i < _targets.Length; i++)
            Copy(_targets[i], indices, batch.TargetArray[i]);
        if (_weights is not null)
            CopyRows(_weights, sizeof(float), indices, batch.Weights!);
    }

    /// <inheritdoc/>
    public override long[] Labels(int target = 0)
    {
        RequireLabels(target);
        TensorData data = _targets[target].Data;
        var labels = new long[Count];
        for (int i = 0; i < labels.Length; i++)
            labels[i] = LabelAt(data, i);
        return labels;
    }

    /// <inheritdoc/>
    public override Dataset Normalize(Normalization normalization, int input = 0)
    {
        ArgumentNullException.ThrowIfNull(normalization);
        RequireInput(input);
        ArraySource[] inputs = [.. _inputs];
        inputs[input] = inputs[input] with { Normalization = inputs[input].Normalization?.Then(normalization) ?? normalization };
        return new ArrayDataset(inputs, _targets, _weights);
    }

    private static void Copy(ArraySource source, ReadOnlySpan<int> indices, TensorData destination)
    {
        if (source.Normalization is not { } normalization)
        {
            CopyRows(source.Data, destination.Type.ByteCount / indices.Length, indices, destination);
            return;
        }

        long length = destination.Shape.ElementCount / indices.Length;
        float* to = (float*)destination.Pointer;
        foreach (int index in indices)
        {
            normalization.Apply(source.Data, index * length, to, length);
            to += length;
        }

        GC.KeepAlive(destination);
    }

    private static void CopyRows(TensorData source, long rowBytes, ReadOnlySpan<int> indices, TensorData destination)
    {
        byte* from = source.Pointer, to = destination.Pointer;
        foreach (int index in indices)
        {
            Buffer.MemoryCopy(from + index * rowBytes, to, rowBytes, rowBytes);
            to += rowBytes;
        }

        GC.KeepAlive(source);
        GC.KeepAlive(destination);
    }

    private static int CommonCount(IReadOnlyList<ArraySource> inputs, IReadOnlyList<ArraySource> targets)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        long count = -1;
        foreach (ArraySource source in inputs.Concat(targets))
        {
            if (source.Data.Shape.Rank == 0)
                throw new DatasetException("The first axis of every tensor counts the examples, but a tensor without axes was given.");
            if (count >= 0 && source.Data.Shape[0] != count)
            {
                throw new DatasetException(
                    $"Inputs and targets need the same number of examples, but one tensor has {count} and "
                    + $"another, {source.Data.Type}, has {source.Data.Shape[0]}.");
            }

            count = source.Data.Shape[0];
        }

        if (count > int.MaxValue)
            throw new DatasetException($"A data set has at most {int.MaxValue} examples, but {count} were given.");
        return (int)Math.Max(count, 0);
    }

    private static void RequireWeights(TensorData weights, int count)
    {
        if (weights.Type != new TensorType(DType.Float32, count))
        {
            throw new DatasetException(
                $"The weights of {count} examples are {new TensorType(DType.Float32, count)}, but {weights.Type} was given.");
        }

        ReadOnlySpan<float> values = weights.AsSpan<float>();
        for (int i = 0; i < values.Length; i++)
        {
            if (!(values[i] >= 0 && float.IsFinite(values[i])))
                throw new DatasetException($"The weight of example {i} is not a finite number of at least 0.");
        }
    }
}
