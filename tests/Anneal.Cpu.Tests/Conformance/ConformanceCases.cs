using Anneal.Ops;
using Anneal.Testing;

namespace Anneal.Cpu.Tests.Conformance;

/// <summary>What the processor's kernels are held to: the shared cases, and shapes around the sizes of tiles and vectors.</summary>
internal static class ConformanceCases
{
    internal static IEnumerable<OpCase> All() => OpCases.All()
        .Concat(Lengths())
        .Concat(Products())
        .Concat(Convolutions())
        .Concat(Reductions())
        .Concat(Attentions())
        .Concat(ExtremeCases.All())
        .Concat(OpCases.All().Where(c => c.Inputs.Any(i => i.Type.DType == DType.Float32)).Select(c => c.As(DType.Float64) with { Tolerance = Double }));

    // Vector loops and their reference differ in the order of sums only.
    private static readonly Tolerance Double = new(1e-12, 1e-12);

    /// <summary>Every elementwise operation at every length from 0 to 256 would repeat the same few paths: lengths are dealt over the operations.</summary>
    private static IEnumerable<OpCase> Lengths()
    {
        for (int length = 0; length <= 256; length++)
        {
            int turn = 0;
            foreach (OpCase test in OpCases.Elementwise(length))
            {
                bool isFloat = test.Inputs.All(i => i.Type.DType is DType.Float32 or DType.Bool);
                if (isFloat || turn++ % 16 == length % 16)
                    yield return test;
            }
        }
    }

    private static IEnumerable<OpCase> Products()
    {
        long[] sizes = [1, 2, 5, 6, 7, 13, 14, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300, 385, 513];
        for (int i = 0; i < 200; i++)
        {
            double[] draw = Values.Uniform(6, 0, 1, 9000 + i);
            long Pick(int d) => sizes[(int)(draw[d] * draw[d] * sizes.Length)];
            yield return OpCases.Product(draw[4] < 0.2 ? 3 : 1, Pick(0), Pick(1), Pick(2), draw[3] < 0.5, draw[5] < 0.5);
        }

        // Tall and thin: cut along the sum.
        yield return OpCases.Product(1, 9, 32, 5000, true, false);
        yield return OpCases.Product(1, 1, 3, 20_000, false, true);

        // A few rows and a large matrix: read once, in the order in which it lies.
        foreach (bool transposeB in (bool[])[false, true])
        {
            yield return OpCases.Product(1, 1, 512, 1024, false, transposeB);
            yield return OpCases.Product(1, 3, 701, 389, false, transposeB);
            yield return OpCases.Product(1, 8, 2050, 130, false, transposeB);
        }
    }

    /// <summary>Long caches, and dimensions that fill no vector.</summary>
    private static IEnumerable<OpCase> Attentions()
    {
        foreach ((long heads, long keyHeads, long capacity, long dimension) in new (long, long, long, long)[] { (4, 2, 700, 64), (3, 1, 300, 33), (2, 2, 257, 128) })
        {
            CaseInput Draw(params long[] extents) => new(new TensorType(DType.Float32, extents), -1, 1);
            CaseInput cache = Draw(2, keyHeads, capacity, dimension), positions = new(new TensorType(DType.Int64, 2), capacity - 200, capacity + 3);
            foreach (long window in (long[])[0, 150])
                yield return new OpCase(new CachedAttention(0.2, window), [Draw(2, heads, 1, dimension), cache, cache, positions], Tolerances.Sum(DType.Float32, capacity, 1));
        }
    }

    private static IEnumerable<OpCase> Convolutions()
    {
        for (int i = 0; i < 60; i++)
        {
            double[] draw = Values.Uniform(16, 0, 0.999999, 500 + i);
            long Pick(int d, params long[] from) => from[(int)(draw[d] * from.Length)];
            long groups = Pick(0, 1, 1, 1, 2, 4), kernelHeight = Pick(1, 1, 2, 3, 5), kernelWidth = Pick(2, 1, 2, 3, 3);
            var window = new ConvolutionWindow(
                Pick(3, 1, 1, 2, 3), Pick(4, 1, 1, 2), Pick(5, 0, 1, 2), Pick(6, 0, 1, 2), Pick(7, 0, 1, 2), Pick(8, 0, 1), Pick(9, 1, 1, 2), Pick(10, 1, 1, 2), groups);
            Shape image = [Pick(11, 1, 2, 3), Pick(12, 9, 10, 13), Pick(13, 9, 11, 14), groups * Pick(14, 1, 3, 4, 16)];
            Shape weights = [kernelHeight, kernelWidth, image[3] / groups, groups * Pick(15, 1, 4, 8, 17)];
            foreach (OpCase test in OpCases.Convolution(window, image, weights))
                yield return test;
        }

        foreach (OpCase test in OpCases.Convolution(new(), [3, 13, 13, 32], [3, 3, 32, 64]).Concat(OpCases.Convolution(new(), [4, 28, 28, 1], [3, 3, 1, 32])))
            yield return test;
        foreach (long channels in (long[])[1, 7, 16, 33])
        {
            foreach (OpCase test in OpCases.Pooling(new PoolingWindow(2, 2, new ConvolutionWindow(2, 2)), [3, 9, 8, channels]))
                yield return test;
        }
    }

    private static IEnumerable<OpCase> Reductions()
    {
        for (long length = 0; length <= 256; length++)
        {
            var row = new CaseInput(new TensorType(DType.Float32, [3, length]), -3, 3);
            yield return new OpCase(new Sum(1, 1), [row], Tolerances.Sum(DType.Float32, length, 3));
            yield return new OpCase(new Sum(0, 1), [row], Tolerances.Sum(DType.Float32, 3, 3));
            if (length == 0)
                continue;
            yield return new OpCase(new Max(1, 1), [row], default);
            yield return new OpCase(new Min(0, 1), [row], default);
        }

        foreach (long[] extents in (long[][])[[5000, 7], [2, 4097], [1, 20_000], [3, 1000, 33], [8193]])
        {
            var x = new CaseInput(new TensorType(DType.Float32, extents), -3, 3);
            for (int axis = 0; axis < extents.Length; axis++)
                yield return new OpCase(new Sum(axis, 1), [x], Tolerances.Sum(DType.Float32, extents[axis], 3));
            yield return new OpCase(new Sum(0, extents.Length), [x], Tolerances.Sum(DType.Float32, x.Type.Shape.ElementCount, 3));
        }
    }
}
