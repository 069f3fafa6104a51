using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Anneal.Data;

/// <summary>
/// The text of a UTF-8 file, plain or gzipped, with or without a byte order mark. Every line break (CR, LF, CR LF) becomes one LF, and the last
/// line has one too. Bytes that are not UTF-8 and NULs, which a file in UTF-16 is full of, are errors that name the line.
/// </summary>
internal sealed class StrictTextReader : TextReader
{
    private const int PieceBytes = 1 << 16;
    private const char ByteOrderMark = '\uFEFF';
    private readonly Stream _stream;
    private readonly string _file;
    private readonly byte[] _bytes = new byte[PieceBytes];
    private readonly char[] _chars = new char[PieceBytes + 1];
    private int _byteCount, _charStart, _charEnd;
    private long _line = 1;
    private bool _atStart = true, _atEnd, _afterReturn, _lineIsOpen;

    private StrictTextReader(Stream stream, string file) => (_stream, _file) = (stream, file);

    /// <summary>Opens a file; whether it is compressed, its content tells.</summary>
    /// <exception cref="DataFileException">There is no such file, or its compression is damaged.</exception>
    internal static StrictTextReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new DataFileException(path, 0, "a text file", "no file of this name");
        return Of(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0), path);
    }

    /// <summary>Reads from a stream that can seek, and disposes of it in the end.</summary>
    internal static StrictTextReader Of(Stream stream, string file)
    {
        try
        {
            return new StrictTextReader(GzipFile.IsGzip(stream) ? new GzipFile(stream, file, leaveOpen: false) : stream, file);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public override int Peek() => _charStart < _charEnd || Fill() ? _chars[_charStart] : -1;

    public override int Read() => _charStart < _charEnd || Fill() ? _chars[_charStart++] : -1;

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        if (buffer.IsEmpty || (_charStart == _charEnd && !Fill()))
            return 0;
        int count = Math.Min(buffer.Length, _charEnd - _charStart);
        _chars.AsSpan(_charStart, count).CopyTo(buffer);
        _charStart += count;
        return count;
    }

    /// <summary>The next line without its break, or null at the end.</summary>
    /// <param name="line">The number of the line.</param>
    /// <param name="maximumLength">How many characters a line may have.</param>
    /// <exception cref="TextFileException">The line is longer.</exception>
    internal string? ReadLine(long line, int maximumLength)
    {
        StringBuilder? begun = null;
        while (_charStart < _charEnd || Fill())
        {
            ReadOnlySpan<char> rest = _chars.AsSpan(_charStart, _charEnd - _charStart);
            int length = rest.IndexOf('\n');
            ReadOnlySpan<char> piece = length < 0 ? rest : rest[..length];
            if ((begun?.Length ?? 0) + piece.Length > maximumLength)
                throw new TextFileException(_file, line, $"a line of at most {maximumLength} characters", "a longer one");
            _charStart += piece.Length + (length < 0 ? 0 : 1);
            if (length >= 0)
                return begun is null ? piece.ToString() : begun.Append(piece).ToString();
            (begun ??= new StringBuilder()).Append(piece);
        }

        return null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _stream.Dispose();
        base.Dispose(disposing);
    }

    private bool Fill()
    {
        (_charStart, _charEnd) = (0, 0);
        while (_charEnd == 0 && !_atEnd)
        {
            int read = _stream.Read(_bytes.AsSpan(_byteCount));
            _byteCount += read;
            _atEnd = read == 0;
            OperationStatus status = Utf8.ToUtf16(
                _bytes.AsSpan(0, _byteCount), _chars, out int consumed, out int written, replaceInvalidSequences: false, isFinalBlock: _atEnd);
            Normalize(written);
            if (status == OperationStatus.InvalidData)
            {
                string shown = string.Create(CultureInfo.InvariantCulture, $"the byte 0x{_bytes[consumed]:X2} where no character of UTF-8 has it");
                throw new TextFileException(_file, _line, "text in UTF-8", shown);
            }

            _bytes.AsSpan(consumed, _byteCount - consumed).CopyTo(_bytes);
            _byteCount -= consumed;
        }

        if (_atEnd && _charEnd == 0)
            Finish();
        return _charEnd > 0;
    }

    private void Finish()
    {
        (_stream as GzipFile)?.CheckTrailer();
        if (!_lineIsOpen)
            return;
        (_chars[0], _charEnd, _lineIsOpen) = ('\n', 1, false);
    }

    /// <summary>Turns line breaks into LF and counts them, in the first characters of the buffer.</summary>
    private void Normalize(int count)
    {
        int from = 0, to = 0;
        if (_atStart && count > 0)
            (from, _atStart) = (_chars[0] == ByteOrderMark ? 1 : 0, false);
        for (; from < count; from++)
        {
            char c = _chars[from];
            if (c == '\0')
                throw new TextFileException(_file, _line, "text in UTF-8", "a NUL; is this a file in UTF-16, or no text at all?");
            bool endsReturn = c == '\n' && _afterReturn;
            _afterReturn = c == '\r';
            if (endsReturn)
                continue;
            _lineIsOpen = c is not ('\r' or '\n');
            if (!_lineIsOpen)
                _line++;
            _chars[to++] = _lineIsOpen ? c : '\n';
        }

        _charEnd = to;
    }
}

/// <summary>Goes through the lines of a text file.</summary>
internal static class TextLines
{
    /// <summary>The lines of a file with their numbers, counted from 1.</summary>
    /// <exception cref="TextFileException">A line is too long, or is not UTF-8.</exception>
    /// <exception cref="DataFileException">There is no such file, or its compression is damaged.</exception>
    internal static IEnumerable<(long Line, string Text)> Read(StrictTextReader reader, int maximumLength)
    {
        using (reader)
        {
            for (long line = 1; reader.ReadLine(line, maximumLength) is { } text; line++)
                yield return (line, text);
        }
    }
}
