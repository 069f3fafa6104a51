namespace Anneal.Data;

/// <summary>Estimates the probabilities of pieces from words, and finds the pieces that are of least use.</summary>
internal sealed class UnigramEstimator
{
    // Words are summed in parts of this many, whatever the number of threads, so that sums have one order.
    private const int WordsPerPart = 2048;

    // A piece that is expected less often goes (SentencePiece has the same bound).
    private const double LeastExpected = 0.5;

    private readonly List<UnigramPiece> _pieces;
    private readonly List<(string Word, long Count)> _words;
    private readonly TokenTrie _trie = new();
    private readonly int? _threads;
    private readonly double _unknownScore;

    internal UnigramEstimator(List<UnigramPiece> pieces, List<(string Word, long Count)> words, int? threads)
    {
        (_pieces, _words, _threads) = (pieces, words, threads);
        for (int i = 0; i < pieces.Count; i++)
            _trie.Add(pieces[i].Text, i);
        _unknownScore = (pieces.Count > 0 ? pieces.Min(p => p.Score) : 0) - UnigramModel.UnknownPenalty;
    }

    /// <summary>One step of expectation and maximization. Pieces that are hardly expected go, unless they are required.</summary>
    internal List<UnigramPiece> Estimate(HashSet<string> isRequired)
    {
        double[] expected = Sum((word, count, buffers, sums) => Expect(word, count, buffers, sums));
        var kept = new List<UnigramPiece>();
        double total = 0;
        for (int i = 0; i < _pieces.Count; i++)
        {
            double count = isRequired.Contains(_pieces[i].Text) ? Math.Max(expected[i], LeastExpected) : expected[i];
            if (count < LeastExpected)
                continue;
            kept.Add(_pieces[i] with { Score = count });
            total += count;
        }

        // The digamma function instead of the logarithm stands for a sparse prior, so rare pieces become rarer.
        double logTotal = Digamma(total);
        return [.. kept.Select(p => p with { Score = Digamma(p.Score) - logTotal })];
    }

    /// <summary>Leaves the pieces without which the likelihood of the words would sink most, and those that cannot be spelled otherwise.</summary>
    internal List<UnigramPiece> Prune(int wanted)
    {
        double[] frequency = Sum(CountBest);
        double total = frequency.Sum();
        var buffers = new Buffers();
        var kept = new List<UnigramPiece>();
        var losses = new List<(int Index, double Loss)>();
        for (int i = 0; i < _pieces.Count; i++)
        {
            string text = _pieces[i].Text;

            // The best way to spell the piece without itself; none: it is kept.
            List<int>? other = BestPath(text, buffers, without: i);
            if (other is null)
            {
                kept.Add(_pieces[i]);
                continue;
            }

            if (frequency[i] == 0)
                continue;
            double added = other.Sum(o => _pieces[o].Score);
            losses.Add((i, frequency[i] / total * (_pieces[i].Score - added)));
        }

        losses.Sort((a, b) => a.Loss != b.Loss ? b.Loss.CompareTo(a.Loss) : a.Index.CompareTo(b.Index));
        kept.AddRange(losses.Take(Math.Max(0, wanted - kept.Count)).Select(l => _pieces[l.Index]));
        return kept;
    }

