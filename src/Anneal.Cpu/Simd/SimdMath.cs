using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>
/// Elementary functions of vectors, with the same bits for every width: each is a fixed sequence of operations of
/// <see cref="ISimd{TSelf}"/>. Polynomials are interpolations at Chebyshev nodes. Special values are as in <see cref="MathF"/>.
/// </summary>
internal static partial class SimdMath
{
    private const float LogOfTwoHigh = 0.693115234375f; // 13 bits: its product with any exponent is exact
    private const float LogOfTwoLow = 3.194618329871446e-05f;
    private const int SqrtHalfBits = 0x3F3504F3;
    private const int SignBit = int.MinValue;

    /// <summary>e to the power of x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Exp<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        // Beyond these bounds the result is 0 or infinity anyway. A product that underflows takes a hundred times as long as others, and
        // masked scores are far down, so they are left out of it.
        TVec isZero = TVec.LessThan(x, TVec.Broadcast(-105f));
        TVec bounded = TVec.Select(isZero, TVec.Zero, TVec.AtMost(x, TVec.Broadcast(89f)));
        TVec power = ReduceExponent(bounded, out TVec remainder);
        TVec result = TVec.Scale(TVec.Add(ExpMinusOneReduced(remainder), TVec.Broadcast(1f)), power);
        return TVec.Select(isZero, TVec.Zero, result);
    }

    /// <summary>e to the power of x, minus one, accurate near zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Expm1<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec bounded = TVec.Min(TVec.Max(x, TVec.Broadcast(-20f)), TVec.Broadcast(89f));
        TVec power = ReduceExponent(bounded, out TVec remainder);
        // Half the scale, doubled at the end: 2^128 is no float.
        TVec half = PowerOfTwo(TVec.SubtractInt32(TVec.ConvertToInt32Bits(power), TVec.BroadcastBits(1)));
        TVec result = TVec.FusedMultiplyAdd(half, ExpMinusOneReduced(remainder), TVec.Subtract(half, TVec.Broadcast(0.5f)));
        result = TVec.Add(result, result);
        return TVec.Select(TVec.Equal(x, TVec.Zero), x, result);
    }

    /// <summary>The natural logarithm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Log<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec subnormal = TVec.LessThan(x, TVec.Broadcast(1.17549435e-38f));
        TVec normal = TVec.Select(subnormal, TVec.Multiply(x, TVec.Broadcast(8388608f)), x);
        TVec exponent = SplitMantissa(normal, out TVec mantissa);
        exponent = TVec.Subtract(exponent, TVec.And(subnormal, TVec.Broadcast(23f)));
        TVec result = LogReduced(exponent, TVec.Subtract(mantissa, TVec.Broadcast(1f)), TVec.Zero);
        return LogSpecials(x, result);
    }

    /// <summary>The natural logarithm of 1 + x, accurate near zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Log1p<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec one = TVec.Broadcast(1f);
        TVec sum = TVec.Add(x, one);
        TVec exponent = SplitMantissa(sum, out TVec mantissa);
        // What the addition of one has lost, in the scale of the mantissa.
        TVec lost = TVec.Select(
            TVec.GreaterThanOrEqual(x, one), TVec.Subtract(one, TVec.Subtract(sum, x)), TVec.Subtract(x, TVec.Subtract(sum, one)));
        TVec inverseExponent = TVec.Negate(TVec.Min(exponent, TVec.Broadcast(126f)));
        TVec scale = PowerOfTwo(TVec.ConvertToInt32Bits(inverseExponent));
        lost = TVec.Multiply(lost, scale);
        TVec fraction = TVec.Subtract(mantissa, one);
        // Divided by the mantissa, which one step of its series gives well enough.
        lost = TVec.FusedMultiplyAdd(TVec.Negate(lost), fraction, lost);

        TVec near = TVec.And(TVec.LessThan(x, TVec.Broadcast(0.41f)), TVec.GreaterThan(x, TVec.Broadcast(-0.29f)));
        fraction = TVec.Select(near, x, fraction);
        TVec result = LogReduced(TVec.AndNot(exponent, near), fraction, TVec.AndNot(lost, near));
        result = LogSpecials(sum, result);
        return TVec.Select(TVec.Equal(x, TVec.Zero), x, result);
    }

    /// <summary>1 / (1 + e^-x), without loss for large negative arguments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Sigmoid<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec one = TVec.Broadcast(1f);
        TVec bounded = TVec.Negate(TVec.AtMost(TVec.Abs(x), TVec.Broadcast(105f)));
        TVec power = ReduceExponent(bounded, out TVec remainder);
        TVec reduced = ExpMinusOneReduced(remainder);
        // The mantissa of e^-|x| with its rounding error, and 1 / (1 + e^-|x|) with one step of correction.
        TVec mantissa = TVec.Add(one, reduced);
        TVec mantissaLow = TVec.Add(TVec.Subtract(one, mantissa), reduced);
        TVec small = TVec.Scale(mantissa, power);
        TVec denominator = TVec.Add(one, small);
        TVec denominatorLow = TVec.Add(TVec.Subtract(one, denominator), small);
        TVec inverse = TVec.Divide(one, denominator);
        TVec residual = TVec.FusedMultiplyAdd(TVec.Negate(inverse), denominator, one);
        residual = TVec.FusedMultiplyAdd(TVec.Negate(inverse), denominatorLow, residual);
        inverse = TVec.FusedMultiplyAdd(inverse, residual, inverse);
        TVec below = TVec.FusedMultiplyAdd(mantissa, inverse, TVec.Multiply(mantissaLow, inverse));
        return TVec.Select(TVec.LessThan(x, TVec.Zero), TVec.Scale(below, power), inverse);
    }

    /// <summary>The hyperbolic tangent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Tanh<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec magnitude = TVec.AtMost(TVec.Abs(x), TVec.Broadcast(10f));
        TVec square = TVec.Multiply(magnitude, magnitude);
        TVec series = TVec.Broadcast(-0.00654254202f);
        series = Step(series, square, 0.0212727487f);
        series = Step(series, square, -0.0539033487f);
        series = Step(series, square, 0.133330822f);
        series = Step(series, square, -0.333333313f);
        TVec near = TVec.FusedMultiplyAdd(TVec.Multiply(square, magnitude), series, magnitude);

        // Both terms of 1 - 2 / (e^2x + 1) are accurate; near zero they would cancel.
        TVec one = TVec.Broadcast(1f);
        TVec power = ExpNormal(TVec.Add(magnitude, magnitude));
        TVec far = TVec.Subtract(one, TVec.Divide(TVec.Broadcast(2f), TVec.Add(power, one)));
        TVec result = TVec.Select(TVec.LessThan(magnitude, TVec.Broadcast(0.55f)), near, far);
        return TVec.Or(result, TVec.And(x, TVec.BroadcastBits(SignBit)));
    }

    /// <summary>The error function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Erf<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec magnitude = TVec.AtMost(TVec.Abs(x), TVec.Broadcast(4f));
        TVec square = TVec.Multiply(magnitude, magnitude);
        TVec series = TVec.Broadcast(8.33471859e-05f);
        series = Step(series, square, -0.000813470921f);
        series = Step(series, square, 0.00520036882f);
        series = Step(series, square, -0.0268591512f);
        series = Step(series, square, 0.112836912f);
        series = Step(series, square, -0.376126349f);
        series = Step(series, square, 0.128379166f);
        TVec near = TVec.FusedMultiplyAdd(magnitude, series, magnitude);

        // The logarithm of 1 - erf, which is nearly a parabola.
        TVec logarithm = TVec.Broadcast(-5.14856744e-08f);
        logarithm = Step(logarithm, magnitude, 2.75470279e-06f);
        logarithm = Step(logarithm, magnitude, -5.65466908e-05f);
        logarithm = Step(logarithm, magnitude, 0.000652536342f);
        logarithm = Step(logarithm, magnitude, -0.00494387792f);
        logarithm = Step(logarithm, magnitude, 0.0268133543f);
        logarithm = Step(logarithm, magnitude, -0.110615991f);
        logarithm = Step(logarithm, magnitude, -0.631373882f);
        logarithm = Step(logarithm, magnitude, -1.13044667f);
        logarithm = Step(logarithm, magnitude, 0.000362899329f);
        TVec far = TVec.Subtract(TVec.Broadcast(1f), ExpNormal(logarithm));
        TVec result = TVec.Select(TVec.LessThan(magnitude, TVec.Broadcast(0.925f)), near, far);
        return TVec.Or(result, TVec.And(x, TVec.BroadcastBits(SignBit)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Step<TVec>(TVec sum, TVec x, float coefficient)
        where TVec : unmanaged, ISimd<TVec> => TVec.FusedMultiplyAdd(sum, x, TVec.Broadcast(coefficient));

    /// <summary>Splits x = power * ln 2 + remainder with |remainder| at most half of ln 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec ReduceExponent<TVec>(TVec x, out TVec remainder)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec power = TVec.Round(TVec.Multiply(x, TVec.Broadcast(1.44269504f)));
        remainder = TVec.FusedMultiplyAdd(power, TVec.Broadcast(-LogOfTwoHigh), x);
        remainder = TVec.FusedMultiplyAdd(power, TVec.Broadcast(-LogOfTwoLow), remainder);
        return power;
    }

    /// <summary>e^r - 1 for |r| up to 0.3475.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec ExpMinusOneReduced<TVec>(TVec r)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec sum = TVec.Broadcast(0.000198912472f);
        sum = Step(sum, r, 0.00139338814f);
        sum = Step(sum, r, 0.00833331048f);
        sum = Step(sum, r, 0.041666463f);
        sum = Step(sum, r, 0.166666672f);
        sum = Step(sum, r, 0.5f);
        return TVec.FusedMultiplyAdd(TVec.Multiply(r, r), sum, r);
    }

    /// <summary>2 to the power of integers from -127 to 127, where -127 gives 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec PowerOfTwo<TVec>(TVec exponentBits)
        where TVec : unmanaged, ISimd<TVec> => TVec.ShiftLeftInt32(TVec.AddInt32(exponentBits, TVec.BroadcastBits(127)), 23);

    /// <summary>e to the power of x where that is a normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec ExpNormal<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec power = ReduceExponent(x, out TVec remainder);
        return TVec.ScaleNormal(TVec.Add(ExpMinusOneReduced(remainder), TVec.Broadcast(1f)), power);
    }

    /// <summary>Splits a positive normal number into 2^exponent * mantissa, the mantissa from the root of 1/2 to that of 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec SplitMantissa<TVec>(TVec x, out TVec mantissa)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec bits = TVec.ShiftRightArithmeticInt32(TVec.SubtractInt32(x, TVec.BroadcastBits(SqrtHalfBits)), 23);
        mantissa = TVec.SubtractInt32(x, TVec.ShiftLeftInt32(bits, 23));
        return TVec.ConvertFromInt32Bits(bits);
    }

    /// <summary>exponent * ln 2 + ln(1 + f) + low.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec LogReduced<TVec>(TVec exponent, TVec f, TVec low)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec sum = TVec.Broadcast(0.0697161108f);
        sum = Step(sum, f, -0.114797339f);
        sum = Step(sum, f, 0.116854198f);
        sum = Step(sum, f, -0.124256871f);
        sum = Step(sum, f, 0.142490581f);
        sum = Step(sum, f, -0.166678026f);
        sum = Step(sum, f, 0.200007156f);
        sum = Step(sum, f, -0.24999997f);
        sum = Step(sum, f, 0.333333313f);
        TVec square = TVec.Multiply(f, f);
        TVec cube = TVec.Multiply(square, f);
        low = TVec.FusedMultiplyAdd(exponent, TVec.Broadcast(LogOfTwoLow), low);
        TVec tail = TVec.FusedMultiplyAdd(cube, sum, low);
        tail = TVec.FusedMultiplyAdd(square, TVec.Broadcast(-0.5f), tail);
        return TVec.FusedMultiplyAdd(exponent, TVec.Broadcast(LogOfTwoHigh), TVec.Add(f, tail));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec LogSpecials<TVec>(TVec x, TVec result)
        where TVec : unmanaged, ISimd<TVec>
    {
        result = TVec.Select(TVec.Equal(x, TVec.Zero), TVec.Broadcast(float.NegativeInfinity), result);
        // Infinity and NaN are their own logarithms.
        result = TVec.Select(TVec.LessThan(x, TVec.Broadcast(float.PositiveInfinity)), result, x);
        return TVec.Select(TVec.LessThan(x, TVec.Zero), TVec.Broadcast(float.NaN), result);
    }
}
