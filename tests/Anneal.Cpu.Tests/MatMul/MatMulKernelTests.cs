
namespace Anneal.Cpu.Tests;

public sealed unsafe class MatMulKernelTests
{
    private static readonly int[] Sizes =
        [0, 1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 27, 28, 29, 31, 32, 33, 47, 48, 63, 64, 65, 97, 141, 150];

    private static readonly int[] Depths = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 64, 100, 319, 320, 321, 640, 641, 700];

    [Fact]
    public void Agrees_with_a_naive_product_for_many_shapes()
    {
        Random random = new(20240901);
        for (int i = 0; i < 220; i++)
        {
            long batch = random.Next(5) switch { 0 => 2, 1 => 5, 2 when i % 10 == 0 => 0, _ => 1 };
            int m = Sizes[random.Next(Sizes.Length)];
            int n = Sizes[random.Next(Sizes.Length)];
            int k = Depths[random.Next(Depths.Length)];
            bool sharedA = random.Next(4) == 0;
            bool sharedB = random.Next(3) == 0;
            Check(new(batch, m, n, k)
            {
                TransposeA = random.Next(2) == 0,
                TransposeB = random.Next(2) == 0,
                BatchStrideA = sharedA ? 0 : (long)m * k,
                BatchStrideB = sharedB ? 0 : (long)k * n,
            });
        }
    }

    [Theory]
    [InlineData(9, 32, 5000, true, false)] // slices
    [InlineData(14, 33, 4001, false, true)]
    [InlineData(60, 20, 3001, true, false)]
    [InlineData(1, 1, 10000, false, false)]
    [InlineData(3, 1100, 33, false, false)] // epilogue in column chunks
    [InlineData(300, 1100, 40, false, false)]
    [InlineData(290, 70, 330, false, true)]
    [InlineData(1000, 10, 64, false, false)]
    public void Agrees_where_the_driver_takes_other_routes(int m, int n, int k, bool transposeA, bool transposeB) =>
        Check(new(1, m, n, k) { TransposeA = transposeA, TransposeB = transposeB });

    [Fact]
    public void Agrees_in_double_precision()
    {
        using WorkerPool pool = new(2);
        Random random = new(3);
        for (int i = 0; i < 40; i++)
        {
            int m = random.Next(1, 20), n = random.Next(1, 20), k = random.Next(0, 20);
            MatMulShape shape = new(2, m, n, k)
            {
                TransposeA = random.Next(2) == 0,
                TransposeB = random.Next(2) == 0,
                BatchStrideA = m * k,
                BatchStrideB = k * n,
            };
            double[] a = Enumerable.Range(0, (2 * m * k) + 1).Select(_ => random.NextDouble() - 0.5).ToArray();
            double[] b = Enumerable.Range(0, (2 * k * n) + 1).Select(_ => random.NextDouble() - 0.5).ToArray();
            double[] c = new double[2 * m * n];
            CoverageEpilogue coverage = new(2 * m, n, 2);
            fixed (double* left = a, right = b, output = c)
                new MatMulDoubleKernel(shape, 2).Run(left, right, output, coverage, pool);
            coverage.AssertOnce(shape.ToString());
            for (int row = 0; row < 2 * m; row++)
            {
                for (int column = 0; column < n; column++)
                {
                    double sum = 0;
                    for (int depth = 0; depth < k; depth++)
                        sum += a[IndexA(shape, row / m, row % m, depth)] * b[IndexB(shape, row / m, depth, column)];
                    Assert.True(Math.Abs(sum - c[(row * n) + column]) <= 1e-14 * (k + 1), shape.ToString());
                }
            }
        }
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        using WorkerPool pool = new(2);
        MatMulShape shape = new(1, 128, 128, 128);
        MatMulKernel kernel = new(shape, 2);
        using GuardedBuffer a = new(128 * 128, new Random(1)), b = new(128 * 128, new Random(2)), c = new(128 * 128);
        using GuardedBuffer scratch = new(kernel.ScratchBytes / sizeof(float));
        kernel.Run(a.Pointer, b.Pointer, c.Pointer, scratch.Bytes, null, pool);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            kernel.Run(a.Pointer, b.Pointer, c.Pointer, scratch.Bytes, null, pool);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Misaligned_scratch_is_an_error()
    {
        using WorkerPool pool = new(1);
        MatMulKernel kernel = new(new(1, 4, 4, 4), 1);
        using GuardedBuffer buffer = new(64);
        Assert.Throws<ArgumentException>(
            () => kernel.Run(buffer.Pointer, buffer.Pointer, buffer.Pointer, buffer.Bytes + 4, null, pool));
    }

    private static void Check(in MatMulShape shape)
    {
        Random random = new(HashCode.Combine(shape.M) & 0xFFFF);
        long rows = shape.Batch * shape.M;
        using GuardedBuffer a = new(Math.Max(1, shape.Batch * shape.M * shape.K), random);
        using GuardedBuffer b = new(Math.Max(1, shape.Batch * shape.K * shape.N), random);
        using GuardedBuffer first = new(rows * shape.N);
        for (int threads = 1; threads <= 3; threads++)
        {
            using WorkerPool pool = new(threads);
            using GuardedBuffer output = new(rows * shape.N);
            MatMulKernel kernel = new(shape, threads);
            using GuardedBuffer scratch = new((kernel.ScratchBytes + 3) / sizeof(float));
            CoverageEpilogue coverage = new(rows, shape.N, threads);
            kernel.Run(a.Pointer, b.Pointer, output.Pointer, scratch.Bytes, coverage, pool);
            string what = $"{shape} with {threads} threads";
            coverage.AssertOnce(what);
            if (threads == 1)
            {
                output.Span.CopyTo(first.Span);
                CompareWithNaive(shape, a.Pointer, b.Pointer, output.Pointer);
            }

            FloatComparer.SameBits(first.Span, output.Span, what);
        }
    }

    private static void CompareWithNaive(in MatMulShape shape, float* a, float* b, float* c)
    {
        for (long row = 0; row < shape.Batch * shape.M; row++)
        {
            long batch = row / shape.M;
            for (long column = 0; column < shape.N; column++)
            {
                double sum = 0, magnitude = 0;
                for (long depth = 0; depth < shape.K; depth++)
                {
                    double product = (double)a[IndexA(shape, batch, row % shape.M, depth)] * b[IndexB(shape, batch, depth, column)];
                    sum += product;
                    magnitude += Math.Abs(product);
                }

                FloatComparer.Near(sum, magnitude, c[(row * shape.N) + column], shape.ToString());
            }
        }
    }

    private static long IndexA(in MatMulShape shape, long batch, long row, long depth) =>
        (batch * shape.BatchStrideA) + (shape.TransposeA ? (depth * shape.M) + row : (row * shape.K) + depth);

    private static long IndexB(in MatMulShape shape, long batch, long depth, long column) =>
        (batch * shape.BatchStrideB) + (shape.TransposeB ? (column * shape.K) + depth : (depth * shape.N) + column);
}