    // Adds up what words contribute, part by part in their order.
    private double[] Sum(Action<string, long, Buffers, double[]> contribute)
    {
        int parts = (_words.Count + WordsPerPart - 1) / WordsPerPart;
        var total = new double[_pieces.Count];
        int threads = Math.Min(_threads ?? Environment.ProcessorCount, parts);
        for (int first = 0; first < parts; first += threads)
        {
            int count = Math.Min(threads, parts - first);
            var sums = new Dictionary<int, double>[count];
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, threads) }, p => sums[p] = SumPart(first + p, contribute));
            foreach (Dictionary<int, double> sum in sums)
            {
                foreach ((int piece, double value) in sum)
                    total[piece] += value;
            }
        }

        return total;
    }

    // The sums of one part, with only the pieces that occur in it.
    private Dictionary<int, double> SumPart(int part, Action<string, long, Buffers, double[]> contribute)
    {
        var buffers = new Buffers();
        var sums = new double[_pieces.Count];
        foreach ((string word, long count) in _words.Skip(part * WordsPerPart).Take(WordsPerPart))
            contribute(word, count, buffers, sums);
        var found = new Dictionary<int, double>();
        for (int i = 0; i < sums.Length; i++)
        {
            if (sums[i] != 0)
                found.Add(i, sums[i]);
        }

        return found;
    }

    // Forward and backward sums over all ways to cut the word.
    private void Expect(string word, long count, Buffers buffers, double[] sums)
    {
        FindEdges(word, buffers);
        Span<double> forward = buffers.Forward(word.Length + 1), backward = buffers.Backward(word.Length + 1);
        forward.Fill(double.NegativeInfinity);
        backward.Fill(double.NegativeInfinity);
        (forward[0], backward[word.Length]) = (0, 0);
        foreach ((int start, int end, int piece) in buffers.Edges)
            forward[end] = LogAdd(forward[end], forward[start] + ScoreOf(piece));
        for (int i = buffers.Edges.Count - 1; i >= 0; i--)
        {
            (int start, int end, int piece) = buffers.Edges[i];
            backward[start] = LogAdd(backward[start], backward[end] + ScoreOf(piece));
        }

        double all = forward[word.Length];
        foreach ((int start, int end, int piece) in buffers.Edges)
        {
            if (piece >= 0)
                sums[piece] += count * Math.Exp(forward[start] + _pieces[piece].Score + backward[end] - all);
        }
    }

    private void CountBest(string word, long count, Buffers buffers, double[] sums)
    {
        foreach (int piece in BestPath(word, buffers, without: -1) ?? [])
        {
            if (piece >= 0)
                sums[piece] += count;
        }
    }

    // The pieces of the best way to cut a word, -1 for an unknown character; null where it needs one that is left out.
    private List<int>? BestPath(string word, Buffers buffers, int without)
    {
        FindEdges(word, buffers);
        Span<double> best = buffers.Forward(word.Length + 1);
        best.Fill(double.NegativeInfinity);
        best[0] = 0;
        int[] edgeAt = buffers.EdgeAt(word.Length + 1);
        for (int i = 0; i < buffers.Edges.Count; i++)
        {
            (int start, int end, int piece) = buffers.Edges[i];
            double score = best[start] + ScoreOf(piece);
            if (score > best[end] && !(without >= 0 && (piece == without || piece < 0)))
                (best[end], edgeAt[end]) = (score, i);
        }

        if (double.IsNegativeInfinity(best[word.Length]))
            return null;
        var path = new List<int>();
        for (int end = word.Length; end > 0; end = buffers.Edges[edgeAt[end]].Start)
            path.Add(buffers.Edges[edgeAt[end]].Piece);
        return path;
    }

    // Every place where a piece stands, ordered by its beginning; an unknown character is an edge too.
    private void FindEdges(string word, Buffers buffers)
    {
        buffers.Edges.Clear();
        for (int start = 0; start < word.Length;)
        {
            CodePoints.At(word, start, out int length);
            bool hasSingle = false;
            int node = TokenTrie.Root;
            for (int i = start; i < word.Length;)
            {
                node = _trie.Next(node, word[i++]);
                if (node == TokenTrie.None)
                    break;
                int piece = _trie.ValueAt(node);
                if (piece < 0)
                    continue;
                buffers.Edges.Add((start, i, piece));
                hasSingle |= i == start + length;
            }

            if (!hasSingle)
                buffers.Edges.Add((start, start + length, -1));
            start += length;
        }
    }

    private double ScoreOf(int piece) => piece < 0 ? _unknownScore : _pieces[piece].Score;

    private static double LogAdd(double a, double b)
    {
        if (double.IsNegativeInfinity(a))
            return b;
        if (double.IsNegativeInfinity(b))
            return a;
        return Math.Max(a, b) + Math.Log(1 + Math.Exp(-Math.Abs(a - b)));
    }

    // By its recurrence to 7 or more, then by its asymptotic series.
    private static double Digamma(double x)
    {
        double result = 0;
        for (; x < 7; x++)
            result -= 1 / x;
        x -= 0.5;
        double xx = 1 / (x * x);
        return result + Math.Log(x) + xx * (1.0 / 24 - xx * (7.0 / 960 - xx * (31.0 / 8064 - xx * (127.0 / 30720))));
    }

    /// <summary>What one thread needs for a word.</summary>
    private sealed class Buffers
    {
        private double[] _forward = [], _backward = [];
        private int[] _edgeAt = [];

        internal List<(int Start, int End, int Piece)> Edges { get; } = [];

        internal Span<double> Forward(int length) => Ensure(ref _forward, length).AsSpan(0, length);

        internal Span<double> Backward(int length) => Ensure(ref _backward, length).AsSpan(0, length);

        internal int[] EdgeAt(int length) => Ensure(ref _edgeAt, length);

        private static T[] Ensure<T>(ref T[] array, int length)
        {
            if (array.Length < length)
                array = new T[2 * length];
            return array;
        }
    }
}
