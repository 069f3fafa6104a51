using System.Globalization;

namespace Anneal.Data;

/// <summary>A data file is missing, damaged, or of another kind than expected.</summary>
public sealed class DataFileException : AnnealException
{
    internal DataFileException(string file, long position, string expected, string found, Exception? inner = null)
        : base(string.Create(CultureInfo.InvariantCulture, $"{file}: byte {position}: expected {expected}, found {found}."), inner) =>
        (File, Position, Expected, Found) = (file, position, expected, found);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The byte at which the error lies, counted from 0, in the content (not in its compressed form).</summary>
    public long Position { get; }

    /// <summary>What should be there.</summary>
    public string Expected { get; }

    /// <summary>What is there.</summary>
    public string Found { get; }
}
