using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>How a window moves, read from a node's attributes; for sequences the height is 1.</summary>
internal sealed record WindowAttributes(long Height, long Width)
{
    internal long StrideHeight { get; init; } = 1;

    internal long StrideWidth { get; init; } = 1;

    internal long DilationHeight { get; init; } = 1;

    internal long DilationWidth { get; init; } = 1;

    internal long Top { get; init; }

    internal long Left { get; init; }

    internal long Bottom { get; init; }

    internal long Right { get; init; }

    /// <summary>Whether the end was padded further so that a last window fits.</summary>
    internal bool IsExtended { get; init; }

    private const long Most = 1 << 24;

    /// <summary>The window of a convolution or pooling.</summary>
    /// <param name="call">The node.</param>
    /// <param name="rank">The axes of its input, 3 or 4.</param>
    /// <param name="weights">The window's extents where weights say them, else null.</param>
    /// <param name="image">Rows and columns.</param>
    internal static WindowAttributes Read(OnnxCall call, int rank, Shape? weights, Shape image)
    {
        WindowAttributes window = ReadSteps(call, rank, weights);
        long[] pads = Extents(call, "pads", 2 * (rank - 2), 0, 0);
        bool is2D = rank == 4, rounding = call.Flag("ceil_mode");
        string auto = call.Text("auto_pad", "NOTSET");
        (long top, long bottom) = Padding(call, auto, is2D ? pads[0] : 0, is2D ? pads[2] : 0, image[0], window.Height, window.StrideHeight, window.DilationHeight);
        (long left, long right) = Padding(call, auto, is2D ? pads[1] : pads[0], is2D ? pads[3] : pads[1], image[1], window.Width, window.StrideWidth, window.DilationWidth);
        window = window with { Top = top, Left = left, Bottom = bottom, Right = right };
        if (!rounding)
            return window;
        long moreRows = Extension(image[0] + top + bottom, image[0] + top, (window.Height - 1) * window.DilationHeight + 1, window.StrideHeight);
        long moreColumns = Extension(image[1] + left + right, image[1] + left, (window.Width - 1) * window.DilationWidth + 1, window.StrideWidth);
        return window with { Bottom = bottom + moreRows, Right = right + moreColumns, IsExtended = moreRows + moreColumns > 0 };
    }

    /// <summary>The window of a transposed convolution, and the extents of what it gives.</summary>
    internal static WindowAttributes ReadTransposed(OnnxCall call, int rank, Shape weights, Shape image, out long height, out long width)
    {
        WindowAttributes window = ReadSteps(call, rank, weights);
        bool is2D = rank == 4;
        long[] pads = Extents(call, "pads", 2 * (rank - 2), 0, 0), more = Extents(call, "output_padding", rank - 2, 0, 0);
        long[]? extents = call.OptionalIntegers("output_shape");
        string auto = call.Text("auto_pad", "NOTSET");
        if (extents is not null)
            extents = extents.Length == rank ? extents[2..] : extents;
        if (extents is not null && extents.Length != rank - 2)
            throw call.Fail("output_shape has not an extent for each axis of the window.");
        long top, bottom, left, right;
        (top, bottom, height) = is2D
            ? Transposed(call, auto, pads[0], pads[2], more[0], extents?[0], image[0], window.Height, window.StrideHeight, window.DilationHeight)
            : (0, 0, 1);
        (left, right, width) = Transposed(call, auto, pads[is2D ? 1 : 0], pads[^1], more[^1], extents?[^1], image[1], window.Width, window.StrideWidth, window.DilationWidth);
        return window with { Top = top, Bottom = bottom, Left = left, Right = right };
    }

    internal ConvolutionWindow ToWindow(long groups) => new(StrideHeight, StrideWidth, Top, Bottom, Left, Right, DilationHeight, DilationWidth, groups);

