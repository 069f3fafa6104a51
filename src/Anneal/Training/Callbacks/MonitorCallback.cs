namespace Anneal;

/// <summary>Which of two values is better.</summary>
public enum MonitorMode
{
    /// <summary>What the metric says (<see cref="Metric.LargerIsBetter"/>); the smaller one for losses.</summary>
    Automatic,

    /// <summary>The smaller one.</summary>
    Minimum,

    /// <summary>The larger one.</summary>
    Maximum,
}

/// <summary>A callback that watches one value and knows the best so far.</summary>
public abstract class MonitorCallback : Callback
{
    private readonly MonitorMode _mode;
    private bool _largerIsBetter;
    private readonly double _minimumChange;

    private protected MonitorCallback(string monitor, double minimumChange, MonitorMode mode)
    {
        ArgumentNullException.ThrowIfNull(monitor);
        Monitor = monitor;
        _minimumChange = Require.Within(minimumChange, 0, double.PositiveInfinity, GetType().Name, nameof(minimumChange));
        Require.Defined(mode, GetType().Name, nameof(mode));
        _mode = mode;
        _largerIsBetter = mode == MonitorMode.Automatic ? monitor.EndsWith("accuracy", StringComparison.Ordinal) : mode == MonitorMode.Maximum;
    }

    /// <summary>The name of the value that is watched.</summary>
    public string Monitor { get; }

    /// <summary>The best value so far; null before the first epoch.</summary>
    public double? Best { get; private set; }

    /// <summary>The epoch of the best value, counted from 1; 0 before the first.</summary>
    public int BestEpoch { get; private set; }

    /// <summary>Notes the value of an epoch and says whether it is the best so far.</summary>
    private protected bool Note(EpochResult result)
    {
        double value = result[Monitor];
        bool isBetter = !double.IsNaN(value) && (Best is not { } best || (_largerIsBetter ? value > best + _minimumChange : value < best - _minimumChange));
        if (isBetter)
            (Best, BestEpoch) = (value, result.Epoch);
        return isBetter;
    }

    /// <summary>Makes sure that training will have the value that is watched.</summary>
    /// <exception cref="OptionException">It will not; nothing has been trained.</exception>
    private protected void RequireValue(TrainingRun run)
    {
        if (!run.ValueNames.Contains(Monitor))
        {
            throw new OptionException(
                $"{GetType().Name}: there will be no value '{Monitor}'; there are {string.Join(", ", run.ValueNames)}. Hint: values of validation need ValidationSplit or ValidationData.");
        }

        if (_mode == MonitorMode.Automatic && run.Model.Setup?.MetricOf(Monitor) is { } metric)
            _largerIsBetter = metric.LargerIsBetter;
    }

    private protected void Forget() => (Best, BestEpoch) = (null, 0);
}
