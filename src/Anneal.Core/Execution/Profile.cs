using System.Globalization;
using System.Text;
using System.Text.Json;
using Anneal.Execution;

namespace Anneal;

/// <summary>What a machine can do at most, measured on it.</summary>
/// <param name="OperationsPerSecond">Float32 additions and multiplications a second, in multiply-adds of independent vectors; 0 where the device cannot tell.</param>
/// <param name="BytesPerSecond">Bytes a second that are read or written in memory beyond the caches; 0 where the device cannot tell.</param>
public sealed record MachinePeak(double OperationsPerSecond, double BytesPerSecond)
{
    /// <summary>The shortest time in which so much can be done, in seconds: arithmetic and memory may overlap.</summary>
    internal double FloorOf(double operations, double bytes) =>
        Math.Max(OperationsPerSecond > 0 ? operations / OperationsPerSecond : 0, BytesPerSecond > 0 ? bytes / BytesPerSecond : 0);
}

/// <summary>A kernel of a program, measured.</summary>
/// <param name="Name">What it computes.</param>
/// <param name="LayerPath">The layer it comes from; empty where there is none.</param>
/// <param name="Milliseconds">The median time of a run.</param>
/// <param name="Bytes">The bytes of its operands and results, each counted once.</param>
/// <param name="Operations">Its arithmetic operations, a multiply-add counting as two and each other function of an element as one.</param>
/// <param name="PercentOfPeak">
/// The time that the machine would need at its peak, for the arithmetic or for the bytes, whichever is longer, in percent of the time
/// taken. Small operands stay in caches, so more than 100 is possible where bytes count.
/// </param>
public sealed record KernelProfile(string Name, string LayerPath, double Milliseconds, long Bytes, double Operations, double PercentOfPeak);

/// <summary>Where the time of a program goes, kernel by kernel in the order of execution.</summary>
public sealed class Profile
{
    private readonly double[][] _starts;

    internal Profile(string name, Device device, MachinePeak peak, IReadOnlyList<KernelProfile> kernels, double[][] starts)
    {
        (Name, Device, Peak, Kernels) = (name, device.Name, peak, kernels);
        _starts = starts;
        Milliseconds = kernels.Sum(k => k.Milliseconds);
    }

    /// <summary>The program's name.</summary>
    public string Name { get; }

    /// <summary>The device's name.</summary>
    public string Device { get; }

    /// <summary>What the machine can do.</summary>
    public MachinePeak Peak { get; }

    /// <summary>The kernels, in the order of execution.</summary>
    public IReadOnlyList<KernelProfile> Kernels { get; }

    /// <summary>The sum of the kernels' times.</summary>
    public double Milliseconds { get; }

    /// <summary>The profile as a table: the kernels that take the longest first, then the sums.</summary>
    /// <param name="rows">How many kernels are shown.</param>
    public string ToTable(int rows = 30)
    {
        var text = new StringBuilder();
        CultureInfo culture = CultureInfo.InvariantCulture;
        text.Append(culture, $"{Name} on {Device}");
        if (Peak.OperationsPerSecond > 0)
            text.Append(culture, $", peak {Peak.OperationsPerSecond / 1e9:F0} GFLOP/s and {Peak.BytesPerSecond / 1e9:F1} GB/s");
        text.Append(culture, $"\n{"ms",10} {"share",6} {"MB",9} {"GFLOP",9} {"GFLOP/s",9} {"GB/s",7} {"% peak",7}  kernel\n");
        foreach (KernelProfile kernel in Kernels.OrderByDescending(k => k.Milliseconds).Take(rows))
            AppendRow(text, kernel);
        if (Kernels.Count > rows)
            text.Append(culture, $"{"",10} and {Kernels.Count - rows} more\n");
        double floor = 1e3 * Kernels.Sum(k => Peak.FloorOf(k.Operations, k.Bytes));
        AppendRow(text, new KernelProfile(
            $"{Kernels.Count} kernels", "", Milliseconds, Kernels.Sum(k => k.Bytes), Kernels.Sum(k => k.Operations), Percent(floor, Milliseconds)));
        return text.ToString();
    }

    /// <inheritdoc/>
    public override string ToString() => ToTable();

    /// <summary>
    /// Writes the measured runs in the trace event format (a JSON array of complete events, times in microseconds), which Chrome's
    /// <c>about:tracing</c> and Perfetto show.
    /// </summary>
    /// <param name="path">The file; one that is there is replaced when the new one is whole.</param>
    public void WriteChromeTrace(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string partial = path + ".partial";
        using (FileStream file = File.Create(partial))
        using (var json = new Utf8JsonWriter(file))
        {
            json.WriteStartArray();
            for (int run = 0; run < _starts.Length; run++)
            {
                for (int i = 0; i < Kernels.Count; i++)
                    WriteEvent(json, Kernels[i], _starts[run][i], _starts[run][i + 1]);
            }

            json.WriteEndArray();
        }

        File.Move(partial, path, overwrite: true);
    }

    internal static double Percent(double floor, double time) => time > 0 ? 100 * floor / time : 0;

    private static void WriteEvent(Utf8JsonWriter json, KernelProfile kernel, double start, double end)
    {
        json.WriteStartObject();
        json.WriteString("name", kernel.Name);
        json.WriteString("cat", kernel.LayerPath.Length == 0 ? "step" : kernel.LayerPath);
        json.WriteString("ph", "X");
        json.WriteNumber("ts", start);
        json.WriteNumber("dur", end - start);
        json.WriteNumber("pid", 1);
        json.WriteNumber("tid", 1);
        json.WriteStartObject("args");
        json.WriteString("layer", kernel.LayerPath);
        json.WriteNumber("bytes", kernel.Bytes);
        json.WriteNumber("operations", kernel.Operations);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void AppendRow(StringBuilder text, KernelProfile kernel)
    {
        double seconds = Math.Max(kernel.Milliseconds, 1e-6) / 1e3;
        text.Append(
            CultureInfo.InvariantCulture,
            $"{kernel.Milliseconds,10:F4} {Percent(kernel.Milliseconds, Milliseconds),5:F1}% {kernel.Bytes / 1e6,9:F3} {kernel.Operations / 1e9,9:F4} "
            + $"{kernel.Operations / seconds / 1e9,9:F1} {kernel.Bytes / seconds / 1e9,7:F1} {kernel.PercentOfPeak,7:F1}  ");
        if (kernel.LayerPath.Length > 0)
            text.Append(kernel.LayerPath).Append(": ");
        text.Append(kernel.Name).Append('\n');
    }
}
