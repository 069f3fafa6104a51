using System.Runtime.InteropServices;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>Cuts at the matches of a pattern.</summary>
internal sealed class SplitPreTokenizer(TextPattern pattern, SplitBehavior behavior, bool invert) : CuttingPreTokenizer
{
    // A scanner's matches leave nothing between them.
    private readonly WordScanner? _scanner =
        pattern is RegexPattern { Scanner: { } scanner } && (behavior == SplitBehavior.Isolated || behavior == SplitBehavior.Removed && invert) ? scanner : null;

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Split");
        pattern.Write(json);
        json.WriteString("behavior", behavior.ToString());
        json.WriteBoolean("invert", invert);
        json.WriteEndObject();
    }

    protected override void Cut(SplitText text, int start, int end)
    {
        ReadOnlySpan<char> chars = text.Text.Chars[start..end];
        if (_scanner is not null)
        {
            for (int i = 0; i < chars.Length;)
            {
                int next = _scanner.MatchEnd(chars, i);
                text.Add(start + i, start + next);
                i = next;
            }

            return;
        }

        var matches = new List<TextSplit>();
        pattern.Find(chars, matches);
        var pieces = new SplitPieces(text, behavior);
        int from = 0;
        foreach (TextSplit match in CollectionsMarshal.AsSpan(matches))
        {
            pieces.Add(start + from, start + match.Start, invert);
            pieces.Add(start + match.Start, start + match.End, !invert);
            from = match.End;
        }

        pieces.Add(start + from, end, invert);
        pieces.End();
    }
}
