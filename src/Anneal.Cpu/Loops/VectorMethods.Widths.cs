using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>The instructions of 128-bit vectors.</summary>
internal sealed unsafe class Vector128Methods : VectorMethods<V128>
{
    private delegate Vector128<float> Loader(float* source);

    private delegate void Storer(Vector128<float> value, float* target);

    private delegate Vector128<float> MaskLoader(float* source, Vector128<float> mask);

    private delegate void MaskStorer(float* target, Vector128<float> mask, Vector128<float> value);

    internal override Type Raw => typeof(Vector128<float>);

    internal override FieldInfo RawField { get; } =
        typeof(V128).GetField("_value", BindingFlags.Instance | BindingFlags.NonPublic)!;

    internal override MethodInfo Create => new Func<float, Vector128<float>>(Vector128.Create).Method;

    internal override MethodInfo LoadRaw => new Loader(Vector128.Load).Method;

    internal override MethodInfo StoreRaw => new Storer(Vector128.Store).Method;

    internal override MethodInfo RestMask => new Func<int, Vector128<float>>(First).Method;

    internal override MethodInfo? MaskLoad => Avx.IsSupported ? new MaskLoader(Avx.MaskLoad).Method : null;

    internal override MethodInfo? MaskStore => Avx.IsSupported ? new MaskStorer(Avx.MaskStore).Method : null;

    internal override MethodInfo Find(Primitive primitive) => primitive switch
    {
        Primitive.Add => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.Add).Method,
        Primitive.Subtract => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.Subtract).Method,
        Primitive.Multiply => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.Multiply).Method,
        Primitive.Divide => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.Divide).Method,
        Primitive.Max => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.Max).Method,
        Primitive.Min => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.Min).Method,
        Primitive.Sqrt => new Func<Vector128<float>, Vector128<float>>(Vector128.Sqrt).Method,
        Primitive.Floor => new Func<Vector128<float>, Vector128<float>>(Vector128.Floor).Method,
        Primitive.Ceiling => new Func<Vector128<float>, Vector128<float>>(Vector128.Ceiling).Method,
        Primitive.Round => new Func<Vector128<float>, Vector128<float>>(Vector128.Round).Method,
        Primitive.Equals => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.Equals).Method,
        Primitive.LessThan => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.LessThan).Method,
        Primitive.LessThanOrEqual => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.LessThanOrEqual).Method,
        Primitive.GreaterThan => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.GreaterThan).Method,
        Primitive.GreaterThanOrEqual => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.GreaterThanOrEqual).Method,
        Primitive.BitwiseAnd => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.BitwiseAnd).Method,
        Primitive.BitwiseOr => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.BitwiseOr).Method,
        Primitive.Xor => new Func<Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.Xor).Method,
        _ => new Func<Vector128<float>, Vector128<float>, Vector128<float>, Vector128<float>>(Vector128.ConditionalSelect).Method,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> First(int count) => Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(count)).AsSingle();
}

/// <summary>The instructions of 256-bit vectors.</summary>
internal sealed unsafe class Vector256Methods : VectorMethods<V256>
{
    private delegate Vector256<float> Loader(float* source);

    private delegate void Storer(Vector256<float> value, float* target);

    private delegate Vector256<float> MaskLoader(float* source, Vector256<float> mask);

    private delegate void MaskStorer(float* target, Vector256<float> mask, Vector256<float> value);

    internal override Type Raw => typeof(Vector256<float>);

    internal override FieldInfo RawField { get; } =
        typeof(V256).GetField("_value", BindingFlags.Instance | BindingFlags.NonPublic)!;

    internal override MethodInfo Create => new Func<float, Vector256<float>>(Vector256.Create).Method;

    internal override MethodInfo LoadRaw => new Loader(Vector256.Load).Method;

    internal override MethodInfo StoreRaw => new Storer(Vector256.Store).Method;

    internal override MethodInfo RestMask => new Func<int, Vector256<float>>(First).Method;

    internal override MethodInfo? MaskLoad => new MaskLoader(Avx.MaskLoad).Method;

    internal override MethodInfo? MaskStore => new MaskStorer(Avx.MaskStore).Method;

