using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anneal.Saving;

/// <summary>
/// Reads JSON as a tree, for files whose fields are looked up by name. Every token is read by <see cref="StrictJson"/> before the tree is made, because the
/// tree would find names that occur twice and halves of characters only when they are asked for, and by errors that name no file.
/// </summary>
internal static class JsonTree
{
    private const int MaxDepth = 64;

    /// <summary>Parses an object.</summary>
    /// <param name="utf8">The text, with or without a byte order mark.</param>
    /// <param name="file">The file, for messages.</param>
    /// <exception cref="ModelFileException">It is not one JSON object in UTF-8, has a name twice, or is nested deeper than 64.</exception>
    internal static JsonObject ParseObject(ReadOnlySpan<byte> utf8, string file)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        int start = utf8.StartsWith(mark) ? mark.Length : 0;
        utf8 = utf8[start..];
        var reader = new StrictJson(utf8, file, start, maxDepth: MaxDepth);
        reader.StartObject("a JSON object");
        CheckObject(ref reader);
        reader.End("the end of the file");
        return (JsonObject)JsonNode.Parse(utf8, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth })!;
    }

    private static void CheckObject(ref StrictJson reader)
    {
        var names = new HashSet<string>();
        while (reader.NextName("the name of a field") is { } name)
        {
            if (!names.Add(name))
                throw reader.Fail("each name once", $"{ModelFileException.Quote(name)} twice");
            CheckValue(ref reader, reader.NextElement("a value"));
        }
    }

    private static void CheckValue(ref StrictJson reader, JsonTokenType kind)
    {
        switch (kind)
        {
            case JsonTokenType.StartObject:
                CheckObject(ref reader);
                break;
            case JsonTokenType.StartArray:
                while (reader.NextElement("a value") is var element && element != JsonTokenType.EndArray)
                    CheckValue(ref reader, element);
                break;
            case JsonTokenType.String:
                reader.CurrentString("a string");
                break;
        }
    }
}
