using System.Diagnostics;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>How prompts are answered and judged.</summary>
public sealed record PromptEvaluationOptions
{
    /// <summary>
    /// What judges the answers, each name once; empty is exact match and token F1 with the normalization of SQuAD, ROUGE-L and chrF. What the metrics have
    /// seen before neither enters nor changes.
    /// </summary>
    public IReadOnlyList<TextMetric> Metrics { get; init; } = [];

    /// <summary>How texts are made; null is <see cref="TextGenerator.Options"/>. With draws, each batch has the same ones.</summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>Ends each text before the first of these that it would have.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>How many texts are made at once, at least 1. Results do not depend on it but for draws; see <see cref="TokenGenerator.GenerateBatch"/>.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Whether a prompt that is a text becomes what the user says in a conversation; null is wherever the model has a chat template.</summary>
    public bool? UsesChatTemplate { get; init; }

    /// <summary>What a model is told before each conversation that has no such message; null is nothing.</summary>
    public string? SystemMessage { get; init; }

    /// <summary>How conversations become text; null for the defaults.</summary>
    public ChatRenderOptions? Rendering { get; init; }

    /// <summary>Whether white space around an answer is cut off before it is judged.</summary>
    public bool TrimsAnswers { get; init; } = true;

    /// <summary>A file to write: a JSON object a line for each example as soon as it is judged, and a last line with the summary. Null writes none.</summary>
    public string? ReportFile { get; init; }

    /// <summary>Is told each result as soon as it is there; null tells nobody.</summary>
    public IProgress<PromptResult>? Progress { get; init; }
}

/// <summary>An example and what a model made of it.</summary>
/// <param name="Index">The place of the example, counted from 0.</param>
/// <param name="Example">The example.</param>
/// <param name="Answer">What is judged.</param>
/// <param name="Generation">What was made, and what it took.</param>
/// <param name="Scores">What each metric says of this example alone, by its name.</param>
public sealed record PromptResult(int Index, PromptExample Example, string Answer, GenerationResult Generation, IReadOnlyDictionary<string, double> Scores);

/// <summary>How well a model answers prompts.</summary>
/// <param name="Scores">What each metric says of all answers together, by its name.</param>
/// <param name="Results">The examples in their order.</param>
/// <param name="Duration">How long it took to make the texts.</param>
public sealed record PromptReport(IReadOnlyDictionary<string, double> Scores, IReadOnlyList<PromptResult> Results, TimeSpan Duration)
{
    /// <summary>The tokens of all prompts.</summary>
    public long PromptTokenCount => Results.Sum(r => (long)r.Generation.PromptTokenCount);

    /// <summary>The tokens that were made.</summary>
    public long NewTokenCount => Results.Sum(r => (long)r.Generation.NewTokenCount);
}

/// <summary>Lets a model answer prompts and judges the answers, with the chat template that the model was trained with.</summary>
/// <example><code>
/// TextGenerator generator = TextGenerator.Load("my-model");
/// PromptReport report = PromptEvaluation.Run(generator, PromptExample.Read("questions.jsonl"), new() { ReportFile = "answers.jsonl" });
/// Console.WriteLine(report.Scores["exact match"]);
/// </code></example>
public static class PromptEvaluation
{
    /// <summary>Answers all prompts and judges the answers.</summary>
    /// <param name="generator">Makes the answers.</param>
    /// <param name="examples">The prompts, such as <see cref="PromptExample.Read"/> gives; at least one.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the work before the next token; what is in the report's file stays.</param>
    /// <exception cref="InputException">There is no example.</exception>
    /// <exception cref="OptionException">An option is out of range, or two metrics have one name.</exception>
    /// <exception cref="ModelException">A conversation is to be made, and the model has no chat template.</exception>
    /// <exception cref="AnnealException">As <see cref="TextGenerator.GenerateResults"/> and <see cref="TextGenerator.EncodeChat"/>, or an example cannot be read.</exception>
    /// <exception cref="IOException">The report cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static PromptReport Run(TextGenerator generator, IEnumerable<PromptExample> examples, PromptEvaluationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(examples);
        options ??= new PromptEvaluationOptions();
        TextMetric[] metrics = Metrics(options);
        if (options.BatchSize < 1)
            throw new OptionException(FormattableString.Invariant($"{nameof(options.BatchSize)} must be at least 1, not {options.BatchSize}."));
        bool chats = options.UsesChatTemplate ?? generator.ChatTemplate is not null;
        GenerationOptions generation = generator.ChatTemplate is null ? options.Generation ?? generator.Options : generator.EndingTurns(options.Generation, options.Rendering);

        using PromptReportWriter? writer = options.ReportFile is { } file ? new PromptReportWriter(file) : null;
        var results = new List<PromptResult>();
        var duration = TimeSpan.Zero;
        foreach (PromptExample[] batch in examples.Chunk(options.BatchSize))
        {
            long start = Stopwatch.GetTimestamp();
            IReadOnlyList<int>[] prompts = Array.ConvertAll(batch, example => Encode(generator, example, options, chats));
            GenerationResult[] made = generator.GenerateResults(prompts, generation, options.StopStrings, cancellationToken);
            duration += Stopwatch.GetElapsedTime(start);
            for (int i = 0; i < batch.Length; i++)
            {
                string answer = options.TrimsAnswers ? made[i].Text.Trim() : made[i].Text;
                var result = new PromptResult(results.Count, batch[i], answer, made[i], metrics.ToDictionary(m => m.Name, m => m.Of([answer], [batch[i].References])));
                results.Add(result);
                writer?.Write(result);
                options.Progress?.Report(result);
            }
        }

        if (results.Count == 0)
            throw new InputException("There is no prompt to be answered.");
        string[] answers = [.. results.Select(r => r.Answer)];
        IReadOnlyList<string>[] references = [.. results.Select(r => r.Example.References)];
        var report = new PromptReport(metrics.ToDictionary(m => m.Name, m => m.Of(answers, references)), results, duration);
        writer?.Write(report, generator, generation);
        return report;
    }

    private static TextMetric[] Metrics(PromptEvaluationOptions options)
    {
        TextMetric[] metrics = options.Metrics.Count > 0
            ? [.. options.Metrics]
            : [new ExactMatch(AnswerNormalization.Squad), new TokenF1(AnswerNormalization.Squad), new RougeL(), new ChrF()];
        return metrics.GroupBy(m => m.Name).FirstOrDefault(g => g.Count() > 1) is { } same
            ? throw new OptionException($"{nameof(options.Metrics)} has two of the name '{same.Key}', by which scores are told apart.")
            : metrics;
    }

    private static IReadOnlyList<int> Encode(TextGenerator generator, PromptExample example, PromptEvaluationOptions options, bool chats)
    {
        ChatConversation? conversation = example.Conversation ?? (chats ? new ChatConversation([ChatMessage.User(example.Prompt!)]) : null);
        if (conversation is null)
        {
            return options.SystemMessage is null
                ? generator.Encode(example.Prompt!)
                : throw new OptionException($"{nameof(options.SystemMessage)} is for conversations, but prompts are continued as they are. Hint: see {nameof(options.UsesChatTemplate)}.");
        }

        if (options.SystemMessage is { } system && conversation.Messages is not [{ Role: "system" }, ..])
            conversation = conversation with { Messages = [ChatMessage.System(system), .. conversation.Messages] };
        return generator.EncodeChat(conversation, options.Rendering);
    }
}
