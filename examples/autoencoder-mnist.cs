#:package ScottPlot
#:package System.CommandLine
#:project ../src/Anneal.Data

// An autoencoder (Hinton and Salakhutdinov, 2006) that learns to write each handwritten digit as 32 numbers and to draw it again from them.
// It draws test images above what became of them, and walks from one digit to another through the numbers between theirs.
//
//   dotnet run -c Release examples/autoencoder-mnist.cs
//   dotnet run -c Release examples/autoencoder-mnist.cs -- --epochs 5 --seed 2 --data FOLDER
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;
using SkiaSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 15 };
var seed = new Option<int>("--seed") { Description = "Chooses the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data")
{
    Description = "A folder with the four IDX files of MNIST, plain or gzipped.",
    DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "mnist"),
};
var output = new Option<string>("--output") { Description = "Where to write the model and the pictures.", DefaultValueFactory = _ => Path.Combine(here, "output", "autoencoder-mnist") };
var command = new RootCommand("Trains an autoencoder on MNIST.") { epochs, seed, data, output };
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
    const int CodeSize = 32;
    (Dataset train, Dataset test) = Mnist.Load(data);
    TensorData images = Images(train), unseen = Images(test);
    Directory.CreateDirectory(output);

    // Two models that also work alone, and one of both that is trained to give back what it gets.
    var encoder = new Sequential("encoder", new Flatten(), new Dense(512, Activation.Relu), new Dense(128, Activation.Relu), new Dense(CodeSize));
    var decoder = new Sequential(
        "decoder", new Dense(128, Activation.Relu), new Dense(512, Activation.Relu),
        new Dense((int)images.Shape[1..].ElementCount, Activation.Sigmoid), new Reshape([.. images.Shape[1..].Extents]));
    var model = new Sequential("autoencoder", encoder, decoder) { Seed = seed };

    // Smaller steps towards the end, down to none.
    int batchSize = Math.Min(128, (int)images.Shape[0]);
    long steps = epochs * ((images.Shape[0] + batchSize - 1) / batchSize);
    model.Compile(new Adam(new CosineSchedule(2e-3, steps)), Loss.BinaryCrossentropy());
    model.Build(images.Shape[1..]);
    Console.WriteLine(model.Summary());

    var watch = Stopwatch.StartNew();
    model.Fit(Dataset.From(images, images), new FitOptions { Epochs = epochs, BatchSize = batchSize, ValidationData = Dataset.From(unseen, unseen) });
    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F1} s");

    TensorData codes = encoder.Predict(unseen), reconstructions = decoder.Predict(codes);
    DrawReconstructions(unseen, reconstructions, Path.Combine(output, "reconstructions.png"));
    DrawWalks(decoder, codes, test.Labels(), Path.Combine(output, "walk.png"));
    model.Save(Path.Combine(output, "model"));
    Console.WriteLine($"model and pictures in {Path.GetFullPath(output)}");

    double byMean = Error(unseen, Repeat(Mean(images), unseen.Shape)), bySquares = Error(unseen, Squares(unseen)), error = Error(unseen, reconstructions);
    Console.WriteLine("mean squared error of a pixel between 0 and 1, on test images:");
    Console.WriteLine($"  the mean of the training images in place of each (no number)   {byMean:F4}");
    Console.WriteLine($"  the means of squares of 4 x 4 pixels (49 numbers)              {bySquares:F4}");
    Console.WriteLine($"  the autoencoder ({CodeSize} numbers)                                   {error:F4}");
    Console.WriteLine($"reconstruction error {error:F4}, {1 - error / byMean:P1} of the variance explained");
    return 0;
}

// All images of a data set, [images, height, width, 1].
static TensorData Images(Dataset data)
{
    Batch all = data.CreateBatch(data.Count);
    data.Fill([.. Enumerable.Range(0, data.Count)], all);
    return all.Inputs[0];
}

static double Error(TensorData expected, TensorData found)
{
    float[] a = expected.ToArray<float>(), b = found.ToArray<float>();
    return a.Zip(b, (x, y) => ((double)x - y) * (x - y)).Average();
}

