namespace Anneal.Data;

/// <summary>The merges of byte-pair encoding: which token two neighbours become, and how early.</summary>
internal sealed class PairTable
{
    /// <summary>The rank of a pair that is not merged.</summary>
    internal const int NoRank = int.MaxValue;

    private readonly Entry[] _entries;
    private readonly int _mask;

    internal PairTable(int pairs)
    {
        int capacity = 16;
        while (capacity < 2L * pairs)
            capacity *= 2;
        _entries = new Entry[capacity];
        Array.Fill(_entries, new Entry(ulong.MaxValue, NoRank, -1));
        _mask = capacity - 1;
    }

    /// <summary>Adds a pair, or gives it another rank where it is there already.</summary>
    internal void Set(int left, int right, int rank, int merged)
    {
        ulong key = Key(left, right);
        int index = IndexOf(key);
        while (_entries[index].Key != ulong.MaxValue && _entries[index].Key != key)
            index = (index + 1) & _mask;
        _entries[index] = new Entry(key, rank, merged);
    }

    /// <summary>The rank of a pair, the smaller the earlier, and the token that it becomes.</summary>
    internal int RankOf(int left, int right, out int merged)
    {
        ulong key = Key(left, right);
        for (int index = IndexOf(key); ; index = (index + 1) & _mask)
        {
            ref readonly Entry entry = ref _entries[index];
            if (entry.Key == key)
            {
                merged = entry.Merged;
                return entry.Rank;
            }

            if (entry.Key == ulong.MaxValue)
            {
                merged = -1;
                return NoRank;
            }
        }
    }

    /// <summary>All pairs.</summary>
    internal IEnumerable<(int Left, int Right, int Rank, int Merged)> Pairs =>
        _entries.Where(e => e.Key != ulong.MaxValue).Select(e => ((int)(e.Key >> 32), (int)(uint)e.Key, e.Rank, e.Merged));

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;

    // Linear probing needs keys that are spread well; the multiplier is that of Fibonacci hashing.
    private int IndexOf(ulong key)
    {
        ulong hash = key * 0x9E3779B97F4A7C15;
        return (int)((hash ^ hash >> 32) & (uint)_mask);
    }

    private readonly record struct Entry(ulong Key, int Rank, int Merged);
}
