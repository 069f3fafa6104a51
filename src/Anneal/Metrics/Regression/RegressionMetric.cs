namespace Anneal;

/// <summary>
/// A metric of numbers: outputs and targets of the same shape, whose last axis are the columns of a row. Columns are judged each on its own and then
/// averaged, as scikit-learn's <c>uniform_average</c>.
/// </summary>
public abstract class RegressionMetric : StreamingMetric
{
    private protected RegressionMetric(string name) : base(name)
    {
    }

    /// <inheritdoc/>
    public override bool LargerIsBetter => false;

    /// <inheritdoc/>
    protected sealed override void RequireRows(int outputs, int targets)
    {
        if (Targets == TargetKind.Labels)
            throw new ModelException($"The metric {Name} compares outputs with targets of the same shape, but the loss has labels.");
        if (outputs != targets)
            throw new ShapeException(FormattableString.Invariant($"{Name} needs a target for each output, but found {targets} targets for {outputs} outputs in a row."));
    }

    /// <inheritdoc/>
    protected sealed override void Add(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets)
    {
        for (int i = 0; i < outputs.Length; i++)
        {
            if (!double.IsFinite(outputs[i]) || !double.IsFinite(targets[i]))
                throw new InputException(FormattableString.Invariant($"{Name} needs finite numbers, but found the output {outputs[i]} and the target {targets[i]} in row {Count}."));
        }

        AddRow(outputs, targets);
    }

    private protected abstract void AddRow(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets);
}

/// <summary>The mean over rows of an error of each column.</summary>
public abstract class MeanErrorMetric : RegressionMetric
{
    private double[] _sums = [];

    private protected MeanErrorMetric(string name) : base(name)
    {
    }

    /// <inheritdoc/>
    protected sealed override double Compute()
    {
        double sum = 0;
        foreach (double column in _sums)
            sum += Finish(column / Count);
        return sum / _sums.Length;
    }

    /// <inheritdoc/>
    protected sealed override void Clear() => Array.Clear(_sums);

    private protected sealed override void AddRow(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets)
    {
        if (Count == 0 && _sums.Length != outputs.Length)
            _sums = new double[outputs.Length];
        if (_sums.Length != outputs.Length)
            throw new ShapeException(FormattableString.Invariant($"{Name} has seen rows of {_sums.Length} columns, but found one of {outputs.Length}."));
        for (int i = 0; i < outputs.Length; i++)
            _sums[i] += Error(outputs[i], targets[i]);
    }

    private protected abstract double Error(double output, double target);

    /// <summary>What becomes of the mean of a column.</summary>
    private protected virtual double Finish(double mean) => mean;
}
