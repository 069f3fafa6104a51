#:package System.CommandLine
#:project ../src/Anneal.Models

// A chat in the terminal with any causal model that has a chat template: a folder as transformers saves it, with config.json, weights, tokenizer and
// template. Answers appear as they are made; behind each stand its tokens and their rate. /new begins anew, /quit or the end of the input ends the chat, and Ctrl+C an
// answer. The input can come through a pipe, a turn a line; then answers alone go to the standard output.
//
//   dotnet run -c Release examples/chat.cs -- models/qwen3-0.6b
//   dotnet run -c Release examples/chat.cs -- models/qwen3-0.6b --system "Be brief." --temperature 0.7 --top-p 0.9 --seed 1 --variable enable_thinking=false
//   echo "What is 2+2?" | dotnet run -c Release examples/chat.cs -- models/qwen3-0.6b --greedy --max-tokens 100
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anneal;
using Anneal.Data;
using Anneal.Models;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.InputEncoding = Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
var folder = new Argument<string>("folder") { Description = "The folder of the model." };
var system = new Option<string?>("--system") { Description = "What the model is told before the conversation." };
var greedy = new Option<bool>("--greedy") { Description = "Always take the most probable token, whatever the publisher of the model says." };
var temperature = new Option<double?>("--temperature") { Description = "How daring the choice of tokens is; where it is not given, as the publisher of the model says." };
var topP = new Option<double?>("--top-p") { Description = "Choose among the most probable tokens that have this probability together." };
var topK = new Option<int?>("--top-k") { Description = "Choose among so many most probable tokens." };
var repetition = new Option<double?>("--repetition-penalty") { Description = "More than 1 makes repetitions rarer." };
var seed = new Option<long>("--seed") { Description = "Chooses what is drawn: the same conversation gets the same answers." };
var tokens = new Option<int?>("--max-tokens") { Description = "The most tokens of an answer." };
var context = new Option<int?>("--context") { Description = "The most tokens of a conversation; less than the model was made for takes less memory." };
var stop = new Option<string[]>("--stop") { Description = "Ends an answer before this text.", DefaultValueFactory = _ => [] };
var variables = new Option<string[]>("--variable") { Description = "A variable of the template, such as enable_thinking=false: JSON, or a text.", DefaultValueFactory = _ => [] };
var command = new RootCommand("Chats with a model.") { folder, system, greedy, temperature, topP, topK, repetition, seed, tokens, context, stop, variables };
command.SetAction(async (arguments, cancellation) =>
{
    try
    {
        TextGenerator generator = TextGenerator.Load(arguments.GetValue(folder)!, new TextGeneratorLoadOptions { ContextLength = arguments.GetValue(context) });
        GenerationOptions options = generator.Options with
        {
            MaximumNewTokens = arguments.GetValue(tokens) ?? generator.Options.MaximumNewTokens,
            RepetitionPenalty = arguments.GetValue(repetition) ?? generator.Options.RepetitionPenalty,
        };
        bool isDrawn = arguments.GetValue(temperature) is not null || arguments.GetValue(topP) is not null || arguments.GetValue(topK) is not null || options.Temperature is not null;
        options = arguments.GetValue(greedy) || !isDrawn
            ? options with { Temperature = null, TopP = null, TopK = null, MinP = null, Seed = null }
            : options with
            {
                Temperature = arguments.GetValue(temperature) ?? options.Temperature ?? 1,
                TopP = arguments.GetValue(topP) ?? options.TopP,
                TopK = arguments.GetValue(topK) ?? options.TopK,
                Seed = arguments.GetValue(seed),
            };
        var rendering = new ChatRenderOptions { Now = DateTimeOffset.Now, Variables = Parse(arguments.GetValue(variables)!) };
        await new Chat(generator, options, rendering, arguments.GetValue(stop)!, arguments.GetValue(system)).RunAsync(cancellation);
        return 0;
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});

// Ctrl+C ends an answer, not the program.
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static JsonObject Parse(string[] variables)
{
    var values = new JsonObject();
    foreach (string variable in variables)
    {
        int at = variable.IndexOf('=', StringComparison.Ordinal);
        if (at < 1)
            throw new OptionException($"--variable is NAME=VALUE, not '{variable}'.");
        string text = variable[(at + 1)..];
        try
        {
            values[variable[..at]] = JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            values[variable[..at]] = text;
        }
    }

    return values;
}

/// <summary>A conversation and who leads it.</summary>
internal sealed class Chat(TextGenerator generator, GenerationOptions options, ChatRenderOptions rendering, string[] stops, string? system)
{
    private readonly List<ChatMessage> _turns = [];

    public async Task RunAsync(CancellationToken cancellation)
    {
        Say($"{generator.Model.TypeName}, {generator.Model.ParameterCount:N0} parameters; /new begins anew, /quit ends");
        while (!cancellation.IsCancellationRequested)
        {
            if (!Console.IsInputRedirected)
                Console.Write("> ");
            switch ((await Console.In.ReadLineAsync(cancellation))?.Trim())
            {
                case null or "/quit":
                    return;
                case "":
                    break;
                case "/new":
                    _turns.Clear();
                    break;
                case var text:
                    _turns.Add(ChatMessage.User(text));
                    await AnswerAsync(cancellation);
                    break;
            }
        }
    }

    private async Task AnswerAsync(CancellationToken cancellation)
    {
        using var stopped = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ConsoleCancelEventHandler onCancel = (_, e) =>
        {
            e.Cancel = true;
            stopped.Cancel();
        };
        Console.CancelKeyPress += onCancel;
        var answer = new StringBuilder();
        GenerationPiece? last = null;
        long start = Stopwatch.GetTimestamp(), first = 0;
        try
        {
            await foreach (GenerationPiece piece in Fit(stopped.Token).WithCancellation(stopped.Token))
            {
                if (last is null)
                    first = Stopwatch.GetTimestamp();
                Console.Write(piece.Text);
                answer.Append(piece.Text);
                last = piece;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // What was said so far counts.
        }
        catch (Exception refused) when (refused is ContextLengthException or ChatRejectedException or ChatTemplateException or InputException)
        {
            // What cannot be answered is left out, and the chat goes on.
            Say(refused.Message);
            _turns.RemoveAt(_turns.Count - 1);
            return;
        }
        finally
        {
            Console.CancelKeyPress -= onCancel;
        }

        Console.WriteLine();
        _turns.Add(ChatMessage.Assistant(answer.ToString()));
        if (last is null)
            return;
        double reading = Stopwatch.GetElapsedTime(start, first).TotalSeconds, seconds = Stopwatch.GetElapsedTime(first).TotalSeconds;
        string rate = last.NewTokenCount > 1 && seconds > 0 ? $", {(last.NewTokenCount - 1) / seconds:F1} tokens/s" : "";
        Say($"{last.NewTokenCount} tokens{rate}, the first after {reading:F2} s" + (last.FinishReason == FinishReason.Length ? "; cut at the limit" : ""));
    }

    /// <summary>The answer; where the conversation is too long for the model, its oldest turns are left out.</summary>
    private IAsyncEnumerable<GenerationPiece> Fit(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                ChatMessage[] turns = system is null ? [.. _turns] : [ChatMessage.System(system), .. _turns];
                return generator.StreamAnswerAsync(new ChatConversation(turns), options, rendering, stops, cancellation);
            }
            catch (ContextLengthException) when (_turns.Count > 2)
            {
                _turns.RemoveRange(0, 2);
                Say("the conversation is too long for the model: its oldest turns are forgotten");
            }
        }
    }

    private static void Say(string text) => Console.Error.WriteLine($"[{text}]");
}
