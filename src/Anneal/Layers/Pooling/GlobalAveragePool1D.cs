namespace Anneal;

/// <summary>
/// The mean of each channel over all steps: input <c>[batch, time, channels]</c>, output <c>[batch, channels]</c>, or
/// <c>[batch, 1, channels]</c> where the folded axes are kept. Steps that a mask excludes do not enter; where it excludes all, the output
/// is 0.
/// </summary>
/// <param name="keepDims">Whether the folded axes stay, with extent 1.</param>
/// <param name="name">The name; null takes <c>global_average_pool1d</c> with a counter.</param>
public sealed class GlobalAveragePool1D(bool keepDims = false, string? name = null) : GlobalPoolingLayer(false, keepDims, name)
{
    private protected override Tensor Fold(Tensor input, Tensor? mask)
    {
        if (mask is null)
            return input.Mean([1], KeepDims);
        Tensor counts = mask.ExpandAxis(-1), count = counts.Cast(input.DType).Sum([1], KeepDims);
        return Tensor.Select(counts, input, input.FillLike(0)).Sum([1], KeepDims) / Tensor.Maximum(count, count.FillLike(1));
    }

    internal static GlobalAveragePool1D Read(LayerConfig config) => new(config.GetBoolean("keepDims"));
}
