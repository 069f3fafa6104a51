using System.Security.Cryptography;

namespace Anneal.Saving;

/// <summary>One file to save.</summary>
/// <param name="Name">The logical name, such as <c>config.json</c>.</param>
/// <param name="Write">Writes the content.</param>
internal sealed record ModelFile(string Name, Action<Stream> Write);

/// <summary>
/// A folder that holds one model as a few files and a manifest. <see cref="Save"/> replaces all of them or none, whatever kills it
/// and wherever; <see cref="Open"/> hands out no byte that it has not verified.
/// </summary>
internal sealed class ModelFolder : IDisposable
{
    private const int OpenAttempts = 5;
    private readonly OrderedDictionary<string, FileStream> _streams;

    private ModelFolder(string path, long generation, OrderedDictionary<string, FileStream> streams) =>
        (FolderPath, Generation, _streams) = (path, generation, streams);

    /// <summary>Where the folder is.</summary>
    internal string FolderPath { get; }

    /// <summary>How many saves led to this model.</summary>
    internal long Generation { get; }

    /// <summary>The logical names of the files.</summary>
    internal IReadOnlyList<string> Names => _streams.Keys;

    /// <summary>Opens a folder and verifies every file that its manifest names.</summary>
    /// <remarks>The files stay open, so a save that comes in between takes nothing away from who reads here.</remarks>
    /// <exception cref="ModelFileException">There is no model, or it is damaged, or a later release wrote it.</exception>
    internal static ModelFolder Open(string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            Manifest manifest = Manifest.ReadIfPresent(path)
                ?? throw new ModelFileException(path, ModelFileNames.Manifest, "a folder with a saved model", "no manifest");
            try
            {
                return new ModelFolder(path, manifest.Generation, OpenFiles(path, manifest));
            }
            catch (ModelFileException) when (attempt < OpenAttempts && Manifest.ReadIfPresent(path)?.Generation != manifest.Generation)
            {
                // A save finished between the manifest and its files: what was read is gone, and there is a newer model to read.
            }
        }
    }

    /// <summary>Whether there is a file of this logical name.</summary>
    internal bool Contains(string name) => _streams.ContainsKey(name);

    /// <summary>The verified file of a logical name, at its beginning. It belongs to the folder: do not dispose of it.</summary>
    /// <exception cref="ModelFileException">There is no such file.</exception>
    internal FileStream this[string name]
    {
        get
        {
            if (!_streams.TryGetValue(name, out FileStream? stream))
            {
                throw new ModelFileException(FolderPath, ModelFileNames.Manifest, $"a file {ModelFileException.Quote(name)}",
                    string.Join(", ", _streams.Keys));
            }

            stream.Position = 0;
            return stream;
        }
    }

    /// <summary>Replaces the model in a folder, which is made where there is none.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="files">All files of the model.</param>
    /// <param name="steps">Sees every change on disk; for tests.</param>
    /// <exception cref="ModelFileException">
    /// A name is not allowed or comes twice, another save is in progress, or the folder holds a model that cannot be read.
    /// </exception>
    internal static void Save(string path, IReadOnlyList<ModelFile> files, ISaveSteps? steps = null)
    {
        CheckNames(path, files);
        if (File.Exists(path))
            throw new ModelFileException(path, "the folder", "a folder or nothing", "a file");
        steps ??= NoSaveSteps.Instance;
        try
        {
            Directory.CreateDirectory(path);
            steps.After("make", path);
            using SaveLock held = SaveLock.Take(path, steps);
            steps.After("lock", path);
            new SaveTransaction(path, held, steps).Run(files);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, "the folder", "a folder that can be written", e.Message.TrimEnd('.'), e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FileStream stream in _streams.Values)
            stream.Dispose();
    }

    private static OrderedDictionary<string, FileStream> OpenFiles(string folder, Manifest manifest)
    {
        var streams = new OrderedDictionary<string, FileStream>();
        try
        {
            foreach ((string logical, ManifestEntry entry) in manifest.Files)
                streams.Add(logical, OpenVerified(Path.Combine(folder, entry.File), entry));
            return streams;
        }
        catch
        {
            foreach (FileStream stream in streams.Values)
                stream.Dispose();
            throw;
        }
    }

    private static FileStream OpenVerified(string path, ManifestEntry entry)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        }
        catch (FileNotFoundException e)
        {
            throw new ModelFileException(path, "the file", $"the {entry.Length} bytes that the manifest names", "no file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, "the file", "a file that can be read", e.Message.TrimEnd('.'), e);
        }

        try
        {
            if (stream.Length != entry.Length)
                throw new ModelFileException(path, "the file", $"{entry.Length} bytes", $"{stream.Length} bytes");
            string digest = Convert.ToHexStringLower(SHA256.HashData(stream));
            if (digest != entry.Sha256)
                throw new ModelFileException(path, "the content", $"SHA-256 {entry.Sha256}", digest);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static void CheckNames(string path, IReadOnlyList<ModelFile> files)
    {
        var names = new HashSet<string>();
        foreach (ModelFile file in files)
        {
            if (!ModelFileNames.IsLogical(file.Name))
                throw new ModelFileException(path, "the names", ModelFileNames.Rule, ModelFileException.Quote(file.Name));
            if (!names.Add(file.Name))
                throw new ModelFileException(path, "the names", "each name once", $"{ModelFileException.Quote(file.Name)} again");
        }
    }
}
