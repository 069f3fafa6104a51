namespace Anneal.Data;

/// <summary>Where a packed sequence lies.</summary>
/// <param name="Row">The row.</param>
/// <param name="Start">Its first place in the row.</param>
/// <param name="Length">How many places it takes.</param>
public sealed record PackedPlace(int Row, int Start, int Length);

/// <summary>Several sequences in each row, so that little is filled up.</summary>
/// <param name="Tokens">The numbers, int32 <c>[rows, length]</c>.</param>
/// <param name="Positions">The place of each within its own sequence, from 0, int32 <c>[rows, length]</c>; 0 where a row was filled up.</param>
/// <param name="Segments">Which sequence of the row each belongs to, from 1, int32 <c>[rows, length]</c>; 0 where a row was filled up.</param>
/// <param name="Places">Where each sequence lies, in the order in which they were given.</param>
/// <param name="Report">How much was cut off.</param>
public sealed record PackedSequences(
    TensorData Tokens, TensorData Positions, TensorData Segments, IReadOnlyList<PackedPlace> Places, TruncationReport Report)
{
    /// <summary>
    /// Which place may attend to which: those of the same sequence, and with <paramref name="causal"/> only to itself and those before it. A place that was filled up attends
    /// to nothing and is attended to by none.
    /// </summary>
    /// <returns>Bool <c>[rows, queries, keys]</c>, as attention layers take it.</returns>
    public TensorData AttentionMask(bool causal = false)
    {
        int rows = (int)Segments.Shape[0], length = (int)Segments.Shape[1];
        var mask = new TensorData(DType.Bool, [rows, length, length]);
        Span<bool> allowed = mask.AsSpan<bool>();
        foreach (PackedPlace place in Places)
        {
            for (int query = place.Start; query < place.Start + place.Length; query++)
            {
                int keys = causal ? query - place.Start + 1 : place.Length;
                allowed.Slice((place.Row * length + query) * length + place.Start, keys).Fill(true);
            }
        }

        return mask;
    }

    /// <summary>
    /// The rows as a causal language model is trained on them, each text for itself: inputs tokens, attention mask (the segments, which are 0 where a row was filled
    /// up), positions and segments; the target is the next token of the same sequence, and <paramref name="ignored"/>, which losses do not count, for its last.
    /// </summary>
    /// <param name="ignored">The target of a place that has no next token.</param>
    /// <returns>Inputs and target int32 <c>[length]</c>, a row an example.</returns>
    public Dataset ToLanguageModelDataset(int ignored = -100)
    {
        var next = new TensorData(DType.Int32, Tokens.Shape);
        next.AsSpan<int>().Fill(ignored);
        int length = (int)Tokens.Shape[1];
        foreach (PackedPlace place in Places)
        {
            int start = place.Row * length + place.Start;
            if (place.Length > 1)
                Tokens.AsSpan<int>().Slice(start + 1, place.Length - 1).CopyTo(next.AsSpan<int>()[start..]);
        }

        return new ArrayDataset([Tokens, Segments, Positions, Segments], [next]);
    }
}

/// <summary>Packs several sequences into each row.</summary>
public static class SequencePacking
{
    /// <summary>
    /// Lays sequences into rows: the longest first, each into the first row that has room (first fit decreasing, at most 11/9 of the fewest rows there could be); equally long
    /// ones in the order in which they were given. Empty sequences take no place.
    /// </summary>
    /// <param name="sequences">The sequences; at least one.</param>
    /// <param name="length">The length of a row; at least 1.</param>
    /// <param name="truncation">What happens to a sequence that is longer than a row.</param>
    /// <param name="padding">What rows are filled up with.</param>
    /// <exception cref="DatasetException">There is no sequence, or one is too long and may not be cut off.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static PackedSequences Pack(
        IReadOnlyList<int[]> sequences, int length, Truncation truncation = Truncation.Refuse, int padding = WordVocabulary.Padding)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        Require.AtLeastOne(length, nameof(SequencePacking), nameof(length));
        Require.Defined(truncation, nameof(SequencePacking), nameof(truncation));
        if (sequences.Count == 0)
            throw new DatasetException("Packing needs at least one sequence, but found none.");
        int[][] kept = [.. sequences.Select((s, i) => SequencePadding.Cut(s, length, truncation, i).ToArray())];
        PackedPlace[] places = Place(kept, length, out int rows);
        TensorData tokens = new(DType.Int32, [rows, length]), positions = new(DType.Int32, [rows, length]), segments = new(DType.Int32, [rows, length]);
        tokens.AsSpan<int>().Fill(padding);
        var counts = new int[rows];

        // Segments are numbered as they lie in their row.
        foreach (int i in Enumerable.Range(0, kept.Length).OrderBy(i => places[i].Start).ThenBy(i => i))
        {
            if (kept[i].Length == 0)
                continue;
            int start = places[i].Row * length + places[i].Start;
            kept[i].CopyTo(tokens.AsSpan<int>()[start..]);
            segments.AsSpan<int>().Slice(start, kept[i].Length).Fill(++counts[places[i].Row]);
            for (int j = 0; j < kept[i].Length; j++)
                positions.AsSpan<int>()[start + j] = j;
        }

        long total = sequences.Sum(s => (long)s.Length);
        var report = new TruncationReport(
            sequences.Count, sequences.Where((s, i) => s.Length > kept[i].Length).Count(), total - kept.Sum(k => (long)k.Length), total);
        return new PackedSequences(tokens, positions, segments, places, report);
    }

    private static PackedPlace[] Place(int[][] sequences, int length, out int rows)
    {
        var places = new PackedPlace[sequences.Length];
        var room = new FirstRowWithRoom(sequences.Length, length);
        rows = 1;
        foreach (int i in Enumerable.Range(0, sequences.Length).OrderByDescending(i => sequences[i].Length).ThenBy(i => i))
        {
            int row = sequences[i].Length == 0 ? 0 : room.Find(sequences[i].Length);
            places[i] = new PackedPlace(row, sequences[i].Length == 0 ? 0 : length - room.Take(row, sequences[i].Length), sequences[i].Length);
            rows = Math.Max(rows, row + 1);
        }

        return places;
    }

    /// <summary>A tree over the rows that knows the most room below each node, so that the first row with enough is found in logarithmic time.</summary>
    private sealed class FirstRowWithRoom
    {
        private readonly int[] _most;
        private readonly int _leaves;

        internal FirstRowWithRoom(int rows, int length)
        {
            _leaves = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)rows);
            _most = new int[2 * _leaves];
            Array.Fill(_most, length);
        }

        internal int Find(int needed)
        {
            int node = 1;
            while (node < _leaves)
                node = 2 * node + (_most[2 * node] >= needed ? 0 : 1);
            return node - _leaves;
        }

        /// <summary>Takes room from a row and gives how much it had before.</summary>
        internal int Take(int row, int taken)
        {
            int node = row + _leaves, before = _most[node];
            _most[node] -= taken;
            for (node /= 2; node >= 1; node /= 2)
                _most[node] = Math.Max(_most[2 * node], _most[2 * node + 1]);
            return before;
        }
    }
}
