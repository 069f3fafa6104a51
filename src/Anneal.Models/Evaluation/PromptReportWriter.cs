using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>Writes the results of an evaluation as JSON lines, each as soon as it is there.</summary>
internal sealed class PromptReportWriter : IDisposable
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 };
    private readonly FileStream _file;

    internal PromptReportWriter(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
    }

    public void Dispose() => _file.Dispose();

    internal void Write(PromptResult result)
    {
        var line = new JsonObject { ["index"] = result.Index };
        if (result.Example.Id is { } id)
            line["id"] = id;
        if (result.Example.Conversation is { } conversation)
            line["messages"] = new JsonArray([.. conversation.Messages.Select(m => m.ToJson())]);
        else
            line["prompt"] = result.Example.Prompt;
        line["references"] = new JsonArray([.. result.Example.References.Select(r => JsonValue.Create(r))]);
        line["answer"] = result.Answer;
        line["finish_reason"] = result.Generation.FinishReason switch { FinishReason.EndToken => "end_token", FinishReason.StopString => "stop_string", _ => "length" };
        line["prompt_tokens"] = result.Generation.PromptTokenCount;
        line["new_tokens"] = result.Generation.NewTokenCount;
        line["scores"] = Scores(result.Scores);
        Write(line);
    }

    internal void Write(PromptReport report, TextGenerator generator, GenerationOptions generation) => Write(new JsonObject
    {
        ["summary"] = new JsonObject
        {
            ["model"] = generator.Model.Name,
            ["examples"] = report.Results.Count,
            ["scores"] = Scores(report.Scores),
            ["prompt_tokens"] = report.PromptTokenCount,
            ["new_tokens"] = report.NewTokenCount,
            ["seconds"] = Math.Round(report.Duration.TotalSeconds, 3),
            ["generation"] = generation.ToJson(),
        },
    });

    private static JsonObject Scores(IReadOnlyDictionary<string, double> scores) => new(scores.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)JsonValue.Create(s.Value))));

    private void Write(JsonObject line)
    {
        using (var writer = new Utf8JsonWriter(_file, Plain))
            line.WriteTo(writer);
        _file.Write("\n"u8);
        _file.Flush();
    }
}
