using System.Text;

namespace Anneal.Saving;

/// <summary>
/// Holds a model folder for one save at a time. The lock file also lists the files that this save may leave behind, so that the next
/// one can delete them after a kill without guessing at names.
/// </summary>
internal sealed class SaveLock : IDisposable
{
    private const int LongestJournal = 1 << 20;
    private readonly FileStream _stream;
    private readonly ISaveSteps _steps;

    private SaveLock(FileStream stream, ISaveSteps steps) => (_stream, _steps) = (stream, steps);

    /// <summary>Takes the lock. The file stays when it is given back: deleting it would let two others hold a lock each.</summary>
    /// <exception cref="ModelFileException">Another save holds it.</exception>
    internal static SaveLock Take(string folder, ISaveSteps steps)
    {
        string path = Path.Combine(folder, ModelFileNames.Lock);
        try
        {
            return new SaveLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0), steps);
        }
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            // A sharing violation has no type of its own; the derived types mean other things and pass.
            throw new ModelFileException(folder, "the lock", "a folder into which nobody else saves",
                "another save in progress: " + e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>The files that an earlier save may have left behind. A last line that was not finished is no name.</summary>
    internal string[] ReadJournal()
    {
        if (_stream.Length > LongestJournal)
            return [];
        var bytes = new byte[(int)_stream.Length];
        _stream.Position = 0;
        _stream.ReadExactly(bytes);
        string[] lines = Encoding.UTF8.GetString(bytes).Split('\n');
        return [.. lines[..^1].Where(ModelFileNames.IsOnDisk).Distinct()];
    }

    /// <summary>Replaces the list of files that may be left behind.</summary>
    internal void WriteJournal(IEnumerable<string> files)
    {
        _stream.SetLength(0);
        _steps.After("truncate", _stream.Name);
        _stream.Position = 0;
        _stream.Write(Encoding.UTF8.GetBytes(string.Concat(files.Distinct().Select(f => f + "\n"))));
        _steps.After("write", _stream.Name);
        _stream.Flush(flushToDisk: true);
        _steps.After("flush", _stream.Name);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}
