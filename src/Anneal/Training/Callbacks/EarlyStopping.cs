namespace Anneal;

/// <summary>
/// Ends training when a value has not become better for some epochs, as Keras. The best value and the count of epochs belong to the callback and
/// begin anew with each <c>Fit</c>.
/// </summary>
public sealed class EarlyStopping : MonitorCallback
{
    private readonly int _patience;
    private readonly bool _restoreBestWeights;
    private (Variable Variable, TensorData Value)[] _bestValues = [];
    private int _waited;

    /// <summary>Makes the callback.</summary>
    /// <param name="monitor">The name of the value that is watched.</param>
    /// <param name="patience">How many epochs without a better value are borne; at least 0.</param>
    /// <param name="minimumChange">How much better a value must be to count.</param>
    /// <param name="mode">Which of two values is better.</param>
    /// <param name="restoreBestWeights">Whether the model gets the parameters and states of the best epoch back when training ends.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public EarlyStopping(
        string monitor = "val_loss", int patience = 0, double minimumChange = 0, MonitorMode mode = MonitorMode.Automatic, bool restoreBestWeights = false)
        : base(monitor, minimumChange, mode)
    {
        if (patience < 0)
            throw new OptionException(FormattableString.Invariant($"{nameof(EarlyStopping)}: patience must be at least 0, but is {patience}."));
        (_patience, _restoreBestWeights) = (patience, restoreBestWeights);
    }

    /// <inheritdoc/>
    public override void OnTrainBegin(TrainingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        RequireValue(run);
        Forget();
        (_waited, _bestValues) = (0, []);
    }

    /// <inheritdoc/>
    public override void OnEpochEnd(TrainingRun run, EpochResult result)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(result);
        if (Note(result))
        {
            _waited = 0;
            if (_restoreBestWeights)
                _bestValues = [.. run.Model.NamedVariables().Select(v => (v.Variable, v.Variable.Value))];
        }
        else if (++_waited >= _patience)
        {
            run.Stop();
        }
    }

    /// <inheritdoc/>
    public override void OnTrainEnd(TrainingRun run)
    {
        foreach ((Variable variable, TensorData value) in _bestValues)
            variable.Value = value;
        _bestValues = [];
    }
}
