using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <content>The general power.</content>
internal static partial class SimdMath
{
    /// <summary>x to the power of y; special values as <see cref="Math.Pow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Pow<TVec>(TVec x, TVec y)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec infinity = TVec.Broadcast(float.PositiveInfinity);
        TVec one = TVec.Broadcast(1f);
        TVec magnitude = TVec.Abs(x);
        TVec high = LogTwo(magnitude, out TVec low);
        // The logarithm of zero and of infinity: the product below then overflows in the right direction.
        high = TVec.Select(TVec.Equal(magnitude, TVec.Zero), TVec.Broadcast(float.NegativeInfinity), high);
        high = TVec.Select(TVec.Equal(magnitude, infinity), infinity, high);

        TVec product = TVec.Multiply(y, high);
        TVec productLow = TVec.FusedMultiplyAdd(y, low, TVec.FusedMultiplyAdd(y, high, TVec.Negate(product)));
        TVec ordinary = TVec.LessThan(TVec.Abs(product), TVec.Broadcast(160f));
        productLow = TVec.And(productLow, ordinary);
        product = TVec.Min(TVec.Max(product, TVec.Broadcast(-160f)), TVec.Broadcast(160f));
        TVec power = TVec.Round(product);
        TVec fraction = TVec.Add(TVec.Subtract(product, power), productLow);
        TVec reduced = ExpMinusOneReduced(TVec.Multiply(fraction, TVec.Broadcast(0.6931471824645996f)));
        TVec result = TVec.Scale(TVec.Add(reduced, one), power);
        return PowSpecials(x, y, magnitude, result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec PowSpecials<TVec>(TVec x, TVec y, TVec magnitude, TVec result)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec infinity = TVec.Broadcast(float.PositiveInfinity);
        TVec one = TVec.Broadcast(1f);
        TVec isInteger = TVec.Equal(y, TVec.Floor(y));
        TVec half = TVec.Multiply(y, TVec.Broadcast(0.5f));
        TVec isOdd = TVec.AndNot(isInteger, TVec.Equal(half, TVec.Floor(half)));
        // One to any power, and minus one to an infinite one.
        result = TVec.Select(TVec.And(TVec.Equal(magnitude, one), TVec.Equal(TVec.Abs(y), infinity)), one, result);
        result = TVec.Xor(result, TVec.And(TVec.And(isOdd, x), TVec.BroadcastBits(SignBit)));
        TVec negativeFinite = TVec.And(TVec.LessThan(x, TVec.Zero), TVec.LessThan(magnitude, infinity));
        result = TVec.Select(TVec.AndNot(negativeFinite, isInteger), TVec.Broadcast(float.NaN), result);
        TVec anyNaN = TVec.Or(TVec.NotEqual(x, x), TVec.NotEqual(y, y));
        result = TVec.Select(anyNaN, TVec.Broadcast(float.NaN), result);
        return TVec.Select(TVec.Or(TVec.Equal(y, TVec.Zero), TVec.Equal(x, one)), one, result);
    }

    /// <summary>
    /// The logarithm to base two as the sum of two floats: a power multiplies its error by up to 128, so one float is not enough.
    /// With s = (m - 1) / (m + 1), ln m = 2s + s^3 (2/3 + 2/5 s^2 + ...).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec LogTwo<TVec>(TVec x, out TVec low)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec one = TVec.Broadcast(1f);
        TVec subnormal = TVec.LessThan(x, TVec.Broadcast(1.17549435e-38f));
        TVec exponent = SplitMantissa(TVec.Select(subnormal, TVec.Multiply(x, TVec.Broadcast(8388608f)), x), out TVec mantissa);
        exponent = TVec.Subtract(exponent, TVec.And(subnormal, TVec.Broadcast(23f)));

        TVec numerator = TVec.Subtract(mantissa, one);
        TVec denominator = TVec.Add(mantissa, one);
        TVec denominatorLow = TVec.Subtract(mantissa, TVec.Subtract(denominator, one));
        TVec s = TVec.Divide(numerator, denominator);
        TVec residual = TVec.FusedMultiplyAdd(TVec.Negate(s), denominator, numerator);
        residual = TVec.FusedMultiplyAdd(TVec.Negate(s), denominatorLow, residual);
        TVec sLow = TVec.Divide(residual, denominator);

        TVec square = TVec.Multiply(s, s);
        TVec squareLow = TVec.FusedMultiplyAdd(s, s, TVec.Negate(square));
        squareLow = TVec.FusedMultiplyAdd(TVec.Add(s, s), sLow, squareLow);
        TVec sum = TVec.Broadcast(2f / 13);
        sum = Step(sum, square, 2f / 11);
        sum = Step(sum, square, 2f / 9);
        sum = Step(sum, square, 2f / 7);
        sum = Step(sum, square, 2f / 5);
        TVec twoThirds = TVec.Broadcast(0.6666666865348816f);
        TVec term = TVec.Multiply(square, sum);
        TVec factor = TVec.Add(twoThirds, term);
        TVec factorLow = TVec.Add(TVec.Subtract(twoThirds, factor), TVec.Add(term, TVec.Broadcast(-1.9868215517249155e-08f)));

        TVec cubic = MultiplyPairs(square, squareLow, factor, factorLow, out TVec cubicLow);
        cubic = MultiplyPairs(s, sLow, cubic, cubicLow, out cubicLow);
        TVec twice = TVec.Add(s, s);
        TVec natural = TVec.Add(twice, cubic);
        TVec naturalLow = TVec.Add(TVec.Subtract(twice, natural), cubic);
        naturalLow = TVec.Add(naturalLow, TVec.Add(TVec.Add(sLow, sLow), cubicLow));

        TVec binary = MultiplyPairs(
            natural, naturalLow, TVec.Broadcast(1.4426950216293335f), TVec.Broadcast(1.925963033500011e-08f), out TVec binaryLow);
        TVec high = TVec.Add(exponent, binary);
        low = TVec.Add(TVec.Add(TVec.Subtract(exponent, high), binary), binaryLow);
        // Once more, so that the low part is small beside the high one also where they nearly cancel.
        TVec result = TVec.Add(high, low);
        low = TVec.Add(TVec.Subtract(high, result), low);
        return result;
    }

    /// <summary>The product of two numbers which are each the sum of two floats, the second much smaller.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec MultiplyPairs<TVec>(TVec left, TVec leftLow, TVec right, TVec rightLow, out TVec low)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec product = TVec.Multiply(left, right);
        low = TVec.FusedMultiplyAdd(left, right, TVec.Negate(product));
        low = TVec.FusedMultiplyAdd(left, rightLow, low);
        low = TVec.FusedMultiplyAdd(leftLow, right, low);
        return product;
    }
}
