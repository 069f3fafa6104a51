using System.Diagnostics;
using Anneal.Cpu;
using Anneal.Execution;

namespace Anneal.Bench;

/// <summary>The reference workloads: the same networks, batches and optimizer (AdamW) as the peers'.</summary>
internal static class Workloads
{
    private static readonly Shape Image = [28, 28, 1];

    private static readonly (string Name, Func<int, string> Run)[] All =
    [
        ("mnist-mlp b128", _ => Train("mnist-mlp b128", Mlp(), 128, 50, 300)),
        ("mnist-cnn b64", _ => Train("mnist-cnn b64", Cnn(), 64, 30, 150)),
        ("mnist-cnn predict b1", _ => Predict("mnist-cnn predict b1", Cnn(), 1, 100, 1000)),
        ("mnist-cnn predict b1000", _ => Predict("mnist-cnn predict b1000", Cnn(), 1000, 3, 20)),
        ("matmul 256", _ => Product(256)),
        ("matmul 512", _ => Product(512)),
        ("matmul 1024", _ => Product(1024)),
        ("matmul 2048", _ => Product(2048)),
    ];

    internal static int Run(int threads, string[] wanted)
    {
        foreach (string name in wanted.Where(w => !All.Any(a => a.Name == w)))
        {
            Console.Error.WriteLine($"There is no workload \"{name}\". There are: {string.Join(", ", All.Select(a => a.Name))}.");
            return 2;
        }

        Device.Default = new CpuDevice(new CpuOptions { Threads = threads });
        foreach ((string name, Func<int, string> run) in All)
        {
            if (wanted.Length == 0 || wanted.Contains(name))
                Console.WriteLine($"{{\"peer\":\"anneal {typeof(Model).Assembly.GetName().Version!.ToString(3)}\",\"device\":\"cpu\",\"threads\":{threads},{run(threads)}}}");
        }

        return 0;
    }

    private static Sequential Mlp() => new(new Flatten(), new Dense(128, Activation.Relu), new Dense(64, Activation.Relu), new Dense(10));

    private static Sequential Cnn() => new(
        new Conv2D(32, 3, Activation.Relu), new MaxPool2D(2), new Conv2D(64, 3, Activation.Relu), new MaxPool2D(2),
        new Flatten(), new Dense(64, Activation.Relu), new Dense(10));

    private static string Train(string name, Sequential model, int count, int warm, int steps)
    {
        Dataset data = RandomImages(count);
        model.Compile(new AdamW(1e-3), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Build(Image);
        var watch = Stopwatch.StartNew();
        StepProgram step = model.CompiledStep(model.RequireSetup(), data, count, isTraining: true, hasClassWeights: false);
        double compile = watch.Elapsed.TotalMilliseconds;
        Batch batch = data.CreateBatch(count);
        data.Fill(Enumerable.Range(0, count).ToArray(), batch);
        double milliseconds = Median(() =>
        {
            step.Load(batch, []);
            step.Run();
        }, warm, steps);
        return Describe(name, milliseconds, count, "img")
            + $",\"compile_ms\":{compile:F1},\"kernels\":{step.Compiled.Plan.Steps.Length},\"arena_mib\":{step.Compiled.ArenaBytes / 1048576.0:F1}";
    }

    private static string Predict(string name, Sequential model, int count, int warm, int runs)
    {
        Dataset data = RandomImages(count);
        TensorData x = data.CreateBatch(count).Inputs[0];
        return Describe(name, Median(() => model.Predict(x, count), warm, runs), count, "img");
    }

    private static string Product(int n)
    {
        var x = new TensorData(DType.Float32, [n, n]);
        FillRandom(x.AsSpan<float>(), 1);
        CompiledGraph compiled = CompiledGraph.Compile(Graphs.Graph.Of("matmul", [x.Type, x.Type], t => [t[0].MatMul(t[1])]));
        ProgramContext context = compiled.CreateContext();
        x.AsBytes().CopyTo(context.Inputs[0].AsBytes());
        x.AsBytes().CopyTo(context.Inputs[1].AsBytes());
        double milliseconds = Median(context.Run, 10, n > 1000 ? 20 : 100);
        return Describe($"matmul {n}", milliseconds, 1, "matmul") + $",\"gflops\":{2.0 * n * n * n / milliseconds / 1e6:F1}";
    }

    private static string Describe(string name, double milliseconds, int items, string unit) =>
        $"\"workload\":\"{name}\",\"ms\":{milliseconds:F4},\"per_s\":{items / milliseconds * 1e3:F1},\"unit\":\"{unit}\"";

    private static double Median(Action action, int warm, int count)
    {
        for (int i = 0; i < warm; i++)
            action();
        var times = new double[count];
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[count / 2];
    }

    private static Dataset RandomImages(int count)
    {
        var x = new TensorData(DType.Float32, [count, 28, 28, 1]);
        FillRandom(x.AsSpan<float>(), 2);
        return Dataset.From(x, TensorData.From(Enumerable.Range(0, count).Select(i => i % 10).ToArray()));
    }

    private static void FillRandom(Span<float> values, ulong seed)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Ops.Philox.Uniform(seed, 1, 0, i);
    }
}
