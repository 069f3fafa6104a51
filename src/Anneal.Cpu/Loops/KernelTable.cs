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
    private static readonly Dictionary<Key, KernelEntry> Entries = Build();

    /// <summary>An operation on lanes; the attribute tells apart the forms of one operation type.</summary>
    private readonly record struct Key(Type Op, int Attribute, Lane A, Lane B, Lane C);

    /// <summary>Whether loops can run an operation at all.</summary>
    internal static bool Knows(ElementwiseOp op) => KnownOps.Contains(op.GetType());

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
        return Entries.GetValueOrDefault(new Key(op.GetType(), attribute, a, b, c));
    }

    private static Dictionary<Key, KernelEntry> Build()
    {
        var table = new Dictionary<Key, KernelEntry>();
        AddFloat(table);
        AddComparisons(table);
        AddInt32(table);
        AddMasks(table);
        AddCasts(table);
        return table;
    }

    private static void AddFloat(Dictionary<Key, KernelEntry> table)
    {
        Unary<NegateKernel>(table, typeof(Negate), Lane.Float, Lane.Float, shortcut: new(Primitive.Xor, int.MinValue));
        Unary<AbsKernel>(table, typeof(Abs), Lane.Float, Lane.Float, shortcut: new(Primitive.BitwiseAnd, int.MaxValue));
        Unary<SignKernel>(table, typeof(Sign), Lane.Float, Lane.Float, 4);
        Unary<SqrtKernel>(table, typeof(Sqrt), Lane.Float, Lane.Float, 6, shortcut: new(Primitive.Sqrt));
        Unary<FloorKernel>(table, typeof(Floor), Lane.Float, Lane.Float, shortcut: new(Primitive.Floor));
        Unary<CeilingKernel>(table, typeof(Ceiling), Lane.Float, Lane.Float, shortcut: new(Primitive.Ceiling));
        Unary<RoundKernel>(table, typeof(Round), Lane.Float, Lane.Float, shortcut: new(Primitive.Round));
        Unary<ReluKernel>(table, typeof(Relu), Lane.Float, Lane.Float, shortcut: new(Primitive.Max, 0));
        Unary<ExpKernel>(table, typeof(Exp), Lane.Float, Lane.Float, Transcendental);
        Unary<Expm1Kernel>(table, typeof(Expm1), Lane.Float, Lane.Float, Transcendental);
        Unary<LogKernel>(table, typeof(Log), Lane.Float, Lane.Float, Transcendental);
        Unary<Log1pKernel>(table, typeof(Log1p), Lane.Float, Lane.Float, Transcendental);
        Unary<TanhKernel>(table, typeof(Tanh), Lane.Float, Lane.Float, Transcendental);
        Unary<SigmoidKernel>(table, typeof(Sigmoid), Lane.Float, Lane.Float, Transcendental);
        Unary<ErfKernel>(table, typeof(Erf), Lane.Float, Lane.Float, Transcendental);
        Unary<SinKernel>(table, typeof(Sin), Lane.Float, Lane.Float, Transcendental);
        Unary<CosKernel>(table, typeof(Cos), Lane.Float, Lane.Float, Transcendental);
        Unary<AtanKernel>(table, typeof(Atan), Lane.Float, Lane.Float, Transcendental);
        Binary<AddKernel>(table, typeof(Add), Lane.Float, Lane.Float, shortcut: new(Primitive.Add));
        Binary<SubtractKernel>(table, typeof(Subtract), Lane.Float, Lane.Float, shortcut: new(Primitive.Subtract));
        Binary<MultiplyKernel>(table, typeof(Multiply), Lane.Float, Lane.Float, shortcut: new(Primitive.Multiply));
        Binary<DivideKernel>(table, typeof(Divide), Lane.Float, Lane.Float, 5, shortcut: new(Primitive.Divide));
        Binary<PowerKernel>(table, typeof(Power), Lane.Float, Lane.Float, 3 * Transcendental);
        Binary<MaximumKernel>(table, typeof(Maximum), Lane.Float, Lane.Float, 2, shortcut: new(Primitive.Max));
        Binary<MinimumKernel>(table, typeof(Minimum), Lane.Float, Lane.Float, 2, shortcut: new(Primitive.Min));
    }

    private static void AddComparisons(Dictionary<Key, KernelEntry> table)
    {
        foreach (Lane lane in (ReadOnlySpan<Lane>)[Lane.Float, Lane.Byte])
        {
            Comparing<EqualKernel>(table, Comparison.Equal, lane, shortcut: new(Primitive.Equals));
            Comparing<NotEqualKernel>(table, Comparison.NotEqual, lane);
            Comparing<LessKernel>(table, Comparison.Less, lane, shortcut: new(Primitive.LessThan));
            Comparing<LessOrEqualKernel>(table, Comparison.LessOrEqual, lane, shortcut: new(Primitive.LessThanOrEqual));
            Comparing<GreaterKernel>(table, Comparison.Greater, lane, shortcut: new(Primitive.GreaterThan));
            Comparing<GreaterOrEqualKernel>(table, Comparison.GreaterOrEqual, lane, shortcut: new(Primitive.GreaterThanOrEqual));
        }

        Comparing<Int32EqualKernel>(table, Comparison.Equal, Lane.Int32);
        Comparing<Int32NotEqualKernel>(table, Comparison.NotEqual, Lane.Int32);
        Comparing<Int32LessKernel>(table, Comparison.Less, Lane.Int32);
        Comparing<Int32LessOrEqualKernel>(table, Comparison.LessOrEqual, Lane.Int32);
        Comparing<Int32GreaterKernel>(table, Comparison.Greater, Lane.Int32);
        Comparing<Int32GreaterOrEqualKernel>(table, Comparison.GreaterOrEqual, Lane.Int32);
        Comparing<MaskEqualKernel>(table, Comparison.Equal, Lane.Mask);
        Comparing<MaskNotEqualKernel>(table, Comparison.NotEqual, Lane.Mask, shortcut: new(Primitive.Xor));
        Comparing<MaskLessKernel>(table, Comparison.Less, Lane.Mask);
        Comparing<MaskLessOrEqualKernel>(table, Comparison.LessOrEqual, Lane.Mask);
        Comparing<MaskGreaterKernel>(table, Comparison.Greater, Lane.Mask);
        Comparing<MaskGreaterOrEqualKernel>(table, Comparison.GreaterOrEqual, Lane.Mask);
    }

    private static void AddInt32(Dictionary<Key, KernelEntry> table)
    {
        Unary<Int32NegateKernel>(table, typeof(Negate), Lane.Int32, Lane.Int32);
        Unary<Int32AbsKernel>(table, typeof(Abs), Lane.Int32, Lane.Int32, 3);
        Binary<Int32AddKernel>(table, typeof(Add), Lane.Int32, Lane.Int32);
        Binary<Int32SubtractKernel>(table, typeof(Subtract), Lane.Int32, Lane.Int32);
        Binary<Int32MultiplyKernel>(table, typeof(Multiply), Lane.Int32, Lane.Int32);
        Binary<Int32MaximumKernel>(table, typeof(Maximum), Lane.Int32, Lane.Int32);
        Binary<Int32MinimumKernel>(table, typeof(Minimum), Lane.Int32, Lane.Int32);
    }

    private static void AddMasks(Dictionary<Key, KernelEntry> table)
    {
        Unary<MaskNotKernel>(table, typeof(LogicalNot), Lane.Mask, Lane.Mask);
        Binary<MaskAndKernel>(table, typeof(LogicalAnd), Lane.Mask, Lane.Mask, shortcut: new(Primitive.BitwiseAnd));
        Binary<MaskOrKernel>(table, typeof(LogicalOr), Lane.Mask, Lane.Mask, shortcut: new(Primitive.BitwiseOr));
        foreach (Lane lane in (ReadOnlySpan<Lane>)[Lane.Float, Lane.Mask, Lane.Int32, Lane.Byte])
        {
            var entry = new TernaryEntry<SelectKernel>($"Select.{lane}", Lane.Mask, lane, lane, lane, 1)
            {
                Shortcut = new(Primitive.ConditionalSelect),
            };
            table.Add(new Key(typeof(Select), 0, Lane.Mask, lane, lane), entry);
        }
    }

    private static void AddCasts(Dictionary<Key, KernelEntry> table)
    {
        Unary<MaskToFloatKernel>(table, typeof(Cast), Lane.Mask, Lane.Float, 1, (int)Lane.Float, shortcut: new(Primitive.BitwiseAnd, OneBits));
        Unary<ByteToFloatKernel>(table, typeof(Cast), Lane.Byte, Lane.Float, 0, (int)Lane.Float);
        Unary<MaskToInt32Kernel>(table, typeof(Cast), Lane.Mask, Lane.Int32, 1, (int)Lane.Int32);
        Unary<Int32ToFloatKernel>(table, typeof(Cast), Lane.Int32, Lane.Float, 1, (int)Lane.Float);
        Unary<Int32ToMaskKernel>(table, typeof(Cast), Lane.Int32, Lane.Mask, 1, (int)Lane.Mask);
        Unary<FloatToInt32Kernel>(table, typeof(Cast), Lane.Float, Lane.Int32, 2, (int)Lane.Int32);
        Unary<FloatToInt32Kernel>(table, typeof(Cast), Lane.Byte, Lane.Int32, 2, (int)Lane.Int32);
        Unary<FloatToMaskKernel>(table, typeof(Cast), Lane.Float, Lane.Mask, 1, (int)Lane.Mask);
        Unary<FloatToMaskKernel>(table, typeof(Cast), Lane.Byte, Lane.Mask, 1, (int)Lane.Mask);
    }

    private static void Unary<TKernel>(
        Dictionary<Key, KernelEntry> table, Type op, Lane argument, Lane result, int cost = 1, int attribute = 0,
        Shortcut? shortcut = null)
        where TKernel : struct, IUnaryKernel
    {
        KnownOps.Add(op);
        var entry = new UnaryEntry<TKernel>($"{op.Name}.{attribute}.{argument}", argument, result, cost) { Shortcut = shortcut };
        table.Add(new Key(op, attribute, argument, argument, argument), entry);
    }

    private static void Binary<TKernel>(Dictionary<Key, KernelEntry> table, Type op, Lane lane, Lane result, int cost = 1,
        Shortcut? shortcut = null)
        where TKernel : struct, IBinaryKernel
    {
        KnownOps.Add(op);
        var entry = new BinaryEntry<TKernel>($"{op.Name}.{lane}", lane, lane, result, cost) { Shortcut = shortcut };
        table.Add(new Key(op, 0, lane, lane, lane), entry);
    }

    private static void Comparing<TKernel>(Dictionary<Key, KernelEntry> table, Comparison comparison, Lane lane, Shortcut? shortcut = null)
        where TKernel : struct, IBinaryKernel
    {
        KnownOps.Add(typeof(Compare));
        var entry = new BinaryEntry<TKernel>($"{comparison}.{lane}", lane, lane, Lane.Mask, 1) { Shortcut = shortcut };
        table.Add(new Key(typeof(Compare), (int)comparison, lane, lane, lane), entry);
    }
}
