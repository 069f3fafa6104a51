using System.Diagnostics;
using System.Globalization;
using Anneal.Cpu;
using Anneal.Execution;

namespace Anneal.Tests;

/// <summary>What tests run in a process of its own: to measure its memory, to change the runtime's settings, to kill it.</summary>
public static class Child
{
    /// <summary>Runs one of <c>steps</c>, <c>weights THREADS LOOPS</c> and <c>save FOLDER</c>.</summary>
    public static int Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        switch (arguments[0])
        {
            case "steps":
                MeasureSteps();
                return 0;
            case "weights":
                PrintWeights(int.Parse(arguments[1], CultureInfo.InvariantCulture), arguments[2] == "compiled");
                return 0;
            default:
                SaveForEver(arguments[1]);
                return 0;
        }
    }

    /// <summary>The network of the MNIST example.</summary>
    internal static Sequential Network()
    {
        var model = new Sequential(
            new Conv2D(32, 3, Activation.Relu), new MaxPool2D(2), new Conv2D(64, 3, Activation.Relu), new MaxPool2D(2),
            new Flatten(), new Dropout(0.25), new Dense(64, Activation.Relu), new Dense(10))
        {
            Seed = 7,
        };
        model.Compile(new Adam(), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        model.Build([28, 28, 1]);
        return model;
    }

    /// <summary>Noise with labels, the same everywhere.</summary>
    internal static Dataset Images(int count)
    {
        var random = new Random(3);
        var x = new float[count * 784];
        for (int i = 0; i < x.Length; i++)
            x[i] = random.NextSingle();
        return Dataset.From(TensorData.From(x, [count, 28, 28, 1]), TensorData.From(Enumerable.Range(0, count).Select(i => i * 7 % 10).ToArray()));
    }

    /// <summary>Prints the bytes allocated by 9,000 steps, and the resident memory before and after them.</summary>
    private static void MeasureSteps()
    {
        Device.Default = new CpuDevice(new CpuOptions { Threads = 2 });
        Sequential model = Network();
        Dataset data = Images(4);
        StepProgram step = model.CompiledStep(model.RequireSetup(), data, 4, isTraining: true, hasClassWeights: false);
        Batch batch = data.CreateBatch(4);
        data.Fill([0, 1, 2, 3], batch);
        Run(step, batch, 1000);
        long resident = ResidentBytes(), allocated = GC.GetTotalAllocatedBytes(precise: true);
        Run(step, batch, 9000);
        long made = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Console.WriteLine(made.ToString(CultureInfo.InvariantCulture));
        Console.WriteLine(resident.ToString(CultureInfo.InvariantCulture));
        Console.WriteLine(ResidentBytes().ToString(CultureInfo.InvariantCulture));
    }

    private static void Run(StepProgram step, Batch batch, int count)
    {
        for (int i = 0; i < count; i++)
        {
            step.Load(batch, []);
            step.Run();
        }
    }

    private static long ResidentBytes()
    {
        using Process self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    /// <summary>Trains for two epochs and prints the digest of all variables.</summary>
    private static void PrintWeights(int threads, bool compiled)
    {
        Device.Default = new CpuDevice(new CpuOptions { Threads = threads, CompileLoops = compiled });
        Sequential model = Network();
        model.Fit(Images(150), new FitOptions { Epochs = 2, BatchSize = 64, Verbosity = Verbosity.Silent });
        Console.WriteLine(InstructionSets.Best);
        Console.WriteLine(Testing.Conformance.Digest(model.NamedVariables().Select(v => v.Variable.Value.AsBytes().ToArray())));
    }

    /// <summary>Saves again and again until it is killed; each save holds one number in all of its weights.</summary>
    private static void SaveForEver(string folder)
    {
        var model = new Sequential(new Dense(64, kernelInitializer: Initializer.Zeros), new Dense(64, kernelInitializer: Initializer.Zeros));
        model.Build([64]);
        for (int round = 1; ; round++)
        {
            foreach (Parameter parameter in model.NamedVariables().Select(v => v.Variable).OfType<Parameter>())
            {
                var value = new TensorData(parameter.Type);
                value.AsSpan<float>().Fill(round);
                parameter.Value = value;
            }

            model.Save(folder);
            if (round == 1)
                Console.WriteLine("saved");
        }
    }
}
