using System.Reflection;
using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>How registers of each lane come from memory and go there.</summary>
internal static unsafe class LaneMemory<TVec>
    where TVec : unmanaged, ISimd<TVec>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec LoadWord(byte* source) => TVec.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec LoadWordPartial(byte* source, int count) => TVec.LoadPartial((float*)source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec RepeatWord(byte* source) => TVec.BroadcastBits(*(int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreWord(byte* target, TVec value) => TVec.Store((float*)target, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreWordPartial(byte* target, TVec value, int count) => TVec.StorePartial((float*)target, value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec RepeatMask(byte* source) => TVec.BroadcastBits(*source != 0 ? -1 : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec RepeatByte(byte* source) => TVec.Broadcast(*source);
}

/// <summary>The methods of one vector type that compiled bodies call.</summary>
internal abstract class VectorMethods
{
    private static readonly VectorMethods[] BySet = [new VectorMethods<V128>(), new VectorMethods<V256>(), new VectorMethods<V512>()];

    internal abstract Type Type { get; }

    internal abstract int Count { get; }

    internal abstract MethodInfo BroadcastBits { get; }

    internal static VectorMethods For(InstructionSet set) => BySet[(int)set];

    internal abstract MethodInfo Load(Lane lane);

    internal abstract MethodInfo LoadPartial(Lane lane);

    /// <summary>One element in every lane.</summary>
    internal abstract MethodInfo Repeat(Lane lane);

    internal abstract MethodInfo Store(Lane lane);

    internal abstract MethodInfo StorePartial(Lane lane);
}

/// <summary>The methods of <typeparamref name="TVec"/>, found through delegates so that trimming and renaming cannot lose them.</summary>
internal sealed unsafe class VectorMethods<TVec> : VectorMethods
    where TVec : unmanaged, ISimd<TVec>
{
    private delegate TVec Loader(byte* source);

    private delegate TVec PartialLoader(byte* source, int count);

    private delegate void Storer(byte* target, TVec value);

    private delegate void PartialStorer(byte* target, TVec value, int count);

    internal override Type Type => typeof(TVec);

    internal override int Count => TVec.Count;

    internal override MethodInfo BroadcastBits => new Func<int, TVec>(TVec.BroadcastBits).Method;

    internal override MethodInfo Load(Lane lane) => lane switch
    {
        Lane.Mask => new Loader(TVec.LoadMask).Method,
        Lane.Byte => new Loader(TVec.LoadByte).Method,
        _ => new Loader(LaneMemory<TVec>.LoadWord).Method,
    };

    internal override MethodInfo LoadPartial(Lane lane) => lane switch
    {
        Lane.Mask => new PartialLoader(TVec.LoadMaskPartial).Method,
        Lane.Byte => new PartialLoader(TVec.LoadBytePartial).Method,
        _ => new PartialLoader(LaneMemory<TVec>.LoadWordPartial).Method,
    };

    internal override MethodInfo Repeat(Lane lane) => lane switch
    {
        Lane.Mask => new Loader(LaneMemory<TVec>.RepeatMask).Method,
        Lane.Byte => new Loader(LaneMemory<TVec>.RepeatByte).Method,
        _ => new Loader(LaneMemory<TVec>.RepeatWord).Method,
    };

    internal override MethodInfo Store(Lane lane) =>
        lane == Lane.Mask ? new Storer(TVec.StoreMask).Method : new Storer(LaneMemory<TVec>.StoreWord).Method;

    internal override MethodInfo StorePartial(Lane lane) =>
        lane == Lane.Mask ? new PartialStorer(TVec.StoreMaskPartial).Method : new PartialStorer(LaneMemory<TVec>.StoreWordPartial).Method;
}
