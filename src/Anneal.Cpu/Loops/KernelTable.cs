using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>
/// Which vector kernel serves which operation on which lanes. A new elementwise operation needs one struct and one line here; types
/// that no vector kernel serves run through <see cref="ScalarBody"/>.
/// </summary>
internal static class KernelTable
{
    private const int Transcendental = 12;
    private const int OneBits = 0x3F800000;
    private static readonly HashSet<Type> KnownOps = [typeof(Select), typeof(StopGradient), typeof(Copy)];
    private static readonly Dictionary<Key, Lazy<KernelEntry>> Entries = [];

    static KernelTable()
    {
        AddFloat();
        AddComparisons();
        AddInt32();
        AddMasks();
        AddCasts();
    }

    /// <summary>Makes an entry; a lambda, so that only the kernels that a program uses are ever loaded.</summary>
    private delegate KernelEntry Factory(KernelForm form);

    /// <summary>An operation on lanes; the attribute tells apart the forms of one operation type.</summary>
    private readonly record struct Key(Type Op, int Attribute, Lane A, Lane B, Lane C);

    /// <summary>Whether loops can run an operation at all.</summary>
    internal static bool Knows(ElementwiseOp op) => op.GivesFirstOperand || KnownOps.Contains(op.GetType());

    /// <summary>Whether an operation leaves the bits of its argument's lanes as they are.</summary>
    internal static bool IsIdentity(ElementwiseOp op, Lane argument) => op switch
    {
        StopGradient or Copy => true,
        Cast cast => Lanes.Of(cast.To) == argument,
        _ => false,
    };

    /// <summary>The kernel, or null where vectors do not serve these lanes.</summary>
    internal static KernelEntry? Find(ElementwiseOp op, ReadOnlySpan<Lane> lanes)
    {
        int attribute = op switch
        {
            Compare compare => (int)compare.Comparison,
            Cast cast => Lanes.Of(cast.To) is { } to ? (int)to : -1,
            _ => 0,
        };
        Lane a = lanes[0], b = lanes.Length > 1 ? lanes[1] : a, c = lanes.Length > 2 ? lanes[2] : b;
        return Entries.GetValueOrDefault(new Key(op.GetType(), attribute, a, b, c))?.Value;
    }

    private static void AddFloat()
    {
        Unary(
            typeof(Negate), Lane.Float, Lane.Float, static f => new UnaryEntry<NegateKernel>(f),
            shortcut: new(Primitive.Xor, int.MinValue));
        Unary(
            typeof(Abs), Lane.Float, Lane.Float, static f => new UnaryEntry<AbsKernel>(f),
            shortcut: new(Primitive.BitwiseAnd, int.MaxValue));
        Unary(typeof(Sign), Lane.Float, Lane.Float, static f => new UnaryEntry<SignKernel>(f), 4);
        Unary(typeof(Sqrt), Lane.Float, Lane.Float, static f => new UnaryEntry<SqrtKernel>(f), 6, shortcut: new(Primitive.Sqrt));
        Unary(typeof(Floor), Lane.Float, Lane.Float, static f => new UnaryEntry<FloorKernel>(f), shortcut: new(Primitive.Floor));
        Unary(typeof(Ceiling), Lane.Float, Lane.Float, static f => new UnaryEntry<CeilingKernel>(f), shortcut: new(Primitive.Ceiling));
        Unary(typeof(Round), Lane.Float, Lane.Float, static f => new UnaryEntry<RoundKernel>(f), shortcut: new(Primitive.Round));
        Unary(typeof(Relu), Lane.Float, Lane.Float, static f => new UnaryEntry<ReluKernel>(f), shortcut: new(Primitive.Max, 0));
        Unary(typeof(Exp), Lane.Float, Lane.Float, static f => new UnaryEntry<ExpKernel>(f), Transcendental);
        Unary(typeof(Expm1), Lane.Float, Lane.Float, static f => new UnaryEntry<Expm1Kernel>(f), Transcendental);
        Unary(typeof(Log), Lane.Float, Lane.Float, static f => new UnaryEntry<LogKernel>(f), Transcendental);
        Unary(typeof(Log1p), Lane.Float, Lane.Float, static f => new UnaryEntry<Log1pKernel>(f), Transcendental);
        Unary(typeof(Tanh), Lane.Float, Lane.Float, static f => new UnaryEntry<TanhKernel>(f), Transcendental);
        Unary(typeof(Sigmoid), Lane.Float, Lane.Float, static f => new UnaryEntry<SigmoidKernel>(f), Transcendental);
        Unary(typeof(Erf), Lane.Float, Lane.Float, static f => new UnaryEntry<ErfKernel>(f), Transcendental);
        Unary(typeof(Sin), Lane.Float, Lane.Float, static f => new UnaryEntry<SinKernel>(f), Transcendental);
        Unary(typeof(Cos), Lane.Float, Lane.Float, static f => new UnaryEntry<CosKernel>(f), Transcendental);
        Unary(typeof(Atan), Lane.Float, Lane.Float, static f => new UnaryEntry<AtanKernel>(f), Transcendental);
        Binary(typeof(Add), Lane.Float, Lane.Float, static f => new BinaryEntry<AddKernel>(f), shortcut: new(Primitive.Add));
        Binary(typeof(Subtract), Lane.Float, Lane.Float, static f => new BinaryEntry<SubtractKernel>(f), shortcut: new(Primitive.Subtract));
        Binary(typeof(Multiply), Lane.Float, Lane.Float, static f => new BinaryEntry<MultiplyKernel>(f), shortcut: new(Primitive.Multiply));
        Binary(typeof(Divide), Lane.Float, Lane.Float, static f => new BinaryEntry<DivideKernel>(f), 5, shortcut: new(Primitive.Divide));
        Binary(typeof(Power), Lane.Float, Lane.Float, static f => new BinaryEntry<PowerKernel>(f), 3 * Transcendental);
        Binary(typeof(Maximum), Lane.Float, Lane.Float, static f => new BinaryEntry<MaximumKernel>(f), 2, shortcut: new(Primitive.Max));
        Binary(typeof(Minimum), Lane.Float, Lane.Float, static f => new BinaryEntry<MinimumKernel>(f), 2, shortcut: new(Primitive.Min));
    }

