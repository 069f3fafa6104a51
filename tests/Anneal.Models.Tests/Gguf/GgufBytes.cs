using System.Text;

namespace Anneal.Models.Tests;

/// <summary>GGUF files byte by byte, written from the published description and independent of the writer.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> _values = [], _tensors = [], _data = [];
    private ulong _valueCount, _tensorCount;

    internal uint Version { get; init; } = 3;

    internal int Alignment { get; init; } = 32;

    /// <summary>A value of a kind, by the kind's number and its bytes.</summary>
    internal GgufBytes Value(string key, uint kind, params ReadOnlySpan<byte> bytes)
    {
        _values.AddRange([.. Text(key), .. BitConverter.GetBytes(kind), .. bytes]);
        _valueCount++;
        return this;
    }

    internal GgufBytes Value(string key, string text) => Value(key, 8, Text(text));

    internal GgufBytes Value(string key, uint number) => Value(key, 4, BitConverter.GetBytes(number));

    internal GgufBytes Value(string key, float number) => Value(key, 6, BitConverter.GetBytes(number));

    internal GgufBytes Array(string key, uint kind, int count, params ReadOnlySpan<byte> bytes) => Value(key, 9, [.. BitConverter.GetBytes(kind), .. BitConverter.GetBytes((ulong)count), .. bytes]);

    internal GgufBytes Texts(string key, params string[] texts) => Array(key, 8, texts.Length, [.. texts.SelectMany(Text)]);

    /// <summary>A tensor with extents in the order of files, the one whose neighbours lie side by side first.</summary>
    internal GgufBytes Tensor(string name, uint type, ulong[] extents, byte[] data, ulong? place = null)
    {
        while (_data.Count % Alignment != 0)
            _data.Add(0);
        _tensors.AddRange([.. Text(name), .. BitConverter.GetBytes((uint)extents.Length), .. extents.SelectMany(BitConverter.GetBytes), .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(place ?? (ulong)_data.Count)]);
        _data.AddRange(data);
        _tensorCount++;
        return this;
    }

    internal GgufBytes Tensor(string name, int rows, int columns, float[] values) => Tensor(name, 0, [(ulong)columns, (ulong)rows], [.. values.SelectMany(BitConverter.GetBytes)]);

    internal byte[] ToArray()
    {
        byte[] header = [.. "GGUF"u8, .. BitConverter.GetBytes(Version), .. BitConverter.GetBytes(_tensorCount), .. BitConverter.GetBytes(_valueCount), .. _values, .. _tensors];
        return [.. header, .. new byte[(Alignment - header.Length % Alignment) % Alignment], .. _data];
    }

    private static byte[] Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return [.. BitConverter.GetBytes((ulong)utf8.Length), .. utf8];
    }
}
