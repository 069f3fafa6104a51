#:package System.CommandLine
#:project ../src/Anneal.Data

// Texts told apart by an encoder as BERT has it (Devlin et al., 2019), trained from scratch: words and places become vectors, blocks of attention let every word look at
// all others, and their mean says what the text is. Any CSV file with the columns id,category,title,content, or by default poems of the Tang dynasty.
//
//   dotnet run -c Release examples/bert-text.cs
//   dotnet run -c Release examples/bert-text.cs -- --data news.csv.gz --seed 2
//   dotnet run -c Release examples/bert-text.cs -- --classify "a text"
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data at most.", DefaultValueFactory = _ => 12 };
var seed = new Option<int>("--seed") { Description = "Chooses the split, the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string?>("--data") { Description = "A CSV file with the columns id,category,title,content, plain or gzipped; without it the poems in datasets/tang." };
var length = new Option<int>("--length") { Description = "How many words of a text are read.", DefaultValueFactory = _ => 160 };
var punctuation = new Option<bool>("--punctuation") { Description = "Whether signs of punctuation are words too; in poems they are, because they end the lines." };
var output = new Option<string>("--output") { Description = "Where to write the model.", DefaultValueFactory = _ => Path.Combine(here, "output", "bert-text") };
var classify = new Option<string?>("--classify") { Description = "Do not train: say what the saved model takes this text for." };
var command = new RootCommand("Trains an encoder to tell texts apart and tests it.") { epochs, seed, data, length, punctuation, output, classify };
command.SetAction(arguments =>
{
    try
    {
        string folder = arguments.GetValue(output)!;
        if (arguments.GetValue(classify) is { } text)
            return Classify(Path.Combine(folder, "model"), text);
        string table = arguments.GetValue(data) ?? MakePoems(Path.Combine(here, "..", "datasets", "tang", "poems.jsonl.gz"), folder);
        var signs = arguments.GetValue(data) is null || arguments.GetValue(punctuation) ? PunctuationHandling.Keep : PunctuationHandling.Drop;
        return Run(table, signs, arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(length), folder);
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static string MakePoems(string poems, string output)
{
    Directory.CreateDirectory(output);
    string table = Path.Combine(output, "poems.csv.gz");
    TangPoems.WriteForms(poems, table);
    return table;
}

static int Classify(string folder, string text)
{
    TextPrediction prediction = TextClassifier.Load(folder).Classify([text])[0];
    Console.WriteLine($"{prediction.ClassName} ({prediction.Probability:P1})");
    return 0;
}

static int Run(string table, PunctuationHandling signs, int epochs, int seed, int length, string output)
{
    const int Features = 96, Heads = 4, BatchSize = 32;
    LabeledTexts texts = LabeledTexts.ReadCsv(table);
    (LabeledTexts learning, LabeledTexts test) = texts.Split(testFraction: 0.2, seed);
    (LabeledTexts train, LabeledTexts validation) = learning.Split(testFraction: 0.1, seed);
    Directory.CreateDirectory(output);

    WordEncoder words = WordEncoder.Fit(train.Texts, new WordEncoderOptions
    {
        Length = length,
        Words = new WordOptions { Digits = DigitHandling.Mask, Punctuation = signs },
        Vocabulary = new WordVocabularyOptions { MinimumCount = 2, MaximumSize = 20_000 },
    });
    var model = new Sequential(
        new Embedding(words.Vocabulary.Size, Features, maskZero: true), new PositionalEmbedding(length), new LayerNormalization(), new Dropout(0.2),
        new TransformerEncoderBlock(Heads, 4 * Features, Activation.Gelu, dropout: 0.1),
        new TransformerEncoderBlock(Heads, 4 * Features, Activation.Gelu, dropout: 0.1),
        new GlobalAveragePool1D(), new Dropout(0.2), new Dense(texts.ClassNames.Count))
    {
        Seed = seed,
    };
    int steps = (train.Count + BatchSize - 1) / BatchSize;
    var rate = new WarmUpSchedule(new CosineSchedule(1e-3, epochs * steps), steps);
    model.Compile(new AdamW(rate) { GlobalClipNorm = 1 }, Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    model.Build(length, DType.Int32);
    Console.WriteLine(model.Summary());
    Console.WriteLine($"{train.Count} texts to learn from, {validation.Count} to know when to stop, {test.Count} to test; {words.Vocabulary.Size} words; {words.Encode(train.Texts).Report}");

    var classifier = new TextClassifier(model, words, texts.ClassNames);
    var watch = Stopwatch.StartNew();
    model.Fit(classifier.ToDataset(train), new FitOptions
    {
        Epochs = epochs,
        BatchSize = BatchSize,
        ValidationData = classifier.ToDataset(validation),
        Callbacks = [new EarlyStopping("val_loss", patience: 2, restoreBestWeights: true)],
    });
    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F1} s");
    classifier.Save(Path.Combine(output, "model"));
    Console.WriteLine($"model in {Path.GetFullPath(output)}");

    ConfusionMatrix baseline = TfIdfClassifier.Fit(learning, new TfIdfOptions { MinimumTexts = 2, IsSublinear = true }).Evaluate(test);
    ConfusionMatrix matrix = classifier.Evaluate(test);
    Console.WriteLine(matrix.Report(texts.ClassNames, digits: 4));
    Console.WriteLine($"TF-IDF accuracy {baseline.Accuracy:F4}, macro-F1 {baseline.FBeta(1, Averaging.Macro):F4}");
    Console.WriteLine($"BERT accuracy {matrix.Accuracy:F4}, macro-F1 {matrix.FBeta(1, Averaging.Macro):F4}");
    return 0;
}
