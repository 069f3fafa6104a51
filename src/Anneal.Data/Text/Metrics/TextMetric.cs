namespace Anneal.Data;

/// <summary>
/// Judges texts that were written against texts that would have been right: one after another with <see cref="Update(string, IReadOnlyList{string})"/>
/// and <see cref="Result"/>, or all at once with <see cref="Of(IReadOnlyList{string}, IReadOnlyList{IReadOnlyList{string}})"/>. To add a metric, derive from
/// this class in one file.
/// </summary>
/// <param name="name">The name in messages.</param>
public abstract class TextMetric(string name)
{
    /// <summary>The name in messages.</summary>
    public string Name { get; } = name ?? throw new ArgumentNullException(nameof(name));

    /// <summary>How many texts have been judged since the last <see cref="Reset"/>.</summary>
    public long Count { get; private set; }

    /// <summary>The value for all texts so far.</summary>
    /// <exception cref="UndefinedMetricException">There were none.</exception>
    public double Result => Count > 0 ? Compute() : throw new UndefinedMetricException($"{Name} is undefined: no text has been judged.");

    /// <summary>Judges a text.</summary>
    /// <param name="hypothesis">What was written.</param>
    /// <param name="references">What would have been right, at least one.</param>
    /// <exception cref="InputException">There is no reference.</exception>
    public void Update(string hypothesis, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(hypothesis);
        ArgumentNullException.ThrowIfNull(references);
        if (references.Count == 0)
            throw new InputException(FormattableString.Invariant($"{Name}: text {Count} has no reference to be compared with."));
        foreach (string reference in references)
            ArgumentNullException.ThrowIfNull(reference, nameof(references));
        Add(hypothesis, references);
        Count++;
    }

    /// <summary>Judges a text that has one reference.</summary>
    public void Update(string hypothesis, string reference) => Update(hypothesis, [reference]);

    /// <summary>The value for these texts alone; what this metric has seen before neither enters nor changes.</summary>
    /// <param name="hypotheses">What was written.</param>
    /// <param name="references">What would have been right, at least one text for each.</param>
    /// <exception cref="InputException">There are not as many of both, or a text has no reference.</exception>
    /// <exception cref="UndefinedMetricException">There are none.</exception>
    public double Of(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count != references.Count)
            throw new InputException(FormattableString.Invariant($"{Name}: there are {hypotheses.Count} texts, but references for {references.Count}."));
        TextMetric fresh = CreateEmpty();
        for (int i = 0; i < hypotheses.Count; i++)
            fresh.Update(hypotheses[i], references[i]);
        return fresh.Result;
    }

    /// <summary>The value for these texts with one reference each.</summary>
    /// <exception cref="InputException">There are not as many of both.</exception>
    /// <exception cref="UndefinedMetricException">There are none.</exception>
    public double Of(IReadOnlyList<string> hypotheses, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(references);
        return Of(hypotheses, [.. references.Select(r => (IReadOnlyList<string>)[r])]);
    }

    /// <summary>Forgets all texts.</summary>
    public void Reset()
    {
        Count = 0;
        Clear();
    }

    /// <summary>Counts a text; there is at least one reference.</summary>
    protected abstract void Add(string hypothesis, IReadOnlyList<string> references);

    /// <summary>The value for the texts that were added; there is at least one.</summary>
    protected abstract double Compute();

    /// <summary>Forgets what <see cref="Add"/> has kept.</summary>
    protected abstract void Clear();

    /// <summary>Makes another metric with the same options that has seen nothing.</summary>
    protected abstract TextMetric CreateEmpty();
}

/// <summary>A metric that is the mean over all texts of how well each fits the reference that it fits best.</summary>
internal sealed class BestReferenceMean(Func<string, string, double> score)
{
    private double _sum;
    private long _count;

    internal double Mean => _sum / _count;

    internal void Add(string hypothesis, IReadOnlyList<string> references)
    {
        _sum += references.Max(reference => score(hypothesis, reference));
        _count++;
    }

    internal void Clear() => (_sum, _count) = (0, 0);
}
