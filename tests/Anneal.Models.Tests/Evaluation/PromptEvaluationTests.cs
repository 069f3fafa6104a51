using System.Text.Json.Nodes;
using Anneal.Data;

namespace Anneal.Models.Tests;

/// <summary>Prompts that a model answers, and what is made of the answers.</summary>
public sealed class PromptEvaluationTests
{
    private static readonly GenerationOptions Short = new() { MaximumNewTokens = 8 };

    [Fact]
    public void AnswersAreJudgedAndReported()
    {
        using Scratch folder = ChatGenerationTests.Folder();
        TextGenerator generator = TextGenerator.Load(folder.Path);
        string first = Answer(generator, ChatMessage.User("One")), second = Answer(generator, ChatMessage.System("s"), ChatMessage.User("Two"));
        Assert.NotEqual("", first);
        string file = folder.File("prompts.jsonl"), report = Path.Combine(folder.Path, "made", "report.jsonl");
        File.WriteAllLines(file,
        [
            Line(new() { ["prompt"] = "One", ["answer"] = first, ["id"] = "a" }),
            Line(new() { ["messages"] = Messages(("system", "s"), ("user", "Two"), ("assistant", second)), ["id"] = 7, ["more"] = true }),
            Line(new() { ["prompt"] = "Three", ["answers"] = new JsonArray("QQ!", "ZZ!") }),
        ]);
        ExactMatch exact = new();
        exact.Update("seen", "before");
        var options = new PromptEvaluationOptions { Metrics = [exact, new ChrF()], Generation = Short, BatchSize = 2, ReportFile = report };
        PromptReport found = PromptEvaluation.Run(generator, PromptExample.Read(file), options);
        Assert.Equal(2.0 / 3, found.Scores["exact match"], 1e-12);
        Assert.Equal((1, 1.0), (exact.Count, exact.Of(["x"], ["x"])));
        Assert.Equal([1, 1, 0], found.Results.Select(r => r.Scores["exact match"]));
        Assert.Equal([100, 100], found.Results.Take(2).Select(r => Math.Round(r.Scores["chrF"], 6)));
        Assert.Equal(new ChrF().Of(found.Results.Select(r => r.Answer).ToArray(), found.Results.Select(r => r.Example.References).ToArray()), found.Scores["chrF"]);
        Assert.Equal(found.Results.Sum(r => r.Generation.NewTokenCount), found.NewTokenCount);

        // A file can be read as often as it is asked for.
        IEnumerable<PromptExample> examples = PromptExample.Read(file);
        Assert.Equal((3, 3), (examples.Count(), examples.Count()));

        // The same for batches of any size, and without the template another text.
        PromptReport one = PromptEvaluation.Run(generator, PromptExample.Read(file), options with { BatchSize = 1, ReportFile = null });
        Assert.Equal(found.Results.Select(r => r.Generation), one.Results.Select(r => r.Generation));
        var plain = PromptEvaluation.Run(generator, [new PromptExample("One", "x")], options with { UsesChatTemplate = false, ReportFile = null, TrimsAnswers = false });
        Assert.Equal(generator.Generate("One", Short with { EndTokens = [0] }), plain.Results[0].Answer);

        JsonObject[] lines = [.. File.ReadLines(report).Select(l => JsonNode.Parse(l)!.AsObject())];
        Assert.Equal(4, lines.Length);
        Assert.Equal(["a", "7", null], lines[..3].Select(l => (string?)l["id"]));
        Assert.Equal(found.Results.Select(r => r.Answer), lines[..3].Select(l => (string)l["answer"]!));
        Assert.Equal(found.Results.Select(r => r.Scores["chrF"]), lines[..3].Select(l => (double)l["scores"]!["chrF"]!));
        Assert.Equal("Two", (string)lines[1]["messages"]![1]!["content"]!);
        Assert.Equal("QQ!", (string)lines[2]["references"]![0]!);
        Assert.Equal(found.Scores["exact match"], (double)lines[3]["summary"]!["scores"]!["exact match"]!);
        Assert.Equal(8, (int)lines[3]["summary"]!["generation"]!["max_new_tokens"]!);
    }

