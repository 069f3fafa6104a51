#:package ScottPlot
#:package System.CommandLine
#:project ../src/Anneal.Data

// A small residual network (He et al., 2016) with batch normalization, trained in one cycle of the learning rate on digits that are
// shifted by chance. It is saved, loaded and asked again.
//
//   dotnet run -c Release examples/resnet-mnist.cs
//   dotnet run -c Release examples/resnet-mnist.cs -- --epochs 3 --seed 2 --data FOLDER
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;
using ScottPlot;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 10 };
var seed = new Option<int>("--seed") { Description = "Chooses the first weights, the order of the data and the shifts.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data")
{
    Description = "A folder with the four IDX files, plain or gzipped.",
    DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "mnist"),
};
var output = new Option<string>("--output") { Description = "Where to write the model and the curves.", DefaultValueFactory = _ => Path.Combine(here, "output", "resnet-mnist") };
var command = new RootCommand("Trains a residual network on MNIST and tests it.") { epochs, seed, data, output };
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
    ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
    (Dataset all, Dataset test) = Mnist.Load(data);
    Directory.CreateDirectory(output);
    Dataset train = all.Take(all.Count - all.Count / 10), validation = all.Skip(train.Count);
    int batchSize = Math.Min(128, train.Count);
    long steps = (long)epochs * ((train.Count + batchSize - 1) / batchSize);
    Model model = ResNet(train.Inputs[0].Shape, seed);
    model.Compile(
        new AdamW(new OneCycleSchedule(maximumRate: 5e-3, steps), weightDecay: 0.05),
        Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    Console.WriteLine(model.Summary());

    var rates = new List<double>();
    var watch = Stopwatch.StartNew();
    History history = model.Fit(train, new FitOptions
    {
        Epochs = epochs,
        BatchSize = batchSize,
        ValidationData = validation,
        Callbacks = [new LambdaCallback { BatchEnd = run => rates.Add(run.LearningRate) }],
    });
    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F1} s");

    TensorData logits = model.Predict(test);
    Console.WriteLine(ConfusionMatrix.Of(test.Labels(), logits));
    DrawCurves(history, rates, Path.Combine(output, "curves.png"));
    string folder = Path.Combine(output, "model");
    model.Save(folder);
    Console.WriteLine($"model and curves in {Path.GetFullPath(output)}");
    bool same = Model.Load(folder).Predict(test).AsBytes().SequenceEqual(logits.AsBytes());
    Console.WriteLine($"the loaded model predicts {(same ? "the same bits" : "something else")}");

    EvaluationResult result = model.Evaluate(test);
    Console.WriteLine($"test loss {result.Loss:F4}");
    Console.WriteLine($"test accuracy {result["accuracy"]:F4}");
    return same ? 0 : 1;
}

static Model ResNet(Shape image, int seed)
{
    const int Shift = 2;
    var input = new Input(image);
    LayerOutput x = new ZeroPadding2D(Shift).Apply(input);
    x = new RandomCrop((int)image[0], (int)image[1]).Apply(x);
    x = Relu(Convolve(x, filters: 32, kernelSize: 3, stride: 2));
    x = Residual(x, filters: 32, stride: 1);
    x = Residual(x, filters: 64, stride: 2);
    x = Residual(x, filters: 64, stride: 1);
    x = new GlobalAveragePool2D().Apply(x);
    return new Model(input, new Dense(10).Apply(x), "resnet") { Seed = seed };
}

// Two convolutions whose result is added to their input. Where the shape changes, the input goes through a convolution of its own.
static LayerOutput Residual(LayerOutput x, int filters, int stride)
{
    bool keepsShape = stride == 1 && x.Shape[^1] == filters;
    LayerOutput shortcut = keepsShape ? x : Convolve(x, filters, kernelSize: 1, stride);
    LayerOutput y = Relu(Convolve(x, filters, kernelSize: 3, stride));

    // The last factor of a block begins at 0, so the network begins as its shortcuts alone (Goyal et al., 2017).
    y = Convolve(y, filters, kernelSize: 3, stride: 1, firstScale: Initializer.Zeros);
    return Relu(new Add().Apply(y, shortcut));
}

// Batch normalization has an offset of its own, so the convolution needs no bias.
static LayerOutput Convolve(LayerOutput x, int filters, int kernelSize, int stride, Initializer? firstScale = null)
{
    var convolution = new Conv2D(
        filters, kernelSize, strides: stride, padding: Padding.Same, useBias: false, kernelInitializer: Initializer.HeNormal);
    return new BatchNormalization(gammaInitializer: firstScale).Apply(convolution.Apply(x));
}

static LayerOutput Relu(LayerOutput x) => new ActivationLayer(Activation.Relu).Apply(x);

static void DrawCurves(History history, List<double> rates, string path)
{
    double[] epochs = [.. history.Epochs.Select(e => (double)e.Epoch)];
    var plots = new Multiplot();
    plots.AddPlots(3);
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

    Plot cycle = plots.GetPlot(2);
    double[] times = [.. rates.Select((_, step) => (step + 1.0) * epochs.Length / rates.Count)];
    cycle.Add.ScatterLine(times, rates.ToArray()).LineWidth = 2;
    cycle.Title("learning rate");
    cycle.XLabel("epoch");
    plots.SavePng(path, 1200, 360);
}
