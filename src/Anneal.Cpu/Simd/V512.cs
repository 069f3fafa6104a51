using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>Sixteen floats in one AVX-512 register. Use it only where <see cref="Avx512F"/> is supported.</summary>
internal readonly unsafe struct V512 : ISimd<V512>
{
    private readonly Vector512<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V512(Vector512<float> value) => _value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 16;
    }

    public static V512 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector512<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V512 value) => value._value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadPartial(float* source, int count)
    {
        Debug.Assert((uint)count <= 16);
        return new(Avx512F.MaskLoad(source, PartialMask(count), Vector512<float>.Zero));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(float* target, V512 value, int count)
    {
        Debug.Assert((uint)count <= 16);
        Avx512F.MaskStore(target, PartialMask(count), value._value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 BroadcastBits(int bits) => new(Vector512.Create(bits).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Add(V512 left, V512 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Subtract(V512 left, V512 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Multiply(V512 left, V512 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Divide(V512 left, V512 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 FusedMultiplyAdd(V512 left, V512 right, V512 addend) =>
        new(Avx512F.FusedMultiplyAdd(left._value, right._value, addend._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Min(V512 left, V512 right) => new(Vector512.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Max(V512 left, V512 right) => new(Vector512.Max(left._value, right._value));

    // The instruction gives its second operand where one is NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 AtMost(V512 value, V512 bound) => new(Avx512F.Min(bound._value, value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Abs(V512 value) => new(Vector512.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Negate(V512 value) => new(value._value ^ Vector512.Create(-0f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Sqrt(V512 value) => new(Vector512.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Floor(V512 value) => new(Vector512.Floor(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Ceiling(V512 value) => new(Vector512.Ceiling(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Round(V512 value) => new(Vector512.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Equal(V512 left, V512 right) => new(Vector512.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LessThan(V512 left, V512 right) => new(Vector512.LessThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LessThanOrEqual(V512 left, V512 right) => new(Vector512.LessThanOrEqual(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 GreaterThan(V512 left, V512 right) => new(Vector512.GreaterThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 GreaterThanOrEqual(V512 left, V512 right) => new(Vector512.GreaterThanOrEqual(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 NotEqual(V512 left, V512 right) => new(~Vector512.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 And(V512 left, V512 right) => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Or(V512 left, V512 right) => new(left._value | right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Xor(V512 left, V512 right) => new(left._value ^ right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 AndNot(V512 left, V512 right) => new(Vector512.AndNot(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Not(V512 value) => new(~value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Select(V512 mask, V512 whenTrue, V512 whenFalse) =>
        new(Vector512.ConditionalSelect(mask._value, whenTrue._value, whenFalse._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(V512 mask) => Vector512.ExtractMostSignificantBits(mask._value) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 AddInt32(V512 left, V512 right) => new((left._value.AsInt32() + right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 SubtractInt32(V512 left, V512 right) => new((left._value.AsInt32() - right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 MultiplyInt32(V512 left, V512 right) => new((left._value.AsInt32() * right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 EqualInt32(V512 left, V512 right) => new(Vector512.Equals(left._value.AsInt32(), right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 GreaterThanInt32(V512 left, V512 right) =>
        new(Vector512.GreaterThan(left._value.AsInt32(), right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ShiftLeftInt32(V512 value, [ConstantExpected] int count) => new((value._value.AsInt32() << count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ShiftRightArithmeticInt32(V512 value, [ConstantExpected] int count) =>
        new((value._value.AsInt32() >> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ShiftRightLogicalInt32(V512 value, [ConstantExpected] int count) =>
        new((value._value.AsInt32() >>> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ConvertToInt32Bits(V512 value) => new(Vector512.ConvertToInt32(value._value).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Scale(V512 value, V512 power) => new(Avx512F.Scale(value._value, power._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ScaleNormal(V512 value, V512 power) => Scale(value, power);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ConvertFromInt32Bits(V512 bits) => new(Vector512.ConvertToSingle(bits._value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadByte(byte* source)
    {
        return new(Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(source))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadBFloat16(byte* source) => new((Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)source)) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBFloat16(byte* target, V512 value)
    {
        Vector512<uint> halves = value._value.AsUInt32() >>> 16;
        Avx512F.ConvertToVector256UInt16(halves).Store((ushort*)target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadInt32(int* source)
    {
        return new(Vector512.ConvertToSingle(Vector512.Load(source)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadMask(byte* source)
    {
        return new((~Vector512.Equals(Avx512F.ConvertToVector512Int32(Vector128.Load(source)), Vector512<int>.Zero)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMask(byte* target, V512 mask)
    {
        Avx512F.ConvertToVector128Byte(mask._value.AsInt32() & Vector512<int>.One).Store(target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32(int* target, V512 value)
    {
        Vector512.ConvertToInt32(value._value).Store(target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadBytePartial(byte* source, int count)
    {
        Debug.Assert((uint)count <= 16);
        ulong* buffer = stackalloc ulong[2];
        new Span<ulong>(buffer, 2).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count);
        return LoadByte((byte*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadInt32Partial(int* source, int count)
    {
        Debug.Assert((uint)count <= 16);
        ulong* buffer = stackalloc ulong[8];
        new Span<ulong>(buffer, 8).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count * sizeof(int));
        return LoadInt32((int*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadMaskPartial(byte* source, int count)
    {
        Debug.Assert((uint)count <= 16);
        ulong* buffer = stackalloc ulong[2];
        new Span<ulong>(buffer, 2).Clear();
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)count);
        return LoadMask((byte*)buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMaskPartial(byte* target, V512 mask, int count)
    {
        Debug.Assert((uint)count <= 16);
        ulong* buffer = stackalloc ulong[2];
        StoreMask((byte*)buffer, mask);
        Unsafe.CopyBlockUnaligned(target, buffer, (uint)count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32Partial(int* target, V512 value, int count)
    {
        Debug.Assert((uint)count <= 16);
        ulong* buffer = stackalloc ulong[8];
        StoreInt32((int*)buffer, value);
        Unsafe.CopyBlockUnaligned(target, buffer, (uint)count * sizeof(int));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> PartialMask(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();
}