    internal override MethodInfo Find(Primitive primitive) => primitive switch
    {
        Primitive.Add => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.Add).Method,
        Primitive.Subtract => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.Subtract).Method,
        Primitive.Multiply => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.Multiply).Method,
        Primitive.Divide => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.Divide).Method,
        Primitive.Max => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.Max).Method,
        Primitive.Min => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.Min).Method,
        Primitive.Sqrt => new Func<Vector256<float>, Vector256<float>>(Vector256.Sqrt).Method,
        Primitive.Floor => new Func<Vector256<float>, Vector256<float>>(Vector256.Floor).Method,
        Primitive.Ceiling => new Func<Vector256<float>, Vector256<float>>(Vector256.Ceiling).Method,
        Primitive.Round => new Func<Vector256<float>, Vector256<float>>(Vector256.Round).Method,
        Primitive.Equals => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.Equals).Method,
        Primitive.LessThan => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.LessThan).Method,
        Primitive.LessThanOrEqual => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.LessThanOrEqual).Method,
        Primitive.GreaterThan => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.GreaterThan).Method,
        Primitive.GreaterThanOrEqual => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.GreaterThanOrEqual).Method,
        Primitive.BitwiseAnd => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.BitwiseAnd).Method,
        Primitive.BitwiseOr => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.BitwiseOr).Method,
        Primitive.Xor => new Func<Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.Xor).Method,
        _ => new Func<Vector256<float>, Vector256<float>, Vector256<float>, Vector256<float>>(Vector256.ConditionalSelect).Method,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> First(int count) => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();
}

/// <summary>The instructions of 512-bit vectors.</summary>
internal sealed unsafe class Vector512Methods : VectorMethods<V512>
{
    private delegate Vector512<float> Loader(float* source);

    private delegate void Storer(Vector512<float> value, float* target);

    private delegate Vector512<float> MaskLoader(float* source, Vector512<float> mask, Vector512<float> otherwise);

    private delegate void MaskStorer(float* target, Vector512<float> mask, Vector512<float> value);

    internal override Type Raw => typeof(Vector512<float>);

    internal override FieldInfo RawField { get; } =
        typeof(V512).GetField("_value", BindingFlags.Instance | BindingFlags.NonPublic)!;

    internal override MethodInfo Create => new Func<float, Vector512<float>>(Vector512.Create).Method;

    internal override MethodInfo LoadRaw => new Loader(Vector512.Load).Method;

    internal override MethodInfo StoreRaw => new Storer(Vector512.Store).Method;

    internal override MethodInfo RestMask => new Func<int, Vector512<float>>(First).Method;

    internal override MethodInfo? MaskLoad => new MaskLoader(Avx512F.MaskLoad).Method;

    internal override MethodInfo? MaskStore => new MaskStorer(Avx512F.MaskStore).Method;

    internal override MethodInfo Find(Primitive primitive) => primitive switch
    {
        Primitive.Add => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.Add).Method,
        Primitive.Subtract => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.Subtract).Method,
        Primitive.Multiply => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.Multiply).Method,
        Primitive.Divide => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.Divide).Method,
        Primitive.Max => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.Max).Method,
        Primitive.Min => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.Min).Method,
        Primitive.Sqrt => new Func<Vector512<float>, Vector512<float>>(Vector512.Sqrt).Method,
        Primitive.Floor => new Func<Vector512<float>, Vector512<float>>(Vector512.Floor).Method,
        Primitive.Ceiling => new Func<Vector512<float>, Vector512<float>>(Vector512.Ceiling).Method,
        Primitive.Round => new Func<Vector512<float>, Vector512<float>>(Vector512.Round).Method,
        Primitive.Equals => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.Equals).Method,
        Primitive.LessThan => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.LessThan).Method,
        Primitive.LessThanOrEqual => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.LessThanOrEqual).Method,
        Primitive.GreaterThan => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.GreaterThan).Method,
        Primitive.GreaterThanOrEqual => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.GreaterThanOrEqual).Method,
        Primitive.BitwiseAnd => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.BitwiseAnd).Method,
        Primitive.BitwiseOr => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.BitwiseOr).Method,
        Primitive.Xor => new Func<Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.Xor).Method,
        _ => new Func<Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>>(Vector512.ConditionalSelect).Method,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> First(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();
}
