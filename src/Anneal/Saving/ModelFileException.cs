namespace Anneal;

/// <summary>A file that a model is stored in is damaged, incomplete, of an unknown kind or in use.</summary>
public sealed class ModelFileException : AnnealException
{
    internal ModelFileException(string file, string where, string expected, string found, Exception? inner = null)
        : base($"{file}: {where}: expected {expected}, found {found}.", inner) =>
        (File, Where, Expected, Found) = (file, where, expected, found);

    /// <summary>The file or folder.</summary>
    public string File { get; }

    /// <summary>The place in the file: a byte position or the name of a tensor or entry.</summary>
    public string Where { get; }

    /// <summary>What should be there.</summary>
    public string Expected { get; }

    /// <summary>What is there.</summary>
    public string Found { get; }

    /// <summary>A name from a file as it may stand in a message: quoted, short, without control characters.</summary>
    internal static string Quote(string name)
    {
        const int Longest = 80;
        string shown = name.Length > Longest ? string.Concat(name.AsSpan(0, Longest), "...") : name;
        return "'" + string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)) + "'";
    }
}
