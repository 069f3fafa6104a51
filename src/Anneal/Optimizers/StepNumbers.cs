namespace Anneal;

/// <summary>
/// The numbers that change from step to step, for the parameters of one group and one data type: computed on the host in double precision
/// and read by the program.
/// </summary>
internal sealed class StepNumbers
{
    private readonly Optimizer _optimizer;
    private readonly double _factor, _decay;
    private readonly double[] _values;

    internal StepNumbers(Optimizer optimizer, int group, DType dtype)
    {
        (_optimizer, Group, DType) = (optimizer, group, dtype);
        (_factor, _decay) = group < 0
            ? (1, optimizer.WeightDecay)
            : (optimizer.Groups[group].LearningRateFactor, optimizer.Groups[group].WeightDecay ?? optimizer.WeightDecay);
        _values = new double[optimizer.HyperparameterCount];
        string suffix = group < 0 ? "" : FormattableString.Invariant($" of group {group}");
        LearningRate = Make("learning rate");
        Kept = Make("weight kept");
        AverageKept = Make("average kept");
        AverageShare = Make("share of the average");
        OfRule = [.. _values.Select((_, i) => Make(FormattableString.Invariant($"hyperparameter {i}")))];

        State Make(string name) => new([], name + suffix, dtype);
    }

    /// <summary>The index of the group, or -1.</summary>
    internal int Group { get; }

    internal DType DType { get; }

    internal State LearningRate { get; }

    /// <summary>What decoupled weight decay leaves of a parameter.</summary>
    internal State Kept { get; }

    /// <summary>How much of the running mean stays.</summary>
    internal State AverageKept { get; }

    /// <summary>How much of the new value enters the running mean.</summary>
    internal State AverageShare { get; }

    internal State[] OfRule { get; }

    internal void Compute(long step, double learningRate)
    {
        double rate = learningRate * _factor;
        Set(LearningRate, rate);
        Set(Kept, 1 - rate * _decay);
        if (_optimizer.AverageMomentum is { } momentum)
        {
            // The first step leaves nothing of what was there, exactly.
            Set(AverageKept, step == 1 ? 0 : momentum);
            Set(AverageShare, step == 1 ? 1 : 1 - momentum);
        }

        _optimizer.ComputeHyperparameters(step, rate, _values);
        for (int i = 0; i < _values.Length; i++)
            Set(OfRule[i], _values[i]);
    }

    private static void Set(State state, double value)
    {
        state.Storage.SetDouble(0, value);
        state.MarkChanged();
    }
}
