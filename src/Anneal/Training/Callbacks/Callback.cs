namespace Anneal;

/// <summary>Something that is told how training goes and may end it. Override what you need.</summary>
public abstract class Callback
{
    /// <summary>Called before the first step.</summary>
    public virtual void OnTrainBegin(TrainingRun run)
    {
    }

    /// <summary>Called before the first step of an epoch.</summary>
    public virtual void OnEpochBegin(TrainingRun run)
    {
    }

    /// <summary>Called after each step. To keep training free of allocations, do not allocate here.</summary>
    public virtual void OnBatchEnd(TrainingRun run)
    {
    }

    /// <summary>Called after each epoch and its validation.</summary>
    /// <param name="run">The training.</param>
    /// <param name="result">The values of the epoch.</param>
    public virtual void OnEpochEnd(TrainingRun run, EpochResult result)
    {
    }

    /// <summary>Called after the last epoch, also when a callback ended training; not after an error or a cancellation.</summary>
    public virtual void OnTrainEnd(TrainingRun run)
    {
    }
}

/// <summary>A training that is under way, as callbacks see it.</summary>
public sealed class TrainingRun
{
    private readonly OptimizerState _state;

    internal TrainingRun(Model model, OptimizerState state, History history) => (Model, _state, History) = (model, state, history);

    /// <summary>The model that is trained.</summary>
    public Model Model { get; }

    /// <summary>The names of the values that each epoch will have.</summary>
    public IReadOnlyList<string> ValueNames { get; internal set; } = [];

    /// <summary>The optimizer; its learning rate may be changed.</summary>
    public Optimizer Optimizer => _state.Optimizer;

    /// <summary>The learning rate of the last step, before any group's factor; of the first step where there was none.</summary>
    public double LearningRate => _state.LearningRate;

    /// <summary>The epochs that are finished.</summary>
    public History History { get; }

    /// <summary>The epoch, counted from 1 over the whole life of the model.</summary>
    public int Epoch { get; internal set; }

    /// <summary>The step in the epoch, counted from 1.</summary>
    public int Step { get; internal set; }

    /// <summary>The number of steps in an epoch.</summary>
    public int Steps { get; internal set; }

    /// <summary>The loss of the last step.</summary>
    public double BatchLoss { get; internal set; }

    /// <summary>How many steps have been skipped because scaled gradients overflowed, over the whole life of the model.</summary>
    public long SkippedSteps { get; internal set; }

    /// <summary>The present scale of the loss; 1 where it is not scaled.</summary>
    public double LossScale { get; internal set; } = 1;

    /// <summary>Whether training ends after this epoch.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Ends training after this epoch.</summary>
    public void Stop() => IsStopping = true;
}
