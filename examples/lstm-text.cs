#:package System.CommandLine
#:project ../src/Anneal.Data

// Texts told apart by a bidirectional LSTM over their words: any CSV file with the columns id,category,title,content, or by default poems of the
// Tang dynasty, by their form (five or seven characters a line) or their author. TF-IDF with logistic regression, which knows words but not their order, is
// reported beside it.
//
//   dotnet run -c Release examples/lstm-text.cs
//   dotnet run -c Release examples/lstm-text.cs -- --label author
//   dotnet run -c Release examples/lstm-text.cs -- --data news.csv.gz --seed 2
//   dotnet run -c Release examples/lstm-text.cs -- --classify "a text"
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
string poems = Path.Combine(here, "..", "datasets", "tang", "poems.jsonl.gz");
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data at most.", DefaultValueFactory = _ => 12 };
var seed = new Option<int>("--seed") { Description = "Chooses the split, the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string?>("--data") { Description = "A CSV file with the columns id,category,title,content, plain or gzipped; without it the poems in datasets/tang." };
var label = new Option<string>("--label") { Description = "What the poems are told apart by.", DefaultValueFactory = _ => "form" };
label.AcceptOnlyFromAmong("form", "author");
var length = new Option<int?>("--length") { Description = "How many words of a text are read at most, by default 64 of a poem and 160 of other texts; the rest is counted." };
var punctuation = new Option<bool>("--punctuation") { Description = "Whether signs of punctuation are words too; in poems they are, because they end the lines." };
var output = new Option<string>("--output") { Description = "Where to write the model, the report and the curves.", DefaultValueFactory = _ => Path.Combine(here, "output", "lstm-text") };
var classify = new Option<string?>("--classify") { Description = "Do not train: say what the saved model takes this text for." };
var command = new RootCommand("Trains an LSTM to tell texts apart and tests it.") { epochs, seed, data, label, length, punctuation, output, classify };
command.SetAction(arguments =>
{
    try
    {
        string folder = arguments.GetValue(output)!;
        if (arguments.GetValue(classify) is { } text)
        {
            TextPrediction prediction = TextClassifier.Load(Path.Combine(folder, "model")).Classify([text])[0];
            Console.WriteLine($"{prediction.ClassName} ({prediction.Probability:P1})");
            return 0;
        }

        LabeledTexts texts = arguments.GetValue(data) is { } table ? LabeledTexts.ReadCsv(table)
            : arguments.GetValue(label) == "author" ? TangPoems.ByAuthor(poems, authors: 6) : TangPoems.ByForm(poems);
        var signs = arguments.GetValue(data) is null || arguments.GetValue(punctuation) ? PunctuationHandling.Keep : PunctuationHandling.Drop;
        Run(texts, signs, arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(length) ?? (arguments.GetValue(data) is null ? 64 : 160), folder);
        return 0;
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static void Run(LabeledTexts texts, PunctuationHandling signs, int epochs, int seed, int length, string output)
{
    TextParts parts = texts.SplitInThree(testFraction: 0.2, validationFraction: 0.1, seed);
    WordEncoder words = WordEncoder.Fit(parts.Train.Texts, new WordEncoderOptions
    {
        Length = length,
        FitsLength = true,
        Words = new WordOptions { Digits = DigitHandling.Mask, Punctuation = signs },
        Vocabulary = new WordVocabularyOptions { MinimumCount = 2, MaximumSize = 20_000 },
    });
    var model = new Sequential(
        new Embedding(words.Vocabulary.Size, 96, maskZero: true), new SpatialDropout1D(0.3),
        new Bidirectional(new Lstm(64, returnSequences: true)), new GlobalMaxPool1D(),
        new Dropout(0.3), new Dense(texts.ClassNames.Count))
    {
        Seed = seed,
    };
    model.Compile(new Adam(2e-3) { GlobalClipNorm = 1 }, Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    model.Build(words.Length, DType.Int32);
    Console.WriteLine(model.Summary());
    Console.WriteLine($"{parts.Train.Count} texts to learn from, {parts.Validation.Count} to know when to stop, {parts.Test.Count} to test; {words.Vocabulary.Size} words; {words.Encode(parts.Train.Texts).Report}");

    var classifier = new TextClassifier(model, words, texts.ClassNames);
    var watch = Stopwatch.StartNew();
    History history = model.Fit(classifier.ToDataset(parts.Train), new FitOptions
    {
        Epochs = epochs,
        BatchSize = 32,
        ValidationData = classifier.ToDataset(parts.Validation),
        Callbacks = [new EarlyStopping("val_loss", patience: 2, restoreBestWeights: true)],
    });
    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F1} s");
    classifier.Save(Path.Combine(output, "model"));
    TextReport report = TextReport.Of("LSTM", classifier, parts);
    report.Save(output, history);
    Console.WriteLine(report);
    Console.WriteLine($"model, report and curves in {Path.GetFullPath(output)}");
}
