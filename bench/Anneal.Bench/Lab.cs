using System.Diagnostics;
using System.Globalization;
using Anneal.Cpu;

namespace Anneal.Bench;

/// <summary>Versions of kernels side by side, on one thread, with their share of the measured multiply-add peak.</summary>
internal static unsafe class Lab
{
    private static readonly (string Name, Action<double> Run)[] All = [("tile", Tile), ("product", Product), ("stream", Stream), ("functions", Functions)];

    internal static int Run(string name)
    {
        if (Array.Find(All, l => l.Name == name).Run is not { } run)
        {
            Console.Error.WriteLine($"There is no lab \"{name}\". There are: {string.Join(", ", All.Select(l => l.Name))}.");
            return 2;
        }

        using var pool = new WorkerPool(1);
        double peak = PeakMeter.Operations(pool);
        Console.WriteLine($"peak of one thread: {peak / 1e9:F0} GFLOP/s");
        run(peak);
        return 0;
    }

    /// <summary>Elementary functions of values in the first-level cache: the time of one value.</summary>
    private static void Functions(double _)
    {
        Function<ExpKernel>("exp, normal", x => x);
        Function<ExpKernel>("exp, half of it -1e9", x => x < 0 ? -1e9f : x);
        Function<TanhKernel>("tanh, normal", x => x);
        Function<SigmoidKernel>("sigmoid, normal", x => x);
        Function<ErfKernel>("erf, normal", x => x);
        Function<LogKernel>("log, positive", x => Math.Abs(x) + 1);
    }

