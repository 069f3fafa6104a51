namespace Anneal.Data;

/// <summary>
/// Reads IDX files, the format of MNIST and its kin: two zero bytes, a byte for the type of the elements, a byte for the number of
/// axes, the extents as 32-bit numbers, then the elements, all big-endian.
/// </summary>
public static class Idx
{
    /// <summary>Reads a file, plain or compressed with gzip; which of the two, its content tells.</summary>
    /// <param name="path">The file.</param>
    /// <returns>
    /// The elements in the shape that the file names. Bytes, signed bytes, 32-bit integers, floats and doubles keep their type; 16-bit
    /// integers become int32.
    /// </returns>
    /// <exception cref="DataFileException">
    /// The file is missing or compressed wrongly, its header is not that of an IDX file or names more or fewer elements than follow.
    /// </exception>
    public static TensorData Read(string path) => Read(path, rank: null);

    /// <summary>Reads a file that has a known number of axes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rank">How many axes the file must have, 1 to 255.</param>
    /// <returns>The elements, as <see cref="Read(string)"/> returns them.</returns>
    /// <exception cref="DataFileException">As <see cref="Read(string)"/>, or the file has another number of axes.</exception>
    public static TensorData Read(string path, int rank) => Read(path, (int?)rank);

    private static TensorData Read(string path, int? rank)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new DataFileException(path, 0, "an IDX file", "no file of this name");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return Read(stream, path, rank);
    }

    /// <summary>Reads from a stream that can seek and knows its length.</summary>
    internal static TensorData Read(Stream stream, string file, int? rank = null)
    {
        if (!GzipFile.IsGzip(stream))
            return new IdxReader(stream, file, stream.Length, isExact: true).Read(rank);
        using var content = new GzipFile(stream, file);
        TensorData data = new IdxReader(content, file, content.MostBytes, isExact: false).Read(rank);
        content.CheckTrailer();
        return data;
    }
}
