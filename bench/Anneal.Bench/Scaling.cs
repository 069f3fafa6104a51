using System.Globalization;
using Anneal.Cpu;
using Anneal.Execution;
using ScottPlot;

namespace Anneal.Bench;

/// <summary>How the time of a training step grows with the work: batch, width and depth of a decoder, each doubled four times.</summary>
internal static class Scaling
{
    private const int Doublings = 4;

    internal static int Run(int threads, string plot)
    {
        Device.Default = new CpuDevice(new CpuOptions { Threads = threads });
        (string Name, Func<int, (int Batch, int Width, int Depth)> Size)[] series =
        [
            ("batch", n => (n, 192, 2)), ("width", n => (4, 96 * n, 2)), ("depth", n => (4, 192, n)),
        ];
        Console.WriteLine("series   batch  width  depth     GFLOP         ms   ms/GFLOP   to the first");
        var lines = new List<(string Name, double[] Work, double[] Times)>();
        foreach ((string name, Func<int, (int, int, int)> size) in series)
        {
            var work = new List<double>();
            var times = new List<double>();
            for (int doubling = 0; doubling <= Doublings; doubling++)
            {
                (int batch, int width, int depth) = size(1 << doubling);
                var workload = new TrainingWorkload(
                    name, () => Networks.CharGpt(width, depth), () => Workloads.Tokens(batch, 256, 65, 0), "tok", 5, 9);
                (double operations, double milliseconds) = Workloads.TimeStep(workload);
                work.Add(operations / 1e9);
                times.Add(milliseconds);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name,-6} {batch,7} {width,6} {depth,6} {work[^1],9:F2} {milliseconds,10:F2} {milliseconds / work[^1],10:F2} {milliseconds / work[^1] / (times[0] / work[0]),14:F2}"));
            }

            lines.Add((name, [.. work], [.. times]));
        }

        Draw(lines, plot);
        Console.WriteLine($"drawn in {Path.GetFullPath(plot)}");
        return 0;
    }

    private static void Draw(List<(string Name, double[] Work, double[] Times)> lines, string path)
    {
        using var plot = new Plot();
        foreach ((string name, double[] work, double[] times) in lines)
        {
            ScottPlot.Plottables.Scatter line = plot.Add.Scatter(work.Select(Math.Log10).ToArray(), times.Select(Math.Log10).ToArray());
            line.LegendText = name;
            line.LineWidth = 2;
            line.MarkerSize = 7;
        }

        double least = lines.Min(l => l.Work[0]), most = lines.Max(l => l.Work[^1]);
        double slowest = lines.Max(l => l.Times[0] / l.Work[0]);
        ScottPlot.Plottables.Scatter linear = plot.Add.ScatterLine(
            (double[])[Math.Log10(least), Math.Log10(most)], (double[])[Math.Log10(slowest * least), Math.Log10(slowest * most)], Colors.Gray);
        linear.LinePattern = LinePattern.Dashed;
        linear.LegendText = "linear in the work";
        foreach (IAxis axis in (IAxis[])[plot.Axes.Bottom, plot.Axes.Left])
        {
            axis.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
            {
                IntegerTicksOnly = true,
                LabelFormatter = exponent => Math.Pow(10, exponent).ToString("0.###", CultureInfo.InvariantCulture),
            };
        }

        plot.Title("a training step of a decoder");
        plot.XLabel("work of the step, GFLOP");
        plot.YLabel("time of the step, ms");
        plot.ShowLegend(Alignment.UpperLeft);
        plot.SavePng(path, 720, 480);
    }
}
