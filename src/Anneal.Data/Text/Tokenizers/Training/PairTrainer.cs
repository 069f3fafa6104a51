using System.Runtime.InteropServices;

namespace Anneal.Data;

/// <summary>
/// Learns the merges of byte-pair encoding (Sennrich et al., 2016): the most frequent pair of neighbours becomes a token, again and again. Counts are
/// kept up to date, so a merge costs no more than the words that it changes. Of equally frequent pairs that of the smaller ids goes first.
/// </summary>
internal sealed class PairTrainer
{
    private readonly string _prefix;
    private readonly Dictionary<string, int> _ids = [];
    private readonly List<string> _tokens = [];
    private readonly List<int[]> _words = [];
    private readonly List<int> _lengths = [];
    private readonly List<long> _counts = [];
    private readonly Dictionary<long, Pair> _pairs = [];
    private readonly PriorityQueue<(long Key, long Count), (long Count, long Key)> _queue = new(Comparer<(long Count, long Key)>.Create(
        static (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Key.CompareTo(b.Key)));

    /// <summary>Begins with tokens that are given.</summary>
    /// <param name="special">Special tokens.</param>
    /// <param name="alphabet">Characters that are tokens, in the order of their ids.</param>
    /// <param name="prefix">What symbols within a word begin with.</param>
    internal PairTrainer(IEnumerable<string> special, IEnumerable<string> alphabet, string prefix)
    {
        _prefix = prefix;
        foreach (string token in special.Concat(alphabet))
            IdOf(token);
    }

    /// <summary>The tokens in the order of their ids.</summary>
    internal IReadOnlyList<string> Tokens => _tokens;

    /// <summary>The merges in the order in which they were learned.</summary>
    internal List<(int Left, int Right, int Merged)> Merges { get; } = [];

    /// <summary>Adds a word. Characters that are not of the alphabet are left out.</summary>
    internal void AddWord(string word, long count, Predicate<string> isKnown)
    {
        var symbols = new List<int>(word.Length);
        bool isFirst = true;
        for (int i = 0; i < word.Length;)
        {
            CodePoints.At(word, i, out int length);
            string symbol = word.Substring(i, length);
            i += length;
            if (isKnown(symbol))
                symbols.Add(IdOf(isFirst ? symbol : _prefix + symbol));
            isFirst = false;
        }

        if (symbols.Count == 0)
            return;
        int index = _words.Count;
        _words.Add([.. symbols]);
        _lengths.Add(symbols.Count);
        _counts.Add(count);
        for (int i = 1; i < symbols.Count; i++)
            Change(symbols[i - 1], symbols[i], count, index);
    }

    /// <summary>Learns merges until there are enough tokens or no pair is frequent enough.</summary>
    internal void Learn(int vocabularySize, long minFrequency, int maxTokenLength)
    {
        foreach (long key in _pairs.Keys.ToArray())
            Enqueue(key);
        var changed = new List<long>();
        while (_tokens.Count < vocabularySize && _queue.TryDequeue(out (long Key, long Count) top, out _))
        {
            Pair pair = _pairs[top.Key];
            if (pair.Count != top.Count)
            {
                // It has become rarer since; what became more frequent was queued then.
                if (pair.Count > 0 && pair.Count < top.Count)
                    Enqueue(top.Key);
                continue;
            }

            if (pair.Count < Math.Max(1, minFrequency))
                break;
            (int left, int right) = ((int)(top.Key >> 32), (int)(uint)top.Key);
            string token = _tokens[left] + _tokens[right][_prefix.Length..];
            if (token.Length > maxTokenLength)
                continue;
            int merged = IdOf(token);
            Merges.Add((left, right, merged));
            changed.Clear();
            Merge(pair, left, right, merged, changed);
            foreach (long key in changed)
            {
                if (_pairs[key] is { Count: > 0 } grown && grown.QueuedCount != grown.Count)
                    Enqueue(key);
            }
        }
    }

    private void Enqueue(long key)
    {
        ref Pair pair = ref CollectionsMarshal.GetValueRefOrNullRef(_pairs, key);
        pair.QueuedCount = pair.Count;
        _queue.Enqueue((key, pair.Count), (pair.Count, key));
    }

    private void Merge(Pair pair, int left, int right, int merged, List<long> changed)
    {
        int last = -1;
        pair.Words.Sort();
        foreach (int index in pair.Words)
        {
            // A word may be noted more than once.
            if (index == last)
                continue;
            last = index;
            MergeIn(index, left, right, merged, changed);
        }

        ref Pair done = ref CollectionsMarshal.GetValueRefOrNullRef(_pairs, Key(left, right));
        done.Words.Clear();
        done.Words.TrimExcess();
        done.Count = 0;
    }

    private void MergeIn(int index, int left, int right, int merged, List<long> changed)
    {
        int[] symbols = _words[index];
        int length = _lengths[index], written = 0;
        long count = _counts[index];
        for (int i = 0; i < length; i++)
        {
            if (i + 1 >= length || symbols[i] != left || symbols[i + 1] != right)
            {
                symbols[written++] = symbols[i];
                continue;
            }

            if (written > 0)
            {
                Change(symbols[written - 1], left, -count, index);
                changed.Add(Change(symbols[written - 1], merged, count, index));
            }

            if (i + 2 < length)
            {
                Change(right, symbols[i + 2], -count, index);
                changed.Add(Change(merged, symbols[i + 2], count, index));
            }

            symbols[written++] = merged;
            i++;
        }

        _lengths[index] = written;
    }

    private long Change(int left, int right, long count, int word)
    {
        long key = Key(left, right);
        ref Pair pair = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, key, out bool isKnown);
        if (!isKnown)
            pair.Words = [];
        pair.Count += count;
        if (count > 0 && (pair.Words.Count == 0 || pair.Words[^1] != word))
            pair.Words.Add(word);
        return key;
    }

    private int IdOf(string token)
    {
        if (!_ids.TryGetValue(token, out int id))
        {
            id = _tokens.Count;
            _ids.Add(token, id);
            _tokens.Add(token);
        }

        return id;
    }

    private static long Key(int left, int right) => (long)left << 32 | (uint)right;

    // How often a pair occurs, in which words, and the count that it was last queued with.
    private struct Pair
    {
        internal long Count, QueuedCount;
        internal List<int> Words;
    }
}
