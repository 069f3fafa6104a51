namespace Anneal;

/// <summary>Binary labels in the order of falling scores, equal scores together.</summary>
internal sealed class ScoreCurve
{
    private readonly string _metric, _class;

    /// <summary>Sorts examples.</summary>
    /// <param name="scores">The scores; reordered.</param>
    /// <param name="are">Whether each example is of the class; reordered.</param>
    /// <param name="metric">What to call it in messages.</param>
    /// <param name="class">What to call the class in messages.</param>
    internal ScoreCurve(double[] scores, bool[] are, string metric, string @class)
    {
        (_metric, _class) = (metric, @class);
        Array.Sort(scores, are);
        for (int end = scores.Length; end > 0;)
        {
            int start = end - 1;
            long positives = are[start] ? 1 : 0;
            while (start > 0 && scores[start - 1] == scores[end - 1])
                positives += are[--start] ? 1 : 0;
            Positives += positives;
            Negatives += end - start - positives;
            Points.Add((scores[end - 1], Positives, Negatives));
            end = start;
        }
    }

    /// <summary>For each score from the largest down: how many examples of the class and of others have at least this score.</summary>
    internal List<(double Score, long Positives, long Negatives)> Points { get; } = [];

    /// <summary>The number of examples of the class.</summary>
    internal long Positives { get; }

    /// <summary>The number of other examples.</summary>
    internal long Negatives { get; }

    /// <summary>
    /// The share of pairs, one of the class and one other, whose score is larger for the one of the class, ties counting half: the area under
    /// the curve. Counted in whole numbers.
    /// </summary>
    /// <exception cref="UndefinedMetricException">There are no such pairs.</exception>
    internal double AreaUnderRoc()
    {
        RequireBoth();
        UInt128 twice = 0;
        long positives = 0, negatives = 0;
        foreach ((_, long p, long n) in Points)
        {
            twice += (UInt128)(n - negatives) * (ulong)(p + positives);
            (positives, negatives) = (p, n);
        }

        return (double)twice / (2 * (double)Positives * Negatives);
    }

    /// <summary>The sum of precisions, each weighted by the growth of the recall.</summary>
    /// <exception cref="UndefinedMetricException">There is no example of the class.</exception>
    internal double AveragePrecision()
    {
        RequirePositives();
        double sum = 0;
        long before = 0;
        foreach ((_, long p, long n) in Points)
        {
            sum += (p - before) / (double)Positives * (p / (double)(p + n));
            before = p;
        }

        return sum;
    }

    internal void RequireBoth()
    {
        RequirePositives();
        if (Negatives == 0)
            throw new UndefinedMetricException(FormattableString.Invariant($"{_metric} is undefined: all {Positives} examples are of class {_class}, so there is no other to rank it against."));
    }

    internal void RequirePositives()
    {
        if (Positives == 0)
            throw new UndefinedMetricException(FormattableString.Invariant($"{_metric} is undefined: none of the {Negatives} examples is of class {_class}."));
    }
}
