using System.Diagnostics;
using System.Globalization;
using Anneal.Cpu;
using Anneal.Execution;
using Anneal.Planning;

namespace Anneal.Bench;

/// <summary>The reference workloads: the same networks, batches and optimizer (AdamW) as the peers'.</summary>
internal static class Workloads
{
    private static readonly TrainingWorkload[] Trained =
    [
        new("mnist-mlp b128", Networks.Mlp, () => Images(128), "img", 50, 300),
        new("mnist-cnn b64", Networks.Cnn, () => Images(64), "img", 30, 150),
        new("lstm-classifier b32 t100", Networks.LstmClassifier, () => Tokens(32, 100, 10_000, 5), "seq", 10, 40),
        new("bert-mini-cls b32 t128", Networks.BertMini, () => Tokens(32, 128, 30_522, 5), "seq", 2, 8),
        new("char-gpt 6x384 b4 t256", () => Networks.CharGpt(), () => Tokens(4, 256, 65, 0), "tok", 2, 8),
    ];

    private static readonly (string Name, Func<string> Run)[] All =
    [
        .. Trained.Select(w => (w.Name, (Func<string>)(() => Train(w)))),
        ("mnist-cnn predict b1", () => Predict("mnist-cnn predict b1", Networks.Cnn(), 1, 100, 1000)),
        ("mnist-cnn predict b1000", () => Predict("mnist-cnn predict b1000", Networks.Cnn(), 1000, 3, 20)),
        .. new[] { 256, 512, 1024, 2048 }.Select(n => ($"matmul {n}", (Func<string>)(() => Product(n)))),
    ];

    internal static int Run(int threads, string[] wanted)
    {
        foreach (string name in wanted.Where(w => !All.Any(a => a.Name == w)))
        {
            Console.Error.WriteLine($"There is no workload \"{name}\". There are: {string.Join(", ", All.Select(a => a.Name))}.");
            return 2;
        }

        Device.Default = new CpuDevice(new CpuOptions { Threads = threads });
        foreach ((string name, Func<string> run) in All)
        {
            if (wanted.Length == 0 || wanted.Contains(name))
                Console.WriteLine($"{{\"peer\":\"anneal {typeof(Model).Assembly.GetName().Version!.ToString(3)}\",\"device\":\"cpu\",\"threads\":{threads},{run()}}}");
        }

        return 0;
    }

    internal static IEnumerable<string> Names => All.Select(a => a.Name);

    /// <summary>Prints what one thread can do and what all can.</summary>
    internal static int Peak()
    {
        foreach (int threads in (int[])[1, Environment.ProcessorCount])
        {
            MachinePeak peak = new CpuDevice(new CpuOptions { Threads = threads }).MeasurePeak();
            Console.WriteLine($"{threads} threads, {InstructionSets.Best}: {peak.OperationsPerSecond / 1e9:F0} GFLOP/s of multiply-adds, {peak.BytesPerSecond / 1e9:F1} GB/s of memory");
        }

        return 0;
    }

    /// <summary>Prints the profile of a training step.</summary>
    internal static int Profile(int threads, string name, string? trace, int rows)
    {
        if (Array.Find(Trained, w => w.Name == name) is not { } workload)
        {
            Console.Error.WriteLine($"There is no training workload \"{name}\". There are: {string.Join(", ", Trained.Select(w => w.Name))}.");
            return 2;
        }

        Device.Default = new CpuDevice(new CpuOptions { Threads = threads });
        (Model model, Dataset data) = workload.Make();
        Profile profile = model.ProfileStep(data, data.Count);
        Console.Write(profile.ToTable(rows));
        if (trace is not null)
            profile.WriteChromeTrace(trace);
        return 0;
    }

