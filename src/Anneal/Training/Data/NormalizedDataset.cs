namespace Anneal;

/// <summary>A data set of which one float32 input is normalized in the batch, after its source has filled it.</summary>
internal sealed unsafe class NormalizedDataset : Dataset
{
    private readonly Dataset _source;
    private readonly Normalization _normalization;
    private readonly int _input;

    internal NormalizedDataset(Dataset source, Normalization normalization, int input)
        : base(source.Count, source.Inputs, source.Targets, source.HasWeights)
    {
        ArgumentNullException.ThrowIfNull(normalization);
        source.RequireInput(input);
        TensorType type = source.Inputs[input];
        if (type.DType != DType.Float32)
            throw new DTypeException($"Only a float32 input can be normalized in place, but input {input} is {type}.");
        normalization.RequireFits(type.Shape);
        (_source, _normalization, _input) = (source, normalization, input);
    }

    /// <inheritdoc/>
    protected override void FillCore(ReadOnlySpan<int> indices, Batch batch)
    {
        _source.Fill(indices, batch);
        TensorData data = batch.InputArray[_input];
        _normalization.Apply(data, 0, (float*)data.Pointer, data.Shape.ElementCount);
        GC.KeepAlive(data);
    }

    /// <inheritdoc/>
    public override long[] Labels(int target = 0) => _source.Labels(target);
}
