using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>A folder for each thread, because an input that is read lies on disk meanwhile.</summary>
internal sealed class FoldersOfThreads(params string[] names) : IDisposable
{
    private readonly ThreadLocal<TemporaryFolder> _folders = new(() => new TemporaryFolder(), trackAllValues: true);

    internal void With(byte[] input, Action<string> read)
    {
        TemporaryFolder folder = _folders.Value!;
        int at = 0;
        foreach (string name in names)
        {
            int length = BitConverter.ToInt32(input, at);
            File.WriteAllBytes(folder.File(name), input.AsSpan(at + sizeof(int), length));
            at += sizeof(int) + length;
        }

        read(folder.Path);
    }

    /// <summary>Several files as one input, each behind its length; one of them is damaged.</summary>
    internal static byte[] Damaged(byte[][] files, int number)
    {
        int which = new Random(~number).Next(files.Length);
        byte[] damaged = files[which][0] == '{' ? FileDamage.Of([files[which]], number) : FileDamage.OfSafetensors([files[which]], number);
        return [.. files.SelectMany((f, i) => i == which ? (byte[])[.. BitConverter.GetBytes(damaged.Length), .. damaged] : [.. BitConverter.GetBytes(f.Length), .. f])];
    }

    public void Dispose()
    {
        foreach (TemporaryFolder folder in _folders.Values)
            folder.Dispose();
        _folders.Dispose();
    }
}
