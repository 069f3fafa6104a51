using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>Folds of rows, columns and everything, alone and beside stores.</summary>
public sealed unsafe class ReductionLoopTests
{
    public static TheoryData<long[], int, int> Shapes => new()
    {
        { [64, 10], 1, 1 }, { [4096, 16], 1, 1 }, { [37, 128], 1, 1 }, { [5, 768], 1, 1 }, { [3, 4096], 1, 1 }, { [3, 4097], 1, 1 },
        { [2, 20000], 1, 1 }, { [100003], 0, 1 }, { [1], 0, 1 }, { [129, 32], 0, 1 }, { [700, 3], 0, 1 }, { [50000, 2], 0, 1 },
        { [300, 1030], 0, 1 }, { [4, 130, 17], 1, 1 }, { [2, 7, 5, 9], 1, 2 }, { [3, 1, 6], 1, 1 }, { [6, 3, 4, 2], 2, 2 },
    };

    public static TheoryData<long[], int, int> LongShapes => new()
    {
        { [131_073], 0, 1 }, { [2, 140_001], 1, 1 }, { [140_001, 3], 0, 1 }, { [140_001, 37], 0, 1 }, { [2, 401, 350], 1, 2 },
    };

    [Fact]
    public void AllLengthsOfRowsAndColumns()
    {
        foreach (ReductionKind kind in Enum.GetValues<ReductionKind>())
        {
            for (int length = 0; length <= 256; length++)
            {
                Func<Random, double> draw = kind == ReductionKind.Product ? NearOne : LoopChecks.Ordinary;
                LoopChecks.Check(OneFold([3, length], 1, 1, kind), length, draw: draw, withParts: false, everySet: length % 16 < 2);
                LoopChecks.Check(OneFold([length, 3], 0, 1, kind), length, draw: draw, withParts: false, everySet: length % 16 < 2);
                LoopChecks.Check(OneFold([3, length], 0, 1, kind), length, draw: draw, withParts: false, everySet: length % 16 < 2);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void EveryKind(long[] dims, int start, int count)
    {
        foreach (ReductionKind kind in Enum.GetValues<ReductionKind>())
            LoopChecks.Check(OneFold(dims, start, count, kind), 11, draw: kind == ReductionKind.Product ? NearOne : LoopChecks.Ordinary);
    }

    /// <summary>Beyond 2^17 values sums keep the errors of their additions.</summary>
    [Theory]
    [MemberData(nameof(LongShapes))]
    public void LongSums(long[] dims, int start, int count)
    {
        var builder = new HandLoop(dims, start, count);
        int x = builder.Load(DType.Float32);
        builder.Fold(x, ReductionKind.Sum).Fold(builder.Apply(new Multiply(), x, x), ReductionKind.Sum);
        LoopChecks.Check(builder.Build(), 17);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void StoresAndSeveralFoldsOfAComputedValue(long[] dims, int start, int count)
    {
        var builder = new HandLoop(dims, start, count);
        int x = builder.Load(DType.Float32), y = builder.Load(DType.Float32, builder.Dense(d => d == dims.Length - 1));
        int sum = builder.Apply(new Add(), x, y), square = builder.Apply(new Multiply(), sum, sum);
        builder.Store(sum).Fold(sum, ReductionKind.Sum).Fold(square, ReductionKind.Sum).Fold(x, ReductionKind.Maximum)
            .Store(builder.Apply(new Compare(Comparison.Less), x, y));
        LoopChecks.Check(builder.Build(), 12);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void TransposedOperands(long[] dims, int start, int count)
    {
        var builder = new HandLoop(dims, start, count);
        var strides = new long[dims.Length];
        long stride = 1;
        for (int d = 0; d < dims.Length; d++)
        {
            strides[d] = stride;
            stride *= dims[d];
        }

        builder.Fold(builder.Load(DType.Float32, strides), ReductionKind.Sum);
        LoopChecks.Check(builder.Build(), 13);
    }

    [Theory]
    [InlineData(DType.Float64)]
    [InlineData(DType.Int64)]
    [InlineData(DType.Int32)]
    [InlineData(DType.Float16)]
    public void OtherTypes(DType type)
    {
        foreach (ReductionKind kind in (ReductionKind[])[ReductionKind.Sum, ReductionKind.Maximum, ReductionKind.Minimum])
        {
            LoopChecks.Check(OneFold([9, 1000], 1, 1, kind, type), 14, draw: r => r.Next(-3, 4));
            LoopChecks.Check(OneFold([1000, 9], 0, 1, kind, type), 15, draw: r => r.Next(-3, 4));
            LoopChecks.Check(OneFold([9000], 0, 1, kind, type), 16, draw: r => r.Next(-3, 4));
            if (type.IsFloating())
                LoopChecks.Check(OneFold([0], 0, 1, kind, type), 16, draw: r => r.Next(-3, 4));
        }
    }

    [Fact]
    public void ANaNWinsWhereverItStands()
    {
        foreach (ReductionKind kind in (ReductionKind[])[ReductionKind.Maximum, ReductionKind.Minimum, ReductionKind.Sum])
        {
            using var memory = new LoopMemory(OneFold([150], 0, 1, kind));
            for (int at = 0; at < 150; at++)
            {
                memory.Fill(new Random(at), LoopChecks.Ordinary);
                ((float*)memory.Input(0))[at] = float.NaN;
                foreach (LoopOracle.Way way in LoopOracle.Ways(withParts: false))
                {
                    LoopOracle.Run(memory, way);
                    Assert.True(float.IsNaN(*(float*)memory.Output(0)), $"{kind} at {at}, {way}");
                }
            }
        }
    }

    [Fact]
    public void ASumIsTheDocumentedTree()
    {
        // Written out once more from the definition, so that a change of the order cannot go unnoticed.
        const int Count = 3 * 4096 + 777;
        using var memory = new LoopMemory(OneFold([Count], 0, 1, ReductionKind.Sum));
        memory.Fill(new Random(3), r => r.NextDouble() - 0.5);
        var values = new ReadOnlySpan<float>(memory.Input(0), Count);
        var chunks = new float[4];
        for (int c = 0; c < chunks.Length; c++)
            chunks[c] = Tree(values.Slice(c * 4096, Math.Min(4096, Count - (c * 4096))));
        float expected = Tree(chunks);
        LoopOracle.Run(memory, new LoopOracle.Way(true, InstructionSets.Best, 1));
        Assert.Equal(expected, *(float*)memory.Output(0));
    }

    private static float Tree(ReadOnlySpan<float> values)
    {
        var lanes = new float[64];
        for (int i = 0; i < values.Length; i++)
            lanes[i % 64] += values[i];
        for (int half = 32; half > 0; half /= 2)
        {
            for (int l = 0; l < half; l++)
                lanes[l] += lanes[l + half];
        }

        return lanes[0];
    }

    private static double NearOne(Random random) => 1 + ((random.NextDouble() - 0.5) * 0.02);

    private static Loop OneFold(long[] dims, int start, int count, ReductionKind kind, DType type = DType.Float32)
    {
        var builder = new HandLoop(dims, start, count);
        return builder.Fold(builder.Load(type), kind).Build();
    }
}
