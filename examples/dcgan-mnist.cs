#:package ScottPlot
#:package System.CommandLine
#:project ../src/Anneal.Data

// A generative adversarial network with convolutions (Radford, Metz and Chintala, 2016) that learns to write digits: a generator turns
// noise into images, a discriminator learns to tell them from those of MNIST, and each learns from the other. The loop is written by hand
// from two compiled programs. A classifier that saw nothing but real digits then says how many of the new ones can be read.
//
//   dotnet run -c Release examples/dcgan-mnist.cs
//   dotnet run -c Release examples/dcgan-mnist.cs -- --epochs 3 --seed 2 --data FOLDER
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;
using SkiaSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 8 };
var seed = new Option<int>("--seed") { Description = "Chooses the first weights, the noise and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data")
{
    Description = "A folder with the four IDX files of MNIST, plain or gzipped.",
    DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "mnist"),
};
var output = new Option<string>("--output") { Description = "Where to write the pictures and the models.", DefaultValueFactory = _ => Path.Combine(here, "output", "dcgan-mnist") };
var classifier = new Option<string?>("--classifier") { Description = "A saved model that reads digits, such as that of mnist-cnn.cs; without it a small one is trained first." };
var command = new RootCommand("Trains a generative adversarial network on MNIST and counts how many of its digits can be read.") { epochs, seed, data, output, classifier };
command.SetAction(arguments =>
{
    try
    {
        return Run(
            arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(data)!, arguments.GetValue(output)!, arguments.GetValue(classifier));
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static int Run(int epochs, int seed, string data, string output, string? classifier)
{
    const int Columns = 16, Rows = 10, Judged = 1000;
    (Dataset train, Dataset test) = Mnist.Load(data);
    Directory.CreateDirectory(output);
    var watch = Stopwatch.StartNew();
    Judge judge = classifier is null ? Judge.Train(train, test, seed, Path.Combine(output, "classifier")) : new Judge(Model.Load(classifier));

    var gan = new Gan(seed, Math.Min(64, train.Count), epochs * (train.Count / Math.Min(64, train.Count)));
    Console.WriteLine(gan.Generator.Summary());
    Console.WriteLine(gan.Discriminator.Summary());
    TensorData noise = Gan.Noise(Judged, seed);
    gan.Train(train, epochs, epoch =>
    {
        TensorData images = gan.Generator.Predict(noise);
        Draw(images, Rows, Columns, Path.Combine(output, string.Create(CultureInfo.InvariantCulture, $"epoch-{epoch:00}.png")));
        (double readable, int[] counts) = judge.Read(images);
        Console.WriteLine($"  {readable:P1} of {Judged} can be read; as 0 to 9: {string.Join(' ', counts)}");
    });

    gan.Generator.Save(Path.Combine(output, "generator-raw"));
    gan._gs.OverwriteWithAverages();
    {
        (double readable, int[] counts) = judge.Read(gan.Generator.Predict(noise));
        Console.WriteLine($"  averaged: {readable:P1} of {Judged} can be read; as 0 to 9: {string.Join(' ', counts)}");
    }
    TensorData samples = gan.Generator.Predict(noise);
    string picture = Path.Combine(output, "samples.png");
    Draw(samples, Rows, Columns, picture);
    gan.Generator.Save(Path.Combine(output, "generator"));
    gan.Discriminator.Save(Path.Combine(output, "discriminator"));
    Console.WriteLine($"picture and models in {Path.GetFullPath(output)}; {watch.Elapsed.TotalSeconds:F0} s in all");
    return 0;
}

// Images side by side, three pixels for each of theirs.
static void Draw(TensorData images, int rows, int columns, string path)
{
    const int Zoom = 3, Gap = 2;
    int height = (int)images.Shape[1], width = (int)images.Shape[2];
    float[] values = images.ToArray<float>();
    using var bitmap = new SKBitmap(columns * (width * Zoom + Gap) + Gap, rows * (height * Zoom + Gap) + Gap);
    bitmap.Erase(SKColors.DimGray);
    for (int i = 0; i < rows * columns; i++)
    {
        int left = Gap + i % columns * (width * Zoom + Gap), top = Gap + i / columns * (height * Zoom + Gap);
        for (int y = 0; y < height * Zoom; y++)
        {
            for (int x = 0; x < width * Zoom; x++)
            {
                byte gray = (byte)Math.Clamp(MathF.Round(255 * values[(i * height + y / Zoom) * width + x / Zoom]), 0, 255);
                bitmap.SetPixel(left + x, top + y, new SKColor(gray, gray, gray));
            }
        }
    }

    using FileStream file = File.Create(path);
    bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
}

/// <summary>The two networks and the loop that trains them against each other.</summary>
internal sealed class Gan
{
    private static readonly int Features = (int)Env("Z", 64);
    private readonly int _seed, _batchSize; public OptimizerState _gs;
    private readonly Anneal.Program _discriminate, _generate;

    public Gan(int seed, int batchSize, int steps)
    {
        (_seed, _batchSize) = (seed, batchSize);
        var first = new RandomNormal(0, 0.02);
        Generator = new Sequential(
            "generator",
            new Dense((int)Env("HG", 256), useBias: false, kernelInitializer: first), new BatchNormalization(), new ActivationLayer(Activation.Relu),
            new Dense(7 * 7 * 64, useBias: false, kernelInitializer: first), new Reshape([7, 7, 64]), new BatchNormalization(), new ActivationLayer(Activation.Relu),
            new Conv2DTranspose(32, 4, strides: 2, padding: Padding.Same, useBias: false, kernelInitializer: first), new BatchNormalization(), new ActivationLayer(Activation.Relu),
            new Conv2DTranspose(1, 4, Activation.Sigmoid, strides: 2, padding: Padding.Same, kernelInitializer: first))
        {
            Seed = seed,
        };
        Discriminator = new Sequential(
            "discriminator",
            new Conv2D(32, 4, strides: 2, padding: Padding.Same, kernelInitializer: first), new LeakyRelu(0.2),
            new Conv2D(64, 4, strides: 2, padding: Padding.Same, kernelInitializer: first), new BatchNormalization(), new LeakyRelu(0.2),
            new Flatten(), new Dense((int)Env("HD", 256), useBias: false, kernelInitializer: first), new BatchNormalization(), new LeakyRelu(0.2), new Dropout(Env("DROP", 0.3)), new Dense(1, kernelInitializer: first))
        {
            Seed = seed,
        };
        Generator.Build(Features);
        Discriminator.Build(new Shape(28, 28, 1));

        // Large steps at first, none at the end: the two come to rest.
        double total = Env("TOTAL", 1) * steps; LearningRateSchedule rate(string n, double d) => new PolynomialSchedule(Env(n, d), (long)total, Env("LRF", 0));
        var generatorAdam = new Adam(rate("LRG", 8e-4), beta1: 0.5) { AverageMomentum = Env("EMA", 0.998) };
        var discriminatorAdam = new Adam(rate("LRD", 4e-4), beta1: 0.5);
        OptimizerState generatorState = _gs = generatorAdam.CreateState(Generator.Parameters), discriminatorState = discriminatorAdam.CreateState(Discriminator.Parameters);
        var loss = Loss.BinaryCrossentropy(fromLogits: true);

        // Real and generated images pass through the discriminator apart, so each batch is normalized with its own statistics. Real ones
        // count as 0.9, not 1, lest the discriminator becomes too sure of itself (Salimans et al., 2016).
        _discriminate = Anneal.Program.Compile(
            (real, generated) =>
            {
                Tensor onReal = Discriminator.Apply(real), onGenerated = Discriminator.Apply(generated);
                Tensor mistake = loss.Mean(onReal, Tensor.Full(onReal.Shape, Env("SMOOTH", 0.9))) + loss.Mean(onGenerated, Tensor.Zeros(onGenerated.Shape));
                discriminatorAdam.Apply(discriminatorState, Discriminator.Parameters, Gradients.Of(mistake, Discriminator.Parameters));
                return mistake;
            },
            new ProgramOptions { Name = "discriminator's step", Training = true, Seed = seed });
        _generate = Anneal.Program.Compile(
            _ =>
            {
                Tensor generated = Generator.Apply(Tensor.RandomNormal([batchSize, Features]));
                Tensor verdict = Discriminator.Apply(generated);
                Tensor mistake = loss.Mean(verdict, Tensor.Full(verdict.Shape, 1));
                generatorAdam.Apply(generatorState, Generator.Parameters, Gradients.Of(mistake, Generator.Parameters));
                return [mistake, generated];
            },
            new ProgramOptions { Name = "generator's step", Training = true, Seed = seed });
    }

    /// <summary>From noise <c>[batch, 64]</c> to images <c>[batch, 28, 28, 1]</c> between 0 and 1.</summary>
    public Sequential Generator { get; }

    /// <summary>From images <c>[batch, 28, 28, 1]</c> to logits <c>[batch, 1]</c>, positive for images that look real.</summary>
    public Sequential Discriminator { get; }

    /// <summary>Normal numbers <c>[count, 64]</c>.</summary>
    public static TensorData Noise(int count, int seed) =>
        Anneal.Program.Compile(() => Tensor.RandomNormal([count, Features]), new ProgramOptions { Seed = seed }).Run();

    static double Env(string n, double d) => Environment.GetEnvironmentVariable(n) is { } v ? double.Parse(v) : d;

    /// <summary>Trains both, each once for every batch.</summary>
    public void Train(Dataset data, int epochs, Action<int> epochEnd)
    {
        const int ReportEvery = 250;
        var options = new BatchLoaderOptions { BatchSize = _batchSize, Seed = _seed, Epochs = epochs, Remainder = Remainder.Drop };
        using var batches = new BatchLoader(data, options);
        int step = 0, steps = epochs * batches.BatchesPerEpoch;
        double discriminatorLoss = 0, generatorLoss = 0;
        var watch = Stopwatch.StartNew();
        long t1 = 0, t2 = 0;
        for (int epoch = 1; epoch <= epochs; epoch++)
        {
            while (batches.TryNext(out Batch? batch))
            {
                long a = Stopwatch.GetTimestamp();
                TensorData[] made = _generate.RunAll();
                long b = Stopwatch.GetTimestamp();
                generatorLoss += made[0].Item<float>();
                discriminatorLoss += _discriminate.Run(batch.Inputs[0], made[1]).Item<float>();
                t2 += Stopwatch.GetTimestamp() - b; t1 += b - a;
                if (++step % ReportEvery != 0)
                    continue;
                double rate = step / watch.Elapsed.TotalSeconds;
                Console.WriteLine(
                    $"step {step}/{steps}: loss of the discriminator {discriminatorLoss / ReportEvery:F3}, of the generator {generatorLoss / ReportEvery:F3}, "
                    + $"{rate:F1} steps/s, {TimeSpan.FromSeconds((steps - step) / rate):m\\:ss} left   G {t1 * 1e3 / Stopwatch.Frequency / ReportEvery:F2} ms D {t2 * 1e3 / Stopwatch.Frequency / ReportEvery:F2} ms");
                discriminatorLoss = generatorLoss = 0;
                t1 = t2 = 0;
            }

            { watch.Stop(); epochEnd(epoch); watch.Start(); }
        }
    }
}

/// <summary>A classifier that says which digits can be read.</summary>
internal sealed class Judge(Model classifier)
{
    private const int Classes = 10;

    /// <summary>How sure the classifier must be.</summary>
    public const double Confidence = 0.9;

    /// <summary>Trains a small network on real digits alone.</summary>
    public static Judge Train(Dataset train, Dataset test, int seed, string path)
    {
        var model = new Sequential(
            new Conv2D(16, 3, Activation.Relu), new MaxPool2D(2), new Conv2D(32, 3, Activation.Relu), new MaxPool2D(2),
            new Flatten(), new Dense(64, Activation.Relu), new Dense(10))
        {
            Seed = seed,
        };
        model.Compile(new Adam(), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        Console.WriteLine("training the classifier");
        model.Fit(train, new FitOptions { Epochs = 3, BatchSize = Math.Min(64, train.Count) });
        model.Save(path);
        var judge = new Judge(model);
        Console.WriteLine($"the classifier reads {model.Evaluate(test)["accuracy"]:P1} of the test images rightly and {judge.Read(model.Predict(test), logits: true).Readable:P1} surely");
        return judge;
    }

    /// <summary>The share of images that are one digit with a probability above <see cref="Confidence"/>, and how often each digit was seen among these.</summary>
    public (double Readable, int[] Counts) Read(TensorData images, bool logits = false)
    {
        float[] values = (logits ? images : classifier.Predict(images)).ToArray<float>();
        var counts = new int[Classes];
        foreach (float[] row in values.Chunk(Classes))
        {
            float largest = row.Max();
            if (1 / row.Sum(v => Math.Exp(v - largest)) > Confidence)
                counts[Array.IndexOf(row, largest)]++;
        }

        return (counts.Sum() / (double)images.Shape[0], counts);
    }
}
