namespace Anneal;

/// <content>Reductions that are made of others.</content>
public sealed partial class Tensor
{
    /// <summary>The mean square distance from the mean over axes; over all of them where none is given.</summary>
    /// <param name="axes">The axes to fold.</param>
    /// <param name="keepAxes">Whether folded axes stay, with extent 1.</param>
    /// <param name="unbiased">Whether the squares' sum is divided by one less than their number, as an estimate from a sample is.</param>
    public Tensor Variance(ReadOnlySpan<int> axes = default, bool keepAxes = false, bool unbiased = false)
    {
        if (DType is DType.Float16 or DType.BFloat16)
            return Cast(DType.Float32).Variance(axes, keepAxes, unbiased).Cast(DType);
        Tensor variance = Square(this - Mean(axes, keepAxes: true)).Mean(axes, keepAxes);
        double count = Shape.ElementCount / (double)variance.Shape.ElementCount;
        return unbiased ? variance * (count / (count - 1)) : variance;
    }

    /// <summary>The square root of the variance over axes; over all of them where none is given.</summary>
    /// <param name="axes">The axes to fold.</param>
    /// <param name="keepAxes">Whether folded axes stay, with extent 1.</param>
    /// <param name="unbiased">Whether the squares' sum is divided by one less than their number, as an estimate from a sample is.</param>
    public Tensor StandardDeviation(ReadOnlySpan<int> axes = default, bool keepAxes = false, bool unbiased = false) =>
        DType is DType.Float16 or DType.BFloat16
            ? Sqrt(Cast(DType.Float32).Variance(axes, keepAxes, unbiased)).Cast(DType)
            : Sqrt(Variance(axes, keepAxes, unbiased));

    /// <summary>The square root of the sum of squares over axes; over all of them where none is given. Its gradient at 0 is 0.</summary>
    public Tensor Norm(ReadOnlySpan<int> axes = default, bool keepAxes = false)
    {
        if (DType is DType.Float16 or DType.BFloat16)
            return Cast(DType.Float32).Norm(axes, keepAxes).Cast(DType);
        Tensor squares = Square(this).Sum(axes, keepAxes), none = squares.EqualTo(0);
        return Select(none, squares, Sqrt(Select(none, squares.FillLike(1), squares)));
    }

    /// <summary>The logarithm of the sum of exp(x) along an axis, without overflow; -∞ where all elements are.</summary>
    public Tensor LogSumExp(int axis = -1, bool keepAxis = false)
    {
        Tensor largest = Max([axis], keepAxes: true).StopGradient();
        Tensor shift = Select(Abs(largest).LessThan(double.PositiveInfinity), largest, largest.FillLike(0));
        Tensor result = Log(Exp(this - shift).Sum([axis], keepAxes: true)) + shift;
        return keepAxis ? result : Squeeze(result, axis);
    }
}
