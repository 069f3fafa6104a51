#:package System.CommandLine
#:project ../src/Anneal.Models

// Texts told apart by an encoder as BERT has it (Devlin et al., 2019): trained from scratch, where blocks of attention let every word look at all others and their mean
// says what the text is, or begun from a public encoder and its tokenizer. Any CSV file with the columns id,category,title,content, or by default poems of the Tang
// dynasty, by their form (five or seven characters a line) or their author.
//
//   dotnet run -c Release examples/bert-text.cs
//   dotnet run -c Release examples/bert-text.cs -- --label author
//   dotnet run -c Release examples/bert-text.cs -- --data news.csv.gz --seed 2
//   dotnet run -c Release examples/bert-text.cs -- --data news.csv.gz --pretrained bert-base-uncased --epochs 3
//   dotnet run -c Release examples/bert-text.cs -- --classify "a text"
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;
using Anneal.Models;

const int BatchSize = 32;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
string poems = Path.Combine(here, "..", "datasets", "tang", "poems.jsonl.gz");
var epochs = new Option<int>("--epochs") { Description = "How many times to go through the training data at most.", DefaultValueFactory = _ => 6 };
var seed = new Option<int>("--seed") { Description = "Chooses the split, the first weights and the order of the data.", DefaultValueFactory = _ => 1 };
var data = new Option<string?>("--data") { Description = "A CSV file with the columns id,category,title,content, plain or gzipped; without it the poems in datasets/tang." };
var label = new Option<string>("--label") { Description = "What the poems are told apart by.", DefaultValueFactory = _ => "form" };
label.AcceptOnlyFromAmong("form", "author");
var pretrained = new Option<string?>("--pretrained") { Description = "A folder with a public BERT, RoBERTa or DistilBERT and its tokenizer to begin from." };
var length = new Option<int?>("--length") { Description = "How many words (or tokens of a public encoder) of a text are read at most, by default 64 of a poem and 128 of other texts; the rest is counted." };
var punctuation = new Option<bool>("--punctuation") { Description = "Whether signs of punctuation are words too; in poems they are, because they end the lines." };
var output = new Option<string>("--output") { Description = "Where to write the model, the report and the curves.", DefaultValueFactory = _ => Path.Combine(here, "output", "bert-text") };
var classify = new Option<string?>("--classify") { Description = "Do not train: say what the saved model takes this text for." };
var command = new RootCommand("Trains an encoder to tell texts apart and tests it.") { epochs, seed, data, label, pretrained, length, punctuation, output, classify };
command.SetAction(arguments =>
{
    try
    {
        (string folder, string fineTuned) = (Path.Combine(arguments.GetValue(output)!, "model"), Path.Combine(arguments.GetValue(output)!, "fine-tuned"));
        if (arguments.GetValue(classify) is { } text)
        {
            // The model that was saved last.
            bool isFineTuned = File.GetLastWriteTimeUtc(Path.Combine(fineTuned, "config.json")) > File.GetLastWriteTimeUtc(Path.Combine(folder, "config.json"));
            ITextClassifier saved = isFineTuned ? PretrainedTextClassifier.Load(fineTuned) : TextClassifier.Load(folder);
            TextPrediction prediction = saved.Classify([text])[0];
            Console.WriteLine($"{prediction.ClassName} ({prediction.Probability:P1})");
            return 0;
        }

        LabeledTexts texts = arguments.GetValue(data) is { } table ? LabeledTexts.ReadCsv(table)
            : arguments.GetValue(label) == "author" ? TangPoems.ByAuthor(poems, authors: 6) : TangPoems.ByForm(poems);
        TextParts parts = texts.SplitInThree(testFraction: 0.2, validationFraction: 0.1, arguments.GetValue(seed));
        var signs = arguments.GetValue(data) is null || arguments.GetValue(punctuation) ? PunctuationHandling.Keep : PunctuationHandling.Drop;
        (int most, int first, int longest) = (arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(length) ?? (arguments.GetValue(data) is null ? 64 : 128));
        if (arguments.GetValue(pretrained) is { } encoder)
            FineTune(encoder, parts, most, first, longest, fineTuned);
        else
            TrainFromScratch(parts, signs, most, first, longest, folder);
        return 0;
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static void TrainFromScratch(TextParts parts, PunctuationHandling signs, int epochs, int seed, int length, string folder)
{
    const int Features = 96, Heads = 4;
    WordEncoder words = WordEncoder.Fit(parts.Train.Texts, new WordEncoderOptions
    {
        Length = length,
        FitsLength = true,
        Words = new WordOptions { Digits = DigitHandling.Mask, Punctuation = signs },
        Vocabulary = new WordVocabularyOptions { MinimumCount = 2, MaximumSize = 20_000 },
    });
    var model = new Sequential(
        new Embedding(words.Vocabulary.Size, Features, maskZero: true), new PositionalEmbedding(words.Length), new LayerNormalization(), new Dropout(0.2),
        new TransformerEncoderBlock(Heads, 4 * Features, Activation.Gelu, dropout: 0.1),
        new TransformerEncoderBlock(Heads, 4 * Features, Activation.Gelu, dropout: 0.1),
        new GlobalAveragePool1D(), new Dropout(0.2), new Dense(parts.Train.ClassNames.Count))
    {
        Seed = seed,
    };
    model.Build(words.Length, DType.Int32);
    Console.WriteLine(model.Summary());
    Console.WriteLine($"{words.Vocabulary.Size} words; {words.Encode(parts.Train.Texts).Report}");
    Train(model, new TextClassifier(model, words, parts.Train.ClassNames), parts, rate: 1e-3, epochs, folder);
}

static void FineTune(string encoder, TextParts parts, int epochs, int seed, int length, string folder)
{
    PretrainedTextClassifier classifier = PretrainedTextClassifier.FromEncoder(
        encoder, parts.Train.ClassNames, new PretrainedTextClassifierOptions { MaximumLength = length, Seed = seed });
    Console.WriteLine($"{classifier.Model.TypeName} of {classifier.Model.ParameterCount} parameters; {classifier.Encode(parts.Train.Texts).Report}");
    Train(classifier.Model, classifier, parts, rate: 3e-5, epochs, folder);
}

static void Train(Model model, ITextClassifier classifier, TextParts parts, double rate, int epochs, string folder)
{
    Console.WriteLine($"{parts.Train.Count} texts to learn from, {parts.Validation.Count} to know when to stop, {parts.Test.Count} to test");
    int steps = (parts.Train.Count + BatchSize - 1) / BatchSize;
    var schedule = new WarmUpSchedule(new CosineSchedule(rate, epochs * steps), steps / 2);
    model.Compile(new AdamW(schedule) { GlobalClipNorm = 1 }, Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
    var watch = Stopwatch.StartNew();
    History history = model.Fit(classifier.ToDataset(parts.Train), new FitOptions
    {
        Epochs = epochs,
        BatchSize = BatchSize,
        ValidationData = classifier.ToDataset(parts.Validation),
        Callbacks = [new EarlyStopping("val_loss", patience: 2, restoreBestWeights: true)],
    });
    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F1} s");
    classifier.Save(folder);
    TextReport report = TextReport.Of("BERT", classifier, parts);
    report.Save(Path.GetDirectoryName(folder)!, history);
    Console.WriteLine(report);
    Console.WriteLine($"model, report and curves in {Path.GetFullPath(Path.GetDirectoryName(folder)!)}");
}
