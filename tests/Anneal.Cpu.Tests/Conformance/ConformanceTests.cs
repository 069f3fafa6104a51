using System.Globalization;
using System.Runtime.Intrinsics.X86;
using Anneal.Testing;

namespace Anneal.Cpu.Tests.Conformance;

/// <summary>
/// Every operation against the reference on every instruction set, compiled and in tiles, with one and several threads; and the same
/// bits from all of them that have fused multiply-add.
/// </summary>
public sealed class ConformanceTests
{
    private static readonly Lazy<Task<Child.Report>> Here = new(() => Task.Run(() => Child.Run(new CpuDevice(new CpuOptions { Threads = 2 }))));

    [Fact]
    public async Task TheWidestVectorsAgreeWithTheReference()
    {
        Child.Report report = await Here.Value;
        Assert.True(report.Failures.Count == 0, $"{report.Failures.Count} of {report.Cases} cases fail:\n{string.Join("\n", report.Failures.Take(10))}");
        Assert.True(report.Cases > 5000);
    }

    [Fact]
    public async Task OneThreadAndTilesGiveTheSameBits()
    {
        string[] lines = RunChild("tiles", 1, "");
        Assert.Equal(InstructionSets.Best.ToString(), lines[0]);
        Assert.Equal((await Here.Value).Digest, lines[1]);
    }

    [Fact]
    public async Task Avx2GivesTheSameBits()
    {
        if (!Fma.IsSupported)
            return;
        string[] lines = RunChild("compiled", 2, "DOTNET_EnableAVX512");
        Assert.Equal(nameof(InstructionSet.Vector256), lines[0]);
        Assert.Equal((await Here.Value).Digest, lines[1]);
    }

    [Fact]
    public void Vectors128AgreeWithTheReference()
    {
        string[] lines = RunChild("compiled", 2, "DOTNET_EnableAVX2");
        Assert.Equal(nameof(InstructionSet.Vector128), lines[0]);
    }

    private static string[] RunChild(string loops, int threads, string switchedOff)
    {
        var settings = new Dictionary<string, string>();
        if (switchedOff.Length > 0)
            settings[switchedOff] = "0";
        return ChildProcess.Run(typeof(Child).Assembly, settings, loops, threads.ToString(CultureInfo.InvariantCulture));
    }
}
