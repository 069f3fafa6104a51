using Sylvan.Data.Csv;

namespace Anneal.Data;

/// <summary>The rows of a CSV file, as the parser gives them, with the line of each and with what the parser lets pass made an error.</summary>
internal sealed class CsvRows : IDisposable
{
    private const int FirstBuffer = 1 << 16;
    private readonly StrictTextReader _text;
    private readonly string _file;
    private readonly CsvOptions _options;
    private CsvDataReader? _reader;
    private int _columns;
    private long _line, _nextLine = 1;

    internal CsvRows(StrictTextReader text, string file, CsvOptions options) => (_text, _file, _options) = (text, file, options);

    /// <summary>Goes to the next row that is not an empty line.</summary>
    /// <returns>Whether there is one.</returns>
    internal bool Next()
    {
        while (Parse())
        {
            _line = _nextLine;
            int count = _reader!.RowFieldCount;
            bool isEmptyLine = count == 0 || (count == 1 && _reader.GetFieldSpan(0).IsEmpty);
            if (isEmptyLine && _columns != 1)
            {
                _nextLine++;
                continue;
            }

            if (_columns == 0)
                _columns = count;
            else if (count != _columns)
                throw Fail($"{_columns} values, as the header has", $"{count}");
            _nextLine++;
            for (int i = 0; i < count; i++)
                _nextLine += _reader.GetFieldSpan(i).Count('\n');
            return true;
        }

        return false;
    }

    /// <summary>Where columns stand in the current row, which is the header.</summary>
    internal int[] Find(string[] columns)
    {
        string[] header = [.. Enumerable.Range(0, _columns).Select(i => _reader!.GetFieldSpan(i).ToString())];
        return Array.ConvertAll(columns, column =>
        {
            int place = Array.IndexOf(header, column);
            if (place < 0)
                throw Fail($"a header with the column {ModelFileException.Quote(column)}", Csv.Show(header));
            if (Array.LastIndexOf(header, column) != place)
                throw Fail($"the column {ModelFileException.Quote(column)} once", "it twice");
            return place;
        });
    }

    /// <summary>The current row.</summary>
    internal TableRow Row(int[] places) => new(_line, Array.ConvertAll(places, p => _reader!.GetFieldSpan(p).ToString()));

    public void Dispose() => _reader?.Dispose();

    private bool Parse()
    {
        try
        {
            _reader ??= CsvDataReader.Create(_text, new CsvDataReaderOptions
            {
                // The header is read as a row, because this class checks it; no line is a comment, because no text holds a NUL.
                HasHeaders = false,
                Comment = '\0',
                Delimiter = _options.Delimiter,
                BufferSize = Math.Min(FirstBuffer, _options.MaximumRowLength),
                MaxBufferSize = _options.MaximumRowLength,
                OwnsReader = false,
            });
            return _reader.Read();
        }
        catch (CsvRecordTooLargeException e)
        {
            throw new TextFileException(
                _file, _nextLine, $"a row of at most {_options.MaximumRowLength} characters", "a longer one. Hint: a quote that is never closed swallows all that follows", e);
        }
        catch (CsvFormatException e)
        {
            throw new TextFileException(
                _file, _nextLine, $"a delimiter or the end of the line after a closing quote, in value {e.FieldOrdinal + 1}",
                "other text, or no closing quote at all", e);
        }
    }

    private TextFileException Fail(string expected, string found) => new(_file, _line, expected, found);
}
