using System.Globalization;

namespace Anneal.Onnx;

/// <summary>Values that lie beside an ONNX file. A file that names another folder than its own is refused, so that it cannot make a reader open what it likes.</summary>
internal sealed class ExternalFiles(string folder)
{
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

        // A link may lead out of the folder as well as a path can; caches of downloads keep their files behind links, and those name their target's folder.
        for (FileSystemInfo? at = new FileInfo(path); at is not null && at.FullName.Length > _folder.Length; at = Directory.GetParent(at.FullName))
        {
            if (at.ResolveLinkTarget(returnFinalTarget: true) is { } target && !Path.GetFullPath(target.FullName).StartsWith(_folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw tensor.Fail(file, "values in a file of the same folder", $"{ModelFileException.Quote(location)}, a link that leads out of it");
        }

        return path;
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
