using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics.X86;
using Anneal.Cpu;
using Anneal.Planning;
using Anneal.Testing;

namespace Anneal.Tests.Training;

/// <summary>The compiled step as a whole: what it allocates, how many kernels it has, how much memory it takes, and its bits.</summary>
public sealed class StepTests
{
    private static readonly Dictionary<string, string> NoSettings = [];

    [Fact]
    public void StepsAllocateNothingAndMemoryStaysFlat()
    {
        double[] printed = ChildProcess.Run(typeof(Child).Assembly, NoSettings, "steps").Select(l => double.Parse(l, CultureInfo.InvariantCulture)).ToArray();

        // The two calls that measure allocate a little themselves; 9,000 steps that allocated would show 9,000 objects of 24 bytes.
        Assert.InRange(printed[0], 0, 9000);
        Assert.InRange(printed[2], 0, printed[1] * 1.05);
    }

    [Fact]
    public void TheSameSeedGivesTheSameBitsOnAnyThreadsAndInstructionSets()
    {
        string[] expected = ChildProcess.Run(typeof(Child).Assembly, NoSettings, "weights", "2", "compiled");
        Assert.Equal(expected[1], ChildProcess.Run(typeof(Child).Assembly, NoSettings, "weights", "1", "compiled")[1]);
        Assert.Equal(expected[1], ChildProcess.Run(typeof(Child).Assembly, NoSettings, "weights", "3", "tiles")[1]);
        if (!Fma.IsSupported)
            return;
        string[] narrow = ChildProcess.Run(typeof(Child).Assembly, new Dictionary<string, string> { ["DOTNET_EnableAVX512"] = "0" }, "weights", "2", "compiled");
        Assert.Equal(nameof(InstructionSet.Vector256), narrow[0]);
        Assert.Equal(expected[1], narrow[1]);
    }

    [Fact]
    public void TheConvolutionalNetworkHasFewKernelsAndLittleMemory()
    {
        Sequential model = Child.Network();
        Dataset data = Child.Images(64);
        Plan plan = model.CompiledStep(model.RequireSetup(), data, 64, isTraining: true, hasClassWeights: false).Compiled.Plan;

        // A convolution with bias and activation is one kernel; so is a bias gradient with the mask of its activation.
        Assert.All(plan.Steps.OfType<KernelStep>().Where(s => s.Kernel.Op is Ops.Convolve), s => Assert.NotNull(s.Epilogue));
        // Each gradient, or what speaks for it, is tested before the updates begin.
        Assert.InRange(plan.Steps.Length, 30, 55);

        // The largest values: the first convolution's result and its gradient, 5.3 MiB each, which live together.
        Assert.InRange(plan.ArenaBytes, 2 * 5_537_792, 15_000_000);
    }

    [Fact]
    public void ASaveThatIsKilledLeavesAWholeModel()
    {
        string folder = Directory.CreateTempSubdirectory("anneal-kill").FullName;
        try
        {
            for (int round = 0; round < 5; round++)
            {
                using Process child = ChildProcess.Start(typeof(Child).Assembly, NoSettings, "save", folder);
                Assert.Equal("saved", child.StandardOutput.ReadLine());
                child.WaitForExit(20 + 37 * round);
                child.Kill();
                child.WaitForExit();
                float[] values = Model.Load(folder).NamedVariables().SelectMany(v => v.Variable.Value.ToArray<float>()).Distinct().ToArray();
                Assert.Single(values);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
