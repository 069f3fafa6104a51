using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <content>
/// Operations on images <c>[batch, height, width, channels]</c>. Those with a window also take sequences <c>[batch, time, channels]</c>, which
/// are images of one row: time is the width.
/// </content>
public sealed partial class Tensor
{
    /// <summary>Cross-correlation with weights <c>[height, width, channels / groups, filters]</c>; without the height for sequences.</summary>
    internal Tensor Convolve(Tensor weights, ConvolutionWindow window) =>
        OnImage(image => Node.Apply(new Convolve(window), image, weights.AsImageWeights()));

    /// <summary>
    /// The transpose of <see cref="Convolve"/>: what its gradient does to an image of its output. Weights
    /// <c>[height, width, filters / groups, channels]</c>, without the height for sequences; the result has <c>filters</c> channels and the
    /// given extents, for which the window must give this image's extents.
    /// </summary>
    internal Tensor ConvolveTransposed(Tensor weights, ConvolutionWindow window, long height, long width) => OnImage(image =>
    {
        Tensor kernel = weights.AsImageWeights();
        Shape result = [image.Shape[0], height, width, kernel.Shape[2] * window.Groups];
        return Node.Apply(new ConvolveInputGradient(window, result), image, kernel);
    });

    /// <summary>The largest pixel of each window.</summary>
    internal Tensor MaxPool(PoolingWindow pooling) => OnImage(image => Node.Apply(new MaxPool(pooling), image));

    /// <summary>The mean of each window.</summary>
    internal Tensor AveragePool(PoolingWindow pooling, bool countIncludesPadding) =>
        OnImage(image => Node.Apply(new AveragePool(pooling, countIncludesPadding), image));

    /// <summary>
    /// The means of <paramref name="height"/> by <paramref name="width"/> windows that cover the image <c>[batch, h, w, channels]</c> as evenly as
    /// whole pixels allow: along an axis of n pixels, window i of m reaches from pixel <c>floor(i · n / m)</c> to, but without,
    /// <c>ceiling((i + 1) · n / m)</c> (as PyTorch). Gives <c>[batch, height, width, channels]</c>.
    /// </summary>
    /// <exception cref="ShapeException">The tensor has not four axes, or an extent is below 1.</exception>
    public Tensor AdaptiveAveragePool(long height, long width)
    {
        RequireImage("AdaptiveAveragePool", height, width);
        if (Shape[1] % height != 0 || Shape[2] % width != 0)
            return MeansAlong(1, height).MeansAlong(2, width);
        long rows = Shape[1] / height, columns = Shape[2] / width;
        return AveragePool(new PoolingWindow(rows, columns, new ConvolutionWindow(rows, columns)), countIncludesPadding: false);
    }

    /// <summary>
    /// The image <c>[batch, h, w, channels]</c> with other extents: each pixel is the one at <c>floor(i · n / m)</c> along each axis of n
    /// pixels of which m are made (PyTorch's <c>nearest</c>). Gives <c>[batch, height, width, channels]</c>.
    /// </summary>
    /// <exception cref="ShapeException">The tensor has not four axes, or an extent is below 1.</exception>
    public Tensor ResizeNearest(long height, long width)
    {
        RequireImage("ResizeNearest", height, width);
        return NearestAlong(1, height).NearestAlong(2, width);
    }

    /// <summary>
    /// The image <c>[batch, h, w, channels]</c> with other extents, linearly between neighbouring pixels along each axis. Pixels have an
    /// extent, so pixel i of m lies at <c>(i + 1/2) · n / m - 1/2</c> of n, moved to the image where it lies outside (PyTorch's
    /// <c>bilinear</c>, without smoothing where the image shrinks). Gives <c>[batch, height, width, channels]</c>.
    /// </summary>
    /// <param name="height">The rows of the result.</param>
    /// <param name="width">The columns of the result.</param>
    /// <param name="alignCorners">Whether the first and last pixels of both images lie on each other: pixel i of m at <c>i · (n - 1) / (m - 1)</c>.</param>
    /// <exception cref="ShapeException">The tensor has not four axes, or an extent is below 1.</exception>
    public Tensor ResizeBilinear(long height, long width, bool alignCorners = false)
    {
        RequireImage("ResizeBilinear", height, width);
        return LinearAlong(1, height, alignCorners).LinearAlong(2, width, alignCorners);
    }

