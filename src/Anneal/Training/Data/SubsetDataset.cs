using System.Buffers;

namespace Anneal;

/// <summary>A view of chosen examples of another data set.</summary>
internal sealed class SubsetDataset : Dataset
{
    private readonly Dataset _source;
    private readonly int[] _indices;

    private SubsetDataset(Dataset source, int[] indices) : base(indices.Length, source.Inputs, source.Targets, source.HasWeights) =>
        (_source, _indices) = (source, indices);

    internal static SubsetDataset Of(Dataset source, ReadOnlySpan<int> indices)
    {
        var own = indices.ToArray();
        foreach (int index in own)
        {
            if ((uint)index >= (uint)source.Count)
                throw new DatasetException($"Example {index} does not exist: the data set has examples 0 to {source.Count - 1}.");
        }

        // A view of a view reads from the root, so that views can be stacked at no cost.
        if (source is not SubsetDataset view)
            return new SubsetDataset(source, own);
        view.ToSource(own, own);
        return new SubsetDataset(view._source, own);
    }

    /// <inheritdoc/>
    protected override void FillCore(ReadOnlySpan<int> indices, Batch batch)
    {
        int[] rented = ArrayPool<int>.Shared.Rent(indices.Length);
        int[] shown = ArrayPool<int>.Shared.Rent(indices.Length);
        try
        {
            Span<int> inner = rented.AsSpan(0, indices.Length), outer = shown.AsSpan(0, indices.Length);
            indices.CopyTo(outer);
            ToSource(indices, inner);
            _source.Fill(inner, batch);

            // The batch names the examples as the data set that was asked does.
            batch.SetIndices(outer);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
            ArrayPool<int>.Shared.Return(shown);
        }
    }

    /// <inheritdoc/>
    public override long[] Labels(int target = 0)
    {
        long[] all = _source.Labels(target);
        return Array.ConvertAll(_indices, i => all[i]);
    }

    /// <inheritdoc/>
    public override Dataset Normalize(Normalization normalization, int input = 0) =>
        new SubsetDataset(_source.Normalize(normalization, input), _indices);

    private void ToSource(ReadOnlySpan<int> indices, Span<int> inner)
    {
        for (int i = 0; i < indices.Length; i++)
            inner[i] = _indices[indices[i]];
    }
}
