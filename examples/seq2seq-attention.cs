#:package ScottPlot
#:package System.CommandLine
#:project ../src/Anneal

// An encoder-decoder with attention that reads dates as people write them ("May 3rd, 2021", "Monday, 3 May 2021", "3.V.2021") and writes
// them as 2021-05-03. It is tested on dates that it has never seen in any format, and draws where it looked for each character.
//
//   dotnet run -c Release examples/seq2seq-attention.cs
//   dotnet run -c Release examples/seq2seq-attention.cs -- --epochs 3 --seed 2
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using ScottPlot;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data.", DefaultValueFactory = _ => 8 };
var seed = new Option<int>("--seed") { Description = "Chooses the dates, the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var output = new Option<string>("--output") { Description = "Where to write the picture.", DefaultValueFactory = _ => Path.Combine(here, "output", "seq2seq-attention") };
var command = new RootCommand("Trains a transformer to read dates.") { epochs, seed, output };
command.SetAction(arguments =>
{
    try
    {
        return Run(arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(output)!);
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static int Run(int epochs, int seed, string output)
{
    const int TrainingExamples = 24_000, UnseenDates = 2_000;
    Directory.CreateDirectory(output);
    (WrittenDate[] train, WrittenDate[] test) = WrittenDate.Split(TrainingExamples, UnseenDates, seed);
    var alphabet = new Alphabet(train);
    var model = new DateReader(alphabet.Size, alphabet.MaximumLength) { Seed = seed };
    model.Compile(new Adam(2e-3), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);

    TensorData answers = DateReader.Tokens([.. train.Select(d => d.Answer)]);
    var data = new ArrayDataset([alphabet.Encode(train), DateReader.ShiftedRight(answers)], [answers]);
    var watch = Stopwatch.StartNew();

    // Smaller steps from epoch to epoch: the last digits settle.
    var slower = new LambdaCallback { EpochEnd = (_, _) => model.Optimizer!.LearningRate *= 0.7 };
    model.Fit(data, new FitOptions { Epochs = epochs, BatchSize = 64, Callbacks = [slower] });
    Console.WriteLine(model.Summary());
    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F1} s");

    watch.Restart();
    string[] read = model.Read(alphabet.Encode(test));
    Console.WriteLine($"read {test.Length} dates in {watch.Elapsed.TotalSeconds:F1} s");
    foreach (IGrouping<int, bool> format in test.Select((d, i) => (d.Format, Right: read[i] == d.Answer)).GroupBy(d => d.Format, d => d.Right).OrderBy(g => g.Key))
        Console.WriteLine($"  {WrittenDate.Formats[format.Key](new DateOnly(2021, 5, 3)),-30} {format.Count(right => right),4} of {format.Count()}");
    foreach (int i in Enumerable.Range(0, test.Length).Where(i => read[i] != test[i].Answer).Take(10))
        Console.WriteLine($"  wrong: {test[i].Text} is {test[i].Answer}, but was read as {read[i]}");

    string picture = Path.Combine(output, "attention.png");
    DrawAttention(model, alphabet, [.. new[] { 3, 4, 8, 17 }.Select(format => test.First(d => d.Format == format))], picture);
    Console.WriteLine($"where the reader looked: {Path.GetFullPath(picture)}");
    foreach (int i in Enumerable.Range(0, 8))
        Console.WriteLine($"  {test[i].Text,-30} -> {read[i]}");
    Console.WriteLine($"exact match {read.Where((text, i) => text == test[i].Answer).Count() / (double)test.Length:F4}");
    return 0;
}

// Each row is a character that was written, each column one that was read; the brighter, the more weight.
static void DrawAttention(DateReader model, Alphabet alphabet, WrittenDate[] dates, string path)
{
    TensorData weights = model.Attention(alphabet.Encode(dates), DateReader.Tokens([.. dates.Select(d => d.Answer)]));
    long steps = weights.Shape[1], width = weights.Shape[2];
    float[] values = weights.ToArray<float>();
    var plots = new Multiplot();
    plots.AddPlots(dates.Length);
    plots.Layout = new ScottPlot.MultiplotLayouts.Grid(2, (dates.Length + 1) / 2);
    for (int i = 0; i < dates.Length; i++)
    {
        WrittenDate date = dates[i];
        var cells = new double[steps, date.Text.Length];
        for (int row = 0; row < steps; row++)
        {
            for (int column = 0; column < date.Text.Length; column++)
                cells[row, column] = values[(i * steps + row) * width + column];
        }

        Plot plot = plots.GetPlot(i);
        plot.Add.Heatmap(cells).Colormap = new ScottPlot.Colormaps.Viridis();
        plot.Title($"{date.Text}  →  {date.Answer}", 16);
        plot.Axes.Bottom.TickGenerator = Ticks(date.Text, column => column);
        plot.Axes.Left.TickGenerator = Ticks(date.Answer, row => steps - 1 - row);
        plot.Axes.Margins(0, 0);
        plot.HideGrid();
    }

    plots.SavePng(path, 1200, 720);
}

static ScottPlot.TickGenerators.NumericManual Ticks(string text, Func<int, double> place)
{
    var ticks = new ScottPlot.TickGenerators.NumericManual();
    for (int i = 0; i < text.Length; i++)
        ticks.AddMajor(place(i), text[i] == ' ' ? "␣" : text[i].ToString());
    return ticks;
}

/// <summary>A date as somebody wrote it.</summary>
/// <param name="Text">Such as <c>May 3rd, 2021</c>.</param>
/// <param name="Answer">The same as year-month-day.</param>
/// <param name="Format">Which of the formats.</param>
internal sealed record WrittenDate(string Text, string Answer, int Format)
{
    private static readonly string[] Romans = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

    /// <summary>The ways in which a date may be written. Years of two digits lie between 1950 and 2049, as all dates here do.</summary>
    public static readonly Func<DateOnly, string>[] Formats =
    [
        d => In(d, "d MMMM yyyy"),
        d => In(d, "dd MMM yyyy"),
        d => In(d, "MMMM d, yyyy"),
        d => In(d, "MMMM ") + Ordinal(d.Day) + In(d, ", yyyy"),
        d => In(d, "dddd, d MMMM yyyy"),
        d => In(d, "ddd, MMM d, yyyy"),
        d => In(d, "yyyy/M/d"),
        d => In(d, "M/d/yyyy"),
        d => "the " + Ordinal(d.Day) + In(d, " 'of' MMMM yyyy"),
        d => In(d, "d.M.yyyy"),
        d => In(d, "yyyy.MM.dd"),
        d => In(d, "yyyyMMdd"),
        d => In(d, "d-MMM-yy"),
        d => In(d, @"MMM d \'yy"),
        d => In(d, "MMMM d yyyy").ToUpperInvariant(),
        d => In(d, "d MMM, yyyy").ToLowerInvariant(),
        d => In(d, "yyyy, MMMM d"),
        d => $"{d.Day}.{Romans[d.Month - 1]}.{d.Year}",
        d => In(d, "yyyy MMM ") + Ordinal(d.Day),
        d => In(d, "ddd d/MMM/yyyy"),
    ];

    /// <summary>Draws dates to learn from, each with a random format, and others to be tested with, none of which is among the first.</summary>
    public static (WrittenDate[] Train, WrittenDate[] Test) Split(int trainingExamples, int unseenDates, int seed)
    {
        var random = new Random(seed);
        DateOnly first = new(1950, 1, 1), end = new(2050, 1, 1);
        DateOnly[] dates = [.. Enumerable.Range(0, end.DayNumber - first.DayNumber).Select(first.AddDays)];
        random.Shuffle(dates);
        WrittenDate[] test = [.. dates.Take(unseenDates).Select(d => Write(d, random.Next(Formats.Length)))];
        WrittenDate[] train =
        [
            .. Enumerable.Range(0, trainingExamples)
                .Select(_ => Write(dates[random.Next(unseenDates, dates.Length)], random.Next(Formats.Length))),
        ];
        return (train, test);
    }

    private static WrittenDate Write(DateOnly date, int format) => new(Formats[format](date), In(date, "yyyy-MM-dd"), format);

    private static string In(DateOnly date, string format) => date.ToString(format, CultureInfo.InvariantCulture);

    private static string Ordinal(int day) => day + (day is 11 or 12 or 13 ? "th" : (day % 10) switch { 1 => "st", 2 => "nd", 3 => "rd", _ => "th" });
}

/// <summary>The characters of texts, numbered from 1; 0 fills texts up to the longest.</summary>
internal sealed class Alphabet(WrittenDate[] dates)
{
    private readonly char[] _characters = [.. dates.SelectMany(d => d.Text).Distinct().Order()];

    /// <summary>How many numbers there are.</summary>
    public int Size => _characters.Length + 1;

    /// <summary>The length of the longest text that can be encoded.</summary>
    public int MaximumLength { get; } = dates.Max(d => d.Text.Length);

    /// <summary>The characters of each text as int32 <c>[texts, maximumLength]</c>.</summary>
    public TensorData Encode(WrittenDate[] texts)
    {
        var numbers = new int[texts.Length, MaximumLength];
        for (int i = 0; i < texts.Length; i++)
        {
            string text = texts[i].Text;
            if (text.Length > MaximumLength || text.Any(c => Array.BinarySearch(_characters, c) < 0))
                throw new ArgumentException($"\"{text}\" is longer than what was learned, or has other characters.");
            for (int j = 0; j < text.Length; j++)
                numbers[i, j] = Array.BinarySearch(_characters, text[j]) + 1;
        }

        return TensorData.From(numbers);
    }
}

/// <summary>
/// An encoder over the characters of a text and a decoder that writes the characters of a date one by one, each from the text and those
/// before it. Inputs: texts int32 <c>[batch, length]</c>, and what was written, shifted by one step, <c>[batch, 10]</c>; output: logits of the
/// next character <c>[batch, 10, 12]</c>.
/// </summary>
internal sealed class DateReader : Model
{
    private const string Characters = "0123456789-";
    private const int Steps = 10, Begin = 11, Features = 64, Heads = 4, Hidden = 128;
    private readonly Embedding _read, _written;
    private readonly PositionalEmbedding _readPlaces, _writtenPlaces;
    private readonly TransformerEncoderBlock[] _encoder;
    private readonly TransformerDecoderBlock _decoder;
    private readonly LayerNormalization _encoderNorm, _decoderNorm;

    public DateReader(int alphabetSize, int maximumLength) : base("date_reader")
    {
        _read = Track(new Embedding(alphabetSize, Features, maskZero: true, name: "read"));
        _readPlaces = Track(new PositionalEmbedding(maximumLength, name: "read_places"));
        _encoder = [.. Enumerable.Range(0, 2).Select(_ => Track(new TransformerEncoderBlock(Heads, Hidden, Activation.Gelu, preNorm: true)))];
        _encoderNorm = Track(new LayerNormalization(name: "encoder_norm"));
        _written = Track(new Embedding(Characters.Length + 1, Features, name: "written"));
        _writtenPlaces = Track(new PositionalEmbedding(Steps, name: "written_places"));
        _decoder = Track(new TransformerDecoderBlock(Heads, Hidden, Activation.Gelu, preNorm: true, returnAttentionScores: true));
        _decoderNorm = Track(new LayerNormalization(name: "decoder_norm"));
    }

    /// <summary>The numbers of the characters of dates, int32 <c>[dates, 10]</c>.</summary>
    public static TensorData Tokens(string[] dates) =>
        TensorData.From(dates.SelectMany(d => d.Select(c => Characters.IndexOf(c, StringComparison.Ordinal))).ToArray(), [dates.Length, Steps]);

    /// <summary>What has been written before each character of the answer.</summary>
    public static TensorData ShiftedRight(TensorData answers)
    {
        int[] tokens = answers.ToArray<int>();
        return TensorData.From(tokens.Select((_, i) => i % Steps == 0 ? Begin : tokens[i - 1]).ToArray(), answers.Shape);
    }

    /// <summary>Reads texts, many at a time.</summary>
    public string[] Read(TensorData texts)
    {
        // The whole loop is one program: the text is encoded once, then ten characters are chosen, each the likeliest.
        var program = Anneal.Program.Compile(source =>
        {
            Tensor encoded = Encode(source), written = Tensor.Full([source.Shape[0], 1], Begin, DType.Int32);
            for (int step = 0; step < Steps; step++)
                written = Tensor.Concat(1, written, Decode(written, encoded).Logits.Narrow(1, step, 1).ArgMax());
            return written.Narrow(1, 1, Steps);
        });
        int[] tokens = program.Run(texts).ToArray<int>();
        return [.. tokens.Chunk(Steps).Select(date => string.Concat(date.Select(t => t < Characters.Length ? Characters[t] : '?')))];
    }

    /// <summary>How much each character of the answer looked at each character of the text, the mean over heads: <c>[batch, 10, length]</c>.</summary>
    public TensorData Attention(TensorData texts, TensorData answers) => Anneal.Program
        .Compile((source, written) => Decode(written, Encode(source)).Attention.Mean([1]))
        .Run(texts, ShiftedRight(answers));

    protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs) => [Decode(inputs[1], Encode(inputs[0])).Logits];

    private Tensor Encode(Tensor source) => _encoderNorm.Apply(
        _encoder.Aggregate(_readPlaces.Apply(_read.Apply(source)), (x, block) => block.Apply(x)));

    private (Tensor Logits, Tensor Attention) Decode(Tensor written, Tensor encoded)
    {
        (Tensor decoded, Tensor attention) = _decoder.ApplyWithScores(_writtenPlaces.Apply(_written.Apply(written)), encoded);
        return (_written.Project(_decoderNorm.Apply(decoded)), attention);
    }
}