    /// <summary>Each element of an axis repeated <paramref name="times"/> times, one after another.</summary>
    internal Tensor RepeatAlong(int axis, long times)
    {
        if (times == 1)
            return this;
        Shape lead = Shape[..(axis + 1)], tail = Shape[(axis + 1)..];
        long[] extents = Shape.ToArray();
        extents[axis] *= times;
        return ExpandAxis(axis + 1).BroadcastTo(lead.Concat(times).Concat(tail)).Reshape(extents);
    }

    private Tensor OnImage(Func<Tensor, Tensor> function) => Shape.Rank == 3 ? Squeeze(function(ExpandAxis(1)), 1) : function(this);

    private Tensor AsImageWeights() => Shape.Rank == 3 ? ExpandAxis(0) : this;

    private void RequireImage(string operation, long height, long width)
    {
        if (Shape.Rank != 4)
            throw new ShapeException($"{operation}: needs an image [batch, height, width, channels], got {Type}.");
        if (height < 1 || width < 1 || Shape[1] < 1 || Shape[2] < 1)
            throw new ShapeException($"{operation}: {Type} cannot become an image of {height} x {width}: extents are at least 1.");
    }

    private Tensor NearestAlong(int axis, long count)
    {
        long extent = Shape[axis];
        return count % extent == 0
            ? RepeatAlong(axis, count / extent)
            : TakeAlong(axis, [.. Enumerable.Range(0, (int)count).Select(i => i * extent / count)]);
    }

    private Tensor LinearAlong(int axis, long count, bool alignCorners)
    {
        long extent = Shape[axis];
        if (count == extent)
            return this;
        double[] places = [.. Enumerable.Range(0, (int)count).Select(PlaceOf)];
        long[] left = [.. places.Select(p => (long)p)];
        Tensor share = AlongAxis(axis, places.Select((p, i) => p - left[i]));
        Tensor low = TakeAlong(axis, left), high = TakeAlong(axis, [.. left.Select(l => Math.Min(l + 1, extent - 1))]);
        return low * (1 - share) + high * share;

        double PlaceOf(int i) => alignCorners
            ? i * (extent - 1.0) / Math.Max(count - 1, 1)
            : Math.Clamp((i + 0.5) * extent / count - 0.5, 0, extent - 1);
    }

    private Tensor MeansAlong(int axis, long count)
    {
        long extent = Shape[axis];
        (long Start, long Length)[] windows =
            [.. Enumerable.Range(0, (int)count).Select(i => (i * extent / count, ((i + 1) * extent + count - 1) / count - i * extent / count))];
        long longest = windows.Max(w => w.Length);

        // All windows as long as the longest; what is too much repeats an element of the window and does not enter the sum.
        Tensor taken = TakeAlong(axis, [.. windows.SelectMany(w => Enumerable.Range(0, (int)longest).Select(k => w.Start + Math.Min(k, w.Length - 1)))]);
        Tensor rows = taken.Reshape(Shape[..axis].Concat(count).Concat(longest).Concat(Shape[(axis + 1)..]));
        bool[] counts = [.. windows.SelectMany(w => Enumerable.Range(0, (int)longest).Select(k => k < w.Length))];
        long[] aligned = new long[rows.Shape.Rank];
        Array.Fill(aligned, 1);
        (aligned[axis], aligned[axis + 1]) = (count, longest);
        Tensor sums = Select(From(counts, aligned), rows, rows.FillLike(0)).Sum([axis + 1]);
        return sums / sums.AlongAxis(axis, windows.Select(w => (double)w.Length));
    }

    /// <summary>Numbers along one axis in this tensor's data type, to be broadcast along the others.</summary>
    private Tensor AlongAxis(int axis, IEnumerable<double> values)
    {
        double[] numbers = [.. values];
        long[] extents = new long[Shape.Rank];
        Array.Fill(extents, 1);
        extents[axis] = numbers.Length;
        var data = new TensorData(DType, extents);
        for (int i = 0; i < numbers.Length; i++)
            data.SetDouble(i, numbers[i]);
        return From(data);
    }

    /// <summary>Slices of an axis at places that are known to be there: rows of a table in which all axes before it are joined.</summary>
    private Tensor TakeAlong(int axis, long[] places)
    {
        Shape lead = Shape[..axis], tail = Shape[(axis + 1)..];
        long extent = Shape[axis];
        Tensor starts = (Range(lead.ElementCount, DType.Int64) * extent).ExpandAxis(-1);
        Tensor taken = Reshape(new Shape(lead.ElementCount * extent).Concat(tail)).Gather(starts + From(places));
        return taken.Reshape(lead.Concat(places.Length).Concat(tail));
    }
}