    private static void AddComparisons()
    {
        foreach (Lane lane in (ReadOnlySpan<Lane>)[Lane.Float, Lane.Byte])
        {
            Comparing(Comparison.Equal, lane, static f => new BinaryEntry<EqualKernel>(f), new(Primitive.Equals));
            Comparing(Comparison.NotEqual, lane, static f => new BinaryEntry<NotEqualKernel>(f));
            Comparing(Comparison.Less, lane, static f => new BinaryEntry<LessKernel>(f), new(Primitive.LessThan));
            Comparing(Comparison.LessOrEqual, lane, static f => new BinaryEntry<LessOrEqualKernel>(f), new(Primitive.LessThanOrEqual));
            Comparing(Comparison.Greater, lane, static f => new BinaryEntry<GreaterKernel>(f), new(Primitive.GreaterThan));
            Comparing(
                Comparison.GreaterOrEqual, lane, static f => new BinaryEntry<GreaterOrEqualKernel>(f), new(Primitive.GreaterThanOrEqual));
        }

        Comparing(Comparison.Equal, Lane.Int32, static f => new BinaryEntry<Int32EqualKernel>(f));
        Comparing(Comparison.NotEqual, Lane.Int32, static f => new BinaryEntry<Int32NotEqualKernel>(f));
        Comparing(Comparison.Less, Lane.Int32, static f => new BinaryEntry<Int32LessKernel>(f));
        Comparing(Comparison.LessOrEqual, Lane.Int32, static f => new BinaryEntry<Int32LessOrEqualKernel>(f));
        Comparing(Comparison.Greater, Lane.Int32, static f => new BinaryEntry<Int32GreaterKernel>(f));
        Comparing(Comparison.GreaterOrEqual, Lane.Int32, static f => new BinaryEntry<Int32GreaterOrEqualKernel>(f));
        Comparing(Comparison.Equal, Lane.Mask, static f => new BinaryEntry<MaskEqualKernel>(f));
        Comparing(Comparison.NotEqual, Lane.Mask, static f => new BinaryEntry<MaskNotEqualKernel>(f), shortcut: new(Primitive.Xor));
        Comparing(Comparison.Less, Lane.Mask, static f => new BinaryEntry<MaskLessKernel>(f));
        Comparing(Comparison.LessOrEqual, Lane.Mask, static f => new BinaryEntry<MaskLessOrEqualKernel>(f));
        Comparing(Comparison.Greater, Lane.Mask, static f => new BinaryEntry<MaskGreaterKernel>(f));
        Comparing(Comparison.GreaterOrEqual, Lane.Mask, static f => new BinaryEntry<MaskGreaterOrEqualKernel>(f));
    }

    private static void AddInt32()
    {
        Unary(typeof(Negate), Lane.Int32, Lane.Int32, static f => new UnaryEntry<Int32NegateKernel>(f));
        Unary(typeof(Abs), Lane.Int32, Lane.Int32, static f => new UnaryEntry<Int32AbsKernel>(f), 3);
        Binary(typeof(Add), Lane.Int32, Lane.Int32, static f => new BinaryEntry<Int32AddKernel>(f));
        Binary(typeof(Subtract), Lane.Int32, Lane.Int32, static f => new BinaryEntry<Int32SubtractKernel>(f));
        Binary(typeof(Multiply), Lane.Int32, Lane.Int32, static f => new BinaryEntry<Int32MultiplyKernel>(f));
        Binary(typeof(Maximum), Lane.Int32, Lane.Int32, static f => new BinaryEntry<Int32MaximumKernel>(f));
        Binary(typeof(Minimum), Lane.Int32, Lane.Int32, static f => new BinaryEntry<Int32MinimumKernel>(f));
    }

