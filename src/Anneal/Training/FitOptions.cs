namespace Anneal;

/// <summary>What is shown while a model is trained.</summary>
public enum Verbosity
{
    /// <summary>A live bar where the output is a terminal, else a line for each epoch.</summary>
    Automatic,

    /// <summary>Nothing.</summary>
    Silent,

    /// <summary>A line for each epoch.</summary>
    Lines,

    /// <summary>A live bar with the loss, the metrics, the rate and the time left.</summary>
    Bar,
}

/// <summary>How a model is trained.</summary>
public sealed record FitOptions
{
    /// <summary>How many times to go through the data; at least 1. A model that has been trained goes on counting.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>The number of examples in a step; at least 1 and at most the number of examples. A last smaller batch is a step too.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>
    /// The share of the examples that is kept for validation, at least 0 and below 1: the last ones, before any shuffling, as Keras.
    /// </summary>
    public double ValidationSplit { get; init; }

    /// <summary>Examples for validation; not together with <see cref="ValidationSplit"/>.</summary>
    public Dataset? ValidationData { get; init; }

    /// <summary>Whether the examples come in a new order in each epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Chooses the orders; null takes the model's <see cref="Model.Seed"/>. Order e follows from this and the number of the epoch alone.</summary>
    public long? Seed { get; init; }

    /// <summary>A weight for each class; classes that are not named have weight 1. Needs a loss with classes and one output.</summary>
    public IReadOnlyDictionary<int, double>? ClassWeights { get; init; }

    /// <summary>
    /// The type in which products and convolutions run in training; parameters, sums and the loss stay in float32 (Micikevicius et al.,
    /// 2018). Evaluation and prediction run in float32.
    /// </summary>
    public ComputePrecision Precision { get; init; }

    /// <summary>
    /// How the loss is scaled so that small gradients survive float16; null is dynamic for <see cref="ComputePrecision.Float16"/> and none otherwise.
    /// </summary>
    public LossScaling? LossScaling { get; init; }

    /// <summary>
    /// Into how many parts each batch is divided, whose gradients are added before the parameters change; at least 1, and a divisor of
    /// <see cref="BatchSize"/>. The step equals that of the whole batch, in the memory of a part (layers with statistics of the batch, such
    /// as batch normalization, see a part at a time).
    /// </summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>
    /// Gradient checkpointing (Chen et al., 2016): of each run of so many layers directly inside of the model only the results are kept for the
    /// backward pass, which computes the rest again; 0 keeps all. Less memory for about a third more time. The same numbers are computed again by the same operations;
    /// sums over them may be fused with others and so differ in the last bits.
    /// </summary>
    public int CheckpointEvery { get; init; }

    /// <summary>
    /// What changes inputs and targets of each training step together, such as <see cref="MixUp"/>; null is nothing. Needs a model with
    /// one input and one output, and no weights. Metrics of training see the changed targets; validation is not changed.
    /// </summary>
    public PairAugmentation? Augmentation { get; init; }

    /// <summary>What is called after batches and epochs, in this order.</summary>
    public IReadOnlyList<Callback> Callbacks { get; init; } = [];

    /// <summary>What is shown meanwhile.</summary>
    public Verbosity Verbosity { get; init; }

    internal void Check()
    {
        Require.AtLeastOne(Epochs, nameof(FitOptions), nameof(Epochs));
        Require.AtLeastOne(BatchSize, nameof(FitOptions), nameof(BatchSize));
        Require.AtLeastOne(AccumulationSteps, nameof(FitOptions), nameof(AccumulationSteps));
        Require.Defined(Precision, nameof(FitOptions), nameof(Precision));
        if (BatchSize % AccumulationSteps != 0)
        {
            throw new OptionException(FormattableString.Invariant(
                $"{nameof(FitOptions)}: {nameof(AccumulationSteps)} must divide {nameof(BatchSize)}, but {BatchSize} is no multiple of {AccumulationSteps}."));
        }

        LossScaling?.Check();
        if (CheckpointEvery < 0)
            throw new OptionException(FormattableString.Invariant($"{nameof(FitOptions)}: {nameof(CheckpointEvery)} must be at least 0, but is {CheckpointEvery}."));
        Require.Within(ValidationSplit, 0, 1, nameof(FitOptions), nameof(ValidationSplit));
        Require.Defined(Verbosity, nameof(FitOptions), nameof(Verbosity));
        ArgumentNullException.ThrowIfNull(Callbacks);
        if (ValidationSplit > 0 && ValidationData is not null)
            throw new OptionException($"{nameof(FitOptions)}: give {nameof(ValidationSplit)} or {nameof(ValidationData)}, not both.");
        foreach ((int @class, double weight) in ClassWeights ?? new Dictionary<int, double>())
        {
            if (@class < 0)
                throw new OptionException(FormattableString.Invariant($"{nameof(FitOptions)}: {nameof(ClassWeights)} has the class {@class}, but classes are at least 0."));
            Require.Within(weight, 0, double.PositiveInfinity, nameof(FitOptions), FormattableString.Invariant($"{nameof(ClassWeights)}[{@class}]"));
        }
    }
}
