using System.Buffers.Binary;
using System.Text;

namespace Anneal.Data;

/// <summary>
/// A precompiled map from short byte strings to text, as SentencePiece stores its normalization: a double-array trie and a block of texts, each
/// of which ends with a zero byte. Every access is within bounds, whatever the bytes are.
/// </summary>
internal sealed class CharsMap
{
    private readonly uint[] _units;
    private readonly byte[] _texts;

    // Where the longest keys end; a damaged trie could otherwise walk as far as the text goes.
    private const int LongestKey = 256;

    private CharsMap(uint[] units, byte[] texts, byte[] bytes) => (_units, _texts, Bytes) = (units, texts, bytes);

    /// <summary>The map as it is stored.</summary>
    internal byte[] Bytes { get; }

    /// <summary>Reads a map. Null where the bytes are none; then <paramref name="problem"/> says what was expected and what came.</summary>
    internal static CharsMap? Read(byte[] bytes, out (string Expected, string Found) problem)
    {
        problem = default;
        if (bytes.Length < sizeof(uint))
            problem = ("a map of characters of at least 4 bytes", $"{bytes.Length}");
        else if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) is var size && (size > bytes.Length - sizeof(uint) || size % sizeof(uint) != 0 || size == 0))
            problem = ($"a map of characters whose trie has a length that is a multiple of 4 up to {bytes.Length - sizeof(uint)}", $"{size}");
        if (problem.Expected is not null)
            return null;
        int trieBytes = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var units = new uint[trieBytes / sizeof(uint)];
        for (int i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(sizeof(uint) * (i + 1)));
        byte[] texts = bytes[(sizeof(uint) + trieBytes)..];
        if (texts.Length > 0 && texts[^1] != 0)
            problem = ("texts that end with a zero byte", "another byte");
        else if (!System.Text.Unicode.Utf8.IsValid(texts))
            problem = ("texts in UTF-8", "bytes that are not");
        return problem.Expected is null ? new CharsMap(units, texts, bytes) : null;
    }

    /// <summary>The first, that is shortest, key at the beginning of a text in UTF-8.</summary>
    internal bool TryShortest(ReadOnlySpan<byte> utf8, out string replacement) => TryFind(utf8, findLongest: false, out _, out replacement);

    /// <summary>The longest key at the beginning of a text in UTF-8.</summary>
    internal bool TryLongest(ReadOnlySpan<byte> utf8, out int length, out string replacement) => TryFind(utf8, findLongest: true, out length, out replacement);

    /// <summary>Whether some key begins so, or is so.</summary>
    internal bool HasPrefix(ReadOnlySpan<byte> utf8)
    {
        uint node = OffsetOf(_units[0]);
        foreach (byte b in utf8)
        {
            node ^= b;
            if (node >= (uint)_units.Length || (_units[node] & 0x8000_00FF) != b)
                return false;
            node ^= OffsetOf(_units[node]);
        }

        return true;
    }

    private bool TryFind(ReadOnlySpan<byte> utf8, bool findLongest, out int length, out string replacement)
    {
        length = -1;
        uint value = 0, node = OffsetOf(_units[0]);
        for (int i = 0; i < utf8.Length && i < LongestKey && utf8[i] != 0; i++)
        {
            node ^= utf8[i];
            if (node >= (uint)_units.Length)
                break;
            uint unit = _units[node];
            if ((unit & 0x8000_00FF) != utf8[i])
                break;
            node ^= OffsetOf(unit);
            if ((unit >> 8 & 1) == 0)
                continue;
            if (node >= (uint)_units.Length)
                break;
            (value, length) = (_units[node] & 0x7FFF_FFFF, i + 1);
            if (!findLongest)
                break;
        }

        replacement = "";
        if (length < 0 || value >= (uint)_texts.Length)
            return false;
        ReadOnlySpan<byte> text = _texts.AsSpan((int)value);
        text = text[..text.IndexOf((byte)0)];

        // A damaged map may point into the middle of a character.
        if (!System.Text.Unicode.Utf8.IsValid(text))
            return false;
        replacement = Encoding.UTF8.GetString(text);
        return true;
    }

    private static uint OffsetOf(uint unit) => unit >> 10 << (int)((unit & 1u << 9) >> 6);
}
