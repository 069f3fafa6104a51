using Anneal.Ops;

namespace Anneal;

/// <summary>What surrounds an image under a moving window.</summary>
public enum Padding
{
    /// <summary>Nothing: the window stays inside of the image.</summary>
    Valid,

    /// <summary>
    /// As much as gives <c>ceiling(extent / stride)</c> windows, evenly on both sides; the odd row or column goes to the bottom or right
    /// (as Keras).
    /// </summary>
    Same,
}

/// <summary>Works out paddings.</summary>
internal static class Paddings
{
    /// <summary>The window over an image <c>[batch, height, width, channels]</c>.</summary>
    internal static ConvolutionWindow Window(this Padding padding, Shape image, Size2D kernel, Size2D strides, Size2D dilation, int groups = 1)
    {
        var window = new ConvolutionWindow(strides.Height, strides.Width, 0, 0, 0, 0, dilation.Height, dilation.Width, groups);
        if (padding == Padding.Valid)
            return window;
        (long top, long bottom) = Split(image[1], kernel.Height, strides.Height, dilation.Height);
        (long left, long right) = Split(image[2], kernel.Width, strides.Width, dilation.Width);
        return window with { PadTop = top, PadBottom = bottom, PadLeft = left, PadRight = right };
    }

    private static (long Before, long After) Split(long extent, int kernel, int stride, int dilation)
    {
        long windows = (extent + stride - 1) / stride;
        long total = Math.Max((windows - 1) * stride + (kernel - 1L) * dilation + 1 - extent, 0);
        return (total / 2, total - total / 2);
    }
}
