using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>Reads foreign JSON as a tree. Names that occur twice, depth without end and text that is not Unicode are errors with a position.</summary>
internal static class StrictJsonText
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    internal static JsonObject ParseObject(ReadOnlyMemory<byte> utf8, string file)
    {
        if (!System.Text.Unicode.Utf8.IsValid(utf8.Span))
            throw new ModelFileException(file, "the file", "text in UTF-8", "bytes that are not");
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        if (utf8.Span.StartsWith(mark))
            utf8 = utf8[mark.Length..];
        try
        {
            RequireUnicode(utf8.Span, file);
            return JsonNode.Parse(utf8.Span, documentOptions: Options) as JsonObject
                ?? throw new ModelFileException(file, "the file", "a JSON object", "something else");
        }
        catch (JsonException e)
        {
            throw new ModelFileException(file, FormattableString.Invariant($"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}"), "JSON with each name once", "something else", e);
        }
    }

    /// <summary>An escape may stand for half of a character, which the tree would find only when the string is asked for.</summary>
    private static void RequireUnicode(ReadOnlySpan<byte> utf8, string file)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = Options.MaxDepth });
        while (reader.Read())
        {
            if (!reader.ValueIsEscaped)
                continue;
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException e)
            {
                throw new ModelFileException(file, FormattableString.Invariant($"byte {reader.TokenStartIndex}"), "strings in Unicode", "half of a character", e);
            }
        }
    }
}
