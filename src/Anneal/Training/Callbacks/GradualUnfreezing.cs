namespace Anneal;

/// <summary>
/// Trains the last stage of a model first and lets one stage more be trained every few epochs, from the output to the input (Howard and Ruder,
/// 2018), so that what was learned before is not washed away by the first steps. Stages are those of <see cref="Model.ParametersByDepth"/>.
/// </summary>
public sealed class GradualUnfreezing : Callback
{
    private readonly int _epochsPerStage, _firstStages;
    private int _firstEpoch;

    /// <summary>Makes the callback. Epochs are counted from the beginning of the <c>Fit</c> that it is given to.</summary>
    /// <param name="epochsPerStage">After how many epochs another stage is trained; at least 1.</param>
    /// <param name="firstStages">How many stages are trained from the beginning; at least 1.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public GradualUnfreezing(int epochsPerStage = 1, int firstStages = 1)
    {
        _epochsPerStage = Require.AtLeastOne(epochsPerStage, nameof(GradualUnfreezing), nameof(epochsPerStage));
        _firstStages = Require.AtLeastOne(firstStages, nameof(GradualUnfreezing), nameof(firstStages));
    }

    /// <inheritdoc/>
    public override void OnTrainBegin(TrainingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _firstEpoch = run.Model.EpochsTrained + 1;
        Freeze(run.Model, _firstStages);
    }

    /// <inheritdoc/>
    public override void OnEpochBegin(TrainingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Freeze(run.Model, _firstStages + (run.Epoch - _firstEpoch) / _epochsPerStage);
    }

    private static void Freeze(Model model, int trained) => model.FreezeBelow(Math.Max(0, model.ParametersByDepth.Count - trained));
}