    private static void Function<TKernel>(string name, Func<float, float> value)
        where TKernel : struct, IUnaryKernel
    {
        const int Count = 2048;
        NativeBuffer x = new(Count * sizeof(float)), y = new(Count * sizeof(float));
        var random = new Random(1);
        for (int i = 0; i < Count; i++)
            ((float*)x.Pointer)[i] = value((float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())));
        var form = new KernelForm(name, [Lane.Float], Lane.Float, 8, null);
        delegate*<TileCall*, void> run = new UnaryEntry<TKernel>(form).Tile(InstructionSets.Best);
        TileCall call = new() { Target = (float*)y.Pointer, A = (float*)x.Pointer, Count = Count };
        TileCall* at = &call;
        long address = (long)at;
        double seconds = Best(() => run((TileCall*)address));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-30} {1e9 * seconds / Count,7:F3} ns a value"));
    }

    /// <summary>The register tile of products, over panels that lie in the first or in the second level of cache.</summary>
    private static void Tile(double peak)
    {
        foreach (int depth in (int[])[96, 112, 128, 144, 160, 176, 192, 320])
        {
            Report(peak, $"8x3, row-major left, depth {depth}", depth, depthMajor: false);
            Report(peak, $"8x3, depth-major left, depth {depth}", depth, depthMajor: true);
        }
    }

    /// <summary>Whole products, packing and all; the best of many runs, because other work on the machine only makes them slower.</summary>
    private static void Product(double peak)
    {
        (long Batch, long M, long N, long K, bool TransposeA, bool TransposeB)[] shapes =
        [
            (1, 256, 256, 256, false, false), (1, 512, 512, 512, false, false), (1, 1024, 1024, 1024, false, false), (1, 1024, 1024, 1024, true, false),
            (1, 1024, 1024, 1024, false, true), (1, 4096, 1024, 256, false, false), (1, 256, 1024, 4096, true, false), (1, 4096, 256, 1024, false, true), (1, 512, 128, 3200, true, false),
            (1, 128, 512, 3200, true, false), (1, 3200, 512, 128, false, false), (1, 3200, 128, 512, false, true),
            (128, 128, 128, 64, false, true), (128, 128, 64, 128, false, false), (128, 128, 64, 128, true, false),
            (24, 256, 256, 64, false, true), (24, 256, 64, 256, false, false), (24, 256, 64, 256, true, false),
            (4, 128, 128, 64, false, true), (4, 128, 64, 128, false, false), (4, 128, 64, 128, true, false),
        ];
        foreach ((long batch, long m, long n, long k, bool transposeA, bool transposeB) in shapes)
        {
            var text = new System.Text.StringBuilder();
            foreach (int threads in (int[])[1, Environment.ProcessorCount])
            {
                var shape = new MatMulShape(batch, m, n, k) { TransposeA = transposeA, TransposeB = transposeB, BatchStrideA = m * k, BatchStrideB = k * n };
                (double warm, double cold) = Product(shape, threads);
                double work = 2.0 * batch * m * n * k;
                text.Append(CultureInfo.InvariantCulture, $"  {threads} threads {work / warm / 1e9,6:F1} GFLOP/s {100 * work / warm / peak / threads,5:F1} %, cold {100 * work / cold / peak / threads,5:F1} %");
            }

            string name = $"{(batch > 1 ? $"{batch} of " : "")}[{m}, {k}]{(transposeA ? "T" : "")} x [{k}, {n}]{(transposeB ? "T" : "")}";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-36}{text}"));
        }
    }

    /// <summary>Seconds of a product of the same operands again and again, and of others each time, which lie in no cache.</summary>
    private static (double Warm, double Cold) Product(MatMulShape shape, int threads)
    {
        const long Bytes = 256L << 20;
        long left = shape.Batch * shape.M * shape.K, right = shape.Batch * shape.K * shape.N, result = shape.Batch * shape.M * shape.N;
        long copies = Math.Max(1, Bytes / sizeof(float) / (left + right + result)), at = 0;
        NativeBuffer a = PeakMeter.Touched(copies * left), b = PeakMeter.Touched(copies * right), c = PeakMeter.Touched(copies * result);
        using var pool = new WorkerPool(threads);
        var kernel = new MatMulKernel(shape, threads);
        var scratch = new NativeBuffer(kernel.ScratchBytes);
        int repeats = (int)Math.Max(1, 160_000_000 / (shape.Batch * shape.M * shape.N * shape.K));
        void Run() => kernel.Run((float*)a.Pointer + (at * left), (float*)b.Pointer + (at * right), (float*)c.Pointer + (at * result), scratch.Pointer, null, pool);
        double warm = Best(Run, repeats, 60);
        double cold = Best(
            () =>
            {
                at = (at + 1) % copies;
                Run();
            }, (int)Math.Max(copies, repeats));
        return (warm, cold);
    }

    /// <summary>One row times many large matrices in turn, against the rate at which memory can be read at all.</summary>
    private static void Stream(double peak)
    {
        (long N, long K, bool TransposeB)[] shapes = [(3072, 768, false), (768, 768, false), (50257, 768, true), (3072, 768, true), (32000, 2048, true)];
        foreach ((long n, long k, bool transposeB) in shapes)
        {
            long count = Math.Max(1, (128L << 20) / (n * k));
            NativeBuffer a = PeakMeter.Touched(k), b = PeakMeter.Touched(count * k * n), c = new(n * sizeof(float));
            var text = new System.Text.StringBuilder();
            foreach (int threads in (int[])[1, Environment.ProcessorCount])
            {
                using var pool = new WorkerPool(threads);
                var kernel = new StreamedProduct(new MatMulShape(1, 1, n, k) { TransposeB = transposeB }, threads);
                var scratch = new NativeBuffer(kernel.ScratchBytes);
                double rate = 0, reading = 0;
                for (int i = 0; i < 7; i++)
                {
                    double seconds = Best(() =>
                    {
                        for (long at = 0; at < count; at++)
                            kernel.Run((float*)a.Pointer, (float*)b.Pointer + (at * k * n), (float*)c.Pointer, scratch.Pointer, null, pool);
                    }, 1, 2);
                    (rate, reading) = (Math.Max(rate, sizeof(float) * count * n * k / seconds), Math.Max(reading, PeakMeter.ReadBytes(pool)));
                }

                text.Append(CultureInfo.InvariantCulture, $"  {threads} threads {rate / 1e9,6:F1} GB/s {100 * rate / reading,5:F1} % of {reading / 1e9,5:F1}");
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{$"[{k}, {n}]{(transposeB ? "T" : "")}",-16}{text}"));
        }
    }

    private static void Report(double peak, string name, int depth, bool depthMajor)
    {
        const int Tiles = 10, Columns = 512;
        NativeBuffer left = new(Tiles * 8 * 336 * sizeof(float)), right = new(48L * depth * sizeof(float)), output = new(8L * Tiles * Columns * sizeof(float));
        TileArguments tile = new() { RightStep = 48, OutputStep = Columns, Depth = depth, Right = (float*)right.Pointer, LeftRowStep = 336, LeftDepthStep = 8 };
        double seconds = Best(() =>
        {
            for (int i = 0; i < Tiles; i++)
            {
                tile.Output = (float*)output.Pointer + (8 * i * Columns);
                tile.Left = (float*)left.Pointer + (depthMajor ? 8 * i * depth : 8 * i * 336);
                if (depthMajor)
                    Cpu.Tiles.Multiply8x3<Lanes512, System.Runtime.Intrinsics.Vector512<float>, DepthMajorLeft>(tile);
                else
                    Cpu.Tiles.Multiply8x3<Lanes512, System.Runtime.Intrinsics.Vector512<float>, RowMajorLeft>(tile);
            }
        });
        double rate = 2.0 * 8 * 48 * depth * Tiles / seconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-40} {rate / 1e9,7:F1} GFLOP/s {100 * rate / peak,6:F1} % of peak"));
    }

    private static double Best(Action action, int repeats = 200, int rounds = 30)
    {
        double best = double.PositiveInfinity;
        for (int round = 0; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
                action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds / repeats);
        }

        return best;
    }
}
