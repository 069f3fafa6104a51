using System.Globalization;

namespace Anneal.Data;

/// <summary>A line of a text file (a table, JSON lines, a list of words) is not what it should be.</summary>
public sealed class TextFileException : AnnealException
{
    internal TextFileException(string file, long line, string expected, string found, Exception? inner = null)
        : base(string.Create(CultureInfo.InvariantCulture, $"{file}: line {line}: expected {expected}, found {found}."), inner) =>
        (File, Line, Expected, Found) = (file, line, expected, found);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The line, counted from 1; the first one where a row goes over several.</summary>
    public long Line { get; }

    /// <summary>What should be there.</summary>
    public string Expected { get; }

    /// <summary>What is there.</summary>
    public string Found { get; }
}
