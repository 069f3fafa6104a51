namespace Anneal;

/// <summary>
/// Lowers the learning rate when a value has not become better for some epochs, as Keras. The rate is the optimizer's and is saved with the
/// model; the count of epochs without improvement and the best value belong to the callback and begin anew with each <c>Fit</c>.
/// </summary>
public sealed class ReduceLearningRateOnPlateau : MonitorCallback
{
    private readonly double _factor, _minimumRate;
    private readonly int _patience, _cooldown;
    private int _waited, _cooling;

    /// <summary>Makes the callback.</summary>
    /// <param name="monitor">The name of the value that is watched.</param>
    /// <param name="factor">What the rate is multiplied by; at least 0 and below 1.</param>
    /// <param name="patience">How many epochs without a better value come before the rate is lowered; at least 1.</param>
    /// <param name="minimumChange">How much better a value must be to count.</param>
    /// <param name="mode">Which of two values is better.</param>
    /// <param name="cooldown">How many epochs after a change do not count; at least 0.</param>
    /// <param name="minimumRate">The rate below which it is not lowered.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public ReduceLearningRateOnPlateau(
        string monitor = "val_loss", double factor = 0.1, int patience = 10, double minimumChange = 1e-4, MonitorMode mode = MonitorMode.Automatic,
        int cooldown = 0, double minimumRate = 0)
        : base(monitor, minimumChange, mode)
    {
        _factor = Require.Within(factor, 0, 1, nameof(ReduceLearningRateOnPlateau), nameof(factor));
        _patience = Require.AtLeastOne(patience, nameof(ReduceLearningRateOnPlateau), nameof(patience));
        if (cooldown < 0)
            throw new OptionException(FormattableString.Invariant($"{nameof(ReduceLearningRateOnPlateau)}: cooldown must be at least 0, but is {cooldown}."));
        _cooldown = cooldown;
        _minimumRate = Require.Within(minimumRate, 0, double.PositiveInfinity, nameof(ReduceLearningRateOnPlateau), nameof(minimumRate));
    }

    /// <inheritdoc/>
    public override void OnTrainBegin(TrainingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        RequireValue(run);

        // Asking says now that a schedule cannot be lowered, not after the first plateau.
        _ = run.Optimizer.LearningRate;
        Forget();
        (_waited, _cooling) = (0, 0);
    }

    /// <inheritdoc/>
    public override void OnEpochEnd(TrainingRun run, EpochResult result)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(result);
        if (_cooling > 0)
            (_cooling, _waited) = (_cooling - 1, 0);
        if (Note(result))
        {
            _waited = 0;
        }
        else if (_cooling == 0 && ++_waited >= _patience && run.Optimizer.LearningRate > _minimumRate)
        {
            run.Optimizer.LearningRate = Math.Max(run.Optimizer.LearningRate * _factor, _minimumRate);
            (_cooling, _waited) = (_cooldown, 0);
        }
    }
}
