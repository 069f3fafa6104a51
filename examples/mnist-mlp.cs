#:package System.CommandLine
#:project ../src/Anneal.Data

// A dense network on the handwritten digits of MNIST: 784-128-64-10.
//
//   dotnet run -c Release examples/mnist-mlp.cs
using System.CommandLine;
using System.Globalization;
using Anneal;
using Anneal.Data;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 10 };
var seed = new Option<int>("--seed") { Description = "Chooses the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data")
{
    Description = "A folder with the four IDX files, plain or gzipped.",
    DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "mnist"),
};
var command = new RootCommand("Trains a dense network on MNIST and tests it.") { epochs, seed, data };
command.SetAction(arguments =>
{
    try
    {
        return Run(arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(data)!);
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static int Run(int epochs, int seed, string data)
{
    (Dataset train, Dataset test) = Mnist.Load(data);
    var model = new Sequential(new Flatten(), new Dense(128, Activation.Relu), new Dense(64, Activation.Relu), new Dense(10)) { Seed = seed };
    model.Compile(new Adam(), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    model.Build(train.Inputs[0].Shape);
    Console.WriteLine(model.Summary());
    model.Fit(train, new FitOptions { Epochs = epochs, BatchSize = 128, ValidationSplit = 0.1 });
    EvaluationResult result = model.Evaluate(test);
    Console.WriteLine($"test loss {result.Loss:F4}");
    Console.WriteLine($"test accuracy {result["accuracy"]:F4}");
    return 0;
}
