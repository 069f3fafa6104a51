#:package System.CommandLine
#:project ../src/Anneal.Models

// A small GPT-2 (Radford et al., 2019) that writes Tang poems character by character: trained on datasets/tang, saved as transformers saves it, with its tokenizer.
// Poems are packed into rows, none of them sees another; a twentieth of them is kept to measure the loss. In the end the program writes poems and counts in how
// many couplets both lines have the same number of characters.
//
//   dotnet run -c Release examples/tang-gpt.cs
//   dotnet run -c Release examples/tang-gpt.cs -- --line 床前明月光 --seed 7
//   dotnet run -c Release examples/tang-gpt.cs -- --generate 3
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;
using Anneal.Models;

const string End = "</s>", Unknown = "<unk>";
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var steps = new Option<int>("--steps") { Description = "How many steps to train, of eight rows of 128 characters; the default takes about ten minutes on two cores.", DefaultValueFactory = _ => 2200 };
var seed = new Option<int>("--seed") { Description = "Chooses the split, the first weights, the order of the data and what is written.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data") { Description = "The poems: a JSON object a line with title, author and text, plain or gzipped.", DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "tang", "poems.jsonl.gz") };
var output = new Option<string>("--output") { Description = "Where to write the model, and where it is read from.", DefaultValueFactory = _ => Path.Combine(here, "output", "tang-gpt") };
var line = new Option<string?>("--line", "--prompt") { Description = "Do not train: let the saved model continue this first line." };
var generate = new Option<int?>("--generate") { Description = "Do not train: let the saved model write so many poems." };
var temperature = new Option<double>("--temperature") { Description = "How daring the choice of characters is.", DefaultValueFactory = _ => 0.8 };
var command = new RootCommand("Trains a GPT on Tang poems and lets it write.") { steps, seed, data, output, line, generate, temperature };
command.SetAction(arguments =>
{
    try
    {
        string folder = arguments.GetValue(output)!;
        (int first, double heat) = (arguments.GetValue(seed), arguments.GetValue(temperature));
        if (arguments.GetValue(line) is null && arguments.GetValue(generate) is null)
            Train(arguments.GetValue(data)!, arguments.GetValue(steps), first, folder);
        Write(folder, arguments.GetValue(line), arguments.GetValue(generate) ?? (arguments.GetValue(line) is null ? 200 : 1), first, heat);
        return 0;
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static void Train(string data, int steps, int seed, string folder)
{
    const int RowLength = 128, BatchSize = 8;
    (string[] learning, string[] kept) = TrainTestSplit.Of([.. TangPoems.Read(data).Select(p => p.Text)], testFraction: 0.05, seed);
    Tokenizer tokenizer = CharacterTrainer.Train(learning, new CharacterTrainingOptions
    {
        VocabularySize = 4000, UnknownToken = Unknown, BeginToken = "<s>", SpecialTokens = [AddedToken.Special(End)],
    });
    int end = tokenizer.IdOf(End)!.Value;
    PackedSequences Pack(string[] poems) => SequencePacking.Pack([.. tokenizer.EncodeBatch(poems).Select(p => (int[])[.. p.Ids, end])], RowLength);
    PackedSequences rows = Pack(learning);
    (Dataset training, Dataset validation) = (rows.ToLanguageModelDataset(), Pack(kept).ToLanguageModelDataset());
    long characters = rows.Report.Total;

    var model = new Gpt2LMHeadModel(new Gpt2Config
    {
        VocabularySize = tokenizer.IdCount, MaximumPositions = RowLength, HiddenSize = 256, LayerCount = 4, HeadCount = 4, EndIds = [end],
    })
    {
        Seed = seed,
    };
    var rate = new WarmUpSchedule(new CosineSchedule(2e-3, steps, minimumRate: 1e-4), 100);
    model.Compile(
        new AdamW(rate) { GlobalClipNorm = 1, Groups = [ParameterGroup.WithoutDecay("*/bias", "*/gamma", "*/beta")] }, Loss.SparseCategoricalCrossentropy(fromLogits: true));
    Console.WriteLine($"{learning.Length} poems to learn from in {training.Count} rows, {kept.Length} to measure the loss; {tokenizer.IdCount} characters; {model.ParameterCount} parameters");

    var watch = Stopwatch.StartNew();
    int all = training.Count / BatchSize;
    for (int done = 0; done < steps;)
    {
        int now = Math.Min(all, steps - done);
        History history = model.Fit(
            training.Shuffle(seed + (long)done).Take(now * BatchSize), new FitOptions { BatchSize = BatchSize, ValidationData = validation });
        done += now;
        double loss = history["val_loss"][^1], spent = watch.Elapsed.TotalSeconds, perStep = spent / done;
        Console.WriteLine(
            $"step {done} of {steps}: validation loss {loss:F4}, perplexity {Math.Exp(loss):F1}; {BatchSize * characters / training.Count / perStep:F0} characters/s, {TimeSpan.FromSeconds(perStep * (steps - done)):m\\:ss} left");
    }

    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F0} s");
    model.SavePretrained(folder);
    tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
    Console.WriteLine($"model and characters in {Path.GetFullPath(folder)}");
}

static void Write(string folder, string? line, int count, int seed, double temperature)
{
    Gpt2LMHeadModel model = Gpt2LMHeadModel.Load(folder);
    Tokenizer tokenizer = Tokenizer.Load(folder);
    int unknown = tokenizer.IdOf(Unknown)!.Value;
    if (tokenizer.Encode(line ?? "").Ids.Contains(unknown))
        throw new InputException($"The line has characters that the model does not know: {string.Concat(line!.EnumerateRunes().Where(r => tokenizer.IdOf(r.ToString()) is null))}");
    var generator = new TextGenerator(new CausalGenerator(model), tokenizer);
    var watch = Stopwatch.StartNew();
    (int equal, int couplets) = (0, 0);
    for (int i = 0; i < count; i++)
    {
        var options = new GenerationOptions
        {
            Temperature = temperature, TopP = 0.95, Seed = seed + (long)i, EndTokens = model.Config.EndIds, ForbiddenTokens = [unknown],
        };
        string begin = line is null || line.EndsWith('，') ? line ?? "" : line + "，", poem = begin + generator.Generate(begin, options);
        (int matched, int found) = TangPoems.CountCouplets(poem);
        (equal, couplets) = (equal + matched, couplets + found);
        if (i < 5 || line is not null)
            Console.WriteLine(poem);
    }

    Console.WriteLine($"{count} poems in {watch.Elapsed.TotalSeconds:F1} s: {equal} of {couplets} couplets ({(double)equal / couplets:P1}) have two lines of the same number of characters");
}
