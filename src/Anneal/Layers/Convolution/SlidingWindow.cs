using System.Globalization;
using Anneal.Ops;

namespace Anneal;

/// <summary>
/// How a window moves over the input of a layer: over images <c>[batch, height, width, channels]</c>, or over sequences
/// <c>[batch, time, channels]</c>, which are images of one row.
/// </summary>
internal sealed class SlidingWindow
{
    private SlidingWindow(bool isImage, Size2D size, Size2D strides, Padding padding, Size2D dilation) =>
        (IsImage, Size, Strides, Padding, Dilation) = (isImage, size, strides, padding, dilation);

    internal bool IsImage { get; }

    internal Size2D Size { get; }

    internal Size2D Strides { get; }

    internal Padding Padding { get; }

    internal Size2D Dilation { get; }

    internal string InputForm => IsImage ? "[batch, height, width, channels]" : "[batch, time, channels]";

    /// <summary>A window over images; the size has another name in each kind of layer.</summary>
    internal static SlidingWindow Over2D(string layer, Size2D size, string sizeName, Size2D strides, Padding padding, Size2D dilation) => new(
        true, Require.AtLeastOne(size, layer, sizeName), Require.AtLeastOne(strides, layer, nameof(strides)),
        RequireUndirected(padding, layer), Require.AtLeastOne(dilation, layer, nameof(dilation)));

    /// <summary>A window over sequences; only what convolves forwards can be causal.</summary>
    internal static SlidingWindow Over1D(
        string layer, int size, string sizeName, int strides, Padding padding, int dilation, bool mayBeCausal = true) => new(
        false, (1, Require.AtLeastOne(size, layer, sizeName)), (1, Require.AtLeastOne(strides, layer, nameof(strides))),
        mayBeCausal ? Require.Defined(padding, layer, nameof(padding)) : RequireUndirected(padding, layer),
        (1, Require.AtLeastOne(dilation, layer, nameof(dilation))));

    /// <summary>The shape of weights: the window's extents followed by those given.</summary>
    internal Shape KernelShape(long input, long output) =>
        IsImage ? [Size.Height, Size.Width, input, output] : [Size.Width, input, output];

    /// <summary>The window on an input of this shape, without a look at whether it fits.</summary>
    internal ConvolutionWindow Place(Shape input, long groups = 1)
    {
        (long height, long width) = Extents(input);
        (long top, long bottom) = Around(height, Size.Height, Strides.Height, Dilation.Height);
        (long left, long right) = Around(width, Size.Width, Strides.Width, Dilation.Width);
        return new ConvolutionWindow(Strides.Height, Strides.Width, top, bottom, left, right, Dilation.Height, Dilation.Width, groups);
    }

    /// <summary>The window on the input of a layer.</summary>
    /// <exception cref="ShapeException">The window is larger than the input with its padding.</exception>
    internal ConvolutionWindow Place(Layer layer, Shape input, long groups = 1)
    {
        ConvolutionWindow window = Place(input, groups);
        (long height, long width) = Extents(input);
        (height, width) = (height + window.PadTop + window.PadBottom, width + window.PadLeft + window.PadRight);
        (long rows, long columns) = ((Size.Height - 1L) * Dilation.Height + 1, (Size.Width - 1L) * Dilation.Width + 1);
        if (rows > height || columns > width)
            throw new ShapeException($"Layer {layer.Path} has a window of {Shown(rows, columns)}, which does not fit into its padded input of {Shown(height, width)}.");
        return window;
    }

    /// <summary>
    /// The window whose transpose makes the layer's output from its input, and the extents of that output (as Keras): with
    /// <see cref="Padding.Same"/> input · stride, with <see cref="Padding.Valid"/> all that the windows touch, but at least input · stride. A
    /// given output padding sets the extent itself, as <see cref="Conv2DTranspose"/> says.
    /// </summary>
    /// <exception cref="ShapeException">The output would be empty.</exception>
    internal (ConvolutionWindow Window, long Height, long Width) PlaceTransposed(Layer layer, Shape input, Size2D? outputPadding, long groups)
    {
        (long height, long width) = Extents(input);
        (long rows, long top, long bottom) = Enlarge(height, Size.Height, Strides.Height, Dilation.Height, outputPadding?.Height);
        (long columns, long left, long right) = Enlarge(width, Size.Width, Strides.Width, Dilation.Width, outputPadding?.Width);
        if (height < 1 || width < 1 || rows < 1 || columns < 1)
            throw new ShapeException($"Layer {layer.Path} would have an empty output for an input of shape {input}.");
        return (new ConvolutionWindow(Strides.Height, Strides.Width, top, bottom, left, right, Dilation.Height, Dilation.Width, groups), rows, columns);
    }

    /// <summary>Whether the step i of an output is still about the step i of the input, so that the input's mask is the output's.</summary>
    internal bool KeepsTime(Shape input, Shape output) => (IsImage ? Strides.Height : Strides.Width) == 1 && input[1] == output[1];

    internal void Write(LayerConfig config, string sizeName, bool withDilation)
    {
        Set(sizeName, Size);
        Set("strides", Strides);
        config.Set("padding", Padding);
        if (withDilation)
            Set("dilation", Dilation);

        void Set(string name, Size2D value)
        {
            if (IsImage)
                config.Set(name, value);
            else
                config.Set(name, value.Width);
        }
    }

    private static Padding RequireUndirected(Padding padding, string layer) => Require.Defined(padding, layer, nameof(padding)) != Padding.Causal
        ? padding
        : throw new OptionException($"{layer}: padding must be Valid or Same, but is Causal, which only convolutions of sequences can be.");

    private (long Height, long Width) Extents(Shape input) => IsImage ? (input[1], input[2]) : (1, input[1]);

    private string Shown(long height, long width) => IsImage
        ? string.Create(CultureInfo.InvariantCulture, $"{height} x {width}")
        : string.Create(CultureInfo.InvariantCulture, $"{width} steps");

    private (long Before, long After) Around(long extent, int kernel, int stride, int dilation)
    {
        long span = (kernel - 1L) * dilation;
        if (Padding == Padding.Causal)
            return (span, 0);
        if (Padding == Padding.Valid)
            return (0, 0);
        long windows = (extent + stride - 1) / stride;
        long total = Math.Max((windows - 1) * stride + span + 1 - extent, 0);
        return (total / 2, total - total / 2);
    }

    private (long Extent, long Before, long After) Enlarge(long extent, int kernel, int stride, int dilation, int? outputPadding)
    {
        long window = (kernel - 1L) * dilation + 1, touched = (extent - 1) * stride + window;
        long output = (Padding, outputPadding) switch
        {
            (Padding.Same, null) => extent * stride,
            (Padding.Same, int more) => (extent - 1) * stride + window % 2 + more,
            (_, null) => Math.Max(touched, extent * stride),
            (_, int more) => touched + more,
        };
        long cut = Math.Max(touched - output, 0);
        return (output, cut / 2, cut - cut / 2);
    }
}
