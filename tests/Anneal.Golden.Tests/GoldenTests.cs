using Anneal.Cpu;
using Anneal.Execution;
using Anneal.Reference;
using Xunit.Abstractions;

namespace Anneal.Golden.Tests;

/// <summary>Values and gradients of every case of the manifest whose operation exists, in float32.</summary>
public sealed class GoldenTests(ITestOutputHelper output)
{
    private static readonly CpuDevice Processor = new();

    /// <summary>The names of all cases but those of operations that are not there yet; unknown operations are among them and fail.</summary>
    public static TheoryData<string> Names => [.. GoldenFolder.Cases.Where(c => !Operations.NotYet.Contains(c.Operation)).Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void ProcessorFollows(string name) => Run(GoldenFolder.Find(name), Processor);

    [Theory]
    [MemberData(nameof(Names))]
    public void ReferenceFollows(string name) => Run(GoldenFolder.Find(name), new ReferenceDevice());

    [Fact]
    public void ListsWhatIsNotThereYet()
    {
        GoldenCase[] missing = [.. GoldenFolder.Cases.Where(c => Operations.NotYet.Contains(c.Operation))];
        int here = GoldenFolder.Cases.Count(Operations.IsHere);
        output.WriteLine(FormattableString.Invariant($"{here} of {GoldenFolder.Cases.Length} cases run; {missing.Length} are not there yet:"));
        foreach (IGrouping<string, GoldenCase> family in missing.GroupBy(c => c.Family))
            output.WriteLine($"{family.Key}: {string.Join(", ", family.Select(c => c.Name))}");
        Assert.Equal(GoldenFolder.Cases.Length, here + missing.Length);
        Assert.Equal(Names.Count, here);
    }

    [Fact]
    public void NoOperationIsBothHereAndNotYet() =>
        Assert.Empty(Operations.Runners.Keys.Concat(Operations.Optimizers.Keys).Intersect(Operations.NotYet));

    internal static void Run(GoldenCase golden, Device device)
    {
        if (Operations.Runners.TryGetValue(golden.Operation, out Runner? runner))
            GoldenRun.Run(golden, runner, device);
        else if (Operations.Optimizers.TryGetValue(golden.Operation, out Func<GoldenArguments, Optimizer>? make))
            Operations.RunOptimizer(golden, make, device);
        else
            Assert.Fail($"{golden.Name}: the operation {golden.Operation} is unknown; it is neither run nor listed as not there yet.");
    }
}
