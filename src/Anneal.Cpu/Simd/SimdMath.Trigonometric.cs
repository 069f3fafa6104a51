using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <content>Sine, cosine and arc tangent.</content>
internal static partial class SimdMath
{
    /// <summary>Up to here the reduction below is exact enough; larger arguments go through double precision one by one.</summary>
    private const float LargeAngle = 10_000f;

    /// <summary>The sine of an angle in radians.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Sin<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec quadrant = ReduceAngle(x, out TVec angle, out TVec low);
        TVec result = QuadrantValue(quadrant, angle, low);
        result = TVec.Select(TVec.Equal(x, TVec.Zero), x, result);
        TVec large = IsLarge(x);
        return TVec.Any(large) ? Replace(x, large, result, sine: true) : result;
    }

    /// <summary>The cosine of an angle in radians.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Cos<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec quadrant = ReduceAngle(x, out TVec angle, out TVec low);
        TVec result = QuadrantValue(TVec.AddInt32(quadrant, TVec.BroadcastBits(1)), angle, low);
        TVec large = IsLarge(x);
        return TVec.Any(large) ? Replace(x, large, result, sine: false) : result;
    }

    /// <summary>The angle between -pi/2 and pi/2 whose tangent is x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Atan<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec one = TVec.Broadcast(1f);
        TVec magnitude = TVec.Abs(x);
        TVec isLarge = TVec.GreaterThan(magnitude, TVec.Broadcast(2.41421356f));
        TVec isMiddle = TVec.AndNot(TVec.GreaterThan(magnitude, TVec.Broadcast(0.414213562f)), isLarge);
        // atan x = pi/2 + atan(-1/x) = pi/4 + atan((x-1)/(x+1)): the argument stays below tan(pi/8).
        TVec numerator = TVec.Select(isLarge, TVec.Broadcast(-1f), TVec.Select(isMiddle, TVec.Subtract(magnitude, one), magnitude));
        TVec denominator = TVec.Select(isLarge, magnitude, TVec.Select(isMiddle, TVec.Add(magnitude, one), one));
        TVec t = TVec.Divide(numerator, denominator);
        TVec high = TVec.Or(TVec.And(isLarge, TVec.Broadcast(1.5707963705062866f)), TVec.And(isMiddle, TVec.Broadcast(0.7853981852531433f)));
        TVec low = TVec.Or(
            TVec.And(isLarge, TVec.Broadcast(-4.371138828673793e-08f)), TVec.And(isMiddle, TVec.Broadcast(-2.1855694143368964e-08f)));

        TVec square = TVec.Multiply(t, t);
        TVec sum = TVec.Broadcast(-0.06449835f);
        sum = Step(sum, square, 0.107430995f);
        sum = Step(sum, square, -0.142638966f);
        sum = Step(sum, square, 0.199995384f);
        sum = Step(sum, square, -0.333333313f);
        TVec tail = TVec.FusedMultiplyAdd(TVec.Multiply(square, t), sum, low);
        TVec result = TVec.Add(high, TVec.Add(t, tail));
        return TVec.Or(result, TVec.And(x, TVec.BroadcastBits(SignBit)));
    }

    /// <summary>
    /// Splits x = quadrant * pi/2 + angle + low. Pi/2 comes in four parts, the first two so short that their products are exact; what
    /// the third loses is kept, because an angle near a multiple of pi/2 consists of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec ReduceAngle<TVec>(TVec x, out TVec angle, out TVec low)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec quadrant = TVec.Round(TVec.Multiply(x, TVec.Broadcast(0.63661975f)));
        TVec rest = TVec.FusedMultiplyAdd(quadrant, TVec.Broadcast(-1.5703125f), x);
        rest = TVec.FusedMultiplyAdd(quadrant, TVec.Broadcast(-0.0004837512969970703f), rest);
        TVec third = TVec.Broadcast(7.549790126404332e-08f);
        TVec product = TVec.Multiply(quadrant, third);
        TVec productLow = TVec.FusedMultiplyAdd(quadrant, third, TVec.Negate(product));
        productLow = TVec.FusedMultiplyAdd(quadrant, TVec.Broadcast(-1.7151245100058819e-15f), productLow);
        angle = TVec.Subtract(rest, product);
        // Either operand may be the larger one, so the error of the difference takes six operations.
        TVec virtualProduct = TVec.Subtract(angle, rest);
        TVec virtualRest = TVec.Subtract(angle, virtualProduct);
        TVec error = TVec.Subtract(TVec.Subtract(rest, virtualRest), TVec.Add(product, virtualProduct));
        low = TVec.Subtract(error, productLow);
        return TVec.ConvertToInt32Bits(quadrant);
    }

    /// <summary>The sine of quadrant * pi/2 + angle + low.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec QuadrantValue<TVec>(TVec quadrant, TVec angle, TVec low)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec square = TVec.Multiply(angle, angle);
        TVec sineSum = TVec.Broadcast(2.72493139e-06f);
        sineSum = Step(sineSum, square, -0.000198400827f);
        sineSum = Step(sineSum, square, 0.00833333191f);
        sineSum = Step(sineSum, square, -0.166666672f);
        // The derivative of the sine at the angle is 1 - square / 2 as far as it matters for the low part.
        TVec lowSine = TVec.FusedMultiplyAdd(TVec.Multiply(low, square), TVec.Broadcast(-0.5f), low);
        TVec sine = TVec.Add(angle, TVec.FusedMultiplyAdd(TVec.Multiply(square, angle), sineSum, lowSine));

        TVec cosineSum = TVec.Broadcast(-2.73004474e-07f);
        cosineSum = Step(cosineSum, square, 2.48005963e-05f);
        cosineSum = Step(cosineSum, square, -0.00138888881f);
        cosineSum = Step(cosineSum, square, 0.0416666679f);
        TVec one = TVec.Broadcast(1f);
        TVec half = TVec.Multiply(square, TVec.Broadcast(0.5f));
        TVec head = TVec.Subtract(one, half);
        TVec lost = TVec.Subtract(TVec.Subtract(one, head), half);
        TVec tail = TVec.FusedMultiplyAdd(TVec.Multiply(square, square), cosineSum, lost);
        TVec cosine = TVec.Add(head, TVec.FusedMultiplyAdd(TVec.Negate(low), angle, tail));

        TVec oddMask = TVec.ShiftRightArithmeticInt32(TVec.ShiftLeftInt32(quadrant, 31), 31);
        TVec sign = TVec.And(TVec.ShiftLeftInt32(quadrant, 30), TVec.BroadcastBits(SignBit));
        return TVec.Xor(TVec.Select(oddMask, cosine, sine), sign);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec IsLarge<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec magnitude = TVec.Abs(x);
        TVec finite = TVec.LessThan(magnitude, TVec.Broadcast(float.PositiveInfinity));
        return TVec.And(TVec.GreaterThanOrEqual(magnitude, TVec.Broadcast(LargeAngle)), finite);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe TVec Replace<TVec>(TVec x, TVec large, TVec result, bool sine)
        where TVec : unmanaged, ISimd<TVec>
    {
        float* lanes = stackalloc float[2 * 16];
        TVec.Store(lanes, x);
        for (int i = 0; i < TVec.Count; i++)
            lanes[16 + i] = (float)(sine ? Math.Sin(lanes[i]) : Math.Cos(lanes[i]));
        return TVec.Select(large, TVec.Load(lanes + 16), result);
    }
}
