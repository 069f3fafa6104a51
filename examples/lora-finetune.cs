#:package System.CommandLine
#:project ../src/Anneal.Models

// A small GPT-2 learns the Tang poems of five characters a line; then a LoRA adapter (Hu et al., 2021) of under two per cent of its parameters teaches it those
// of seven, while the model's own weights stay as they are. Losses are measured on poems that were kept apart. In the end the adapter is saved in PEFT's form,
// merged into the model, and the merged files are compared with the model and its adapter before they take their place.
//
//   dotnet run -c Release examples/lora-finetune.cs
//   dotnet run -c Release examples/lora-finetune.cs -- --rank 2 --adapter-steps 200
//   dotnet run -c Release examples/lora-finetune.cs -- --dora
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using Anneal.Data;
using Anneal.Models;

const string End = "</s>", Unknown = "<unk>";
const int RowLength = 128, BatchSize = 8;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var steps = new Option<int>("--steps") { Description = "How many steps the model is trained on poems of five characters a line, each of eight rows of 128 characters.", DefaultValueFactory = _ => 800 };
var adapterSteps = new Option<int>("--adapter-steps") { Description = "How many steps the adapter is trained on those of seven.", DefaultValueFactory = _ => 500 };
var rank = new Option<int>("--rank") { Description = "The rank of the adapter.", DefaultValueFactory = _ => 4 };
var dora = new Option<bool>("--dora") { Description = "Learn magnitudes and directions apart (DoRA)." };
var seed = new Option<int>("--seed") { Description = "Chooses the split, the first weights, the order of the data and what is written.", DefaultValueFactory = _ => 1 };
var data = new Option<string>("--data") { Description = "The poems: a JSON object a line with title, author and text, plain or gzipped.", DefaultValueFactory = _ => Path.Combine(here, "..", "datasets", "tang", "poems.jsonl.gz") };
var output = new Option<string>("--output") { Description = "Where to write the model, the adapter and both as one.", DefaultValueFactory = _ => Path.Combine(here, "output", "lora-finetune") };
var command = new RootCommand("Moves a small language model to another form of poem with an adapter.") { steps, adapterSteps, rank, dora, seed, data, output };
command.SetAction(arguments =>
{
    try
    {
        var lora = new LoraOptions
        {
            Rank = arguments.GetValue(rank), Alpha = 4 * arguments.GetValue(rank), TargetPattern = LoraOptions.AllLinear, UseDora = arguments.GetValue(dora), Seed = arguments.GetValue(seed),
        };
        Run(arguments.GetValue(data)!, arguments.GetValue(output)!, arguments.GetValue(steps), arguments.GetValue(adapterSteps), lora, arguments.GetValue(seed));
        return 0;
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static void Run(string data, string folder, int steps, int adapterSteps, LoraOptions lora, int seed)
{
    var watch = Stopwatch.StartNew();
    TangPoem[] poems = [.. TangPoems.Read(data)];
    (string[] fives, string[] keptFives) = TrainTestSplit.Of(Of(5), testFraction: 0.05, seed);
    (string[] sevens, string[] keptSevens) = TrainTestSplit.Of(Of(7), testFraction: 0.05, seed);
    Tokenizer tokenizer = CharacterTrainer.Train([.. fives, .. sevens], new CharacterTrainingOptions
    {
        VocabularySize = 4000, UnknownToken = Unknown, BeginToken = "<s>", SpecialTokens = [AddedToken.Special(End)],
    });
    int end = tokenizer.IdOf(End)!.Value;
    Dataset Rows(string[] texts) => SequencePacking.Pack([.. tokenizer.EncodeBatch(texts).Select(p => (int[])[.. p.Ids, end])], RowLength).ToLanguageModelDataset();
    Dataset heldFives = Rows(keptFives), heldSevens = Rows(keptSevens);

    var model = new Gpt2LMHeadModel(new Gpt2Config
    {
        VocabularySize = tokenizer.IdCount, MaximumPositions = RowLength, HiddenSize = 256, LayerCount = 4, HeadCount = 4, EndIds = [end],
        ResidualDropout = 0, EmbeddingDropout = 0, AttentionDropout = 0,
    })
    {
        Seed = seed,
    };
    Console.WriteLine($"{fives.Length} poems of five characters a line, {sevens.Length} of seven; {model.ParameterCount} parameters");
    Train(model, Rows(fives), steps, 2e-3, seed);
    double five = LossOn(model, heldFives), seven = LossOn(model, heldSevens);
    Console.WriteLine($"pretrained in {watch.Elapsed.TotalSeconds:F0} s: loss {five:F4} on poems of five characters, {seven:F4} on those of seven");
    model.SavePretrained(Path.Combine(folder, "base"));

    LoraAdapter adapter = LoraAdapter.Attach(model, lora);
    double share = (double)adapter.ParameterCount / (model.ParameterCount - adapter.ParameterCount);
    Console.WriteLine($"the adapter of rank {lora.Rank} has {adapter.ParameterCount} parameters, {share:P2} of the model's");
    watch.Restart();
    Train(model, Rows(sevens), adapterSteps, 4e-3, seed);
    double adapted = LossOn(model, heldSevens);
    Console.WriteLine($"adapter trained in {watch.Elapsed.TotalSeconds:F0} s: loss {adapted:F4} on poems of seven characters, before {seven:F4}; on those of five {LossOn(model, heldFives):F4}");
    string files = Path.Combine(folder, "adapter");
    adapter.Save(files);
    tokenizer.Save(Path.Combine(folder, "base", "tokenizer.json"));
    Console.WriteLine($"its files have {Directory.GetFiles(files).Sum(f => new FileInfo(f).Length)} bytes, the model's {new FileInfo(Path.Combine(folder, "base", "model.safetensors")).Length}");

    ShareOfForms(model, tokenizer, "with the adapter", seed);
    using (model.WithoutAdapters())
        ShareOfForms(model, tokenizer, "without it", seed);

    // What is merged is written, read again and compared on poems that neither has seen; files that differ by more than rounding would not take their place.
    string merged = Path.Combine(folder, "merged");
    ParityCertificate certificate = adapter.SaveMerged(merged, [.. keptSevens.Take(40).Select(p => ParitySample.OfTokens(Ids(tokenizer, p)))]);
    tokenizer.Save(Path.Combine(merged, "tokenizer.json"));
    Console.WriteLine(
        $"merged and unmerged agree on the best character at {certificate.Top1Agreement:P2} of {certificate.Positions} places; logits of up to {certificate.LargestLogit:F1} differ by {certificate.LargestDifference:E1} at most, divergence {certificate.MeanDivergence:E1}");
    Gpt2LMHeadModel alone = Gpt2LMHeadModel.Load(merged);
    Console.WriteLine($"loss on poems of seven characters, unmerged {adapted:F4}, merged {LossOn(alone, heldSevens):F4}");
    adapter.Detach();
    Console.WriteLine($"without the adapter the model is as it was: loss {LossOn(model, heldFives):F4} on poems of five characters; files in {Path.GetFullPath(folder)}");

    string[] Of(int length) => [.. poems.Where(p => p.LineLength == length).Select(p => p.Text)];
}

static void Train(Gpt2LMHeadModel model, Dataset rows, int steps, double rate, int seed)
{
    model.Compile(
        new AdamW(new WarmUpSchedule(new CosineSchedule(rate, steps, minimumRate: rate / 20), steps / 20)) { GlobalClipNorm = 1 }, Loss.SparseCategoricalCrossentropy(fromLogits: true));
    for (int done = 0, all = rows.Count / BatchSize; done < steps;)
    {
        int now = Math.Min(all, steps - done);
        History history = model.Fit(rows.Shuffle(seed + (long)done).Take(now * BatchSize), new FitOptions { BatchSize = BatchSize, Verbosity = Verbosity.Silent });
        done += now;
        Console.WriteLine($"  step {done} of {steps}: loss {history["loss"][^1]:F4}");
    }
}

static double LossOn(Gpt2LMHeadModel model, Dataset rows)
{
    if (model.Optimizer is null)
        model.Compile(new AdamW(), Loss.SparseCategoricalCrossentropy(fromLogits: true));
    return model.Evaluate(rows, BatchSize)["loss"];
}

static void ShareOfForms(Gpt2LMHeadModel model, Tokenizer tokenizer, string how, int seed)
{
    const int Count = 20;
    var generator = new TextGenerator(new CausalGenerator(model), tokenizer);
    string[] written = [.. Enumerable.Range(0, Count).Select(i => generator.Generate("", new GenerationOptions
    {
        Temperature = 0.8, TopP = 0.95, Seed = seed + (long)i, EndTokens = model.Config.EndIds, ForbiddenTokens = [tokenizer.IdOf(Unknown)!.Value],
    }))];
    int Share(int length) => written.Count(p => new TangPoem("", "", p).LineLength == length);
    Console.WriteLine($"{how}, of {Count} poems {Share(7)} have seven characters in every line and {Share(5)} five, such as {written[0]}");
}

static TensorData Ids(Tokenizer tokenizer, string text)
{
    int[] ids = [.. tokenizer.Encode(text).Ids];
    return TensorData.From<int>(ids, [1, ids.Length]);
}
