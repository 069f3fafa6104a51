namespace Anneal;

/// <summary>
/// Saves the model after each epoch, or only after those that are better than all before in the same <c>Fit</c>. A kill leaves the last whole save.
/// </summary>
public sealed class ModelCheckpoint : MonitorCallback
{
    private readonly string _folder;
    private readonly bool _saveBestOnly;

    /// <summary>Makes the callback.</summary>
    /// <param name="folder">Where to save; the model there is replaced.</param>
    /// <param name="monitor">The name of the value that is watched.</param>
    /// <param name="saveBestOnly">Whether an epoch that is not better is left out.</param>
    /// <param name="mode">Which of two values is better.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public ModelCheckpoint(string folder, string monitor = "val_loss", bool saveBestOnly = false, MonitorMode mode = MonitorMode.Automatic)
        : base(monitor, 0, mode)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        (_folder, _saveBestOnly) = (folder, saveBestOnly);
    }

    /// <inheritdoc/>
    public override void OnTrainBegin(TrainingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (_saveBestOnly)
            RequireValue(run);
        Forget();
    }

    /// <inheritdoc/>
    public override void OnEpochEnd(TrainingRun run, EpochResult result)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(result);

        // Without a condition the value need not exist: training without validation can be saved as well.
        if (!_saveBestOnly || Note(result))
            run.Model.Save(_folder);
    }
}
