using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>
/// Cases of every operation: what the conformance suite runs on each device and instruction set, and what gradients are checked on. An
/// operation without a case fails a test.
/// </summary>
internal static class OpCases
{
    internal static readonly UnaryOp[] Unary =
    [
        new Negate(), new Abs(), new Sign(), new Exp(), new Expm1(), new Log(), new Log1p(), new Sqrt(), new Tanh(), new Sigmoid(), new Erf(),
        new Sin(), new Cos(), new Atan(), new Floor(), new Ceiling(), new Round(), new Relu(), new StopGradient(), new Copy(),
    ];

    internal static readonly BinaryOp[] Binary =
    [
        new Add(), new Subtract(), new Multiply(), new Divide(), new Power(), new Maximum(), new Minimum(),
        .. Enum.GetValues<Comparison>().Select(c => new Compare(c)),
    ];

    /// <summary>All cases of moderate size, small enough for finite differences.</summary>
    internal static IEnumerable<OpCase> All() =>
        Elementwise([3, 5]).Concat(Arrangements()).Concat(Reductions()).Concat(Products()).Concat(Convolutions()).Concat(Poolings()).Concat(Indexing())
            .Concat(Orderings()).Concat(Alignments()).Concat(Decoding()).Concat(ScanCases.All());

    /// <summary>Every elementwise operation on tensors of a shape.</summary>
    internal static IEnumerable<OpCase> Elementwise(Shape shape)
    {
        var type = new TensorType(DType.Float32, shape);
        var truth = new CaseInput(new TensorType(DType.Bool, shape), 0, 2);
        CaseInput Number(OpRecord record) => new(type, record.Low, record.High);
        foreach (UnaryOp op in Unary)
            yield return new OpCase(op, [Number(op.Record)], Tolerances.Elementwise(DType.Float32, op.Record.Ulp));
        foreach (BinaryOp op in (BinaryOp[])[.. Binary, new Softmaxed(1), new Later(false)])
            yield return new OpCase(op, [Number(op.Record), Number(op.Record)], Tolerances.Elementwise(DType.Float32, op.Record.Ulp));
        yield return new OpCase(new LogicalAnd(), [truth, truth], default);
        yield return new OpCase(new LogicalOr(), [truth, truth], default);
        yield return new OpCase(new LogicalNot(), [truth], default);
        yield return new OpCase(new Select(), [truth, Number(OpRecord.Standard), Number(OpRecord.Standard)], default);
        foreach (DType to in (DType[])[DType.Float32, DType.Float64, DType.Int32, DType.Int64, DType.Bool, DType.UInt8, DType.Int8])
        {
            foreach (DType from in (DType[])[DType.Float32, DType.Float64, DType.Int32, DType.Int64, DType.Bool, DType.UInt8, DType.Int8])
            {
                bool unsigned = from == DType.UInt8 || to == DType.UInt8;
                if (from != to)
                    yield return new OpCase(new Cast(to), [new CaseInput(new TensorType(from, shape), unsigned ? 0 : -100, 100)], Tolerances.Elementwise(DType.Float32, 0));
            }
        }

        foreach (DType dtype in (DType[])[DType.Int32, DType.Int64])
        {
            var integer = new CaseInput(new TensorType(dtype, shape), 1, 50);
            foreach (BinaryOp op in (BinaryOp[])[new Add(), new Subtract(), new Multiply(), new Maximum(), new Minimum(), .. Enum.GetValues<Comparison>().Select(c => new Compare(c))])
                yield return new OpCase(op, [integer, integer], default);
            yield return new OpCase(new Negate(), [integer], default);
            yield return new OpCase(new Abs(), [integer], default);
        }
    }

