
namespace Anneal.Cpu.Tests;

public sealed unsafe class StreamedProductTests
{
    [Theory]
    [InlineData(1, 512, 512, false)]
    [InlineData(1, 262144, 1, false)]
    [InlineData(1, 9, 30000, true)]
    [InlineData(2, 5000, 53, false)]
    [InlineData(5, 1030, 259, true)]
    [InlineData(8, 4097, 129, false)]
    [InlineData(8, 515, 777, true)]
    public void Every_row_agrees_with_a_naive_product_and_does_not_depend_on_threads_or_on_other_rows(int m, int n, int k, bool transposeB)
    {
        var random = new Random(m + n + k);
        using GuardedBuffer a = new((long)m * k, random), b = new((long)k * n, random), first = new((long)m * n);
        for (int threads = 1; threads <= 3; threads++)
        {
            using WorkerPool pool = new(threads);
            using GuardedBuffer output = new((long)m * n);
            var coverage = new CoverageEpilogue(m, n, threads);
            Run(new(1, m, n, k) { TransposeB = transposeB }, a.Pointer, b.Pointer, threads == 1 ? first.Pointer : output.Pointer, coverage, pool);
            coverage.AssertOnce($"{threads} threads");
            if (threads > 1)
                FloatComparer.SameBits(first.Span, output.Span, $"{threads} threads");
        }

        using WorkerPool one = new(1);
        using GuardedBuffer alone = new(n);
        for (int row = 0; row < m; row++)
        {
            float* left = a.Pointer + ((long)row * k);
            Run(new(1, 1, n, k) { TransposeB = transposeB }, left, b.Pointer, alone.Pointer, null, one);
            FloatComparer.SameBits(first.Span.Slice(row * n, n), alone.Span, $"row {row} alone");
            for (int column = 0; column < n; column += 1 + (n / 37))
            {
                double sum = 0, magnitude = 0;
                for (int depth = 0; depth < k; depth++)
                {
                    double product = (double)left[depth] * b.Pointer[transposeB ? ((long)column * k) + depth : ((long)depth * n) + column];
                    (sum, magnitude) = (sum + product, magnitude + Math.Abs(product));
                }

                FloatComparer.Near(sum, magnitude, alone.Pointer[column], $"row {row}, column {column}");
            }
        }
    }

    [Fact]
    public void Other_products_are_left_to_tiles()
    {
        Assert.False(StreamedProduct.Fits(new(1, 9, 512, 512)));
        Assert.False(StreamedProduct.Fits(new(1, 0, 512, 512)));
        Assert.False(StreamedProduct.Fits(new(1, 1, 511, 512)));
        Assert.False(StreamedProduct.Fits(new(2, 1, 512, 512)));
        Assert.False(StreamedProduct.Fits(new(1, 1, 512, 32769)));
        Assert.False(StreamedProduct.Fits(new(1, 4, 512, 512) { TransposeA = true }));
        Assert.Throws<ArgumentException>(() => new StreamedProduct(new(1, 9, 512, 512), 1));
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        using WorkerPool pool = new(2);
        var kernel = new StreamedProduct(new(1, 1, 512, 512), 2);
        using GuardedBuffer a = new(512, new Random(1)), b = new(512 * 512, new Random(2)), c = new(512), scratch = new(kernel.ScratchBytes / sizeof(float));
        kernel.Run(a.Pointer, b.Pointer, c.Pointer, scratch.Bytes, null, pool);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            kernel.Run(a.Pointer, b.Pointer, c.Pointer, scratch.Bytes, null, pool);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Run(in MatMulShape shape, float* a, float* b, float* c, TileEpilogue? epilogue, WorkerPool pool)
    {
        var kernel = new StreamedProduct(shape, pool.ThreadCount);
        using GuardedBuffer scratch = new((kernel.ScratchBytes + 3) / sizeof(float));
        kernel.Run(a, b, c, scratch.Bytes, epilogue, pool);
    }
}
