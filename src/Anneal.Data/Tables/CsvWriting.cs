using System.Buffers;
using System.IO.Compression;
using System.Text;

namespace Anneal.Data;

/// <summary>Writes rows as CSV.</summary>
internal static class CsvWriting
{
    internal static TextWriter Create(string path, bool compress)
    {
        Stream stream = new FileStream(path, FileMode.Create, FileAccess.Write);
        if (compress)
            stream = new GZipStream(stream, CompressionLevel.Optimal);
        return new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true)) { NewLine = "\n" };
    }

    internal static void Write(TextWriter writer, string file, string[] columns, IEnumerable<IReadOnlyList<string>> rows, CsvOptions options)
    {
        SearchValues<char> special = SearchValues.Create(options.Delimiter, '"', '\r', '\n');
        long line = 1;
        WriteRow(writer, file, line, columns, special, options);
        foreach (IReadOnlyList<string> row in rows)
        {
            line++;
            if (row.Count != columns.Length)
                throw new TextFileException(file, line, $"{columns.Length} values, one for each column", $"{row.Count}");
            WriteRow(writer, file, line, row, special, options);
            line += row.Sum(v => v.AsSpan().Count('\n'));
        }
    }

    private static void WriteRow(
        TextWriter writer, string file, long line, IReadOnlyList<string> values, SearchValues<char> special, CsvOptions options)
    {
        for (int i = 0; i < values.Count; i++)
        {
            string value = values[i];
            if (!IsText(value))
                throw new TextFileException(file, line, $"text in value {i + 1}", "half of a character, or a NUL");
            if (i > 0)
                writer.Write(options.Delimiter);
            if (value.AsSpan().ContainsAny(special))
            {
                writer.Write('"');
                writer.Write(value.Replace("\"", "\"\"", StringComparison.Ordinal));
                writer.Write('"');
            }
            else
            {
                writer.Write(value);
            }
        }

        writer.Write('\n');
    }

    private static bool IsText(string value)
    {
        for (ReadOnlySpan<char> rest = value; !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out Rune rune, out int length) != OperationStatus.Done || rune.Value == 0)
                return false;
            rest = rest[length..];
        }

        return true;
    }
}
