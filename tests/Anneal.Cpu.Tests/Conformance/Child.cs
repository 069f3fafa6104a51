using Anneal.Testing;

namespace Anneal.Cpu.Tests.Conformance;

/// <summary>
/// The conformance suite as a program: runs every case, prints the instruction set, the digest of all results and the failures. Its
/// arguments: <c>tiles</c> or <c>compiled</c>, and the number of threads.
/// </summary>
public static class Child
{
    /// <summary>Returns 0 where every case agrees with the reference.</summary>
    public static int Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var device = new CpuDevice(new CpuOptions { CompileLoops = arguments[0] == "compiled", Threads = int.Parse(arguments[1], System.Globalization.CultureInfo.InvariantCulture) });
        Report report = Run(device);
        Console.WriteLine(InstructionSets.Best);
        Console.WriteLine(report.Digest);
        Console.WriteLine($"{report.Cases} cases, {report.Failures.Count} failures");
        foreach (string failure in report.Failures.Take(10))
            Console.WriteLine(failure);
        return report.Failures.Count == 0 ? 0 : 1;
    }

    internal static Report Run(CpuDevice device)
    {
        var failures = new List<string>();
        var results = new List<byte[]>();
        foreach (OpCase test in ConformanceCases.All())
        {
            (string? difference, byte[] bytes) = Testing.Conformance.Check(test, device);
            if (difference is not null)
                failures.Add(difference);
            results.Add(bytes);
        }

        return new Report(results.Count, Testing.Conformance.Digest(results), failures);
    }

    internal sealed record Report(int Cases, string Digest, List<string> Failures);
}
