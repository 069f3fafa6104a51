namespace Anneal;

/// <summary>Checks of margins, and what padding and cropping do to a mask.</summary>
internal static class Margins
{
    internal static Margin1D NotNegative(Margin1D margin, string layer, string argument) => margin is { Before: >= 0, After: >= 0 }
        ? margin
        : throw new OptionException($"{layer}: {argument} must be at least 0 on both sides, but is {margin}.");

    internal static Margin2D NotNegative(Margin2D margin, string layer, string argument) => margin is { Top: >= 0, Bottom: >= 0, Left: >= 0, Right: >= 0 }
        ? margin
        : throw new OptionException($"{layer}: {argument} must be at least 0 on all sides, but is {margin}.");

    /// <summary>Zeros around the axes after the first.</summary>
    internal static Tensor Pad(Tensor tensor, params ReadOnlySpan<Margin1D> margins)
    {
        var (before, after) = (new long[tensor.Shape.Rank], new long[tensor.Shape.Rank]);
        for (int i = 0; i < margins.Length; i++)
            (before[i + 1], after[i + 1]) = (margins[i].Before, margins[i].After);
        return tensor.Pad(before, after);
    }

    /// <summary>The inner part of the axes after the first.</summary>
    /// <exception cref="ShapeException">Nothing is left; the message names the layer.</exception>
    internal static Tensor Crop(Layer layer, Tensor tensor, params ReadOnlySpan<Margin1D> margins)
    {
        Tensor result = tensor;
        for (int i = 0; i < margins.Length; i++)
        {
            long rest = tensor.Shape[i + 1] - margins[i].Before - margins[i].After;
            if (rest < 1)
                throw new ShapeException($"Layer {layer.Path} cannot cut {margins[i]} off axis {i + 1} of an input of shape {tensor.Shape}: nothing is left.");
            result = result.Narrow(i + 1, margins[i].Before, rest);
        }

        return result;
    }
}
