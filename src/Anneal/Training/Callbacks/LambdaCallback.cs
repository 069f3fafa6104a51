namespace Anneal;

/// <summary>A callback made of functions.</summary>
public sealed class LambdaCallback : Callback
{
    /// <summary>Called before the first step.</summary>
    public Action<TrainingRun>? TrainBegin { get; init; }

    /// <summary>Called before each epoch.</summary>
    public Action<TrainingRun>? EpochBegin { get; init; }

    /// <summary>Called after each step.</summary>
    public Action<TrainingRun>? BatchEnd { get; init; }

    /// <summary>Called after each epoch.</summary>
    public Action<TrainingRun, EpochResult>? EpochEnd { get; init; }

    /// <summary>Called after the last epoch.</summary>
    public Action<TrainingRun>? TrainEnd { get; init; }

    /// <inheritdoc/>
    public override void OnTrainBegin(TrainingRun run) => TrainBegin?.Invoke(run);

    /// <inheritdoc/>
    public override void OnEpochBegin(TrainingRun run) => EpochBegin?.Invoke(run);

    /// <inheritdoc/>
    public override void OnBatchEnd(TrainingRun run) => BatchEnd?.Invoke(run);

    /// <inheritdoc/>
    public override void OnEpochEnd(TrainingRun run, EpochResult result) => EpochEnd?.Invoke(run, result);

    /// <inheritdoc/>
    public override void OnTrainEnd(TrainingRun run) => TrainEnd?.Invoke(run);
}
