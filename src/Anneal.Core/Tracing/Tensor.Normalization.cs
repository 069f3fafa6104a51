namespace Anneal;

/// <content>
/// Normalizations. Statistics of half-precision tensors are computed in float32 and the result is rounded once. Means are corrected by
/// the mean of what is left after subtracting them (the corrected two-pass algorithm of Chan, Golub and LeVeque, 1983), so numbers far
/// from 0 lose no more digits than their storage has lost.
/// </content>
public sealed partial class Tensor
{
    /// <summary>
    /// (x - mean) / sqrt(variance + epsilon) · scale + offset, with the mean and the biased variance over axes (Ba, Kiros and Hinton, 2016).
    /// </summary>
    /// <param name="axes">The axes of which the mean is taken; all of them where none is given.</param>
    /// <param name="scale">A factor that broadcasts to this tensor; null is 1.</param>
    /// <param name="offset">What is added, broadcast to this tensor; null is 0.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <exception cref="DTypeException">The tensor holds no floating-point numbers.</exception>
    public Tensor LayerNorm(ReadOnlySpan<int> axes, Tensor? scale = null, Tensor? offset = null, double epsilon = 1e-5)
    {
        Tensor x = Widened(nameof(LayerNorm));
        Moments moments = MomentsOf(x, axes, null);
        return Affine(moments.Standardize(epsilon), scale, offset).Cast(DType);
    }

    /// <summary>x / sqrt(mean of x² + epsilon) · scale, with the mean over axes (Zhang and Sennrich, 2019).</summary>
    /// <param name="axes">The axes of which the mean is taken; all of them where none is given.</param>
    /// <param name="scale">A factor that broadcasts to this tensor; null is 1.</param>
    /// <param name="epsilon">What is added to the mean square.</param>
    /// <exception cref="DTypeException">The tensor holds no floating-point numbers.</exception>
    public Tensor RmsNorm(ReadOnlySpan<int> axes, Tensor? scale = null, double epsilon = 1e-6)
    {
        Tensor x = Widened(nameof(RmsNorm));
        return Affine(x * Rsqrt(Square(x).Mean(axes, keepAxes: true) + epsilon), scale, null).Cast(DType);
    }

    /// <summary>
    /// Normalizes each example of <c>[batch, ..., channels]</c> in groups of neighbouring channels, each with its own mean and biased
    /// variance over the group and all axes between the first and the last (Wu and He, 2018).
    /// </summary>
    /// <param name="groups">The number of groups; divides the number of channels.</param>
    /// <param name="scale">A factor for each channel, <c>[channels]</c>; null is 1.</param>
    /// <param name="offset">What is added to each channel, <c>[channels]</c>; null is 0.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <exception cref="ShapeException">The tensor has fewer than two axes, or the groups do not divide its channels.</exception>
    /// <exception cref="DTypeException">The tensor holds no floating-point numbers.</exception>
    public Tensor GroupNorm(int groups, Tensor? scale = null, Tensor? offset = null, double epsilon = 1e-5)
    {
        if (Shape.Rank < 2 || groups < 1 || Shape[^1] % groups != 0)
            throw new ShapeException($"{nameof(GroupNorm)}: needs [batch, ..., channels] with a multiple of {groups} channels, got {Type}.");
        if (groups == Shape[^1] && Shape.Rank > 2)
            return InstanceNorm(scale, offset, epsilon);
        Tensor x = Widened(nameof(GroupNorm)).Reshape(Shape[0], Shape[1..^1].ElementCount, groups, Shape[^1] / groups);
        Moments moments = MomentsOf(x, [1, 3], null);
        return Affine(moments.Standardize(epsilon).Reshape(Shape), scale, offset).Cast(DType);
    }