    private static void AddMasks()
    {
        Unary(typeof(LogicalNot), Lane.Mask, Lane.Mask, static f => new UnaryEntry<MaskNotKernel>(f));
        Binary(
            typeof(LogicalAnd), Lane.Mask, Lane.Mask, static f => new BinaryEntry<MaskAndKernel>(f),
            shortcut: new(Primitive.BitwiseAnd));
        Binary(typeof(LogicalOr), Lane.Mask, Lane.Mask, static f => new BinaryEntry<MaskOrKernel>(f), shortcut: new(Primitive.BitwiseOr));
        foreach (Lane lane in (ReadOnlySpan<Lane>)[Lane.Float, Lane.Mask, Lane.Int32, Lane.Byte])
        {
            var form = new KernelForm($"Select.{lane}", [Lane.Mask, lane, lane], lane, 1, new(Primitive.ConditionalSelect));
            Entries.Add(new Key(typeof(Select), 0, Lane.Mask, lane, lane), new(() => new TernaryEntry<SelectKernel>(form)));
        }
    }

    private static void AddCasts()
    {
        Unary(
            typeof(Cast), Lane.Mask, Lane.Float, static f => new UnaryEntry<MaskToFloatKernel>(f), 1, (int)Lane.Float,
            shortcut: new(Primitive.BitwiseAnd, OneBits));
        Unary(typeof(Cast), Lane.Byte, Lane.Float, static f => new UnaryEntry<IdentityKernel>(f), 0, (int)Lane.Float);
        Unary(typeof(Cast), Lane.BFloat16, Lane.Float, static f => new UnaryEntry<IdentityKernel>(f), 0, (int)Lane.Float);
        Unary(typeof(Cast), Lane.Float, Lane.BFloat16, static f => new UnaryEntry<RoundToBFloat16Kernel>(f), 4, (int)Lane.BFloat16);
        Unary(typeof(Cast), Lane.Mask, Lane.Int32, static f => new UnaryEntry<MaskToInt32Kernel>(f), 1, (int)Lane.Int32);
        Unary(typeof(Cast), Lane.Int32, Lane.Float, static f => new UnaryEntry<Int32ToFloatKernel>(f), 1, (int)Lane.Float);
        Unary(typeof(Cast), Lane.Int32, Lane.Mask, static f => new UnaryEntry<Int32ToMaskKernel>(f), 1, (int)Lane.Mask);
        Unary(typeof(Cast), Lane.Float, Lane.Int32, static f => new UnaryEntry<FloatToInt32Kernel>(f), 2, (int)Lane.Int32);
        Unary(typeof(Cast), Lane.Byte, Lane.Int32, static f => new UnaryEntry<FloatToInt32Kernel>(f), 2, (int)Lane.Int32);
        Unary(typeof(Cast), Lane.Float, Lane.Mask, static f => new UnaryEntry<FloatToMaskKernel>(f), 1, (int)Lane.Mask);
        Unary(typeof(Cast), Lane.Byte, Lane.Mask, static f => new UnaryEntry<FloatToMaskKernel>(f), 1, (int)Lane.Mask);
    }

    private static void Unary(
        Type op, Lane argument, Lane result, Factory factory, int cost = 1, int attribute = 0,
        Shortcut? shortcut = null)
    {
        KnownOps.Add(op);
        var form = new KernelForm($"{op.Name}.{attribute}.{argument}", [argument], result, cost, shortcut);
        Entries.Add(new Key(op, attribute, argument, argument, argument), new(() => factory(form)));
    }

    private static void Binary(
        Type op, Lane lane, Lane result, Factory factory, int cost = 1, Shortcut? shortcut = null)
    {
        KnownOps.Add(op);
        var form = new KernelForm($"{op.Name}.{lane}", [lane, lane], result, cost, shortcut);
        Entries.Add(new Key(op, 0, lane, lane, lane), new(() => factory(form)));
    }

    private static void Comparing(
        Comparison comparison, Lane lane, Factory factory, Shortcut? shortcut = null)
    {
        KnownOps.Add(typeof(Compare));
        var form = new KernelForm($"{comparison}.{lane}", [lane, lane], Lane.Mask, 1, shortcut);
        Entries.Add(new Key(typeof(Compare), (int)comparison, lane, lane, lane), new(() => factory(form)));
    }
}
