using System.Reflection;

namespace Anneal.Cpu;

/// <summary>The methods of one vector type that compiled bodies call.</summary>
internal abstract class VectorMethods
{
    private static readonly VectorMethods[] BySet = [new Vector128Methods(), new Vector256Methods(), new Vector512Methods()];

    internal abstract Type Type { get; }

    internal abstract int Count { get; }

    internal abstract MethodInfo BroadcastBits { get; }

    /// <summary>The type of the runtime that <see cref="Type"/> wraps in its <see cref="RawField"/>.</summary>
    internal abstract Type Raw { get; }

    internal abstract FieldInfo RawField { get; }

    /// <summary>A float in every lane.</summary>
    internal abstract MethodInfo Create { get; }

    internal abstract MethodInfo LoadRaw { get; }

    internal abstract MethodInfo StoreRaw { get; }

    /// <summary>A mask of the first lanes.</summary>
    internal abstract MethodInfo RestMask { get; }

    /// <summary>Loads under a mask; where it takes a third operand, that is for the other lanes. Null where there is none.</summary>
    internal abstract MethodInfo? MaskLoad { get; }

    internal abstract MethodInfo? MaskStore { get; }

    internal static VectorMethods For(InstructionSet set) => BySet[(int)set];

    internal abstract MethodInfo Find(Primitive primitive);

    internal abstract MethodInfo Load(Lane lane);

    internal abstract MethodInfo LoadPartial(Lane lane);

    /// <summary>One element in every lane.</summary>
    internal abstract MethodInfo Repeat(Lane lane);

    internal abstract MethodInfo Store(Lane lane);

    internal abstract MethodInfo StorePartial(Lane lane);
}

/// <summary>The methods of <typeparamref name="TVec"/>, found through delegates so that trimming and renaming cannot lose them.</summary>
internal abstract unsafe class VectorMethods<TVec> : VectorMethods
    where TVec : unmanaged, ISimd<TVec>
{
    private delegate TVec Loader(byte* source);

    private delegate TVec PartialLoader(byte* source, int count);

    private delegate void Storer(byte* target, TVec value);

    private delegate void PartialStorer(byte* target, TVec value, int count);

    internal sealed override Type Type => typeof(TVec);

    internal sealed override int Count => TVec.Count;

    internal sealed override MethodInfo BroadcastBits => new Func<int, TVec>(TVec.BroadcastBits).Method;

    internal sealed override MethodInfo Load(Lane lane) => lane switch
    {
        Lane.Mask => new Loader(TVec.LoadMask).Method,
        Lane.Byte => new Loader(TVec.LoadByte).Method,
        Lane.BFloat16 => new Loader(TVec.LoadBFloat16).Method,
        _ => new Loader(LaneMemory<TVec>.LoadWord).Method,
    };

    internal sealed override MethodInfo LoadPartial(Lane lane) => lane switch
    {
        Lane.Mask => new PartialLoader(TVec.LoadMaskPartial).Method,
        Lane.Byte => new PartialLoader(TVec.LoadBytePartial).Method,
        Lane.BFloat16 => new PartialLoader(LaneMemory<TVec>.LoadBFloat16Partial).Method,
        _ => new PartialLoader(LaneMemory<TVec>.LoadWordPartial).Method,
    };

    internal sealed override MethodInfo Repeat(Lane lane) => lane switch
    {
        Lane.Mask => new Loader(LaneMemory<TVec>.RepeatMask).Method,
        Lane.Byte => new Loader(LaneMemory<TVec>.RepeatByte).Method,
        Lane.BFloat16 => new Loader(LaneMemory<TVec>.RepeatBFloat16).Method,
        _ => new Loader(LaneMemory<TVec>.RepeatWord).Method,
    };

    internal sealed override MethodInfo Store(Lane lane) => lane switch
    {
        Lane.Mask => new Storer(TVec.StoreMask).Method,
        Lane.BFloat16 => new Storer(TVec.StoreBFloat16).Method,
        _ => new Storer(LaneMemory<TVec>.StoreWord).Method,
    };

    internal sealed override MethodInfo StorePartial(Lane lane) => lane switch
    {
        Lane.Mask => new PartialStorer(TVec.StoreMaskPartial).Method,
        Lane.BFloat16 => new PartialStorer(LaneMemory<TVec>.StoreBFloat16Partial).Method,
        _ => new PartialStorer(LaneMemory<TVec>.StoreWordPartial).Method,
    };
}