    /// <summary>
    /// Normalizes each channel of each example of <c>[batch, ..., channels]</c> with its own mean and biased variance over the axes in
    /// between (Ulyanov, Vedaldi and Lempitsky, 2016).
    /// </summary>
    /// <param name="scale">A factor for each channel, <c>[channels]</c>; null is 1.</param>
    /// <param name="offset">What is added to each channel, <c>[channels]</c>; null is 0.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <exception cref="ShapeException">The tensor has fewer than three axes.</exception>
    /// <exception cref="DTypeException">The tensor holds no floating-point numbers.</exception>
    public Tensor InstanceNorm(Tensor? scale = null, Tensor? offset = null, double epsilon = 1e-5)
    {
        if (Shape.Rank < 3)
            throw new ShapeException($"{nameof(InstanceNorm)}: needs [batch, ..., channels] with at least one axis in between, got {Type}.");
        return LayerNorm([.. Enumerable.Range(1, Shape.Rank - 2)], scale, offset, epsilon);
    }

    /// <summary>
    /// Normalizes each channel with the mean and the biased variance over all other axes (Ioffe and Szegedy, 2015), and gives both, so
    /// that moving averages can be kept.
    /// </summary>
    /// <param name="axis">The axis of the channels.</param>
    /// <param name="scale">A factor for each channel, <c>[channels]</c>; null is 1.</param>
    /// <param name="offset">What is added to each channel, <c>[channels]</c>; null is 0.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <returns>The normalized tensor, and the mean and the biased variance, <c>[channels]</c>, of half-precision tensors in float32.</returns>
    /// <exception cref="DTypeException">The tensor holds no floating-point numbers.</exception>
    public (Tensor Output, Tensor Mean, Tensor Variance) BatchNorm(int axis, Tensor? scale = null, Tensor? offset = null, double epsilon = 1e-5)
    {
        (Tensor output, Tensor mean, Tensor variance, _) = BatchNorm(axis, scale, offset, epsilon, null);
        return (output, mean, variance);
    }

    /// <summary>The same where not every element enters the statistics.</summary>
    /// <param name="axis">The axis of the channels.</param>
    /// <param name="scale">A factor for each channel, <c>[channels]</c>; null is 1.</param>
    /// <param name="offset">What is added to each channel, <c>[channels]</c>; null is 0.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <param name="counted">Which elements enter the statistics: bool, with as many axes as this tensor and broadcast to it; null is all.</param>
    /// <returns>As above, and with <paramref name="counted"/> the number of elements behind each mean, at least 1, <c>[channels]</c> or <c>[1]</c>.</returns>
    internal (Tensor Output, Tensor Mean, Tensor Variance, Tensor? Count) BatchNorm(int axis, Tensor? scale, Tensor? offset, double epsilon, Tensor? counted)
    {
        Tensor x = Widened(nameof(BatchNorm));
        int channels = Shape.Axis(axis);
        Moments moments = MomentsOf(x, [.. Enumerable.Range(0, Shape.Rank).Where(a => a != channels)], counted);
        Tensor factor = Rsqrt(moments.Variance + epsilon);
        if (scale is not null)
            factor *= AlongAxis(scale, x, channels);
        Tensor constant = -moments.Rest * factor;
        Tensor output = moments.Shifted * factor + (offset is null ? constant : constant + AlongAxis(offset, x, channels));
        return (output.Cast(DType), moments.Mean.Reshape(Shape[channels]), moments.Variance.Reshape(Shape[channels]), moments.Count?.Flatten());
    }

    /// <summary>Normalizes each channel with a mean and a variance that are given: (x - mean) / sqrt(variance + epsilon) · scale + offset.</summary>
    /// <param name="axis">The axis of the channels.</param>
    /// <param name="mean">The mean of each channel, <c>[channels]</c>.</param>
    /// <param name="variance">The variance of each channel, <c>[channels]</c>.</param>
    /// <param name="scale">A factor for each channel, <c>[channels]</c>; null is 1.</param>
    /// <param name="offset">What is added to each channel, <c>[channels]</c>; null is 0.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <exception cref="DTypeException">The tensor holds no floating-point numbers.</exception>
    public Tensor BatchNormWith(int axis, Tensor mean, Tensor variance, Tensor? scale = null, Tensor? offset = null, double epsilon = 1e-5)
    {
        Tensor x = Widened(nameof(BatchNormWith));
        int channels = Shape.Axis(axis);
        Tensor factor = Rsqrt(AlongAxis(variance, x, channels) + epsilon);
        if (scale is not null)
            factor *= AlongAxis(scale, x, channels);
        return Affine((x - AlongAxis(mean, x, channels)) * factor, null, offset is null ? null : AlongAxis(offset, x, channels)).Cast(DType);
    }

