namespace Anneal.Saving;

/// <summary>
/// One save. The files of a new generation are written and flushed beside the old ones; renaming the manifest is the commit; the old
/// generation goes last. At any moment the manifest on disk names whole files.
/// </summary>
/// <remarks>
/// Nothing is undone when a step fails: a killed process undoes nothing either, so the next save has to tidy up in any case.
/// </remarks>
internal sealed class SaveTransaction(string folder, SaveLock held, ISaveSteps steps)
{
    private const int RenameAttempts = 50;
    private static readonly TimeSpan RenamePause = TimeSpan.FromMilliseconds(20);

    internal void Run(IReadOnlyList<ModelFile> files)
    {
        Manifest? old = Manifest.ReadIfPresent(folder);
        string[] oldFiles = old is null ? [] : [.. old.Files.Values.Select(f => f.File)];
        List<string> stuck = Delete(held.ReadJournal().Except(oldFiles));

        long generation = (old?.Generation ?? 0) + 1;
        held.WriteJournal([.. stuck, .. oldFiles, .. files.Select(f => ModelFileNames.OnDisk(f.Name, generation))]);

        var entries = new OrderedDictionary<string, ManifestEntry>();
        foreach (ModelFile file in files)
            entries.Add(file.Name, Write(ModelFileNames.OnDisk(file.Name, generation), file.Write));
        byte[] manifest = new Manifest(generation, entries).ToJson();
        Write(ModelFileNames.ManifestPart, stream => stream.Write(manifest));
        Commit();

        stuck = Delete(stuck.Concat(oldFiles));
        held.WriteJournal(stuck);
    }

    private ManifestEntry Write(string name, Action<Stream> write)
    {
        string path = Path.Combine(folder, name);

        // Without a buffer of its own the stream has nothing left to write when an exception closes it.
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        steps.After("create", path);
        using var hashing = new HashingStream(file, () => steps.After("write", path));
        write(hashing);
        file.Flush(flushToDisk: true);
        steps.After("flush", path);
        return new ManifestEntry(name, hashing.Length, hashing.Digest());
    }

    private void Commit()
    {
        string part = Path.Combine(folder, ModelFileNames.ManifestPart), manifest = Path.Combine(folder, ModelFileNames.Manifest);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                File.Move(part, manifest, overwrite: true);
                break;
            }
            catch (Exception e)
                when (e is IOException or UnauthorizedAccessException && OperatingSystem.IsWindows() && attempt < RenameAttempts)
            {
                // There a file cannot be replaced while somebody reads it, and readers of a manifest are done within moments.
                Thread.Sleep(RenamePause);
            }
        }

        steps.After("rename", manifest);
    }

    /// <summary>Deletes files of other generations.</summary>
    /// <returns>Those that are in use and stay until a later save.</returns>
    private List<string> Delete(IEnumerable<string> names)
    {
        var stuck = new List<string>();
        foreach (string name in names)
        {
            string path = Path.Combine(folder, name);
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The model is whole with or without this file, so the save goes on; the journal keeps the name for the next one.
                stuck.Add(name);
                continue;
            }

            steps.After("delete", path);
        }

        return stuck;
    }
}
