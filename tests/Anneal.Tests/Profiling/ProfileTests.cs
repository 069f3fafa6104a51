using System.Text.Json;
using Anneal.Cpu;
using Anneal.Reference;

namespace Anneal.Tests.Profiling;

public sealed class ProfileTests
{
    private static readonly CpuDevice Processor = new(new CpuOptions { Threads = 1 });

    [Fact]
    public void AProductCountsItsOperationsAndBytes()
    {
        Program program = Program.Compile((x, y) => x.MatMul(y), new ProgramOptions { Device = Processor, Name = "product" });
        Profile profile = program.Profile(new TensorData(DType.Float32, [4, 3]), new TensorData(DType.Float32, [3, 5]));
        KernelProfile kernel = Assert.Single(profile.Kernels);
        Assert.Equal(2 * 4 * 3 * 5, kernel.Operations);
        Assert.Equal(4 * (12 + 15 + 20), kernel.Bytes);
        Assert.True(kernel.Milliseconds > 0 && kernel.PercentOfPeak > 0);
        Assert.Contains("MatMul [4, 3] by [3, 5]", profile.ToTable(), StringComparison.Ordinal);
        Assert.True(profile.Peak.OperationsPerSecond > 1e9 && profile.Peak.BytesPerSecond > 1e8);
    }

    [Fact]
    public void AConvolutionCountsAMultiplyAddForEachTap()
    {
        var layer = new Conv2D(6, 3, useBias: false);
        Program program = Program.Compile(x => layer.Apply(x), new ProgramOptions { Device = Processor });
        Profile profile = program.Profile(new TensorData(DType.Float32, [2, 8, 8, 4]));
        Assert.Equal(2.0 * (2 * 6 * 6 * 6) * (3 * 3 * 4), Assert.Single(profile.Kernels).Operations);
    }

    [Fact]
    public void ProfilingAStepChangesNothing()
    {
        var model = new Sequential(new Dense(8, Activation.Relu), new Dropout(0.5), new Dense(3)) { Seed = 1 };
        model.Compile(new AdamW(new ExponentialSchedule(0.1, 0.5)), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        Dataset data = Dataset.From(TensorData.From(Enumerable.Range(0, 40).Select(i => i % 7 * 0.1f).ToArray(), [10, 4]), TensorData.From([0, 1, 2, 0, 1, 2, 0, 1, 2, 0]));
        var options = new FitOptions { Epochs = 2, BatchSize = 5, Verbosity = Verbosity.Silent };
        model.Fit(data, options);
        Sequential other = new(new Dense(8, Activation.Relu), new Dropout(0.5), new Dense(3)) { Seed = 1 };
        other.Compile(new AdamW(new ExponentialSchedule(0.1, 0.5)), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        other.Fit(data, options);

        Profile profile = other.ProfileStep(data, batchSize: 5);
        Assert.True(profile.Kernels.Count > 4);
        Assert.Contains(profile.Kernels, k => k.LayerPath.Contains("dense", StringComparison.Ordinal));
        Assert.Equal(model.Fit(data, options).Epochs[^1]["loss"], other.Fit(data, options).Epochs[^1]["loss"]);
        foreach ((Parameter a, Parameter b) in model.Parameters.Zip(other.Parameters))
            Assert.Equal(a.Value.ToArray<float>(), b.Value.ToArray<float>());
    }

    [Fact]
    public void TheTraceIsAnArrayOfCompleteEvents()
    {
        Program program = Program.Compile(x => Tensor.Exp(x).Sum(), new ProgramOptions { Device = Processor });
        Profile profile = program.Profile(new TensorData(DType.Float32, [100]));
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            profile.WriteChromeTrace(path);
            using JsonDocument trace = JsonDocument.Parse(File.ReadAllText(path));
            Assert.Equal(20 * profile.Kernels.Count, trace.RootElement.GetArrayLength());
            double last = 0;
            foreach (JsonElement item in trace.RootElement.EnumerateArray())
            {
                Assert.Equal("X", item.GetProperty("ph").GetString());
                Assert.True(item.GetProperty("ts").GetDouble() >= last);
                Assert.True(item.GetProperty("dur").GetDouble() >= 0);
                last = item.GetProperty("ts").GetDouble();
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void TheReferenceHasNoKernelsToMeasure()
    {
        Program program = Program.Compile(x => x * 2, new ProgramOptions { Device = new ReferenceDevice() });
        Assert.Throws<DeviceException>(() => program.Profile(new TensorData(DType.Float32, [3])));
    }
}
