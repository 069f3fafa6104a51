#:package System.CommandLine
#:project ../src/Anneal.Data

// A network with nothing hidden: weights and biases as parameters, the forward pass, the loss, the gradients and the updates written by
// hand.
//
//   dotnet run -c Release examples/mlp-from-scratch.cs
using System.CommandLine;
using System.Globalization;
using Anneal;
using Anneal.Data;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 5 };
var seed = new Option<int>("--seed") { Description = "Chooses the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data")
{
    Description = "A folder with the four IDX files of MNIST, plain or gzipped.",
    DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "mnist"),
};
var command = new RootCommand("Trains a network whose every step is written by hand.") { epochs, seed, data };
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
    const int Hidden = 64, Classes = 10;
    const double LearningRate = 0.1;
    (Dataset train, Dataset test) = Mnist.Load(data);
    int batchSize = Math.Min(100, train.Count);
    long features = train.Inputs[0].Shape.ElementCount;
    var random = new Random(seed);
    var w1 = new Parameter(Draw(random, features, Hidden), "w1");
    var b1 = new Parameter([Hidden], "b1");
    var w2 = new Parameter(Draw(random, Hidden, Classes), "w2");
    var b2 = new Parameter([Classes], "b2");

    Tensor Forward(Tensor images, out Tensor x, out Tensor hidden)
    {
        x = images.Flatten(1);
        hidden = Tensor.Relu(x.MatMul(w1) + b1);
        return hidden.MatMul(w2) + b2;
    }

    var step = Anneal.Program.Compile((images, labels) =>
    {
        Tensor logits = Forward(images, out Tensor x, out Tensor hidden);
        Tensor oneHot = labels.OneHot(Classes);
        Tensor loss = -(oneHot * logits.LogSoftmax()).Sum() / images.Shape[0];

        // The derivative of the loss by the logits is softmax - one-hot; the rest is the chain rule.
        Tensor dLogits = (logits.Softmax() - oneHot) / images.Shape[0];
        Tensor dHidden = Tensor.Select(hidden.GreaterThan(0), dLogits.MatMul(w2, transposeOther: true), Tensor.Zeros(hidden.Shape));
        Tensor dW2 = hidden.MatMul(dLogits, transposeSelf: true), dB2 = dLogits.Sum([0]);
        Tensor dW1 = x.MatMul(dHidden, transposeSelf: true), dB1 = dHidden.Sum([0]);
        w1.Assign(w1 - dW1 * LearningRate);
        b1.Assign(b1 - dB1 * LearningRate);
        w2.Assign(w2 - dW2 * LearningRate);
        b2.Assign(b2 - dB2 * LearningRate);
        return loss;
    });
    var hits = Anneal.Program.Compile((images, labels) => Forward(images, out _, out _).ArgMax().EqualTo(labels).Cast(DType.Float32).Sum());

    using var batches = new BatchLoader(train, new BatchLoaderOptions { BatchSize = batchSize, Seed = seed, Epochs = epochs });
    for (int epoch = 1; epoch <= epochs; epoch++)
    {
        double sum = 0;
        while (batches.TryNext(out Batch? batch))
        {
            sum += step.Run(batch.Inputs[0], batch.Targets[0]).Item<float>() * batch.Count;
        }

        Console.WriteLine($"epoch {epoch}: loss {sum / train.Count:F4}");
    }

    double right = 0;
    using var questions = new BatchLoader(test, new BatchLoaderOptions { BatchSize = Math.Min(1000, test.Count), Order = BatchOrder.Sequential, Epochs = 1 });
    while (questions.TryNext(out Batch? batch))
        right += hits.Run(batch.Inputs[0], batch.Targets[0]).Item<float>();
    Console.WriteLine($"test accuracy {right / test.Count:F4}");
    return 0;
}

// He's initialization: a standard deviation of sqrt(2 / inputs), drawn by Box and Muller's method.
static TensorData Draw(Random random, long inputs, long outputs)
{
    var values = new float[inputs * outputs];
    for (int i = 0; i < values.Length; i++)
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())), angle = 2 * Math.PI * random.NextDouble();
        values[i] = (float)(Math.Sqrt(2.0 / inputs) * radius * Math.Cos(angle));
    }

    return TensorData.From(values, [inputs, outputs]);
}
