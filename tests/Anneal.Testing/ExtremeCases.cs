using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>
/// Operations on what lies at the ends of the number types: zeros of both signs, numbers below the normal ones, the largest, infinities,
/// no numbers, and for whole numbers overflow and division by zero. What comes out is defined and the same on every instruction set.
/// </summary>
internal static class ExtremeCases
{
    private const double LeastNormal = 1.17549435e-38, Least = 1.401298464324817e-45;

    private static readonly double[] Numbers = Exact(
        0, -0.0, Least, -Least, 1e-40, -1e-40, LeastNormal, -LeastNormal, 1e-30, 1e-10, -1e-10, 0.1, -0.1, 0.5, -0.5, 1, -1, 1.5, -1.5, 2.5, -2.5,
        10, -10, 17.5, -17.5, 87, -87, 88.5, -88.5, 89, -90, 100, -104, 1000, -1000, 1e4, -1e4, 8388607.5, 16777216, -16777216, 2147483520, 2147483648, -2147483648,
        4e9, -4e9, 1e19, -1e19, 1e30, -1e30, 3.4028235e38, -3.4028235e38, double.PositiveInfinity, double.NegativeInfinity, double.NaN);

    internal static IEnumerable<OpCase> All() => Unary().Concat(Binary()).Concat(Casts()).Concat(WholeNumbers()).Concat(Folds());

    private static IEnumerable<OpCase> Unary()
    {
        foreach (UnaryOp op in OpCases.Unary)
            yield return new OpCase(op, [Float(Numbers)], Tolerances.Elementwise(DType.Float32, op.Record.Ulp));
    }

    private static IEnumerable<OpCase> Binary()
    {
        double[] some = Exact(
            0, -0.0, Least, 1e-40, LeastNormal, 1e-20, 0.5, -0.5, 1, -1, 2, -2, 3, 1e4, -1e4, 1e20, 3.4028235e38, -3.4028235e38,
            double.PositiveInfinity, double.NegativeInfinity, double.NaN);
        double[] a = [.. some.SelectMany(x => some.Select(_ => x))], b = [.. some.SelectMany(_ => some)];
        foreach (BinaryOp op in OpCases.Binary)
            yield return new OpCase(op, [Float(a), Float(b)], Tolerances.Elementwise(DType.Float32, op.Record.Ulp));
        yield return new OpCase(
            new Select(), [new CaseInput(new TensorType(DType.Bool, a.Length), 0, 2), Float(a), Float(b)], default);
    }

    private static IEnumerable<OpCase> Casts()
    {
        foreach (DType to in (DType[])[DType.Int32, DType.Int64, DType.UInt8, DType.Int8, DType.Bool, DType.Float64])
            yield return new OpCase(new Cast(to), [Float(Numbers)], default);
        double[] whole = [0, 1, -1, 127, 128, -128, -129, 255, 256, 300, -300, 65536, int.MaxValue, int.MinValue];
        double[] longer = [.. whole, 2147483648.0, -2147483649.0, 1e15, -1e15];
        foreach (DType to in (DType[])[DType.UInt8, DType.Int8, DType.Int32, DType.Int64, DType.Bool, DType.Float32])
        {
            yield return new OpCase(new Cast(to), [Whole(DType.Int32, whole)], Tolerances.Elementwise(DType.Float32, 0));
            yield return new OpCase(new Cast(to), [Whole(DType.Int64, longer)], Tolerances.Elementwise(DType.Float32, 0));
        }
    }

    private static IEnumerable<OpCase> WholeNumbers()
    {
        foreach ((DType dtype, double[] values) in ((DType, double[])[])[
            (DType.Int32, [0, 1, -1, 2, -2, 7, -7, 40_000, -40_000, int.MaxValue, int.MinValue]), (DType.UInt8, [0, 1, 2, 7, 200, 255]),
            (DType.Int8, [0, 1, -1, 7, -7, 100, 127, -128]), (DType.Int64, [0, 1, -1, 7, -7, 94_906_265])])
        {
            double[] a = [.. values.SelectMany(x => values.Select(_ => x))], b = [.. values.SelectMany(_ => values)];
            foreach (BinaryOp op in (BinaryOp[])[new Add(), new Subtract(), new Divide(), new Maximum(), new Minimum(), new Compare(Comparison.Less)])
                yield return new OpCase(op, [Whole(dtype, a), Whole(dtype, b)], default);

            // The reference knows products to 53 bits.
            int[] known = [.. Enumerable.Range(0, a.Length).Where(i => Math.Abs(a[i] * b[i]) <= 1L << 53)];
            yield return new OpCase(new Multiply(), [Whole(dtype, [.. known.Select(i => a[i])]), Whole(dtype, [.. known.Select(i => b[i])])], default);
            foreach (UnaryOp op in (UnaryOp[])[new Negate(), new Abs(), new Sign()])
                yield return new OpCase(op, [Whole(dtype, values)], default);
        }
    }

    private static IEnumerable<OpCase> Folds()
    {
        double[] rows = Exact(
            1, 2, double.NaN, 3, /**/ 1, double.PositiveInfinity, 2, 3, /**/ double.NegativeInfinity, double.PositiveInfinity, 0, 1, /**/
            double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity, /**/ 3e38, 3e38, -3e38, -3e38, /**/
            Least, Least, 1e-40, LeastNormal, /**/ -0.0, -0.0, -0.0, -0.0, /**/ 0, double.PositiveInfinity, 1, 1);
        CaseInput x = Float(rows) with { Type = new TensorType(DType.Float32, [8, 4]) };
        foreach (ReductionOp op in (ReductionOp[])[new Product(1, 1), new Max(1, 1), new Min(1, 1), new Max(0, 1), new Min(0, 1)])
            yield return new OpCase(op, [x], Tolerances.Elementwise(DType.Float32, 3));

        // A sum may overflow on the way in float32, so the rows in which it does are left out.
        CaseInput sums = Float([.. rows[..16], .. rows[20..28]]) with { Type = new TensorType(DType.Float32, [6, 4]) };
        yield return new OpCase(new Sum(1, 1), [sums], Tolerances.Elementwise(DType.Float32, 3));
        yield return new OpCase(new ArgMax(1), [Float(rows[..16]) with { Type = new TensorType(DType.Float32, [4, 4]) }], default);
        foreach (Shape empty in (Shape[])[[3, 0], [0, 3], [2, 0, 3]])
        {
            for (int axis = 0; axis < empty.Rank; axis++)
            {
                foreach (DType dtype in (DType[])[DType.Float32, DType.Int32])
                {
                    var none = new CaseInput(new TensorType(dtype, empty), 0, 1);
                    yield return new OpCase(new Sum(axis, 1), [none], default);
                    yield return new OpCase(new Product(axis, 1), [none], default);
                }
            }
        }
    }

    private static CaseInput Float(double[] values) => new(new TensorType(DType.Float32, values.Length), 0, 1) { Fixed = values };

    private static CaseInput Whole(DType dtype, double[] values) => new(new TensorType(dtype, values.Length), 0, 1) { Fixed = values };

    private static double[] Exact(params double[] values) => Array.ConvertAll(values, v => (double)(float)v);
}
