using Anneal.Cpu;
using Anneal.Execution;
using Anneal.Reference;

namespace Anneal.Golden.Tests;

/// <summary>Values and gradients of every case of the manifest, in float32.</summary>
public sealed class GoldenTests
{
    private static readonly CpuDevice Processor = new();

    /// <summary>The names of all cases; an unknown operation fails.</summary>
    public static TheoryData<string> Names => [.. GoldenFolder.Cases.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void ProcessorFollows(string name) => Run(GoldenFolder.Find(name), Processor);

    [Theory]
    [MemberData(nameof(Names))]
    public void ReferenceFollows(string name) => Run(GoldenFolder.Find(name), new ReferenceDevice());

    internal static void Run(GoldenCase golden, Device device)
    {
        if (Operations.Runners.TryGetValue(golden.Operation, out Runner? runner))
            GoldenRun.Run(golden, runner, device);
        else if (Operations.Optimizers.TryGetValue(golden.Operation, out Func<GoldenArguments, Optimizer>? make))
            Operations.RunOptimizer(golden, make, device);
        else if (golden.Operation == "metrics")
            Operations.RunMetrics(golden);
        else
            Assert.Fail($"{golden.Name}: the operation {golden.Operation} is unknown.");
    }
}
