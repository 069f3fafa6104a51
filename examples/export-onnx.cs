#:package System.CommandLine
#:package Microsoft.ML.OnnxRuntime
#:project ../src/Anneal.Data
#:project ../src/Anneal.Onnx

// A model as an ONNX graph: trains a small convolutional network on MNIST, or loads a saved model, exports it, runs it in ONNX Runtime, prints how far the
// two differ, and imports the graph again as a model that learns on.
//
//   dotnet run -c Release examples/export-onnx.cs
//   dotnet run -c Release examples/export-onnx.cs --model digits --output digits.onnx
using System.CommandLine;
using System.Globalization;
using Anneal;
using Anneal.Data;
using Anneal.Onnx;
using Microsoft.ML.OnnxRuntime;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var model = new Option<string?>("--model") { Description = "A folder with a saved model of images; without it a small one is trained." };
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 1 };
var seed = new Option<int>("--seed") { Description = "Chooses the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data")
{
    Description = "A folder with the four IDX files, plain or gzipped.",
    DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "mnist"),
};
var output = new Option<string>("--output") { Description = "The ONNX file.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "anneal-export-onnx", "digits.onnx") };
var command = new RootCommand("Exports a model as an ONNX graph and compares the two.") { model, epochs, seed, data, output };
command.SetAction(arguments =>
{
    try
    {
        return Run(arguments.GetValue(model), arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(data)!, arguments.GetValue(output)!);
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static int Run(string? folder, int epochs, int seed, string data, string output)
{
    (Dataset train, Dataset test) = Mnist.Load(data);
    Model model = folder is null ? Train(train, epochs, seed) : Model.Load(folder);
    Batch some = test.CreateBatch(Math.Min(1000, test.Count));
    test.Fill([.. Enumerable.Range(0, some.Count)], some);
    TensorData images = some.Inputs[0], expected = model.Predict(images);

    // The graph takes any number of images; the export itself compares both on inputs of its own before it writes the file.
    OnnxExportReport report = OnnxExporter.Export(model, output);
    Console.WriteLine($"{Path.GetFullPath(output)}: {report.NodeCount} nodes, {report.ByteCount} bytes, read back within {report.LargestDifference:E1}");

    float[] ours = expected.ToArray<float>(), theirs = RunElsewhere(output, images);
    float largest = ours.Zip(theirs, (a, b) => MathF.Abs(a - b)).Max();
    int classes = (int)expected.Shape[^1];
    int same = ours.Chunk(classes).Zip(theirs.Chunk(classes)).Count(p => Array.IndexOf(p.First, p.First.Max()) == Array.IndexOf(p.Second, p.Second.Max()));
    Console.WriteLine($"ONNX Runtime on {images.Shape[0]} images: logits differ by at most {largest:E1}, {same} of {images.Shape[0]} choices are the same");

    OnnxModel back = OnnxModel.Import(output);
    back.Compile(new Adam(1e-4), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    EvaluationResult before = back.Evaluate(test);
    back.Fit(train.Take(Math.Min(6400, train.Count)), new FitOptions { Epochs = 1, BatchSize = 64 });
    Console.WriteLine($"imported: {back.Parameters.Count} parameters, test {before}; after 100 more steps {back.Evaluate(test)}");
    return largest <= 1e-4f * Math.Max(1, ours.Max(MathF.Abs)) ? 0 : 1;
}

static Model Train(Dataset train, int epochs, int seed)
{
    var model = new Sequential(
        new Conv2D(16, 3, Activation.Relu), new MaxPool2D(2), new Conv2D(32, 3, Activation.Relu), new MaxPool2D(2), new Flatten(), new Dense(10))
    {
        Seed = seed,
    };
    model.Compile(new Adam(), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    model.Fit(train, new FitOptions { Epochs = epochs, BatchSize = 64 });
    return model;
}

static float[] RunElsewhere(string path, TensorData images)
{
    using var session = new InferenceSession(path);
    using OrtValue input = OrtValue.CreateTensorValueFromMemory(images.ToArray<float>(), images.Shape.ToArray());
    using var options = new RunOptions();
    using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, [session.InputNames[0]], [input], [session.OutputNames[0]]);
    return results[0].GetTensorDataAsSpan<float>().ToArray();
}