    private static IEnumerable<OpCase> Arrangements()
    {
        CaseInput x = Standard(3, 4, 5);
        foreach (DType dtype in (DType[])[DType.Float32, DType.Int32, DType.Int64, DType.UInt8, DType.Bool])
        {
            CaseInput input = x with { Type = x.Type with { DType = dtype }, Low = dtype is DType.UInt8 ? 0 : -3 };
            yield return new OpCase(new Reshape([5, 12]), [input], default);
            yield return new OpCase(new Transpose([2, 0, 1]), [input], default);
            yield return new OpCase(new Transpose([0, 2, 1]), [input], default);
            yield return new OpCase(new BroadcastTo([2, 3, 4, 5]), [input], default);
            yield return new OpCase(new Slice([1, 0, 4], [2, 2, 3], new IntegerList(1, 2, -2)), [input], default);
            yield return new OpCase(new Slice([0, 0, 0], [3, 0, 5], new IntegerList(1, 1, 1)), [input], default);
            yield return new OpCase(new Pad([1, 0, 2], [0, 3, 1], [0, 0, 0], 1), [input], default);
            yield return new OpCase(new Pad([0, 1, 2], [2, 0, 0], [1, 0, 2], 0), [input], default);
            yield return new OpCase(new After(), [input, Standard(2)], default);
            yield return new OpCase(new Concat(1), [input, input with { Type = input.Type with { Shape = [3, 2, 5] } }, input], default);
        }

        yield return new OpCase(new BroadcastTo([4, 3, 5]), [Standard(3, 1)], default);
        yield return new OpCase(new BroadcastTo([4, 3, 5]), [Standard(4, 1, 5)], default);
        yield return new OpCase(new Reshape([1]), [Standard()], default);
        foreach (DType dtype in (DType[])[DType.Float32, DType.Int32, DType.Int64])
            yield return new OpCase(new Iota(1, new TensorType(dtype, [2, 7, 3])), [], default);
    }

