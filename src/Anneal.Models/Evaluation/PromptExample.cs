using System.Text.Json;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>A prompt and the answers that would be right.</summary>
public sealed record PromptExample
{
    // Lines of files: as JsonLines has it.
    private const int MaximumLineLength = 1 << 24, MostDepth = 64;

    /// <summary>Makes an example of a text.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="references">The answers, at least one.</param>
    public PromptExample(string prompt, params IReadOnlyList<string> references) => (Prompt, References) = (prompt ?? throw new ArgumentNullException(nameof(prompt)), Checked(references));

    /// <summary>Makes an example of a conversation, which the assistant is to go on with.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="references">The answers, at least one.</param>
    public PromptExample(ChatConversation conversation, params IReadOnlyList<string> references) =>
        (Conversation, References) = (conversation ?? throw new ArgumentNullException(nameof(conversation)), Checked(references));

    /// <summary>The prompt; null where there is a conversation.</summary>
    public string? Prompt { get; }

    /// <summary>The conversation; null where there is a prompt.</summary>
    public ChatConversation? Conversation { get; }

    /// <summary>The answers that would be right, at least one.</summary>
    public IReadOnlyList<string> References { get; }

    /// <summary>What the example is called in its file; null where it has no name.</summary>
    public string? Id { get; init; }

    /// <summary>
    /// Reads a file with one JSON object a line, in UTF-8, plain or gzipped. Each has <c>prompt</c>, a string, or <c>messages</c>, a list of messages, with
    /// <c>tools</c> where there are any; and <c>answer</c>, a string, or <c>answers</c>, a list of strings. Messages without answers end with the assistant's, which is the
    /// answer. <c>id</c>, a string or a number, goes to the report. Other members are skipped.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <returns>The examples, read one by one.</returns>
    /// <exception cref="TextFileException">While it is read: a line is no such object, longer than 2^24 characters, or not UTF-8.</exception>
    /// <exception cref="DataFileException">While it is read: there is no such file, or its compression is damaged.</exception>
    public static IEnumerable<PromptExample> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ReadLines(() => StrictTextReader.Open(path), path);
    }

    /// <summary>Reads such a file from a stream that can seek, which is disposed of.</summary>
    internal static IEnumerable<PromptExample> ReadStream(Stream stream, string file) => ReadLines(() => StrictTextReader.Of(stream, file), file);

    private static IEnumerable<PromptExample> ReadLines(Func<StrictTextReader> open, string file)
    {
        foreach ((long line, string text) in TextLines.Read(open(), MaximumLineLength))
            yield return Parse(text, file, line);
    }

    private static PromptExample Parse(string text, string file, long line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MostDepth, AllowDuplicateProperties = false });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Fail("a JSON object", $"a JSON {root.ValueKind}");
            string[]? answers = Answers(root, Fail);
            string? id = root.TryGetProperty("id", out JsonElement name) ? name.ValueKind == JsonValueKind.Number ? name.GetRawText() : String(name, "'id'", Fail) : null;
            bool hasPrompt = root.TryGetProperty("prompt", out JsonElement prompt);
            if (hasPrompt == root.TryGetProperty("messages", out _))
                throw Fail("either 'prompt' or 'messages'", hasPrompt ? "both" : "neither");
            if (hasPrompt)
                return new PromptExample(String(prompt, "'prompt'", Fail), answers ?? throw Fail("'answer' or 'answers'", "neither")) { Id = id };
            ChatConversation conversation = ChatConversation.Parse(text);
            if (answers is null)
            {
                if (conversation.Messages is not [.., { Role: "assistant", Content: { } answer }])
                    throw Fail("'answer', 'answers', or a last message of the assistant", "none of them");
                answers = [answer];
                conversation = conversation with { Messages = [.. conversation.Messages.SkipLast(1)] };
            }

            return new PromptExample(conversation, answers) { Id = id };
        }
        catch (JsonException e)
        {
            throw new TextFileException(file, line, "a JSON object", FormattableString.Invariant($"text that is not, at byte {e.BytePositionInLine ?? 0} of the line"), e);
        }
        catch (InputException e)
        {
            throw new TextFileException(file, line, "a conversation", "what is none: " + e.Message.TrimEnd('.'), e);
        }
        catch (InvalidOperationException e)
        {
            // The reader's way to say that an escape stands for half of a character.
            throw new TextFileException(file, line, "strings of whole characters", "an escape that stands for half of one", e);
        }

        TextFileException Fail(string expected, string found) => new(file, line, expected, found);
    }

    private static string[]? Answers(JsonElement root, Func<string, string, TextFileException> fail)
    {
        bool hasOne = root.TryGetProperty("answer", out JsonElement one), hasMany = root.TryGetProperty("answers", out JsonElement many);
        if (hasOne && hasMany)
            throw fail("either 'answer' or 'answers'", "both");
        if (hasOne)
            return [String(one, "'answer'", fail)];
        if (!hasMany)
            return null;
        if (many.ValueKind != JsonValueKind.Array || many.GetArrayLength() == 0)
            throw fail("a list of at least one string for 'answers'", many.ValueKind == JsonValueKind.Array ? "an empty one" : $"a JSON {many.ValueKind}");
        return [.. many.EnumerateArray().Select(answer => String(answer, "each of 'answers'", fail))];
    }

    private static string String(JsonElement value, string what, Func<string, string, TextFileException> fail) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw fail($"a string for {what}", $"a JSON {value.ValueKind}");

    private static string[] Checked(IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(references);
        if (references.Count == 0)
            throw new InputException("An example has no answer that its text could be compared with.");
        return [.. references.Select(r => r ?? throw new ArgumentException("An answer is null.", nameof(references)))];
    }
}
