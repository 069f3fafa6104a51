namespace Anneal;

/// <summary>
/// What metrics of classes share. One output for each example is a score for class 1 of the classes 0 and 1; a row of several is a score for each
/// class, with a label or a one-hot row (of a loss over distributions the class is the largest share). Whole numbers are predicted classes, each with a
/// label, in any shape. Where the loss judges each output on its own, each is an example of the classes 0 and 1, and a target above 0.5 is class 1.
/// </summary>
public abstract class ClassificationMetric : StreamingMetric
{
    private protected ClassificationMetric(string name) : base(name)
    {
    }

    /// <inheritdoc/>
    protected sealed override void Add(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets)
    {
        if (OutputsAreClasses)
        {
            RequireAsMany(outputs.Length, targets.Length);
            for (int i = 0; i < outputs.Length; i++)
                AddPrediction(RequireClass(outputs[i], ConfusionMatrix.MaximumClasses, "predicted class"), RequireClass(targets[i], ConfusionMatrix.MaximumClasses, "label"));
        }
        else if (outputs.Length == 1)
        {
            AddBinary(outputs[0], Truth(targets[0]));
        }
        else if (targets.Length == 1)
        {
            AddScores(outputs, RequireClass(targets[0], outputs.Length, "label"));
        }
        else if (Targets is TargetKind.Values or TargetKind.TruthValues)
        {
            for (int i = 0; i < outputs.Length; i++)
                AddBinary(outputs[i], Truth(targets[i]));
        }
        else
        {
            // The targets of a loss may be any distribution, such as mixed ones; on its own a row of several labels has no largest.
            if (Targets is null)
                RequireOneHot(targets);
            AddScores(outputs, Largest(targets));
        }
    }

    /// <summary>An example with a score for class 1; the label is 0 or 1.</summary>
    private protected abstract void AddBinary(double score, int label);

    /// <summary>An example with a score for each of at least 2 classes.</summary>
    private protected abstract void AddScores(ReadOnlySpan<double> scores, int label);

    /// <summary>An example with a predicted class.</summary>
    private protected virtual void AddPrediction(int predicted, int label) =>
        throw new DTypeException($"{Name} needs scores, but found whole numbers. Hint: convert them to float32 where they are scores.");

    /// <summary>How many classes a row of so many outputs has.</summary>
    private protected int ClassesOf(int outputs) => outputs == 1 || Targets is TargetKind.Values or TargetKind.TruthValues ? 2 : outputs;

    /// <summary>The first of the largest.</summary>
    private protected static int Largest(ReadOnlySpan<double> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            best = values[i] > values[best] ? i : best;
        return best;
    }

    /// <summary>A threshold for probabilities as one for the outputs.</summary>
    private protected double ThresholdOfOutputs(double threshold) => !OutputsAreLogits ? threshold
        : threshold <= 0 ? double.NegativeInfinity
        : threshold >= 1 ? double.PositiveInfinity
        : Math.Log(threshold / (1 - threshold));

    private int Truth(double target)
    {
        if (Targets is not null)
            return target > 0.5 ? 1 : 0;
        return target is 0 or 1
            ? (int)target
            : throw new LabelException(FormattableString.Invariant($"{Name} needs a label of 0 or 1 for one output, but found {target} in row {Count}."));
    }

    private void RequireAsMany(int outputs, int targets)
    {
        if (outputs != targets)
        {
            throw new ShapeException(FormattableString.Invariant(
                $"{Name} needs a label for each predicted class, but found {targets} for {outputs}. Hint: convert whole numbers to float32 where they are scores."));
        }
    }

    private void RequireOneHot(ReadOnlySpan<double> targets)
    {
        if (targets.Count(1.0) != 1 || targets.Count(0.0) != targets.Length - 1)
        {
            throw new LabelException(FormattableString.Invariant(
                $"{Name} needs a row of targets with one 1 and otherwise 0, but row {Count} is none. Hint: where an example has several labels, judge each label on its own."));
        }
    }

    private int RequireClass(double value, int classes, string what) => value >= 0 && value < classes && value == Math.Floor(value)
        ? (int)value
        : throw new LabelException(FormattableString.Invariant($"{Name} needs a {what} from 0 to {classes - 1}, but found {value} in row {Count}."));
}
