using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>
/// A map of characters from a SentencePiece model, applied to each grapheme of less than six bytes as a whole and to the code points of others,
/// as <c>tokenizer.json</c> defines it; SentencePiece itself knows no graphemes, see <see cref="SentencePieceNormalizer"/>.
/// </summary>
internal sealed class PrecompiledNormalizer(CharsMap map) : Normalizer
{
    private const int LongestGrapheme = 5;

    internal override void Apply(AlignedText text)
    {
        ReadOnlySpan<char> chars = text.Chars;
        var points = new List<(int CodePoint, int Change)>(chars.Length);
        bool isChanged = false;
        for (int i = 0; i < chars.Length;)
        {
            int length = NextGrapheme(chars[i..]);
            ReadOnlySpan<char> grapheme = chars.Slice(i, length);
            i += length;
            if (Encoding.UTF8.GetByteCount(grapheme) <= LongestGrapheme && TryReplace(grapheme, points))
            {
                isChanged = true;
                continue;
            }

            for (int g = 0; g < grapheme.Length;)
            {
                int point = CodePoints.At(grapheme, g, out int units);
                if (TryReplace(grapheme.Slice(g, units), points))
                    isChanged = true;
                else
                    points.Add((point, 0));
                g += units;
            }
        }

        if (isChanged)
            text.Replace(CollectionsMarshal.AsSpan(points));
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Precompiled");
        json.WriteBase64String("precompiled_charsmap", map.Bytes);
        json.WriteEndObject();
    }

    // Two plain letters never make one grapheme, and most text is plain.
    private static int NextGrapheme(ReadOnlySpan<char> chars) =>
        chars.Length == 1 || chars[0] is >= ' ' and < '\u007F' && chars[1] is >= ' ' and < '\u007F' ? 1 : StringInfo.GetNextTextElementLength(chars);

    private bool TryReplace(ReadOnlySpan<char> part, List<(int CodePoint, int Change)> points)
    {
        Span<byte> utf8 = stackalloc byte[8];
        utf8 = utf8[..Encoding.UTF8.GetBytes(part, utf8)];
        if (!map.TryShortest(utf8, out string replacement))
            return false;
        int old = 0;
        for (int i = 0; i < part.Length; old++)
        {
            CodePoints.At(part, i, out int length);
            i += length;
        }

        int[] added = CodePoints.Of(replacement);
        for (int i = 0; i < added.Length; i++)
            points.Add((added[i], i >= old ? 1 : 0));

        // The last one answers for what has no counterpart.
        if (added.Length < old && points.Count > 0)
            points[^1] = (points[^1].CodePoint, points[^1].Change - (old - added.Length));
        return true;
    }
}
