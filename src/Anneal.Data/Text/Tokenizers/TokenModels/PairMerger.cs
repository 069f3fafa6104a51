namespace Anneal.Data;

/// <summary>
/// Merges the symbols of a word by byte-pair encoding (Sennrich et al., 2016): again and again the leftmost pair of the smallest rank. Short words
/// are searched anew after each merge; long ones use a heap, so a word of n symbols takes n log n.
/// </summary>
internal sealed class PairMerger(PairTable pairs)
{
    private const int LongestScanned = 24, LargestKept = 1 << 16;

    private Symbol[] _symbols = new Symbol[64];
    private ulong[] _heap = [];
    private int _count, _heapCount;

    /// <summary>A token of the word and the code units that it stands for.</summary>
    internal struct Symbol
    {
        internal int Id, Start, End;

        // The rank of the pair of this symbol and the next, and what it becomes.
        internal int Rank, Merged;

        // Neighbours, for long words.
        internal int Previous, Next;
    }

    /// <summary>The symbols that are left after <see cref="Merge"/>.</summary>
    internal ReadOnlySpan<Symbol> Symbols => _symbols.AsSpan(0, _count);

    /// <summary>Begins a word.</summary>
    internal void Clear()
    {
        _count = 0;
        if (_symbols.Length > LargestKept)
            _symbols = new Symbol[64];
        if (_heap.Length > 2 * LargestKept)
            _heap = [];
    }

    /// <summary>Adds a symbol; an id below 0 never merges.</summary>
    internal void Add(int id, int start, int end)
    {
        if (_count == _symbols.Length)
            Array.Resize(ref _symbols, 2 * _count);
        ref Symbol symbol = ref _symbols[_count++];
        (symbol.Id, symbol.Start, symbol.End) = (id, start, end);
    }

    internal void Merge()
    {
        for (int i = 0; i < _count; i++)
            Rank(i, i + 1 < _count ? i + 1 : -1);
        if (_count <= LongestScanned)
            MergeByScanning();
        else
            MergeByHeap();
    }

    private void Rank(int left, int right)
    {
        ref Symbol symbol = ref _symbols[left];
        if (right < 0 || symbol.Id < 0 || _symbols[right].Id < 0)
            symbol.Rank = PairTable.NoRank;
        else
            symbol.Rank = pairs.RankOf(symbol.Id, _symbols[right].Id, out symbol.Merged);
    }

    private void MergeByScanning()
    {
        while (_count > 1)
        {
            int best = -1, bestRank = PairTable.NoRank;
            for (int i = 0; i < _count; i++)
            {
                if (_symbols[i].Rank < bestRank)
                    (best, bestRank) = (i, _symbols[i].Rank);
            }

            if (best < 0)
                return;
            _symbols[best].Id = _symbols[best].Merged;
            _symbols[best].End = _symbols[best + 1].End;
            Array.Copy(_symbols, best + 2, _symbols, best + 1, _count - best - 2);
            _count--;
            Rank(best, best + 1 < _count ? best + 1 : -1);
            if (best > 0)
                Rank(best - 1, best);
        }
    }

    private void MergeByHeap()
    {
        for (int i = 0; i < _count; i++)
            (_symbols[i].Previous, _symbols[i].Next) = (i - 1, i + 1 < _count ? i + 1 : -1);
        _heapCount = 0;
        for (int i = 0; i < _count; i++)
            Push(i);
        while (_heapCount > 0)
        {
            (int rank, int at) = Pop();
            ref Symbol symbol = ref _symbols[at];

            // A pair that has changed since was pushed again; a symbol that is gone has no rank.
            if (symbol.Rank != rank || symbol.Next < 0)
                continue;
            int next = symbol.Next;
            symbol.Id = symbol.Merged;
            symbol.End = _symbols[next].End;
            symbol.Next = _symbols[next].Next;
            _symbols[next].Rank = PairTable.NoRank;
            if (symbol.Next >= 0)
                _symbols[symbol.Next].Previous = at;
            Rank(at, symbol.Next);
            Push(at);
            if (symbol.Previous >= 0)
            {
                Rank(symbol.Previous, at);
                Push(symbol.Previous);
            }
        }

        int left = 0;
        for (int i = 0; i >= 0; i = _symbols[i].Next)
        {
            Symbol kept = _symbols[i];
            if (left != i)
                (_symbols[left].Id, _symbols[left].Start, _symbols[left].End) = (kept.Id, kept.Start, kept.End);
            left++;
        }

        _count = left;
    }

    // The smallest rank first, and of equal ones the leftmost.
    private void Push(int at)
    {
        if (_symbols[at].Rank == PairTable.NoRank)
            return;
        if (_heapCount == _heap.Length)
            Array.Resize(ref _heap, Math.Max(64, 2 * _heapCount));
        ulong key = (ulong)(uint)_symbols[at].Rank << 32 | (uint)at;
        int i = _heapCount++;
        while (i > 0 && _heap[(i - 1) / 4] > key)
        {
            _heap[i] = _heap[(i - 1) / 4];
            i = (i - 1) / 4;
        }

        _heap[i] = key;
    }

    private (int Rank, int At) Pop()
    {
        ulong top = _heap[0], moved = _heap[--_heapCount];
        int i = 0;
        while (true)
        {
            int child = 4 * i + 1, best = child;
            if (child >= _heapCount)
                break;
            for (int other = child + 1; other < Math.Min(child + 4, _heapCount); other++)
            {
                if (_heap[other] < _heap[best])
                    best = other;
            }

            if (_heap[best] >= moved)
                break;
            _heap[i] = _heap[best];
            i = best;
        }

        if (_heapCount > 0)
            _heap[i] = moved;
        return ((int)(top >> 32), (int)(uint)top);
    }
}
