using System.Runtime.InteropServices;

namespace Anneal.Data;

/// <summary>A piece that a unigram model may have, and the logarithm of its probability, or before that how much it counts.</summary>
internal readonly record struct UnigramPiece(string Text, double Score);

/// <summary>Finds the substrings of words that are worth to be pieces.</summary>
internal static class UnigramSeeds
{
    /// <summary>All characters, and of the substrings that occur at least twice those with the most characters in all.</summary>
    /// <returns>Pieces with log probabilities: characters first, then the others from the best on.</returns>
    internal static List<UnigramPiece> Find(List<(string Word, long Count)> words, int maxLength, int most, string initialAlphabet)
    {
        List<Level> levels = CountLevels(words, maxLength);
        var counts = new Dictionary<string, double>();
        foreach (int point in CodePoints.Of(initialAlphabet))
            counts[char.ConvertFromUtf32(point)] = 1;
        foreach ((string text, long count) in levels[0].Texts(words))
            counts[text] = count;
        var characters = counts.Select(c => new UnigramPiece(c.Key, c.Value)).OrderByDescending(c => c.Score).ThenBy(c => c.Text, StringComparer.Ordinal).ToList();
        var longer = new List<UnigramPiece>();
        for (int length = 1; length < levels.Count; length++)
        {
            foreach ((string text, long count) in levels[length].Texts(words))
                longer.Add(new UnigramPiece(text, (double)count * (length + 1)));
        }

        longer.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(a.Text, b.Text));
        if (longer.Count > most)
            longer.RemoveRange(most, longer.Count - most);
        List<UnigramPiece> pieces = [.. characters, .. longer];
        double total = Math.Log(pieces.Sum(p => p.Score));
        return [.. pieces.Select(p => p with { Score = Math.Log(p.Score) - total })];
    }

    // A substring can only be frequent if the one without its last character is, so each length builds on the one before.
    private static List<Level> CountLevels(List<(string Word, long Count)> words, int maxLength)
    {
        var places = new List<Place>();
        for (int w = 0; w < words.Count; w++)
        {
            string word = words[w].Word;
            for (int i = 0; i < word.Length;)
            {
                CodePoints.At(word, i, out int length);
                places.Add(new Place(w, i, i, -1));
                i += length;
            }
        }

        var levels = new List<Level>();
        for (int length = 0; length < maxLength && places.Count > 0; length++)
        {
            var level = new Level();
            var next = new List<Place>(places.Count);
            foreach (Place place in places)
            {
                (string word, long count) = words[place.Word];
                if (place.End >= word.Length)
                    continue;
                int point = CodePoints.At(word, place.End, out int units);
                Place longer = place with { End = place.End + units };
                next.Add(longer with { Node = level.Add(place.Node, point, count, longer) });
            }

            // A character is kept however rare it is, but goes on only if it is not.
            places = next.FindAll(p => level.CountAt(p.Node) >= 2);
            level.KeepFrequent(length == 0 ? 1 : 2);
            levels.Add(level);
        }

        return levels;
    }

    /// <summary>A substring at a place: its word, its first unit, the one behind it, and what it is among those of its length.</summary>
    private readonly record struct Place(int Word, int Start, int End, int Node);

    /// <summary>The different substrings of one length, with their counts and where each stands first.</summary>
    private sealed class Level
    {
        private readonly Dictionary<long, int> _nodes = [];
        private readonly List<(long Count, Place First)> _found = [];
        private long _least;

        internal int Add(int parent, int point, long count, Place place)
        {
            long key = (long)(parent + 1) << 21 | (uint)point;
            ref int node = ref CollectionsMarshal.GetValueRefOrAddDefault(_nodes, key, out bool isKnown);
            if (!isKnown)
            {
                node = _found.Count;
                _found.Add((0, place));
            }

            _found[node] = (_found[node].Count + count, _found[node].First);
            return node;
        }

        internal long CountAt(int node) => _found[node].Count;

        internal void KeepFrequent(long least)
        {
            _least = least;
            _nodes.Clear();
            _nodes.TrimExcess();
        }

        internal IEnumerable<(string Text, long Count)> Texts(List<(string Word, long Count)> words) =>
            _found.Where(f => f.Count >= _least).Select(f => (words[f.First.Word].Word[f.First.Start..f.First.End], f.Count));
    }
}
