namespace Anneal;

/// <summary>Scores and labels of all examples so far, in memory that doubles when it is full.</summary>
internal sealed class ScoreList
{
    private double[] _scores = [];
    private int[] _labels = [];

    /// <summary>The number of scores of an example: 1, or the number of classes; 0 before the first.</summary>
    internal int Width { get; private set; }

    internal int Count { get; private set; }

    internal ReadOnlySpan<int> Labels => _labels.AsSpan(0, Count);

    internal void Clear() => (Count, Width) = (0, 0);

    internal void Add(ReadOnlySpan<double> scores, int label, string metric)
    {
        if (Width == 0)
            Width = scores.Length;
        if (scores.Length != Width)
            throw new ShapeException(FormattableString.Invariant($"{metric} has seen examples with {Width} scores each, but found one with {scores.Length}."));
        if (Count == _labels.Length || (Count + 1L) * Width > _scores.Length)
            Grow();
        scores.CopyTo(_scores.AsSpan(Count * Width, Width));
        _labels[Count++] = label;
    }

    /// <summary>The scores of one class, in the order of the examples.</summary>
    internal double[] Column(int @class)
    {
        var column = new double[Count];
        for (int i = 0; i < column.Length; i++)
            column[i] = _scores[i * Width + @class];
        return column;
    }

    /// <summary>Whether each example is of a class.</summary>
    internal bool[] Are(int @class)
    {
        var are = new bool[Count];
        for (int i = 0; i < are.Length; i++)
            are[i] = _labels[i] == @class;
        return are;
    }

    private void Grow()
    {
        int capacity = checked((int)Math.Min(Math.Max(1024, 2L * Count), Array.MaxLength / Width));
        if (capacity <= Count)
            throw new OptionException(FormattableString.Invariant($"A metric keeps at most {Array.MaxLength / Width} examples of {Width} scores."));
        Array.Resize(ref _labels, capacity);
        Array.Resize(ref _scores, capacity * Width);
    }
}