    [Fact]
    public void ASystemMessageComesBeforeConversationsThatHaveNone()
    {
        using Scratch folder = ChatGenerationTests.Folder();
        TextGenerator generator = TextGenerator.Load(folder.Path);
        PromptReport report = PromptEvaluation.Run(
            generator,
            [new PromptExample("Two", "x"), new PromptExample(new ChatConversation([ChatMessage.System("other"), ChatMessage.User("Two")]), "x")],
            new() { SystemMessage = "s", Generation = Short });
        Assert.Equal(Answer(generator, ChatMessage.System("s"), ChatMessage.User("Two")), report.Results[0].Answer);
        Assert.Equal(Answer(generator, ChatMessage.System("other"), ChatMessage.User("Two")), report.Results[1].Answer);
        Assert.Equal(["ROUGE-L", "chrF", "exact match", "token F1"], report.Scores.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void WhatCannotBeIsRefused()
    {
        using Scratch folder = ChatGenerationTests.Folder();
        TextGenerator generator = TextGenerator.Load(folder.Path);
        PromptExample[] examples = [new("a", "b")];
        Assert.Throws<InputException>(() => PromptEvaluation.Run(generator, []));
        Assert.Throws<OptionException>(() => PromptEvaluation.Run(generator, examples, new() { BatchSize = 0 }));
        Assert.Throws<OptionException>(() => PromptEvaluation.Run(generator, examples, new() { Metrics = [new ChrF(), new ChrF()] }));
        Assert.Throws<OptionException>(() => PromptEvaluation.Run(generator, examples, new() { SystemMessage = "s", UsesChatTemplate = false }));
        Assert.Throws<OptionException>(() => PromptEvaluation.Run(generator, examples, new() { StopStrings = [""] }));
        Assert.Throws<InputException>(() => new PromptExample("a"));
        TextGenerator mute = TextGenerator.Load(folder.Path, new() { IgnoreChatTemplate = true });
        Assert.Throws<ModelException>(() => PromptEvaluation.Run(mute, examples, new() { UsesChatTemplate = true }));
        Assert.Throws<ModelException>(() => PromptEvaluation.Run(mute, [new PromptExample(new ChatConversation([ChatMessage.User("a")]), "b")]));
        Assert.Throws<OperationCanceledException>(() => PromptEvaluation.Run(generator, examples, cancellationToken: new CancellationToken(canceled: true)));
    }

    [Theory]
    [InlineData("", "JSON object")]
    [InlineData("[]", "JSON object")]
    [InlineData("{", "JSON object")]
    [InlineData("""{ "prompt": "a", "answer": "b" } x""", "JSON object")]
    [InlineData("""{ "prompt": "a", "prompt": "b", "answer": "c" }""", "JSON object")]
    [InlineData("""{ "answer": "b" }""", "either 'prompt' or 'messages'")]
    [InlineData("""{ "prompt": "a", "messages": [], "answer": "b" }""", "either 'prompt' or 'messages'")]
    [InlineData("""{ "prompt": "a" }""", "'answer' or 'answers'")]
    [InlineData("""{ "prompt": 1, "answer": "b" }""", "a string for 'prompt'")]
    [InlineData("""{ "prompt": "a", "answer": 1 }""", "a string for 'answer'")]
    [InlineData("""{ "prompt": "a", "answers": "b" }""", "'answers'")]
    [InlineData("""{ "prompt": "a", "answers": [] }""", "an empty one")]
    [InlineData("""{ "prompt": "a", "answers": [1] }""", "each of 'answers'")]
    [InlineData("""{ "prompt": "a", "answer": "b", "answers": ["b"] }""", "either 'answer' or 'answers'")]
    [InlineData("""{ "messages": [{ "role": "user", "content": "a" }] }""", "a last message of the assistant")]
    [InlineData("""{ "messages": [{ "content": "a" }], "answer": "b" }""", "no role")]
    [InlineData("""{ "messages": "a", "answer": "b" }""", "expected a list")]
    [InlineData("""{ "prompt": "\ud800", "answer": "b" }""", "half of one")]
    public void ALineThatIsWrongIsNamed(string line, string message)
    {
        using var folder = new Scratch();
        File.WriteAllText(folder.File("x.jsonl"), "{ \"prompt\": \"a\", \"answer\": \"b\" }\n" + line + "\n");
        TextFileException error = Assert.Throws<TextFileException>(() => PromptExample.Read(folder.File("x.jsonl")).ToArray());
        Assert.Equal(2, error.Line);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static string Answer(TextGenerator generator, params ChatMessage[] turns) => generator.Answer(new ChatConversation(turns), Short).Text.Trim();

    private static JsonArray Messages(params (string Role, string Content)[] turns) =>
        new([.. turns.Select(t => (JsonNode)new JsonObject { ["role"] = t.Role, ["content"] = t.Content })]);

    private static string Line(JsonObject value) => value.ToJsonString();
}
