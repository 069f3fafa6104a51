namespace Anneal;

/// <summary>
/// The mean over examples of something that compares probabilities with the truth. One output is the probability of class 1 against a truth value from
/// 0 to 1; a row has the probabilities of classes against a label or a distribution. Outputs may be logits; they are, where the loss takes them.
/// </summary>
public abstract class ProbabilityMetric : StreamingMetric
{
    private readonly bool _fromLogits;
    private double _sum;
    private long _examples;

    private protected ProbabilityMetric(string name, bool fromLogits) : base(name) => _fromLogits = fromLogits;

    /// <summary>Whether outputs are logits, by an option or by the loss.</summary>
    public bool FromLogits => _fromLogits || OutputsAreLogits;

    /// <inheritdoc/>
    public override bool LargerIsBetter => false;

    private protected double Mean => _sum / _examples;

    /// <inheritdoc/>
    protected sealed override void Clear() => (_sum, _examples) = (0, 0);

    /// <inheritdoc/>
    protected sealed override void Add(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets)
    {
        if (outputs.Length > 1 && targets.Length == 1)
        {
            double label = targets[0];
            if (!(label >= 0 && label < outputs.Length && label == Math.Floor(label)))
                throw new LabelException(FormattableString.Invariant($"{Name} needs a label from 0 to {outputs.Length - 1}, but found {label} in row {Count}."));
            Note(OfLabel(outputs, (int)label));
            return;
        }

        foreach (double target in targets)
        {
            if (!(target >= 0 && target <= 1))
                throw new LabelException(FormattableString.Invariant($"{Name} needs targets from 0 to 1, but found {target} in row {Count}."));
        }

        if (outputs.Length > 1 && Targets is not (TargetKind.Values or TargetKind.TruthValues))
        {
            Note(OfDistribution(outputs, targets));
            return;
        }

        for (int i = 0; i < outputs.Length; i++)
            Note(OfTruth(outputs[i], targets[i]));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("fromLogits", _fromLogits);
    }

    private protected bool FromLogitsOption => _fromLogits;

    private protected abstract double OfTruth(double output, double truth);

    private protected abstract double OfLabel(ReadOnlySpan<double> outputs, int label);

    private protected abstract double OfDistribution(ReadOnlySpan<double> outputs, ReadOnlySpan<double> shares);

    private void Note(double value)
    {
        _sum += value;
        _examples++;
    }
}

/// <summary>The mean negative logarithm of the probability of the truth, and what is made of it.</summary>
public abstract class LikelihoodMetric : ProbabilityMetric
{
    private protected LikelihoodMetric(string name, double epsilon, bool fromLogits) : base(name, fromLogits) =>
        Epsilon = Require.Within(epsilon, 0, 0.5, name, nameof(epsilon));

    /// <summary>How far probabilities are kept from 0 and 1; logits need no such care.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    protected internal sealed override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("epsilon", Epsilon);
    }

    private protected sealed override double OfTruth(double output, double truth) => Likelihoods.OfTruth(output, truth, FromLogits, Epsilon);

    private protected sealed override double OfLabel(ReadOnlySpan<double> outputs, int label) => Likelihoods.OfLabel(outputs, label, FromLogits, Epsilon);

    private protected sealed override double OfDistribution(ReadOnlySpan<double> outputs, ReadOnlySpan<double> shares) =>
        Likelihoods.OfDistribution(outputs, shares, FromLogits, Epsilon);
}