    /// <summary>The window of a pooling, which must see something of the image wherever it stands.</summary>
    internal PoolingWindow ToPooling(OnnxCall call) => Math.Max(Top, IsExtended ? 0 : Bottom) >= Height || Math.Max(Left, IsExtended ? 0 : Right) >= Width
        ? throw call.Fail($"its padding is as wide as its window of {Height} x {Width}.")
        : new(Height, Width, new ConvolutionWindow(StrideHeight, StrideWidth, Top, Bottom, Left, Right));

    private static WindowAttributes ReadSteps(OnnxCall call, int rank, Shape? weights)
    {
        long[] strides = Extents(call, "strides", rank - 2, 1, 1), dilations = Extents(call, "dilations", rank - 2, 1, 1);
        long[] kernel = call.OptionalIntegers("kernel_shape") ?? weights?.ToArray() ?? throw call.Fail("kernel_shape is missing.");
        if (kernel.Length != rank - 2 || kernel.Any(k => k is < 1 or > Most) || (weights is { } given && !kernel.AsSpan().SequenceEqual(given.Extents)))
            throw call.Fail($"kernel_shape [{string.Join(", ", kernel.Take(8))}] does not fit the input or the weights.");
        return new WindowAttributes(rank == 4 ? kernel[0] : 1, kernel[^1])
        {
            StrideHeight = rank == 4 ? strides[0] : 1,
            StrideWidth = strides[^1],
            DilationHeight = rank == 4 ? dilations[0] : 1,
            DilationWidth = dilations[^1],
        };
    }

    private static long[] Extents(OnnxCall call, string name, int count, long absent, long least)
    {
        long[] values = call.OptionalIntegers(name) ?? [.. Enumerable.Repeat(absent, count)];
        return values.Length == count && values.All(v => v >= least && v <= Most)
            ? values
            : throw call.Fail(FormattableString.Invariant($"{name} must be {count} numbers of at least {least}, but is [{string.Join(", ", values.Take(8))}]."));
    }

    private static (long Before, long After) Padding(OnnxCall call, string auto, long before, long after, long extent, long kernel, long stride, long dilation)
    {
        if (auto == "NOTSET")
            return (before, after);
        if (auto == "VALID")
            return (0, 0);
        long window = (kernel - 1) * dilation + 1, count = (extent + stride - 1) / stride, all = Math.Max(0, (count - 1) * stride + window - extent);
        return auto switch
        {
            "SAME_UPPER" => (all / 2, all - all / 2),
            "SAME_LOWER" => (all - all / 2, all / 2),
            _ => throw call.Fail($"auto_pad is '{auto}', which the format does not have."),
        };
    }

    /// <summary>How much further the end must be padded for a last window that begins within the image or the padding before it.</summary>
    private static long Extension(long padded, long firstBeyond, long window, long stride)
    {
        long rest = Math.Max(0, padded - window) % stride;
        if (rest == 0 || padded < window)
            return Math.Max(0, window - padded);
        long more = stride - rest, start = padded + more - window;
        return start >= firstBeyond ? 0 : more;
    }

    private static (long Before, long After, long Extent) Transposed(
        OnnxCall call, string auto, long before, long after, long more, long? extent, long image, long kernel, long stride, long dilation)
    {
        if (image > Most)
            throw call.Fail($"it has {image} elements along an axis, more than {Most}.");
        long full = stride * (image - 1) + more + (kernel - 1) * dilation + 1;
        if (extent is null && auto is "SAME_UPPER" or "SAME_LOWER")
            extent = image * stride;
        if (extent is null)
            return auto == "VALID" ? (0, 0, full) : (before, after, Positive(call, full - before - after));
        long all = full - extent.Value, larger = all - all / 2, smaller = all / 2;

        // Where steps are longer than the window, the format's text and its reference runtime disagree.
        if (all < 0)
            throw call.Fail($"it gives {full} elements along an axis, fewer than {extent}.");
        return auto == "SAME_UPPER" ? (smaller, larger, Positive(call, extent.Value)) : (larger, smaller, Positive(call, extent.Value));
    }

    private static long Positive(OnnxCall call, long extent) => extent > 0 ? extent : throw call.Fail($"it gives {extent} elements along an axis.");
}