    /// <summary>
    /// Mean and biased variance over axes, which stay with extent 1; the tensor less its mean as it was rounded, and the rest of the mean;
    /// what was counted. The tensor less its whole mean is never written to memory: only <paramref name="Shifted"/> is.
    /// </summary>
    private readonly record struct Moments(Tensor Mean, Tensor Variance, Tensor Shifted, Tensor Rest, Tensor? Count)
    {
        internal Tensor Standardize(double epsilon)
        {
            Tensor factor = Rsqrt(Variance + epsilon);
            return Shifted * factor - Rest * factor;
        }
    }

    private static Moments MomentsOf(Tensor x, ReadOnlySpan<int> axes, Tensor? counted)
    {
        Tensor? count = counted is null ? null : CountOf(x, axes, counted);

        // In exact arithmetic no result depends on the shift, so no gradient has to pass through it.
        Tensor shift = Average(Counted(x, counted), axes, count).StopGradient();
        Tensor shifted = x - shift, seen = Counted(shifted, counted);
        Tensor rest = Average(seen, axes, count);
        Tensor variance = Average(Square(seen), axes, count) - Square(rest);

        // Rounding can leave a little less than 0 where all elements are equal.
        return new Moments(shift + rest, Select(variance.LessThan(0), variance.FillLike(0), variance), shifted, rest, count);
    }

    private static Tensor Counted(Tensor x, Tensor? counted) => counted is null ? x : Select(counted, x, x.FillLike(0));

    private static Tensor Average(Tensor x, ReadOnlySpan<int> axes, Tensor? count) =>
        count is null ? x.Mean(axes, keepAxes: true) : x.Sum(axes, keepAxes: true) / count;

    /// <summary>How many elements enter each mean, at least 1.</summary>
    private static Tensor CountOf(Tensor x, ReadOnlySpan<int> axes, Tensor counted)
    {
        long[] extents = counted.Shape.ToArray();
        foreach (int axis in axes)
            extents[axis] = x.Shape[axis];
        Tensor count = counted.BroadcastTo(new Shape(extents)).Cast(x.DType).Sum(axes, keepAxes: true);
        return Maximum(count, count.FillLike(1));
    }

    /// <summary>This tensor in the type in which statistics are computed.</summary>
    private Tensor Widened(string function) => DType switch
    {
        DType.Float16 or DType.BFloat16 => Cast(DType.Float32),
        DType.Float32 or DType.Float64 => this,
        _ => throw new DTypeException($"{function}: needs floating-point numbers, got {Type}."),
    };

    private static Tensor Affine(Tensor x, Tensor? scale, Tensor? offset)
    {
        Tensor scaled = scale is null ? x : x * scale.Cast(x.DType);
        return offset is null ? scaled : scaled + offset.Cast(x.DType);
    }

    /// <summary>Values <c>[channels]</c> in the shape that broadcasts along one axis of a tensor, and in its type.</summary>
    private static Tensor AlongAxis(Tensor values, Tensor x, int axis)
    {
        var extents = new long[x.Shape.Rank];
        Array.Fill(extents, 1);
        extents[axis] = x.Shape[axis];
        if (values.Shape != x.Shape[axis])
            throw new ShapeException($"A normalization along axis {axis} of {x.Type} needs a value for each channel, [{x.Shape[axis]}], got {values.Type}.");
        return values.Reshape(new Shape(extents)).Cast(x.DType);
    }
}
