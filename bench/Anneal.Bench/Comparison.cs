using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Anneal.Bench;

/// <summary>The race: peers and Anneal in processes of their own, one after another, several times.</summary>
internal static class Comparison
{
    private const string Own = "anneal";

    internal static int Run(string[] wanted, int threads, int rounds, bool avx2)
    {
        string[] names = wanted.Length > 0 ? wanted : [.. Workloads.Names];
        if (names.FirstOrDefault(n => !Workloads.Names.Contains(n)) is { } unknown)
        {
            Console.Error.WriteLine($"There is no workload \"{unknown}\". There are: {string.Join(", ", Workloads.Names)}.");
            return 2;
        }

        if (rounds < 1 || threads < 1)
        {
            Console.Error.WriteLine("Rounds and threads must be at least 1.");
            return 2;
        }

        string peers = PeersFolder();
        Start("bash", [Path.Combine(peers, "setup.sh")], avx2: false);
        // `dotnet Anneal.Bench.dll` is a process of dotnet, which wants the library's name first.
        string[] library = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Comparison).Assembly.Location] : [];
        var rows = new List<Row>();
        var watch = Stopwatch.StartNew();
        for (int round = 0; round < rounds; round++)
        {
            foreach (string name in names)
            {
                string[] racer = [threads.ToString(CultureInfo.InvariantCulture), name];
                rows.AddRange(Start("bash", [Path.Combine(peers, "run.sh"), "torch", .. racer], avx2));
                rows.AddRange(Start("bash", [Path.Combine(peers, "run.sh"), "torchsharp", .. racer], avx2));
                rows.AddRange(Start(Environment.ProcessPath!, [.. library, "cpu", .. racer], avx2));
            }

            TimeSpan left = watch.Elapsed / (round + 1) * (rounds - round - 1);
            Console.Error.WriteLine($"round {round + 1} of {rounds}, {left:m\\:ss} left");
        }

        Print(names, rows, threads, rounds, avx2);
        return 0;
    }

    private static void Print(string[] names, List<Row> rows, int threads, int rounds, bool avx2)
    {
        Console.WriteLine($"{threads} threads{(avx2 ? ", at most AVX2" : "")}, medians of {rounds} runs in turn on {DateTime.UtcNow:yyyy-MM-dd}; {Processor()}\n");
        Console.WriteLine("| workload | Anneal, ms | better peer, ms | ratio | TorchSharp, ms | ratio | % of peak | MiB, Anneal | MiB, better peer |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (string name in names)
        {
            Summary[] all = [.. rows.Where(r => r.Workload == name).GroupBy(r => r.Peer).Select(g => new Summary(g.Key, Median(g.Select(r => r.Milliseconds)), Median(g.Select(r => r.PeakMib)), Median(g.Select(r => r.PercentOfPeak))))];
            if (Array.Find(all, s => s.Peer.StartsWith(Own, StringComparison.Ordinal)) is not { } ours)
                continue;
            Summary? better = all.Where(s => s != ours).MinBy(s => s.Milliseconds);
            double memory = better?.PeakMib > 0 ? better.PeakMib : all.Where(s => s != ours && s.PeakMib > 0).Select(s => s.PeakMib).DefaultIfEmpty().Min();
            Summary? torchSharp = Array.Find(all, s => s.Peer.StartsWith("TorchSharp", StringComparison.Ordinal));
            Console.WriteLine(
                $"| {name} | {ours.Milliseconds:G4} | {Cell(better?.Milliseconds)} ({better?.Peer ?? "none"}) | {Cell(better?.Milliseconds / ours.Milliseconds)} "
                + $"| {Cell(torchSharp?.Milliseconds)} | {Cell(torchSharp?.Milliseconds / ours.Milliseconds)} | {Cell(ours.PercentOfPeak)} | {Cell(ours.PeakMib)} | {Cell(memory)} |");
        }
    }

    private static string Cell(double? value) => value is > 0 ? value.Value.ToString("G3", CultureInfo.InvariantCulture) : "";

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>Runs a program and reads the JSON lines that it prints.</summary>
    private static List<Row> Start(string program, string[] arguments, bool avx2)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        if (avx2)
        {
            start.Environment["ATEN_CPU_CAPABILITY"] = "avx2";
            start.Environment["ONEDNN_MAX_CPU_ISA"] = "AVX2";
            start.Environment["MKL_ENABLE_INSTRUCTIONS"] = "AVX2";
            // The PyTorch of Debian multiplies with OpenBLAS.
            start.Environment["OPENBLAS_CORETYPE"] = "Haswell";
            start.Environment["DOTNET_EnableAVX512"] = "0";
        }

        using Process process = Process.Start(start)!;
        var rows = new List<Row>();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            // What a process held before its second row is not what a program holds that runs this one alone.
            if (line.StartsWith('{') && Row.Read(line) is { } row)
                rows.Add(rows.Count == 0 ? row : row with { PeakMib = 0 });
        }

        process.WaitForExit();
        return process.ExitCode == 0 ? rows : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    /// <summary>The folder beside this project's.</summary>
    private static string PeersFolder()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string peers = Path.Combine(folder, "peers");
            if (File.Exists(Path.Combine(peers, "run.sh")))
                return peers;
        }

        throw new DirectoryNotFoundException("bench/peers was not found above the program.");
    }

    private static string Processor() =>
        File.Exists("/proc/cpuinfo") && File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? $"{Environment.ProcessorCount} cores of {line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..]}"
            : $"{Environment.ProcessorCount} cores";

    private sealed record Summary(string Peer, double Milliseconds, double PeakMib, double PercentOfPeak);

    /// <summary>One line of a racer.</summary>
    private sealed record Row(string Peer, string Workload, double Milliseconds, double PeakMib, double PercentOfPeak)
    {
        /// <summary>Null where the line says that a mode failed.</summary>
        internal static Row? Read(string line)
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (!root.TryGetProperty("ms", out JsonElement milliseconds))
                return null;
            string peer = root.GetProperty("peer").GetString()!;
            if (root.TryGetProperty("mode", out JsonElement mode) && mode.GetString() is { } text && text != "eager")
                peer += " " + text;
            return new Row(peer, root.GetProperty("workload").GetString()!, milliseconds.GetDouble(), Number(root, "peak_mib"), Number(root, "percent_of_peak"));
        }

        private static double Number(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : 0;
    }
}
