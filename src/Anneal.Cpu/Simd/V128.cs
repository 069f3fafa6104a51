using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>Four floats in one 128-bit register: Arm64, and x86 without AVX2.</summary>
internal readonly unsafe struct V128 : ISimd<V128>
{
    private readonly Vector128<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V128(Vector128<float> value) => _value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4;
    }

    public static V128 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector128<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Load(float* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V128 value) => value._value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadPartial(float* source, int count)
    {
        Debug.Assert((uint)count <= 4);
        return new(count switch
        {
            0 => Vector128<float>.Zero,
            1 => Vector128.CreateScalar(source[0]),
            2 => Vector128.Create(source[0], source[1], 0f, 0f),
            3 => Vector128.Create(source[0], source[1], source[2], 0f),
            _ => Vector128.Load(source),
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(float* target, V128 value, int count)
    {
        Debug.Assert((uint)count <= 4);
        if (count == 4)
        {
            value._value.Store(target);
            return;
        }

        if (count > 0)
            target[0] = value._value.GetElement(0);
        if (count > 1)
            target[1] = value._value.GetElement(1);
        if (count > 2)
            target[2] = value._value.GetElement(2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 BroadcastBits(int bits) => new(Vector128.Create(bits).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Add(V128 left, V128 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Subtract(V128 left, V128 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Multiply(V128 left, V128 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Divide(V128 left, V128 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 FusedMultiplyAdd(V128 left, V128 right, V128 addend)
    {
        if (Fma.IsSupported)
            return new(Fma.MultiplyAdd(left._value, right._value, addend._value));
        if (AdvSimd.IsSupported)
            return new(AdvSimd.FusedMultiplyAdd(addend._value, left._value, right._value));
        return new((left._value * right._value) + addend._value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Min(V128 left, V128 right) => new(Vector128.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Max(V128 left, V128 right) => new(Vector128.Max(left._value, right._value));

    // The instruction gives its second operand where one is NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 AtMost(V128 value, V128 bound) => Sse.IsSupported ? new(Sse.Min(bound._value, value._value)) : Select(GreaterThan(value, bound), bound, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Abs(V128 value) => new(Vector128.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Negate(V128 value) => new(value._value ^ Vector128.Create(-0f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Sqrt(V128 value) => new(Vector128.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Floor(V128 value) => new(Vector128.Floor(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Ceiling(V128 value) => new(Vector128.Ceiling(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Round(V128 value) => new(Vector128.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Equal(V128 left, V128 right) => new(Vector128.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LessThan(V128 left, V128 right) => new(Vector128.LessThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LessThanOrEqual(V128 left, V128 right) => new(Vector128.LessThanOrEqual(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 GreaterThan(V128 left, V128 right) => new(Vector128.GreaterThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 GreaterThanOrEqual(V128 left, V128 right) => new(Vector128.GreaterThanOrEqual(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 NotEqual(V128 left, V128 right) => new(~Vector128.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 And(V128 left, V128 right) => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Or(V128 left, V128 right) => new(left._value | right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Xor(V128 left, V128 right) => new(left._value ^ right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 AndNot(V128 left, V128 right) => new(Vector128.AndNot(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Not(V128 value) => new(~value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Select(V128 mask, V128 whenTrue, V128 whenFalse) =>
        new(Vector128.ConditionalSelect(mask._value, whenTrue._value, whenFalse._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(V128 mask) => Vector128.ExtractMostSignificantBits(mask._value) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 AddInt32(V128 left, V128 right) => new((left._value.AsInt32() + right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 SubtractInt32(V128 left, V128 right) => new((left._value.AsInt32() - right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 MultiplyInt32(V128 left, V128 right) => new((left._value.AsInt32() * right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 EqualInt32(V128 left, V128 right) => new(Vector128.Equals(left._value.AsInt32(), right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 GreaterThanInt32(V128 left, V128 right) =>
        new(Vector128.GreaterThan(left._value.AsInt32(), right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ShiftLeftInt32(V128 value, [ConstantExpected] int count) => new((value._value.AsInt32() << count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ShiftRightArithmeticInt32(V128 value, [ConstantExpected] int count) =>
        new((value._value.AsInt32() >> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ShiftRightLogicalInt32(V128 value, [ConstantExpected] int count) =>
        new((value._value.AsInt32() >>> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ConvertToInt32Bits(V128 value) => new(Vector128.ConvertToInt32(value._value).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Scale(V128 value, V128 power)
    {
        // In two steps, so that results may be subnormal or overflow; only the second one rounds.
        Vector128<int> bits = Vector128.ConvertToInt32Native(power._value), half = bits >> 1;
        return new(value._value * PowerOfTwo(half) * PowerOfTwo(bits - half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ScaleNormal(V128 value, V128 power) => new(value._value * PowerOfTwo(Vector128.ConvertToInt32Native(power._value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ConvertFromInt32Bits(V128 bits) => new(Vector128.ConvertToSingle(bits._value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadByte(byte* source)
    {
        return new(Vector128.ConvertToSingle(WidenBytes(source)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadBFloat16(byte* source) => new((Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(source)).AsUInt16()) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBFloat16(byte* target, V128 value)
    {
        Vector128<uint> halves = value._value.AsUInt32() >>> 16;
        Unsafe.WriteUnaligned(target, Vector128.Narrow(halves, halves).AsUInt64().ToScalar());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadInt32(int* source)
    {
        return new(Vector128.ConvertToSingle(Vector128.Load(source)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadMask(byte* source)
    {
        return new((~Vector128.Equals(WidenBytes(source), Vector128<int>.Zero)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMask(byte* target, V128 mask)
    {
        Vector128<uint> ones = mask._value.AsUInt32() & Vector128<uint>.One;
        Vector128<ushort> words = Vector128.Narrow(ones, ones);
        Unsafe.WriteUnaligned(target, Vector128.Narrow(words, words).AsUInt32().ToScalar());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32(int* target, V128 value)
    {
        Vector128.ConvertToInt32(value._value).Store(target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadBytePartial(byte* source, int count)
    {
        Debug.Assert((uint)count <= 4);
        ulong* buffer = stackalloc ulong[1];
        new Span<ulong>(buffer, 1).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count);
        return LoadByte((byte*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadInt32Partial(int* source, int count)
    {
        Debug.Assert((uint)count <= 4);
        ulong* buffer = stackalloc ulong[2];
        new Span<ulong>(buffer, 2).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count * sizeof(int));
        return LoadInt32((int*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadMaskPartial(byte* source, int count)
    {
        Debug.Assert((uint)count <= 4);
        ulong* buffer = stackalloc ulong[1];
        new Span<ulong>(buffer, 1).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count);
        return LoadMask((byte*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMaskPartial(byte* target, V128 mask, int count)
    {
        Debug.Assert((uint)count <= 4);
        ulong* buffer = stackalloc ulong[1];
        StoreMask((byte*)buffer, mask);
        Unsafe.CopyBlockUnaligned(target, buffer, (uint)count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32Partial(int* target, V128 value, int count)
    {
        Debug.Assert((uint)count <= 4);
        ulong* buffer = stackalloc ulong[2];
        StoreInt32((int*)buffer, value);
        Unsafe.CopyBlockUnaligned(target, buffer, (uint)count * sizeof(int));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> WidenBytes(byte* source)
    {
        Vector128<byte> bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(source)).AsByte();
        return Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32();
    }

    /// <summary>2 to the power of integers from -126 to 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> PowerOfTwo(Vector128<int> power) => ((power + Vector128.Create(127)) << 23).AsSingle();
}
