#:package ScottPlot
#:package System.CommandLine
#:project ../src/Anneal.Data

// A generative adversarial network with convolutions (Radford, Metz and Chintala, 2016) that learns to write digits: a generator turns
// noise into images, a discriminator learns to tell them from those of MNIST, and each learns from the other. Part of the noise is one of
// ten codes, which the discriminator learns to read out of the image (InfoGAN, Chen et al., 2016): so the generator finds out by itself, from
// images without labels, that there are about ten kinds of them. The loop is written by hand from two compiled programs. A classifier that
// saw nothing but real digits then says how many of the new ones can be read.
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
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 6 };
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

    int batchSize = Math.Min(32, train.Count);
    var gan = new Gan(seed, batchSize, epochs * (train.Count / batchSize));
    Console.WriteLine(gan.Generator.Summary());
    Console.WriteLine(gan.Discriminator.Summary());
    TensorData noise = Gan.Noise(Judged, Columns, seed);
    (double Readable, int[] Counts) found = (0, []);
    gan.Train(train, epochs, epoch =>
    {
        TensorData images = gan.Generator.Predict(noise);
        Draw(images, Rows, Columns, Path.Combine(output, string.Create(CultureInfo.InvariantCulture, $"epoch-{epoch:00}.png")));
        found = judge.Read(images);
        Console.WriteLine($"  {found.Readable:P1} of {Judged} can be read; as 0 to 9: {string.Join(' ', found.Counts)}");
    });

    Draw(gan.Generator.Predict(noise), Rows, Columns, Path.Combine(output, "samples.png"));
    gan.Generator.Save(Path.Combine(output, "generator"));
    gan.Discriminator.Save(Path.Combine(output, "discriminator"));
    Console.WriteLine($"pictures and models in {Path.GetFullPath(output)}; {watch.Elapsed.TotalSeconds:F0} s in all");
    Console.WriteLine(
        $"{found.Readable:P1} of {Judged} new images are read with a probability above {Judge.Confidence}; "
        + $"{found.Counts.Count(c => c >= Judged / 100)} of 10 digits are at least one in a hundred of them");
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
    private const int Codes = 10, Features = 16;
    private readonly int _seed, _batchSize;
    private readonly Anneal.Program _discriminate, _generate;

    public Gan(int seed, int batchSize, int steps)
    {
        (_seed, _batchSize) = (seed, batchSize);
        var first = new RandomNormal(0, 0.02);
        Generator = new Sequential(
            "generator",
            new Dense(256, useBias: false, kernelInitializer: first), new BatchNormalization(), new ActivationLayer(Activation.Relu),
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
            new Flatten(), new Dense(256, useBias: false, kernelInitializer: first), new BatchNormalization(), new LeakyRelu(0.2),
            new Dense(1 + Codes, kernelInitializer: first))
        {
            Seed = seed,
        };
        Generator.Build(Codes + Features);
        Discriminator.Build(new Shape(28, 28, 1));
        (_generate, _discriminate) = (CompileGenerator(steps), CompileDiscriminator(steps));
    }

    /// <summary>From a code, one of ten numbers 1 and the others 0, and noise, together <c>[batch, 26]</c>, to images <c>[batch, 28, 28, 1]</c> between 0 and 1.</summary>
    public Sequential Generator { get; }

    /// <summary>From images <c>[batch, 28, 28, 1]</c> to logits <c>[batch, 11]</c>: the first is positive for images that look real, the others say which code one was made from.</summary>
    public Sequential Discriminator { get; }

    /// <summary>Codes and normal numbers <c>[count, 26]</c>, for rows of images of one code each.</summary>
    public static TensorData Noise(int count, int rowLength, int seed)
    {
        int[] codes = [.. Enumerable.Range(0, count).Select(i => i / rowLength % Codes)];
        return Anneal.Program.Compile(
            () => Tensor.Concat(1, Tensor.From(codes).OneHot(Codes), Tensor.RandomNormal([count, Features])), new ProgramOptions { Seed = seed }).Run();
    }

    /// <summary>One step of the generator: gives its loss, and the images and codes for the discriminator's step.</summary>
    private Anneal.Program CompileGenerator(int steps)
    {
        var adam = new Adam(Falling(8e-4, steps), beta1: 0.5);
        OptimizerState state = adam.CreateState(Generator.Parameters);
        return Anneal.Program.Compile(
            _ =>
            {
                Tensor codes = Tensor.Floor(Tensor.RandomUniform([_batchSize]) * Codes).Cast(DType.Int32).OneHot(Codes);
                Tensor generated = Generator.Apply(Tensor.Concat(1, codes, Tensor.RandomNormal([_batchSize, Features])));
                Tensor seen = Discriminator.Apply(generated);
                Tensor mistake = MistakeOf(Verdict(seen), 1);
                adam.Apply(state, Generator.Parameters, Gradients.Of(mistake + MisreadCodes(seen, codes), Generator.Parameters));
                return [mistake, generated, codes];
            },
            new ProgramOptions { Name = "generator's step", Training = true, Seed = _seed });
    }

    /// <summary>One step of the discriminator, from real images, generated ones and their codes: gives its loss.</summary>
    private Anneal.Program CompileDiscriminator(int steps)
    {
        var adam = new Adam(Falling(4e-4, steps), beta1: 0.5);
        OptimizerState state = adam.CreateState(Discriminator.Parameters);
        return Anneal.Program.Compile(
            inputs =>
            {
                // Real and generated images pass apart, so each batch is normalized with its own statistics. Real ones count as 0.9, not 1,
                // lest the discriminator becomes too sure of itself (Salimans et al., 2016).
                Tensor onReal = Discriminator.Apply(inputs[0]), onGenerated = Discriminator.Apply(inputs[1]);
                Tensor mistake = MistakeOf(Verdict(onReal), 0.9) + MistakeOf(Verdict(onGenerated), 0);
                adam.Apply(state, Discriminator.Parameters, Gradients.Of(mistake + MisreadCodes(onGenerated, inputs[2]), Discriminator.Parameters));
                return [mistake];
            },
            new ProgramOptions { Name = "discriminator's step", Training = true, Seed = _seed });
    }

    // Large steps at first, none at the end: the two come to rest.
    private static PolynomialSchedule Falling(double learningRate, int steps) => new(learningRate, steps, 0);

    private static Tensor Verdict(Tensor seen) => seen.Narrow(1, 0, 1);

    private static Tensor MistakeOf(Tensor verdict, double truth) =>
        Loss.BinaryCrossentropy(fromLogits: true).Mean(verdict, Tensor.Full(verdict.Shape, truth));

    private static Tensor MisreadCodes(Tensor seen, Tensor codes) =>
        Loss.CategoricalCrossentropy(fromLogits: true).Mean(seen.Narrow(1, 1, Codes), codes) * 0.5;

    /// <summary>Trains both, each once for every batch.</summary>
    public void Train(Dataset data, int epochs, Action<int> epochEnd)
    {
        const int ReportEvery = 250;
        var options = new BatchLoaderOptions { BatchSize = _batchSize, Seed = _seed, Epochs = epochs, Remainder = Remainder.Drop };
        using var batches = new BatchLoader(data, options);
        int step = 0, steps = epochs * batches.BatchesPerEpoch;
        double discriminatorLoss = 0, generatorLoss = 0;
        var watch = Stopwatch.StartNew();
        for (int epoch = 1; epoch <= epochs; epoch++)
        {
            while (batches.TryNext(out Batch? batch))
            {
                TensorData[] made = _generate.RunAll();
                generatorLoss += made[0].Item<float>();
                discriminatorLoss += _discriminate.RunAll(batch.Inputs[0], made[1], made[2])[0].Item<float>();
                if (++step % ReportEvery != 0)
                    continue;
                double rate = step / watch.Elapsed.TotalSeconds;
                Console.WriteLine(
                    $"step {step}/{steps}: loss of the discriminator {discriminatorLoss / ReportEvery:F3}, of the generator {generatorLoss / ReportEvery:F3}, "
                    + $"{rate:F1} steps/s, {TimeSpan.FromSeconds((steps - step) / rate):m\\:ss} left");
                discriminatorLoss = generatorLoss = 0;
            }

            watch.Stop();
            epochEnd(epoch);
            watch.Start();
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
