namespace Anneal;

/// <summary>
/// The largest pixel of each channel: input <c>[batch, height, width, channels]</c>, output <c>[batch, channels]</c>, or
/// <c>[batch, 1, 1, channels]</c> where the folded axes are kept.
/// </summary>
/// <param name="keepDims">Whether the folded axes stay, with extent 1.</param>
/// <param name="name">The name; null takes <c>global_max_pool2d</c> with a counter.</param>
public sealed class GlobalMaxPool2D(bool keepDims = false, string? name = null) : GlobalPoolingLayer(true, keepDims, name)
{
    private protected override Tensor Fold(Tensor input, Tensor? mask) => input.Max([1, 2], KeepDims);

    internal static GlobalMaxPool2D Read(LayerConfig config) => new(config.GetBoolean("keepDims"));
}
