using System.Diagnostics.CodeAnalysis;

namespace Anneal.Cpu;

/// <summary>
/// A vector of floats of one width. Kernels are written once over it and specialised by the compiler for each width. Comparisons give a
/// mask: all bits set or none in each lane. Members named Int32 or Bits treat a lane as a 32-bit integer.
/// </summary>
internal unsafe interface ISimd<TSelf>
    where TSelf : unmanaged, ISimd<TSelf>
{
    static abstract int Count { get; }

    static abstract TSelf Zero { get; }

    static abstract TSelf Load(float* source);

    static abstract void Store(float* target, TSelf value);

    /// <summary>Reads the first <paramref name="count"/> floats and nothing behind them; the other lanes are zero.</summary>
    static abstract TSelf LoadPartial(float* source, int count);

    /// <summary>Writes the first <paramref name="count"/> lanes and nothing behind them.</summary>
    static abstract void StorePartial(float* target, TSelf value, int count);

    static abstract TSelf Broadcast(float value);

    static abstract TSelf BroadcastBits(int bits);

    static abstract TSelf Add(TSelf left, TSelf right);

    static abstract TSelf Subtract(TSelf left, TSelf right);

    static abstract TSelf Multiply(TSelf left, TSelf right);

    static abstract TSelf Divide(TSelf left, TSelf right);

    /// <summary>left * right + addend, rounded once (128-bit x86 without FMA rounds twice).</summary>
    static abstract TSelf FusedMultiplyAdd(TSelf left, TSelf right, TSelf addend);

    /// <summary>The minimum of IEEE 754:2019: NaN propagates, -0 is less than +0.</summary>
    static abstract TSelf Min(TSelf left, TSelf right);

    /// <summary>The maximum of IEEE 754:2019: NaN propagates, -0 is less than +0.</summary>
    static abstract TSelf Max(TSelf left, TSelf right);

    /// <summary>The value, or a bound that is less. NaN stays; the bound is neither NaN nor zero.</summary>
    static abstract TSelf AtMost(TSelf value, TSelf bound);

    static abstract TSelf Abs(TSelf value);

    static abstract TSelf Negate(TSelf value);

    static abstract TSelf Sqrt(TSelf value);

    static abstract TSelf Floor(TSelf value);

    static abstract TSelf Ceiling(TSelf value);

    /// <summary>To the nearest integer, halves to even.</summary>
    static abstract TSelf Round(TSelf value);

    static abstract TSelf Equal(TSelf left, TSelf right);

    static abstract TSelf LessThan(TSelf left, TSelf right);

    static abstract TSelf LessThanOrEqual(TSelf left, TSelf right);

    static abstract TSelf GreaterThan(TSelf left, TSelf right);

    static abstract TSelf GreaterThanOrEqual(TSelf left, TSelf right);

    static abstract TSelf NotEqual(TSelf left, TSelf right);

    static abstract TSelf And(TSelf left, TSelf right);

    static abstract TSelf Or(TSelf left, TSelf right);

    static abstract TSelf Xor(TSelf left, TSelf right);

    /// <summary>left &amp; ~right.</summary>
    static abstract TSelf AndNot(TSelf left, TSelf right);

    static abstract TSelf Not(TSelf value);

    static abstract TSelf Select(TSelf mask, TSelf whenTrue, TSelf whenFalse);

    /// <summary>Whether any lane of a mask is set.</summary>
    static abstract bool Any(TSelf mask);

    static abstract TSelf AddInt32(TSelf left, TSelf right);

    static abstract TSelf SubtractInt32(TSelf left, TSelf right);

    static abstract TSelf MultiplyInt32(TSelf left, TSelf right);

    static abstract TSelf EqualInt32(TSelf left, TSelf right);

    static abstract TSelf GreaterThanInt32(TSelf left, TSelf right);

    static abstract TSelf ShiftLeftInt32(TSelf value, [ConstantExpected] int count);

    static abstract TSelf ShiftRightArithmeticInt32(TSelf value, [ConstantExpected] int count);

    static abstract TSelf ShiftRightLogicalInt32(TSelf value, [ConstantExpected] int count);

    /// <summary>Truncates to integers (saturating, NaN to 0), kept as bits.</summary>
    static abstract TSelf ConvertToInt32Bits(TSelf value);

    /// <summary>value * 2^power, rounded once; the power is a whole number from -252 to 254.</summary>
    static abstract TSelf Scale(TSelf value, TSelf power);

    /// <summary>As <see cref="Scale"/> where value, 2^power and the result are normal numbers, or NaN.</summary>
    static abstract TSelf ScaleNormal(TSelf value, TSelf power);

    /// <summary>The integers held as bits, as floats.</summary>
    static abstract TSelf ConvertFromInt32Bits(TSelf bits);

    /// <summary>Unsigned bytes as floats.</summary>
    static abstract TSelf LoadByte(byte* source);

    /// <summary>The floats whose upper halves are stored.</summary>
    static abstract TSelf LoadBFloat16(byte* source);

    /// <summary>Stores the upper halves of floats, which need no rounding.</summary>
    static abstract void StoreBFloat16(byte* target, TSelf value);

    /// <summary>Integers as floats.</summary>
    static abstract TSelf LoadInt32(int* source);

    /// <summary>Bytes as a mask: set where not zero.</summary>
    static abstract TSelf LoadMask(byte* source);

    /// <summary>A mask as bytes 0 and 1.</summary>
    static abstract void StoreMask(byte* target, TSelf mask);

    /// <summary>Truncates to integers (saturating, NaN to 0).</summary>
    static abstract void StoreInt32(int* target, TSelf value);

    static abstract TSelf LoadBytePartial(byte* source, int count);

    static abstract TSelf LoadInt32Partial(int* source, int count);

    static abstract TSelf LoadMaskPartial(byte* source, int count);

    static abstract void StoreMaskPartial(byte* target, TSelf mask, int count);

    static abstract void StoreInt32Partial(int* target, TSelf value, int count);
}