    /// <summary>Prints where the memory of a training step goes: what lives in the arena when it is fullest.</summary>
    internal static int Memory(string name, int rows)
    {
        if (Array.Find(Trained, w => w.Name == name) is not { } workload)
        {
            Console.Error.WriteLine($"There is no training workload \"{name}\". There are: {string.Join(", ", Trained.Select(w => w.Name))}.");
            return 2;
        }

        double start = MemoryOf("VmRSS");
        (Model model, Dataset data) = workload.Make();
        Report("model built");
        CompiledGraph compiled = model.CompiledStep(model.RequireSetup(), data, data.Count, isTraining: true, hasClassWeights: false).Compiled;
        Report("step compiled");
        PlanBuffer[] arena = [.. compiled.Plan.Buffers.Where(b => b.Kind == BufferKind.Arena && b.LastStep >= 0)];
        int fullest = Enumerable.Range(0, compiled.Plan.Steps.Length).MaxBy(i => Alive(i).Sum(b => b.ByteCount));
        Console.WriteLine($"variables {Mebibytes(compiled.Plan.Buffers.Where(b => b.Kind == BufferKind.Variable).Sum(b => b.ByteCount))}, "
            + $"arena {Mebibytes(compiled.Plan.ArenaBytes)} of which {Mebibytes(Alive(fullest).Sum(b => b.ByteCount))} live at step {fullest} of {compiled.Plan.Steps.Length}, "
            + $"scratch {Mebibytes(compiled.ArenaBytes - compiled.Plan.ArenaBytes)}");
        foreach (PlanBuffer buffer in Alive(fullest).OrderByDescending(b => b.ByteCount).Take(rows))
        {
            PlanStep step = compiled.Plan.Steps[buffer.FirstStep];
            Console.WriteLine($"{Mebibytes(buffer.ByteCount),10}  steps {buffer.FirstStep,4} to {buffer.LastStep,4}  {step.LayerPath}: {step.Describe().AsSpan(0, Math.Min(90, step.Describe().AsSpan().IndexOfAny("\n{"))).Trim()}");
        }

        return 0;

        IEnumerable<PlanBuffer> Alive(int step) => arena.Where(b => b.FirstStep <= step && step <= b.LastStep);

        void Report(string what) => Console.WriteLine(
            $"{what}: {MemoryOf("VmRSS") - start:F1} MiB resident, {MemoryOf("VmHWM") - start:F1} MiB at most, {Mebibytes(GC.GetTotalMemory(false))} managed");
    }

    private static string Mebibytes(long bytes) => $"{bytes / (double)(1 << 20):F1} MiB";

    /// <summary>The operations of a training step and its median time in milliseconds.</summary>
    internal static (double Operations, double Milliseconds) TimeStep(TrainingWorkload workload)
    {
        (Model model, Dataset data) = workload.Make();
        (StepProgram step, double milliseconds, _) = TimeStep(workload, model, data);
        return (step.Compiled.Plan.Steps.Sum(Profiler.CountOperations), milliseconds);
    }

    /// <summary>An epoch of MNIST through <c>Fit</c>, with metric and progress bar, beside the bare step of the same network.</summary>
    internal static int Fit(int threads, string folder, int rounds)
    {
        Device.Default = new CpuDevice(new CpuOptions { Threads = threads });
        (Dataset train, _) = Data.Mnist.Load(folder);
        TrainingWorkload workload = Trained[1];
        var epoch = new double[rounds];
        var bare = new double[rounds];
        const int Steps = (54_000 + 63) / 64;
        for (int i = 0; i < rounds; i++)
        {
            // As many steps as an epoch has, all of them counted: a median would leave out what disturbs the epoch too.
            (Model model, Dataset batch) = workload.Make();
            StepProgram step = TimeStep(workload, model, batch).Step;
            long first = Stopwatch.GetTimestamp();
            for (int n = 0; n < Steps; n++)
                step.Run();
            bare[i] = Stopwatch.GetElapsedTime(first).TotalMilliseconds / Steps;
            Sequential fitted = Networks.Cnn();
            fitted.Compile(new AdamW(1e-3), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
            Dataset images = train.Take(54_000);
            fitted.Fit(images, new FitOptions { Epochs = 1, BatchSize = 64 });
            long start = Stopwatch.GetTimestamp();
            fitted.Fit(images, new FitOptions { Epochs = 1, BatchSize = 64 });
            epoch[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(epoch);
        Array.Sort(bare);
        double perStep = epoch[rounds / 2] / Steps;
        Console.WriteLine($"epoch of 54,000 images {epoch[rounds / 2] / 1e3:F2} s, {perStep:F3} ms a step; bare step {bare[rounds / 2]:F3} ms; Fit adds {100 * (perStep / bare[rounds / 2] - 1):F1} %");
        return 0;
    }

    private static (StepProgram Step, double Milliseconds, double CompileMilliseconds) TimeStep(TrainingWorkload workload, Model model, Dataset data)
    {
        int count = data.Count;
        var watch = Stopwatch.StartNew();
        StepProgram step = model.CompiledStep(model.RequireSetup(), data, count, isTraining: true, hasClassWeights: false);
        double compile = watch.Elapsed.TotalMilliseconds;
        Batch batch = data.CreateBatch(count);
        data.Fill(Enumerable.Range(0, count).ToArray(), batch);
        double milliseconds = Median(() =>
        {
            step.Load(batch, []);
            step.Run();
        }, workload.WarmUps, workload.Steps);
        return (step, milliseconds, compile);
    }

    private static string Train(TrainingWorkload workload)
    {
        double before = MemoryOf("VmRSS");
        (Model model, Dataset data) = workload.Make();
        int count = data.Count;
        (StepProgram step, double milliseconds, double compile) = TimeStep(workload, model, data);
        return Describe(workload.Name, milliseconds, workload.Unit == "tok" ? count * (int)data.Inputs[0].Shape[0] : count, workload.Unit)
            + DescribeProgram(step.Compiled, milliseconds, before)
            + $",\"parameters\":{model.Parameters.Sum(p => p.Shape.ElementCount)},\"compile_ms\":{compile:F1}";
    }

    /// <summary>Rate, memory and size of a compiled program.</summary>
    /// <param name="compiled">The program.</param>
    /// <param name="milliseconds">The time of a run.</param>
    /// <param name="before">The resident memory before the model was built, in MiB.</param>
    private static string DescribeProgram(CompiledGraph compiled, double milliseconds, double before)
    {
        double rate = compiled.Plan.Steps.Sum(Profiler.CountOperations) / milliseconds * 1e3;
        double peak = MemoryOf("VmHWM") - before;
        return $",\"gflops\":{rate / 1e9:F1},\"percent_of_peak\":{100 * rate / ((CpuDevice)compiled.Device).MeasureArithmetic():F1}"
            + $",\"peak_mib\":{peak:F1},\"kernels\":{compiled.Plan.Steps.Length}";
    }

    /// <summary>A line of the kernel's account of this process, in MiB; 0 where there is none.</summary>
    private static double MemoryOf(string key)
    {
        const string Account = "/proc/self/status";
        string? line = File.Exists(Account) ? File.ReadLines(Account).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal)) : null;
        return line is null ? 0 : double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private static string Predict(string name, Sequential model, int count, int warm, int runs)
    {
        Dataset data = Images(count);
        TensorData x = data.CreateBatch(count).Inputs[0];
        return Describe(name, Median(() => model.Predict(x, count), warm, runs), count, "img");
    }

    private static string Product(int n)
    {
        var x = new TensorData(DType.Float32, [n, n]);
        FillRandom(x.AsSpan<float>(), 1);
        double before = MemoryOf("VmRSS");
        CompiledGraph compiled = CompiledGraph.Compile(Graphs.Graph.Of("matmul", [x.Type, x.Type], t => [t[0].MatMul(t[1])]));
        ProgramContext context = compiled.CreateContext();
        x.AsBytes().CopyTo(context.Inputs[0].AsBytes());
        x.AsBytes().CopyTo(context.Inputs[1].AsBytes());
        double milliseconds = Median(context.Run, 10, n > 1000 ? 20 : 100);
        return Describe($"matmul {n}", milliseconds, 1, "matmul") + DescribeProgram(compiled, milliseconds, before);
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

    private static Dataset Images(int count)
    {
        var x = new TensorData(DType.Float32, [count, 28, 28, 1]);
        FillRandom(x.AsSpan<float>(), 2);
        return Dataset.From(x, TensorData.From(Enumerable.Range(0, count).Select(i => i % 10).ToArray()));
    }

    /// <summary>Random tokens with a class each, or where there are no classes the tokens themselves as targets.</summary>
    internal static Dataset Tokens(int count, int length, int vocabulary, int classes)
    {
        var random = new Random(3);
        int[] tokens = [.. Enumerable.Range(0, count * length).Select(_ => random.Next(vocabulary))];
        int[] targets = classes == 0 ? tokens : [.. Enumerable.Range(0, count).Select(_ => random.Next(classes))];
        return Dataset.From(TensorData.From(tokens, [count, length]), classes == 0 ? TensorData.From(targets, [count, length]) : TensorData.From(targets));
    }

    private static void FillRandom(Span<float> values, ulong seed)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Ops.Philox.Uniform(seed, 1, 0, i);
    }
}

/// <summary>A network that is trained, with its batch.</summary>
internal sealed record TrainingWorkload(string Name, Func<Model> Network, Func<Dataset> Data, string Unit, int WarmUps, int Steps)
{
    /// <summary>The network, built and compiled, and a data set of one batch.</summary>
    internal (Model Model, Dataset Data) Make()
    {
        Model model = Network();
        Dataset data = Data();
        model.Compile(new AdamW(1e-3), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Build([data.Inputs[0]]);
        return (model, data);
    }
}
