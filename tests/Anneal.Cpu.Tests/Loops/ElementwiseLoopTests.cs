using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>Every operation, at all short lengths, on ordinary and special values.</summary>
public sealed class ElementwiseLoopTests
{
    private static readonly ElementwiseOp[] FloatOps =
    [
        new Negate(), new Abs(), new Sign(), new Sqrt(), new Floor(), new Ceiling(), new Round(), new Relu(), new StopGradient(),
        new Add(), new Subtract(), new Multiply(), new Divide(), new Maximum(), new Minimum(),
        new Compare(Comparison.Equal), new Compare(Comparison.NotEqual), new Compare(Comparison.Less),
        new Compare(Comparison.LessOrEqual), new Compare(Comparison.Greater), new Compare(Comparison.GreaterOrEqual),
        new Cast(DType.Bool), new Cast(DType.Float64), new Cast(DType.Float16), new Cast(DType.BFloat16),
    ];

    private static readonly ElementwiseOp[] SmoothOps =
    [
        new Exp(), new Expm1(), new Log(), new Log1p(), new Tanh(), new Sigmoid(), new Erf(), new Sin(), new Cos(), new Atan(), new Power(),
    ];

    public static TheoryData<string> OpNames => [.. FloatOps.Concat(SmoothOps).Select(NameOf)];

    [Theory]
    [MemberData(nameof(OpNames))]
    public void AllLengths(string name)
    {
        ElementwiseOp op = Find(name);
        double ulp = SmoothOps.Contains(op) ? op.Record.Ulp + 1 : 0;
        for (int length = 0; length <= 256; length++)
            LoopChecks.Check(OneOp(op, length, DType.Float32), length, ulp, DrawFor(op), withParts: false, everySet: length % 16 < 2);
    }