static float[] Mean(TensorData images)
{
    var sums = new double[images.Shape[1..].ElementCount];
    float[] values = images.ToArray<float>();
    for (int i = 0; i < values.Length; i++)
        sums[i % sums.Length] += values[i];
    return [.. sums.Select(s => (float)(s / images.Shape[0]))];
}

static TensorData Repeat(float[] image, Shape shape) =>
    TensorData.From([.. Enumerable.Range(0, (int)shape.ElementCount).Select(i => image[i % image.Length])], shape);

// Each square of 4 x 4 pixels becomes its mean.
static TensorData Squares(TensorData images) => Anneal.Program.Compile(x =>
{
    long count = x.Shape[0], rows = x.Shape[1] / 4, columns = x.Shape[2] / 4;
    Tensor means = x.Reshape([count, rows, 4, columns, 4]).Mean([2, 4], keepAxes: true);
    return means.BroadcastTo([count, rows, 4, columns, 4]).Reshape(x.Shape);
}).Run(images);

// Pairs of rows: images, and below them what the decoder made of their codes.
static void DrawReconstructions(TensorData images, TensorData reconstructions, string path)
{
    const int Pairs = 4;
    int columns = (int)Math.Clamp(images.Shape[0] / Pairs, 1, 16), pairs = (int)Math.Min(images.Shape[0], Pairs);
    IEnumerable<int>[] rows = [.. Enumerable.Range(0, pairs).Select(pair => Enumerable.Range(pair * columns, columns))];
    float[][] drawn = [.. rows.SelectMany(row => (float[][])[.. row.Select(i => ImageAt(images, i)), .. row.Select(i => ImageAt(reconstructions, i))])];
    Draw(drawn, (int)images.Shape[2], columns, path);
}

// Rows that begin at the code of one test image and end at that of another, with equal steps between.
static void DrawWalks(Sequential decoder, TensorData codes, long[] labels, string path)
{
    const int Steps = 13;
    (int From, int To)[] walks = [(0, 1), (3, 8), (4, 9), (7, 2), (6, 5)];
    walks = [.. walks.Where(walk => labels.Contains(walk.From) && labels.Contains(walk.To))];
    var points = new List<float>();
    foreach ((int from, int to) in walks)
    {
        ReadOnlySpan<float> first = ImageAt(codes, Array.IndexOf(labels, from)), last = ImageAt(codes, Array.IndexOf(labels, to));
        for (int step = 0; step < Steps; step++)
        {
            float share = step / (Steps - 1f);
            for (int i = 0; i < first.Length; i++)
                points.Add(first[i] * (1 - share) + last[i] * share);
        }
    }

    if (walks.Length == 0)
        return;
    TensorData images = decoder.Predict(TensorData.From(points.ToArray(), [walks.Length * Steps, codes.Shape[1]]));
    Draw([.. Enumerable.Range(0, walks.Length * Steps).Select(i => ImageAt(images, i))], (int)images.Shape[2], Steps, path);
}

// One example of a tensor.
static float[] ImageAt(TensorData images, int index)
{
    int length = (int)images.Shape[1..].ElementCount;
    return images.AsSpan<float>().Slice(index * length, length).ToArray();
}

// Images side by side, three pixels for each of theirs.
static void Draw(float[][] images, int width, int columns, string path)
{
    const int Zoom = 3, Gap = 2;
    int height = images[0].Length / width, rows = (images.Length + columns - 1) / columns;
    using var bitmap = new SKBitmap(columns * (width * Zoom + Gap) + Gap, rows * (height * Zoom + Gap) + Gap);
    bitmap.Erase(SKColors.DimGray);
    for (int i = 0; i < images.Length; i++)
    {
        int left = Gap + i % columns * (width * Zoom + Gap), top = Gap + i / columns * (height * Zoom + Gap);
        for (int y = 0; y < height * Zoom; y++)
        {
            for (int x = 0; x < width * Zoom; x++)
            {
                byte gray = (byte)Math.Clamp(MathF.Round(255 * images[i][y / Zoom * width + x / Zoom]), 0, 255);
                bitmap.SetPixel(left + x, top + y, new SKColor(gray, gray, gray));
            }
        }
    }

    using FileStream file = File.Create(path);
    bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
}
