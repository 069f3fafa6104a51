#:package ScottPlot
#:package System.CommandLine
#:project ../src/Anneal.Data

// The convolutional network of every introduction, trained on the handwritten digits of MNIST.
//
//   dotnet run -c Release examples/mnist-cnn.cs
//   dotnet run -c Release examples/mnist-cnn.cs -- --epochs 3 --seed 2 --data FOLDER
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;
using ScottPlot;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 10 };
var seed = new Option<int>("--seed") { Description = "Chooses the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data")
{
    Description = "A folder with the four IDX files, plain or gzipped.",
    DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "mnist"),
};
var output = new Option<string>("--output") { Description = "Where to write the model and the curves.", DefaultValueFactory = _ => Path.Combine(here, "output", "mnist-cnn") };
var command = new RootCommand("Trains a convolutional network on MNIST and tests it.") { epochs, seed, data, output };
command.SetAction(arguments =>
{
    try
    {
        return Run(arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(data)!, arguments.GetValue(output)!);
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static int Run(int epochs, int seed, string data, string output)
{
    (Dataset train, Dataset test) = Mnist.Load(data);
    Directory.CreateDirectory(output);
    var model = new Sequential(
        new Conv2D(32, 3, Activation.Relu), new MaxPool2D(2),
        new Conv2D(64, 3, Activation.Relu), new MaxPool2D(2),
        new Flatten(), new Dense(64, Activation.Relu), new Dense(10))
    {
        Seed = seed,
    };
    model.Compile(new Adam(), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    model.Build(train.Inputs[0].Shape);
    Console.WriteLine(model.Summary());

    var watch = Stopwatch.StartNew();
    History history = model.Fit(train, new FitOptions { Epochs = epochs, BatchSize = 64, ValidationSplit = 0.1 });
    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F1} s");

    TensorData logits = model.Predict(test);
    Console.WriteLine(ConfusionMatrix.Of(test.Labels(), logits));
    DrawCurves(history, Path.Combine(output, "curves.png"));
    model.Save(Path.Combine(output, "model"));
    Console.WriteLine($"model and curves in {Path.GetFullPath(output)}");

    EvaluationResult result = model.Evaluate(test);
    Console.WriteLine($"test loss {result.Loss:F4}");
    Console.WriteLine($"test accuracy {result["accuracy"]:F4}");
    return 0;
}

static void DrawCurves(History history, string path)
{
    double[] epochs = [.. history.Epochs.Select(e => (double)e.Epoch)];
    var plots = new Multiplot();
    plots.AddPlots(2);
    plots.Layout = new ScottPlot.MultiplotLayouts.Columns();
    string[] names = ["loss", "accuracy"];
    for (int i = 0; i < names.Length; i++)
    {
        string name = names[i];
        Plot plot = plots.GetPlot(i);
        foreach ((string curve, string legend) in ((string, string)[])[(name, "training"), ($"val_{name}", "validation")])
        {
            ScottPlot.Plottables.Scatter line = plot.Add.Scatter(epochs, history[curve].ToArray());
            line.LegendText = legend;
            line.LineWidth = 2;
        }

        plot.Title(name);
        plot.XLabel("epoch");
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true };
        plot.ShowLegend(name == "loss" ? Alignment.UpperRight : Alignment.LowerRight);
    }

    plots.SavePng(path, 900, 360);
}