    [Theory]
    [MemberData(nameof(OpNames))]
    public void SpecialValues(string name)
    {
        ElementwiseOp op = Find(name);
        // Far outside of its domain an operation must keep its special values, and may be a little less exact.
        double ulp = SmoothOps.Contains(op) ? (2 * op.Record.Ulp) + 4 : 0;
        if (!Fma.IsSupported && !AdvSimd.IsSupported)
            ulp *= 4; // Large powers lose a few more bits where a product is rounded before it is added.
        Func<Random, double> draw = op is Sin or Cos ? SmallSpecial : op is Log1p ? AboveMinusOne : LoopChecks.Special;
        LoopChecks.Check(OneOp(op, 3000, DType.Float32), 7, ulp, draw);
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.Bool)]
    [InlineData(DType.Int32)]
    [InlineData(DType.Float64)]
    [InlineData(DType.Int64)]
    [InlineData(DType.UInt8)]
    public void SelectOfEveryType(DType type)
    {
        for (int length = 0; length <= 256; length += 3)
        {
            var builder = new HandLoop([length]);
            int mask = builder.Load(DType.Bool), a = builder.Load(type), b = builder.Load(type);
            builder.Store(builder.Apply(new Select(), mask, a, b));
            LoopChecks.Check(builder.Build(), length, withParts: length % 5 == 0);
        }
    }

    [Theory]
    [InlineData(DType.UInt8, DType.Float32)]
    [InlineData(DType.Int32, DType.Float32)]
    [InlineData(DType.Bool, DType.Float32)]
    [InlineData(DType.Bool, DType.Int32)]
    [InlineData(DType.Int32, DType.Bool)]
    [InlineData(DType.UInt8, DType.Bool)]
    [InlineData(DType.UInt8, DType.Int32)]
    [InlineData(DType.Float32, DType.Int32)]
    [InlineData(DType.Float32, DType.UInt8)]
    [InlineData(DType.Int64, DType.Float32)]
    [InlineData(DType.Int8, DType.Float32)]
    [InlineData(DType.Float64, DType.Int64)]
    [InlineData(DType.Float16, DType.BFloat16)]
    public void Casts(DType from, DType to)
    {
        for (int length = 0; length <= 100; length++)
        {
            double low = from == DType.UInt8 ? 0 : -125;
            LoopChecks.Check(OneOp(new Cast(to), length, from), length, draw: r => low + (r.NextDouble() * 250), withParts: false);
        }
    }

    [Theory]
    [InlineData(DType.Int32)]
    [InlineData(DType.Int64)]
    [InlineData(DType.UInt8)]
    [InlineData(DType.Int8)]
    [InlineData(DType.Float64)]
    [InlineData(DType.Float16)]
    [InlineData(DType.BFloat16)]
    public void ArithmeticOfOtherTypes(DType type)
    {
        ElementwiseOp[] ops =
        [
            new Add(), new Subtract(), new Multiply(), new Divide(), new Maximum(), new Minimum(), new Negate(), new Abs(), new Sign(),
            new Compare(Comparison.Less), new Compare(Comparison.Equal), new Compare(Comparison.GreaterOrEqual),
            new Compare(Comparison.NotEqual), new Compare(Comparison.LessOrEqual), new Compare(Comparison.Greater),
        ];
        foreach (ElementwiseOp op in ops)
            LoopChecks.Check(OneOp(op, 301, type), 5, draw: r => r.Next(-6, 7) * (r.Next(9) == 0 ? 1e4 : 1), withParts: true);
    }

    [Fact]
    public void Int64IsExactAndWraps()
    {
        Assert.Equal(long.MinValue, Whole(new Add(), long.MaxValue, 1));
        Assert.Equal(unchecked(long.MaxValue * 3), Whole(new Multiply(), long.MaxValue, 3));
        Assert.Equal(0, Whole(new Divide(), 5, 0));
        Assert.Equal(-2, Whole(new Divide(), -5, 2));
        Assert.Equal(long.MinValue, Whole(new Divide(), long.MinValue, -1));
        Assert.Equal(long.MaxValue - 1, Whole(new Minimum(), long.MaxValue, long.MaxValue - 1));
        Assert.Equal(1L << 60, Whole(new Power(), 2, 60));
        Assert.Equal(0, Whole(new Power(), 2, -1));
    }

    [Fact]
    public void AnUnknownOperationIsAnErrorOfTheCompilation()
    {
        var builder = new HandLoop([4]);
        builder.Store(builder.Apply(new Unknown(), builder.Load(DType.Float32)));
        DeviceException error = Assert.Throws<DeviceException>(() => LoopKernel.Compile(builder.Build(), LoopCompilation.Default));
        Assert.Contains("Unknown", error.Message, StringComparison.Ordinal);
        Assert.Contains("float32", error.Message, StringComparison.Ordinal);
    }

    private static unsafe long Whole(ElementwiseOp op, long a, long b)
    {
        var builder = new HandLoop([1]);
        builder.Store(builder.Apply(op, builder.Load(DType.Int64), builder.Load(DType.Int64)));
        using var memory = new LoopMemory(builder.Build());
        *(long*)memory.Input(0) = a;
        *(long*)memory.Input(1) = b;
        LoopOracle.Run(memory, new LoopOracle.Way(true, InstructionSets.Best, 1));
        return *(long*)memory.Output(0);
    }

    private static Loop OneOp(ElementwiseOp op, int length, DType type)
    {
        var builder = new HandLoop([length]);
        int[] arguments = [.. Enumerable.Range(0, op.Arity).Select(_ => builder.Load(type))];
        return builder.Store(builder.Apply(op, arguments)).Build();
    }

    private static Func<Random, double> DrawFor(ElementwiseOp op) =>
        r => op.Record.Low + (r.NextDouble() * (op.Record.High - op.Record.Low));

    private static double SmallSpecial(Random random)
    {
        double value = LoopChecks.Special(random);
        return Math.Abs(value) is > 1000 and < double.PositiveInfinity ? 1 : value;
    }

    private static double AboveMinusOne(Random random)
    {
        // The definition takes the logarithm of 1 + x as it is for infinities, so below -1 it has no meaning to compare with.
        double value = LoopChecks.Special(random);
        return value < -1 ? -value : value;
    }

    private static string NameOf(ElementwiseOp op) => op is Cast cast ? $"CastTo{cast.To}" : op.Name;

    private static ElementwiseOp Find(string name) => FloatOps.Concat(SmoothOps).Single(o => NameOf(o) == name);

    private sealed record Unknown : UnaryOp
    {
        internal override double Evaluate(double x) => x;

        protected override Tensor? Derivative(GradientCall call) => null;
    }
}