    private static IEnumerable<OpCase> Reductions()
    {
        foreach ((int first, int count) in ((int, int)[])[(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (0, 3)])
        {
            CaseInput x = Standard(3, 4, 5);
            long length = x.Type.Shape[first..(first + count)].ElementCount;
            yield return new OpCase(new Sum(first, count), [x], Tolerances.Sum(DType.Float32, length, 3));
            yield return new OpCase(new Product(first, count), [x with { Low = 0.7, High = 1.4 }], new Tolerance(0, 8e-6));
            yield return new OpCase(new Max(first, count), [x with { Distinct = true }], default);
            yield return new OpCase(new Min(first, count), [x with { Distinct = true }], default);
            foreach (DType dtype in (DType[])[DType.Int32, DType.Int64])
            {
                CaseInput whole = x with { Type = x.Type with { DType = dtype }, Low = -9, High = 10 };
                yield return new OpCase(new Sum(first, count), [whole], default);
                yield return new OpCase(new Max(first, count), [whole], default);
            }
        }

        yield return new OpCase(new ArgMax(0), [Standard(7, 3)], default);
        yield return new OpCase(new ArgMax(1), [Standard(7, 3, 2)], default);
        yield return new OpCase(new ArgMax(1), [Standard(2, 33) with { Type = new TensorType(DType.Int32, [2, 33]), Low = 0, High = 9 }], default);
    }

    private static IEnumerable<OpCase> Products()
    {
        foreach ((long m, long n, long k) in ((long, long, long)[])[(2, 3, 4), (1, 1, 1), (5, 1, 7), (1, 6, 3), (3, 4, 0), (0, 2, 3)])
            yield return Product(1, m, n, k, m % 2 == 1, k % 2 == 1);
        yield return Product(3, 4, 5, 2, false, true);
        yield return Product(2, 3, 2, 4, true, false);
    }

    internal static OpCase Product(long batch, long m, long n, long k, bool transposeA, bool transposeB)
    {
        Shape lead = batch == 1 ? [] : [batch];
        CaseInput a = Standard([.. lead, .. (long[])(transposeA ? [k, m] : [m, k])]), b = Standard([.. lead, .. (long[])(transposeB ? [n, k] : [k, n])]);
        return new OpCase(new MatMul(transposeA, transposeB), [a, b], Tolerances.Sum(DType.Float32, k, 9));
    }

    private static IEnumerable<OpCase> Convolutions()
    {
        ConvolutionWindow[] windows =
        [
            new(), new(2, 2, 1, 1, 1, 1), new(1, 2, 0, 1, 2, 0), new(1, 1, 2, 2, 2, 2, 2, 2), new(3, 2, 1, 0, 0, 1), new(1, 1, 1, 1, 1, 1, Groups: 2),
        ];
        foreach (ConvolutionWindow window in windows)
        {
            foreach (OpCase convolution in Convolution(window, [2, 5, 6, 2], [3, 2, 2 / window.Groups, 4]))
                yield return convolution;
        }

        foreach (OpCase convolution in Convolution(new(Groups: 3), [1, 4, 4, 3], [2, 2, 1, 3]))
            yield return convolution;
        foreach (OpCase convolution in Convolution(new(2, 2), [1, 5, 5, 1], [1, 1, 1, 3]))
            yield return convolution;
    }

    /// <summary>A convolution and its two gradients.</summary>
    internal static IEnumerable<OpCase> Convolution(ConvolutionWindow window, Shape image, Shape weights)
    {
        Shape output = window.OutputShape(image, weights);
        long taps = weights[0] * weights[1];
        yield return new OpCase(new Convolve(window), [Standard([.. image]), Standard([.. weights])], Tolerances.Sum(DType.Float32, taps * weights[2], 9));
        yield return new OpCase(
            new ConvolveInputGradient(window, image), [Standard([.. output]), Standard([.. weights])],
            Tolerances.Sum(DType.Float32, taps * weights[3] / window.Groups, 9));
        yield return new OpCase(
            new ConvolveWeightGradient(window, weights), [Standard([.. image]), Standard([.. output])],
            Tolerances.Sum(DType.Float32, output[..3].ElementCount, 9));
    }

    private static IEnumerable<OpCase> Poolings()
    {
        PoolingWindow[] windows =
        [
            new(2, 2, new(2, 2)), new(3, 2, new(1, 2)), new(3, 3, new(2, 2, 1, 1, 1, 1)), new(2, 3, new(3, 1, 0, 1, 1, 0)), new(1, 1, new()),
        ];
        foreach (PoolingWindow window in windows)
        {
            foreach (OpCase pooling in Pooling(window, [2, 5, 6, 3]))
                yield return pooling;
        }
    }

    /// <summary>The poolings of a window and their gradients.</summary>
    internal static IEnumerable<OpCase> Pooling(PoolingWindow window, Shape image)
    {
        CaseInput x = Standard([.. image]) with { Distinct = true }, y = Standard([.. window.OutputShape(image)]);
        Tolerance mean = Tolerances.Sum(DType.Float32, window.Height * window.Width, 3);
        yield return new OpCase(new MaxPool(window), [x], default);
        yield return new OpCase(new MaxPoolGradient(window), [x, y], Tolerances.Sum(DType.Float32, 9, 3));
        yield return new OpCase(new MaxPoolSelect(window), [x, x], default);
        foreach (bool includes in (bool[])[false, true])
        {
            yield return new OpCase(new AveragePool(window, includes), [x], mean);
            yield return new OpCase(new AveragePoolGradient(window, includes, image), [y], mean);
        }
    }

    private static IEnumerable<OpCase> Indexing()
    {
        foreach (DType dtype in (DType[])[DType.Int32, DType.Int64])
        {
            CaseInput rows = new(new TensorType(dtype, [2, 4]), 0, 6), along = new(new TensorType(dtype, [2, 9, 3]), 0, 5);
            yield return new OpCase(new Gather(), [Standard(6, 3), rows], default);
            yield return new OpCase(new ScatterAdd([6, 3]), [rows, Standard(2, 4, 3)], Tolerances.Sum(DType.Float32, 8, 3));
            yield return new OpCase(new GatherAlong(1), [Standard(2, 5, 3), along], default);
            yield return new OpCase(new ScatterAddAlong(1, [2, 5, 3]), [along, Standard(2, 9, 3)], Tolerances.Sum(DType.Float32, 9, 3));
        }

        yield return new OpCase(new Gather(), [Standard(6), new CaseInput(new TensorType(DType.Int32, Shape.Scalar), 0, 6)], default);
        yield return new OpCase(new GatherAlong(0), [Standard(5), new CaseInput(new TensorType(DType.Int32, 7), 0, 5)], default);
        yield return new OpCase(new RandomUniform(5, [3, 7]), [new CaseInput(new TensorType(DType.Int64, 2), 0, 1000)], default);
    }

    private static IEnumerable<OpCase> Orderings()
    {
        foreach (DType dtype in (DType[])[DType.Float32, DType.Int32, DType.Int64])
        {
            // Few different values: whole numbers tie.
            CaseInput x = new(new TensorType(dtype, [3, 7, 2]), -3, 3), row = new(new TensorType(dtype, [2, 300]), -9, 9);
            foreach (bool flag in (bool[])[false, true])
            {
                Tolerance rounding = dtype == DType.Float32 ? Tolerances.Elementwise(dtype, 1) : default;
                yield return new OpCase(new CumulativeSum(1, flag, false), [x], rounding);
                yield return new OpCase(new CumulativeSum(2, false, flag), [x], rounding);
                yield return new OpCase(new CumulativeSum(1, flag, true), [row], rounding);
                yield return new OpCase(new ArgSort(0, flag, 3), [x], default);
                yield return new OpCase(new ArgSort(1, flag, 4), [x], default);
                yield return new OpCase(new ArgSort(1, flag, 300), [row], default);
                yield return new OpCase(new ArgSort(1, flag, 11), [row], default);
                yield return new OpCase(new ArgSort(1, flag, 0), [row], default);
            }
        }

        yield return new OpCase(new CumulativeSum(0, false, false), [Standard(0, 2)], default);
        yield return new OpCase(new ArgSort(0, false, 0), [Standard(0, 2)], default);
    }

    /// <summary>Positions from before the first place to behind the last.</summary>
    private static IEnumerable<OpCase> Decoding()
    {
        foreach (DType dtype in (DType[])[DType.Int32, DType.Int64])
        {
            foreach (long time in (long[])[1, 3])
            {
                CaseInput positions = new(new TensorType(dtype, 5), -time, 12), cache = Standard(5, 2, 11, 6);
                yield return new OpCase(new CacheWrite(), [cache, Standard(5, 2, time, 6), positions], default);
                foreach (long window in (long[])[0, 4])
                    yield return new OpCase(new CachedAttention(0.4, window), [Standard(5, 6, time, 6), cache, cache, positions], Tolerances.Sum(DType.Float32, 40, 9));
            }
        }
    }

    private static IEnumerable<OpCase> Alignments()
    {
        foreach (DType dtype in (DType[])[DType.Int32, DType.Int64])
        {
            // Labels below 0 and blanks are left out, and so are steps. There are enough of them for every labelling.
            CaseInput log = new(new TensorType(DType.Float32, [3, 14, 4]), -4, 0), labels = new(new TensorType(dtype, [3, 3]), -1, 4);
            CaseInput mask = new(new TensorType(DType.Bool, [3, 14]), 0, 2);
            yield return new OpCase(new Ctc(1), [log, labels, mask], Tolerances.Elementwise(DType.Float32, 1));
            yield return new OpCase(new CtcGradient(1), [log, labels, mask, Standard(3)], new Tolerance(1e-6, 1e-6));
        }
    }

    private static CaseInput Standard(params long[] extents) => new(new TensorType(DType.Float32, extents), -3, 3);
}
