#:package System.CommandLine
#:package Microsoft.ML.OnnxRuntime
#:project ../src/Anneal.Data
#:project ../src/Anneal.Onnx

// A model as an ONNX graph: trains a small convolutional network on MNIST, or loads a saved model, exports it where ONNX Runtime answers as the model does,
// prints how far the two differ on the test set, and imports the graph again as a model that learns on.
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
    TensorData images = some.Inputs[0];

    // The graph takes any number of images. Before the file takes its place ONNX Runtime runs it, and the certificate beside it says how far the two differ.
    OnnxExportReport report = OnnxExporter.Export(model, output, new OnnxExportOptions { Runtime = RunElsewhere });
    Console.WriteLine($"{Path.GetFullPath(output)}: {report.NodeCount} nodes, {report.ByteCount} bytes, in ONNX Runtime within {report.Certificate.LargestDifference:E1}");

    // The same comparison on images of the test set.
    ParityCertificate certificate = Parity.Check(inputs => model.Predict(inputs[0]), inputs => RunElsewhere(output, inputs)[0], [new ParitySample([images])]);
    Console.WriteLine(
        $"ONNX Runtime on {certificate.Positions} images: logits differ by {certificate.LargestDifference:E1} at most and {certificate.MeanDifference:E1} in the mean, "
        + $"{certificate.Top1Agreement:P1} of the choices are the same, divergence {certificate.MeanDivergence:E1}");

    OnnxModel back = OnnxModel.Import(output);
    back.Compile(new Adam(1e-4), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    EvaluationResult before = back.Evaluate(test);
    back.Fit(train.Take(Math.Min(6400, train.Count)), new FitOptions { Epochs = 1, BatchSize = 64 });
    Console.WriteLine($"imported: {back.Parameters.Count} parameters, test {before}; after 100 more steps {back.Evaluate(test)}");
    return certificate.Passed ? 0 : 1;
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

static IReadOnlyList<TensorData> RunElsewhere(string path, IReadOnlyList<TensorData> inputs)
{
    using var session = new InferenceSession(path);
    using var options = new RunOptions();
    OrtValue[] values = [.. inputs.Select(i => OrtValue.CreateTensorValueFromMemory(i.ToArray<float>(), i.Shape.ToArray()))];
    using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, session.InputNames, values, session.OutputNames);
    TensorData[] outputs = [.. results.Select(r => TensorData.From(r.GetTensorDataAsSpan<float>().ToArray(), new Shape(r.GetTensorTypeAndShape().Shape)))];
    foreach (OrtValue value in values)
        value.Dispose();
    return outputs;
}
