namespace Anneal.Data;

/// <summary>
/// Files of comma-separated values (RFC 4180) in UTF-8, plain or gzipped: a header, then rows. A value that begins with a quote ends with one, and
/// may hold delimiters, line breaks and doubled quotes; in other values a quote is a character like any other. Any line ends, a byte order mark
/// and empty lines between rows are accepted.
/// </summary>
/// <example><code>
/// foreach (TableRow row in Csv.Read("news.csv.gz", ["category", "title"]))
///     Console.WriteLine($"{row.Line}: {row[0]}, {row[1]}");
/// </code></example>
public static class Csv
{
    /// <summary>Reads a file row by row, in memory that does not grow with the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns to read, by their names in the header, in the order in which rows shall have them. Others are skipped.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <returns>The rows; line breaks within values are line feeds.</returns>
    /// <exception cref="OptionException">An option is out of range, or the same column is asked for twice.</exception>
    /// <exception cref="TextFileException">
    /// While the rows are read: a column is missing from the header or in it twice, a row has more or fewer values than the header, a quote is not closed, something
    /// follows a closing quote, a row is too long, or a line is not UTF-8.
    /// </exception>
    /// <exception cref="DataFileException">While the rows are read: there is no such file, or its compression is damaged.</exception>
    public static IEnumerable<TableRow> Read(string path, IReadOnlyList<string> columns, CsvOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string[] names = RequireColumns(columns);
        options ??= new CsvOptions();
        options.Check();
        return Read(() => StrictTextReader.Open(path), path, names, options);
    }

    /// <summary>Writes a file; one that is there is replaced when all rows are written.</summary>
    /// <param name="path">The file; with the ending <c>.gz</c> it is compressed.</param>
    /// <param name="columns">The names of the columns.</param>
    /// <param name="rows">The rows, each with a value for each column.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option is out of range, or two columns have one name.</exception>
    /// <exception cref="TextFileException">A row has more or fewer values than there are columns, or one that UTF-8 cannot hold, or a NUL.</exception>
    public static void Write(string path, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows, CsvOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(rows);
        string[] names = RequireColumns(columns);
        options ??= new CsvOptions();
        options.Check();
        string part = path + ".part";
        try
        {
            using (TextWriter writer = CsvWriting.Create(part, compress: path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)))
                CsvWriting.Write(writer, path, names, rows, options);
            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    internal static IEnumerable<TableRow> Read(Func<StrictTextReader> open, string file, string[] columns, CsvOptions options)
    {
        using StrictTextReader text = open();
        using var rows = new CsvRows(text, file, options);
        if (!rows.Next())
            throw new TextFileException(file, 1, "a header with " + Show(columns), "an empty file");
        int[] places = rows.Find(columns);
        while (rows.Next())
            yield return rows.Row(places);
    }

    internal static string Show(IEnumerable<string> names)
    {
        const int Most = 20;
        string[] shown = [.. names.Take(Most + 1).Select(n => ModelFileException.Quote(n))];
        return string.Join(", ", shown.Take(Most)) + (shown.Length > Most ? ", ..." : "");
    }

    private static string[] RequireColumns(IReadOnlyList<string> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        string[] names = [.. columns];
        if (names.Length == 0)
            throw new OptionException($"{nameof(Csv)}: at least one column must be named.");
        foreach (string name in names)
            ArgumentNullException.ThrowIfNull(name, nameof(columns));
        if (names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new OptionException($"{nameof(Csv)}: the column {ModelFileException.Quote(twice.Key)} is named twice.");
        return names;
    }
}
