namespace Anneal;

/// <summary>
/// The largest step of each channel: input <c>[batch, time, channels]</c>, output <c>[batch, channels]</c>, or <c>[batch, 1, channels]</c>
/// where the folded axes are kept. Steps that a mask excludes do not enter; where it excludes all, the output is 0.
/// </summary>
/// <param name="keepDims">Whether the folded axes stay, with extent 1.</param>
/// <param name="name">The name; null takes <c>global_max_pool1d</c> with a counter.</param>
public sealed class GlobalMaxPool1D(bool keepDims = false, string? name = null) : GlobalPoolingLayer(false, keepDims, name)
{
    private protected override Tensor Fold(Tensor input, Tensor? mask)
    {
        if (mask is null)
            return input.Max([1], KeepDims);
        Tensor counts = mask.ExpandAxis(-1), any = counts.Cast(DType.Int32).Max([1], KeepDims).NotEqualTo(0);
        Tensor largest = Tensor.Select(counts, input, input.FillLike(double.NegativeInfinity)).Max([1], KeepDims);
        return Tensor.Select(any, largest, largest.FillLike(0));
    }

    internal static GlobalMaxPool1D Read(LayerConfig config) => new(config.GetBoolean("keepDims"));
}
