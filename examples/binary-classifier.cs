#:package System.CommandLine
#:project ../src/Anneal.Data

// Two classes of points in ten dimensions, told apart by two hidden layers of sigmoids.
//
//   dotnet run -c Release examples/binary-classifier.cs
using System.CommandLine;
using System.Globalization;
using Anneal;
using Anneal.Data;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 60 };
var seed = new Option<int>("--seed") { Description = "Chooses the points, the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var command = new RootCommand("Trains a binary classifier and reports accuracy, precision, recall and F1.") { epochs, seed };
command.SetAction(arguments =>
{
    try
    {
        return Run(arguments.GetValue(epochs), arguments.GetValue(seed));
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static int Run(int epochs, int seed)
{
    Dataset points = MakePoints(2000, seed);
    (Dataset train, Dataset test) = TrainTestSplit.Of(points, new TrainTestSplitOptions { TestFraction = 0.2, Seed = seed, Balance = SplitBalance.Stratified });
    var model = new Sequential(new Dense(10, Activation.Sigmoid), new Dense(5, Activation.Sigmoid), new Dense(1, Activation.Sigmoid)) { Seed = seed };
    model.Compile(new Adam(learningRate: 0.01), Loss.BinaryCrossentropy(), Metric.Accuracy);
    model.Fit(train, new FitOptions { Epochs = epochs, BatchSize = 32, ValidationSplit = 0.2 });

    long[] labels = test.Labels();
    ConfusionMatrix matrix = ConfusionMatrix.OfBinary(labels, model.Predict(test));
    Console.WriteLine(matrix);
    Console.WriteLine($"accuracy {matrix.Accuracy:F4}, precision {matrix.Precision(1):F4}, recall {matrix.Recall(1):F4}, F1 {matrix.F1(1):F4}");
    return 0;
}

// The class is whether a curved sum of the features lies above its middle, with a little noise.
static Dataset MakePoints(int count, int seed)
{
    var random = new Random(seed);
    var x = new float[count * 10];
    var y = new int[count];
    for (int i = 0; i < count; i++)
    {
        float score = 0.2f * (random.NextSingle() - 0.5f);
        for (int j = 0; j < 10; j++)
        {
            float value = 2 * random.NextSingle() - 1;
            x[i * 10 + j] = value;
            score += j < 5 ? value : 0.8f * (value * value - 1f / 3);
        }

        y[i] = score > 0 ? 1 : 0;
    }

    return Dataset.From(TensorData.From(x, [count, 10]), TensorData.From(y));
}
