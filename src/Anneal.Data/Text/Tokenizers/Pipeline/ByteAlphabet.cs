using System.Text;

namespace Anneal.Data;

/// <summary>
/// The 256 characters that stand for bytes in the vocabularies of byte-level models (Radford et al., 2019): printable ones for themselves, the
/// others from U+0100 on.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Chars = MakeChars();
    private static readonly short[] Bytes = MakeBytes();

    /// <summary>The character that stands for a byte.</summary>
    internal static char CharOf(byte value) => Chars[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    internal static int ByteOf(char c) => c < Bytes.Length ? Bytes[c] : -1;

    /// <summary>Writes a part of a text, which is being rewritten, byte by byte.</summary>
    internal static void Rewrite(AlignedText text, int from, int to)
    {
        ReadOnlySpan<char> chars = text.Chars;
        Span<char> written = stackalloc char[4];
        Span<byte> utf8 = stackalloc byte[4];
        for (int i = from; i < to;)
        {
            CodePoints.At(chars, i, out int length);
            int count = Encoding.UTF8.GetBytes(chars.Slice(i, length), utf8);
            for (int b = 0; b < count; b++)
                written[b] = Chars[utf8[b]];
            text.Write(written[..count], i, i + length);
            i += length;
        }
    }

    private static char[] MakeChars()
    {
        var chars = new char[256];
        int others = 0;
        for (int b = 0; b < chars.Length; b++)
            chars[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : (char)(256 + others++);
        return chars;
    }

    private static short[] MakeBytes()
    {
        var bytes = new short[Chars.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int b = 0; b < Chars.Length; b++)
            bytes[Chars[b]] = (short)b;
        return bytes;
    }
}
