using System.Collections.Concurrent;
using System.Globalization;

namespace Anneal.Onnx;

/// <summary>Values that lie beside an ONNX file. A file that names another folder than its own is refused, so that it cannot make a reader open what it likes.</summary>
internal sealed class ExternalFiles(string folder)
{
    // Weights that are tied may be named by each of their names; a thousand names for the same bytes are a way to fill memory.
    private const int MostLinks = 16, MostTimes = 8;
    private readonly ConcurrentDictionary<string, long> _taken = new();
    private readonly string _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>The bytes of a tensor.</summary>
    /// <exception cref="ModelFileException">The file is named outside of the folder, does not exist, or has not the bytes that are named.</exception>
    internal ReadOnlyMemory<byte> Find(OnnxTensor tensor, TensorType type, string file)
    {
        Dictionary<string, string> external = tensor.External!;
        string location = external.GetValueOrDefault("location", "");
        string path = PathOf(tensor, location, file);
        long offset = Number(tensor, external, "offset", 0, file), length = Number(tensor, external, "length", type.ByteCount, file);
        if (length != type.ByteCount)
            throw tensor.Fail(file, $"{type.ByteCount} bytes for {type}", $"{length}");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        if (offset > stream.Length || length > stream.Length - offset || length > Array.MaxLength)
            throw tensor.Fail(file, $"{length} bytes from byte {offset} of {ModelFileException.Quote(location)}", $"a file of {stream.Length} bytes");
        long taken = _taken.GetValueOrDefault(path) + length;
        if (taken / MostTimes > stream.Length)
            throw tensor.Fail(file, $"values that name each byte of {ModelFileException.Quote(location)} at most {MostTimes} times", $"{taken} of {stream.Length} bytes");
        _taken[path] = taken;
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)length);
        stream.Position = offset;
        stream.ReadExactly(bytes);
        return bytes;
    }

    private string PathOf(OnnxTensor tensor, string location, string file)
    {
        bool isInside = location.Length > 0 && !location.Contains('\0', StringComparison.Ordinal) && !Path.IsPathRooted(location) && !location.Contains(':', StringComparison.Ordinal)
            && !location.Split('/', '\\').Contains("..");
        if (!isInside)
            throw tensor.Fail(file, "values in a file of the same folder", ModelFileException.Quote(location));
        string path = Path.GetFullPath(Path.Combine(_folder, location));
        if (!File.Exists(path))
            throw tensor.Fail(file, "values in a file of the same folder", $"{ModelFileException.Quote(location)}, which does not exist");

        // A link may lead out of the folder as well as a path can.
        return Followed(path, MostLinks) ?? throw tensor.Fail(file, "values in a file of the same folder", $"{ModelFileException.Quote(location)}, a link that leads out of it");
    }

    /// <summary>A path without links, or null where one of its links, or of those on the way to its target, leads out of the folder.</summary>
    private string? Followed(string path, int links)
    {
        if (links < 0 || !path.StartsWith(_folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            return null;
        string at = _folder;
        string[] parts = path[(_folder.Length + 1)..].Split(Path.DirectorySeparatorChar);
        for (int i = 0; i < parts.Length; i++)
        {
            at = Path.Combine(at, parts[i]);
            if (new FileInfo(at).ResolveLinkTarget(returnFinalTarget: false) is { } target)
                return Followed(Path.GetFullPath(Path.Combine([target.FullName, .. parts[(i + 1)..]])), links - 1);
        }

        return at;
    }

    private static long Number(OnnxTensor tensor, Dictionary<string, string> external, string name, long absent, string file)
    {
        if (!external.TryGetValue(name, out string? text))
            return absent;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw tensor.Fail(file, $"a whole number as {name}", ModelFileException.Quote(text));
    }
}
