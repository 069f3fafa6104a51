using System.Text;

namespace Anneal.Models;

/// <summary>
/// Passes text on until one of the stop strings is whole, and ends it before that one. What may be the beginning of a stop string waits for what
/// follows. What is found does not depend on the pieces in which the text comes: it is the stop string that is whole first, and of several the longest.
/// </summary>
internal sealed class StopFilter(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _waiting = new();

    /// <summary>Whether a stop string was found.</summary>
    internal bool IsStopped { get; private set; }

    /// <summary>Takes the next piece of text and gives what is known to stand before any stop string.</summary>
    internal string Push(string piece)
    {
        var passed = new StringBuilder();
        foreach (char character in piece)
        {
            if (IsStopped)
                break;
            _waiting.Append(character);
            string text = _waiting.ToString();
            int stop = stops.Where(s => text.EndsWith(s, StringComparison.Ordinal)).Select(s => s.Length).DefaultIfEmpty().Max();
            IsStopped = stop > 0;
            int kept = IsStopped ? text.Length : LongestBeginning(text);
            passed.Append(text, 0, IsStopped ? text.Length - stop : text.Length - kept);
            _waiting.Remove(0, IsStopped ? text.Length : text.Length - kept);
        }

        return passed.ToString();
    }

    /// <summary>Ends the text and gives what waited.</summary>
    internal string Flush()
    {
        string text = _waiting.ToString();
        _waiting.Clear();
        return text;
    }

    /// <summary>The length of the longest end of the text with which a stop string begins.</summary>
    private int LongestBeginning(string text)
    {
        for (int length = text.Length; length > 0; length--)
        {
            if (stops.Any(s => s.AsSpan().StartsWith(text.AsSpan(text.Length - length), StringComparison.Ordinal)))
                return length;
        }

        return 0;
    }
}
