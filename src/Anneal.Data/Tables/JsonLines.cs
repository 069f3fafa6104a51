using System.Text;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>
/// Files with one JSON object a line (JSON lines), in UTF-8, plain or gzipped. Any line ends and a byte order mark are accepted.
/// </summary>
public static class JsonLines
{
    private const int MostDepth = 64;

    /// <summary>How many characters a line may have.</summary>
    private const int MaximumLineLength = 1 << 24;

    /// <summary>Reads a file object by object, in memory that does not grow with the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fields">The names of the fields to read, each a string in every object, in the order in which rows shall have them. Others are skipped.</param>
    /// <exception cref="OptionException">No field is named, or one is named twice.</exception>
    /// <exception cref="TextFileException">
    /// While the rows are read: a line is empty, longer than 2^24 characters, not UTF-8, or not one JSON object, or a field is missing, no string, no Unicode, or there twice.
    /// </exception>
    /// <exception cref="DataFileException">While the rows are read: there is no such file, or its compression is damaged.</exception>
    public static IEnumerable<TableRow> Read(string path, IReadOnlyList<string> fields)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(fields);
        string[] names = [.. fields];
        if (names.Length == 0 || names.Distinct().Count() != names.Length)
            throw new OptionException($"{nameof(JsonLines)}: fields must be named, each once, but found {(names.Length == 0 ? "none" : Csv.Show(names))}.");
        return Read(() => StrictTextReader.Open(path), path, names);
    }

    internal static IEnumerable<TableRow> Read(Func<StrictTextReader> open, string file, string[] fields)
    {
        foreach ((long line, string text) in TextLines.Read(open(), MaximumLineLength))
            yield return new TableRow(line, Parse(text, file, line, fields));
    }

    private static string[] Parse(string text, string file, long line, string[] fields)
    {
        var values = new string?[fields.Length];
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { MaxDepth = MostDepth });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new TextFileException(file, line, "a JSON object", $"a JSON {reader.TokenType}");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                ReadField(ref reader, file, line, fields, values);

            // Asks for the end of the line: anything but white space behind the object is an error of the reader's own.
            reader.Read();
        }
        catch (JsonException e)
        {
            throw new TextFileException(file, line, "a JSON object", $"text that is not, at byte {e.BytePositionInLine ?? 0} of the line", e);
        }
        catch (InvalidOperationException e)
        {
            // The reader's way to say that an escape stands for half of a character.
            throw new TextFileException(file, line, "strings of whole characters", "an escape that stands for half of one", e);
        }

        int missing = Array.IndexOf(values, null);
        return missing < 0 ? Array.ConvertAll(values, v => v!) : throw new TextFileException(file, line, $"the field {ModelFileException.Quote(fields[missing])}", "an object without it");
    }

    private static void ReadField(ref Utf8JsonReader reader, string file, long line, string[] fields, string?[] values)
    {
        string name = reader.GetString()!;
        int field = Array.IndexOf(fields, name);
        reader.Read();
        if (field < 0)
        {
            reader.Skip();
            return;
        }

        if (values[field] is not null)
            throw new TextFileException(file, line, $"the field {ModelFileException.Quote(name)} once", "it twice");
        if (reader.TokenType != JsonTokenType.String)
            throw new TextFileException(file, line, $"a string for {ModelFileException.Quote(name)}", $"a JSON {reader.TokenType}");
        values[field] = reader.GetString();
    }
}
