namespace Anneal;

/// <summary>
/// The mean of each channel over all pixels: input <c>[batch, height, width, channels]</c>, output <c>[batch, channels]</c>, or
/// <c>[batch, 1, 1, channels]</c> where the folded axes are kept.
/// </summary>
/// <param name="keepDims">Whether the folded axes stay, with extent 1.</param>
/// <param name="name">The name; null takes <c>global_average_pool2d</c> with a counter.</param>
public sealed class GlobalAveragePool2D(bool keepDims = false, string? name = null) : GlobalPoolingLayer(true, keepDims, name)
{
    private protected override Tensor Fold(Tensor input, Tensor? mask) => input.Mean([1, 2], KeepDims);

    internal static GlobalAveragePool2D Read(LayerConfig config) => new(config.GetBoolean("keepDims"));
}
