namespace Anneal.Saving;

/// <summary>Files that appear under their names when they are whole.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file that takes the place of an earlier one when it is whole.</summary>
    internal static void Replace(string path, Action<Stream> write)
    {
        string part = path + ".part";
        using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(part, path, overwrite: true);
    }
}
