using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Anneal.Data;

/// <summary>What is looked for in a text.</summary>
internal abstract class TextPattern
{
    /// <summary>Adds the matches that are not empty, from left to right.</summary>
    internal abstract void Find(ReadOnlySpan<char> text, List<TextSplit> matches);

    /// <summary>Writes the member <c>pattern</c> of <c>tokenizer.json</c>.</summary>
    internal abstract void Write(Utf8JsonWriter json);
}

/// <summary>A text that is looked for as it is.</summary>
internal sealed class LiteralPattern(string text) : TextPattern
{
    internal string Text => text;

    internal override void Find(ReadOnlySpan<char> chars, List<TextSplit> matches)
    {
        for (int i = 0; i < chars.Length;)
        {
            int next = chars[i..].IndexOf(text, StringComparison.Ordinal);
            if (next < 0)
                return;
            matches.Add(new TextSplit(i + next, i + next + text.Length));
            i += next + text.Length;
        }
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("pattern");
        json.WriteString("String", text);
        json.WriteEndObject();
    }
}

/// <summary>A regular expression. The well-known ones have a scanner; others run in the runtime's engine, on a text of one unit a code point.</summary>
internal sealed class RegexPattern : TextPattern
{
    // A match, and all matches of a text, take no longer; linear expressions take some tens of nanoseconds a unit.
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(2), LongestText = TimeSpan.FromSeconds(4), LongestUnit = TimeSpan.FromMicroseconds(10);

    private readonly string _source;
    private readonly Regex? _regex;

    private RegexPattern(string source, WordScanner? scanner, Regex? regex) => (_source, Scanner, _regex) = (source, scanner, regex);

    /// <summary>Finds the same matches without an engine, for a well-known expression.</summary>
    internal WordScanner? Scanner { get; }

    /// <summary>Makes a pattern.</summary>
    /// <exception cref="OptionException">The expression is not sound or uses what is not supported.</exception>
    internal static RegexPattern Create(string source, RegexDialect dialect, bool useScanners = true)
    {
        if (useScanners && WordScanner.For(source, dialect) is { } scanner)
            return new RegexPattern(source, scanner, null);
        string translated = RegexTranslator.Translate(source, dialect);
        try
        {
            // Not the engine without backtracking: that of .NET 10 misses matches of " ?[^(]+" in "a (b". So time is bounded instead.
            return new RegexPattern(source, null, new Regex(translated, RegexOptions.CultureInvariant, LongestMatch));
        }
        catch (ArgumentException e)
        {
            throw new OptionException($"The regular expression {source} is not sound: {e.Message}");
        }
        catch (InsufficientExecutionStackException)
        {
            throw new OptionException("The regular expression is nested too deep.");
        }
    }

    internal override void Find(ReadOnlySpan<char> text, List<TextSplit> matches)
    {
        if (Scanner is not null)
        {
            for (int i = 0; i < text.Length;)
            {
                int end = Scanner.MatchEnd(text, i);
                matches.Add(new TextSplit(i, end));
                i = end;
            }

            return;
        }

        // The engine sees UTF-16; a stand-in of the same properties takes the place of each pair.
        bool hasStandIns = StandIns.AreNeeded(text);
        ReadOnlySpan<char> seen = hasStandIns ? StandIns.Of(text) : text;
        long begin = Stopwatch.GetTimestamp();
        TimeSpan limit = LongestText + text.Length * LongestUnit;
        int index = 0, position = 0;
        try
        {
            foreach (ValueMatch match in _regex!.EnumerateMatches(seen))
            {
                if (match.Length == 0)
                    continue;
                int start = Move(text, hasStandIns, match.Index, ref index, ref position);
                int end = Move(text, hasStandIns, match.Index + match.Length, ref index, ref position);
                matches.Add(new TextSplit(start, end));
                if ((matches.Count & 0xFF) == 0 && Stopwatch.GetElapsedTime(begin) > limit)
                    throw TooSlow(null);
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw TooSlow(e);
        }
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("pattern");
        json.WriteString("Regex", _source);
        json.WriteEndObject();
    }

    // From an index of the text that the engine saw to one of the text.
    private static int Move(ReadOnlySpan<char> text, bool hasStandIns, int target, ref int index, ref int position)
    {
        if (!hasStandIns)
            return target;
        for (; index < target; index++)
        {
            CodePoints.At(text, position, out int length);
            position += length;
        }

        return position;
    }

    private TokenizationException TooSlow(Exception? inner) => new(
        string.Create(CultureInfo.InvariantCulture, $"The regular expression {_source} takes too long on this text. A simpler one, without repetitions inside of repetitions, does not."), inner);
}
