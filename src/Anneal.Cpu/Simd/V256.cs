using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>Eight floats in one AVX register. Use it only where <see cref="Avx2"/> and <see cref="Fma"/> are supported.</summary>
internal readonly unsafe struct V256 : ISimd<V256>
{
    private readonly Vector256<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V256(Vector256<float> value) => _value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }

    public static V256 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V256 value) => value._value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadPartial(float* source, int count)
    {
        Debug.Assert((uint)count <= 8);
        return new(Avx.MaskLoad(source, PartialMask(count)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(float* target, V256 value, int count)
    {
        Debug.Assert((uint)count <= 8);
        Avx.MaskStore(target, PartialMask(count), value._value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 BroadcastBits(int bits) => new(Vector256.Create(bits).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Add(V256 left, V256 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Subtract(V256 left, V256 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Multiply(V256 left, V256 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Divide(V256 left, V256 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 FusedMultiplyAdd(V256 left, V256 right, V256 addend) =>
        new(Fma.MultiplyAdd(left._value, right._value, addend._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Min(V256 left, V256 right) => new(Vector256.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Max(V256 left, V256 right) => new(Vector256.Max(left._value, right._value));

    // The instruction gives its second operand where one is NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 AtMost(V256 value, V256 bound) => new(Avx.Min(bound._value, value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Abs(V256 value) => new(Vector256.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Negate(V256 value) => new(value._value ^ Vector256.Create(-0f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Sqrt(V256 value) => new(Vector256.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Floor(V256 value) => new(Vector256.Floor(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Ceiling(V256 value) => new(Vector256.Ceiling(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Round(V256 value) => new(Vector256.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Equal(V256 left, V256 right) => new(Vector256.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LessThan(V256 left, V256 right) => new(Vector256.LessThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LessThanOrEqual(V256 left, V256 right) => new(Vector256.LessThanOrEqual(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 GreaterThan(V256 left, V256 right) => new(Vector256.GreaterThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 GreaterThanOrEqual(V256 left, V256 right) => new(Vector256.GreaterThanOrEqual(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 NotEqual(V256 left, V256 right) => new(~Vector256.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 And(V256 left, V256 right) => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Or(V256 left, V256 right) => new(left._value | right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Xor(V256 left, V256 right) => new(left._value ^ right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 AndNot(V256 left, V256 right) => new(Vector256.AndNot(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Not(V256 value) => new(~value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Select(V256 mask, V256 whenTrue, V256 whenFalse) =>
        new(Vector256.ConditionalSelect(mask._value, whenTrue._value, whenFalse._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(V256 mask) => Vector256.ExtractMostSignificantBits(mask._value) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 AddInt32(V256 left, V256 right) => new((left._value.AsInt32() + right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 SubtractInt32(V256 left, V256 right) => new((left._value.AsInt32() - right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 MultiplyInt32(V256 left, V256 right) => new((left._value.AsInt32() * right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 EqualInt32(V256 left, V256 right) => new(Vector256.Equals(left._value.AsInt32(), right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 GreaterThanInt32(V256 left, V256 right) =>
        new(Vector256.GreaterThan(left._value.AsInt32(), right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ShiftLeftInt32(V256 value, [ConstantExpected] int count) => new((value._value.AsInt32() << count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ShiftRightArithmeticInt32(V256 value, [ConstantExpected] int count) =>
        new((value._value.AsInt32() >> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ShiftRightLogicalInt32(V256 value, [ConstantExpected] int count) =>
        new((value._value.AsInt32() >>> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ConvertToInt32Bits(V256 value) => new(Vector256.ConvertToInt32(value._value).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Scale(V256 value, V256 power)
    {
        // In two steps, so that results may be subnormal or overflow; only the second one rounds.
        Vector256<int> bits = Vector256.ConvertToInt32Native(power._value), half = bits >> 1;
        return new(value._value * PowerOfTwo(half) * PowerOfTwo(bits - half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ScaleNormal(V256 value, V256 power) => new(value._value * PowerOfTwo(Vector256.ConvertToInt32Native(power._value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ConvertFromInt32Bits(V256 bits) => new(Vector256.ConvertToSingle(bits._value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadByte(byte* source)
    {
        return new(Vector256.ConvertToSingle(WidenBytes(source)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadBFloat16(byte* source) => new((Avx2.ConvertToVector256Int32(Vector128.Load((ushort*)source)) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBFloat16(byte* target, V256 value)
    {
        Vector256<uint> halves = value._value.AsUInt32() >>> 16;
        Vector128.Narrow(halves.GetLower(), halves.GetUpper()).Store((ushort*)target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadInt32(int* source)
    {
        return new(Vector256.ConvertToSingle(Vector256.Load(source)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadMask(byte* source)
    {
        return new((~Vector256.Equals(WidenBytes(source), Vector256<int>.Zero)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMask(byte* target, V256 mask)
    {
        Vector256<uint> ones = mask._value.AsUInt32() & Vector256<uint>.One;
        Vector128<ushort> words = Vector128.Narrow(ones.GetLower(), ones.GetUpper());
        Unsafe.WriteUnaligned(target, Vector128.Narrow(words, words).AsUInt64().ToScalar());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32(int* target, V256 value)
    {
        Vector256.ConvertToInt32(value._value).Store(target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadBytePartial(byte* source, int count)
    {
        Debug.Assert((uint)count <= 8);
        ulong* buffer = stackalloc ulong[1];
        new Span<ulong>(buffer, 1).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count);
        return LoadByte((byte*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadInt32Partial(int* source, int count)
    {
        Debug.Assert((uint)count <= 8);
        ulong* buffer = stackalloc ulong[4];
        new Span<ulong>(buffer, 4).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count * sizeof(int));
        return LoadInt32((int*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadMaskPartial(byte* source, int count)
    {
        Debug.Assert((uint)count <= 8);
        ulong* buffer = stackalloc ulong[1];
        new Span<ulong>(buffer, 1).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count);
        return LoadMask((byte*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMaskPartial(byte* target, V256 mask, int count)
    {
        Debug.Assert((uint)count <= 8);
        ulong* buffer = stackalloc ulong[1];
        StoreMask((byte*)buffer, mask);
        Unsafe.CopyBlockUnaligned(target, buffer, (uint)count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32Partial(int* target, V256 value, int count)
    {
        Debug.Assert((uint)count <= 8);
        ulong* buffer = stackalloc ulong[4];
        StoreInt32((int*)buffer, value);
        Unsafe.CopyBlockUnaligned(target, buffer, (uint)count * sizeof(int));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> PartialMask(int count) => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> WidenBytes(byte* source) =>
        Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(source)).AsByte());

    /// <summary>2 to the power of integers from -126 to 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> PowerOfTwo(Vector256<int> power) => ((power + Vector256.Create(127)) << 23).AsSingle();
}
