namespace Anneal.Saving;

/// <summary>Files that appear under their names when they are whole.</summary>
internal static class WholeFile
{
    /// <summary>What the name of a file ends with that has yet to take its place.</summary>
    internal const string Part = ".part";

    /// <summary>Writes a file that takes the place of an earlier one when it is whole.</summary>
    internal static void Replace(string path, Action<Stream> write)
    {
        WritePart(path, write);
        File.Move(path + Part, path, overwrite: true);
    }

    /// <summary>Writes a file as <c>NAME.part</c>, to disk.</summary>
    internal static void WritePart(string path, Action<Stream> write)
    {
        using var stream = new FileStream(path + Part, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        write(stream);
        stream.Flush(flushToDisk: true);
    }
}
