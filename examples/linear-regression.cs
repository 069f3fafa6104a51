#:package ScottPlot
#:package System.CommandLine
#:project ../src/Anneal

// Finds the line y = 2x + 1 in 100 noisy points by gradient descent.
//
//   dotnet run -c Release examples/linear-regression.cs
using System.CommandLine;
using System.Globalization;
using Anneal;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the points.", DefaultValueFactory = _ => 100 };
var seed = new Option<int>("--seed") { Description = "Chooses the noise, the first weights and the order of the points.", DefaultValueFactory = _ => 1 };
var output = new Option<string>("--output") { Description = "Where to write the picture.", DefaultValueFactory = _ => Path.Combine(here, "output", "linear-regression.png") };
var command = new RootCommand("Fits a line to points.") { epochs, seed, output };
command.SetAction(arguments =>
{
    try
    {
        return Run(arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(output)!);
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static int Run(int epochs, int seed, string output)
{
    // The noise is the sum of three even draws, near enough to a bell.
    var random = new Random(seed);
    float[] x = [.. Enumerable.Range(0, 100).Select(i => i / 50f - 1)];
    float[] y = [.. x.Select(v => 2 * v + 1 + 0.1f * (random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.5f))];
    TensorData inputs = TensorData.From(x, [100, 1]), targets = TensorData.From(y, [100, 1]);

    var line = new Dense(1);
    var model = new Sequential(line) { Seed = seed };
    model.Compile(new Sgd(learningRate: 0.1), Loss.MeanSquaredError());
    History history = model.Fit(inputs, targets, new FitOptions { Epochs = epochs, BatchSize = 20, Verbosity = Verbosity.Silent });
    float slope = line.Kernel!.Value.ToArray<float>()[0], offset = line.Bias!.Value.ToArray<float>()[0];

    var plot = new ScottPlot.Plot();
    ScottPlot.Plottables.Scatter points = plot.Add.ScatterPoints(x.Select(v => (double)v).ToArray(), y.Select(v => (double)v).ToArray());
    points.LegendText = "points";
    ScottPlot.Plottables.Scatter found = plot.Add.ScatterLine(new double[] { -1, 1 }, new double[] { offset - slope, offset + slope });
    found.LineWidth = 3;
    found.LegendText = $"y = {slope:F3} x + {offset:F3}";
    plot.ShowLegend(ScottPlot.Alignment.UpperLeft);
    plot.XLabel("x");
    plot.YLabel("y");
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
    plot.SavePng(output, 640, 420);
    Console.WriteLine($"picture in {Path.GetFullPath(output)}");
    Console.WriteLine($"y = {slope:F3} x + {offset:F3}, loss {history["loss"][^1]:F5}");
    return 0;
}
