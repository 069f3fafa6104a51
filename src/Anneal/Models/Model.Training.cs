namespace Anneal;

/// <content>Training, evaluation and prediction.</content>
public partial class Model
{
    private const int CachedPrograms = 16;
    private const int DefaultBatchSize = 32;
    private readonly ProgramCache<StepKey, StepProgram> _steps = new(CachedPrograms);
    private readonly ProgramCache<string, UpdateProgram> _updates = new(CachedPrograms);
    private readonly ProgramCache<string, PredictProgram> _predictions = new(CachedPrograms);
    private readonly Lock _building = new();
    private TrainingSetup? _setup;

    /// <summary>What trains the model, or null before <see cref="Compile(Optimizer, Loss, ReadOnlySpan{Metric})"/>. Its learning rate may be changed.</summary>
    public Optimizer? Optimizer => _setup?.Optimizer;

    /// <summary>How many epochs the model has been trained since it was compiled, also before it was saved and loaded.</summary>
    public int EpochsTrained => _setup?.Epochs ?? 0;

    internal TrainingSetup? Setup => _setup;

    /// <summary>Says how the model is trained. What an earlier training remembers (momenta, the number of epochs) is forgotten; parameters stay.</summary>
    /// <param name="optimizer">What changes the parameters.</param>
    /// <param name="loss">What is made small.</param>
    /// <param name="metrics">What is reported as well.</param>
    /// <exception cref="OptionException">A metric is given twice.</exception>
    public void Compile(Optimizer optimizer, Loss loss, params ReadOnlySpan<Metric> metrics) => Compile(optimizer, [loss], [metrics.ToArray()]);

    /// <summary>Says how a model with several outputs is trained.</summary>
    /// <param name="optimizer">What changes the parameters.</param>
    /// <param name="losses">A loss for each output; training makes their weighted sum small.</param>
    /// <param name="metrics">Metrics for each output; null is none.</param>
    /// <param name="lossWeights">A weight for each loss; null is 1.</param>
    /// <exception cref="OptionException">There are not as many of one as of the others, or a metric is given twice.</exception>
    public void Compile(
        Optimizer optimizer, IReadOnlyList<Loss> losses, IReadOnlyList<IReadOnlyList<Metric>>? metrics = null, IReadOnlyList<double>? lossWeights = null)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(losses);
        metrics ??= [.. losses.Select(_ => (IReadOnlyList<Metric>)[])];
        lossWeights ??= [.. losses.Select(_ => 1.0)];
        if (losses.Count == 0 || metrics.Count != losses.Count || lossWeights.Count != losses.Count)
        {
            throw new OptionException(
                $"{nameof(Compile)}: expected a loss, a list of metrics and a weight for each output, but found {losses.Count}, {metrics.Count} and {lossWeights.Count}.");
        }

        foreach (double weight in lossWeights)
            Require.Within(weight, 0, double.PositiveInfinity, nameof(Compile), nameof(lossWeights));
        Loss[] checkedLosses = [.. losses.Select(l => l ?? throw new ArgumentNullException(nameof(losses)))];
        Metric[][] checkedMetrics = [.. metrics.Select(m => m.Select(x => x ?? throw new ArgumentNullException(nameof(metrics))).ToArray())];
        if (_setup is not null)
            RequireNoAverages(_setup);
        _setup = new TrainingSetup(this, optimizer, checkedLosses, checkedMetrics, [.. lossWeights]);
        _steps.Clear();
        _updates.Clear();
    }

    /// <summary>Trains the model. The whole step is one program, compiled for each size of batch when it is first needed.</summary>
    /// <param name="data">Examples with as many inputs as the model takes and a target for each output.</param>
    /// <param name="options">How to train; null for the defaults.</param>
    /// <param name="cancellation">Ends training between two steps; the model keeps what it has learned until then.</param>
    /// <returns>The values of each epoch.</returns>
    /// <exception cref="ModelException">The model is not compiled, or has averaged weights in place.</exception>
    /// <exception cref="DatasetException">The data set is empty, smaller than a batch, or has other inputs or targets.</exception>
    /// <exception cref="ShapeException">A layer cannot take its input, or a target has another shape than the loss expects.</exception>
    /// <exception cref="DTypeException">A layer or the loss needs another data type.</exception>
    /// <exception cref="LabelException">A target is out of range. Nothing of its step has been applied.</exception>
    /// <exception cref="InputException">An index is out of range. Nothing of its step has been applied.</exception>
    /// <exception cref="NonFiniteLossException">The loss became infinite or not a number.</exception>
    /// <exception cref="NonFiniteGradientException">A gradient became infinite or not a number.</exception>
    /// <exception cref="OptionException">A pattern of the optimizer's groups matches no parameter.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled.</exception>
    public History Fit(Dataset data, FitOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        TrainingSetup setup = RequireSetup();
        RequireNoAverages(setup);
        return new FitLoop(this, setup, data, options ?? new FitOptions(), cancellation).Run();
    }

    /// <summary>Trains a model of one input and one output on examples <c>x</c> and targets <c>y</c>, both <c>[n, ...]</c>.</summary>
    public History Fit(TensorData x, TensorData y, FitOptions? options = null, CancellationToken cancellation = default) =>
        Fit(Dataset.From(x, y), options, cancellation);

    /// <summary>Trains a model of one input <c>[n, features]</c> and one output on arrays.</summary>
    public History Fit<TInput, TTarget>(TInput[,] x, TTarget[] y, FitOptions? options = null, CancellationToken cancellation = default)
        where TInput : unmanaged where TTarget : unmanaged => Fit(TensorData.From(x), TensorData.From(y), options, cancellation);

    /// <summary>Computes the loss and the metrics over examples. Parameters do not change, dropout does not drop.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="batchSize">How many are computed at a time; more than there are is no error here.</param>
    /// <param name="cancellation">Ends the evaluation between two batches.</param>
    /// <exception cref="AnnealException">As for <see cref="Fit(Dataset, FitOptions?, CancellationToken)"/>.</exception>
    public EvaluationResult Evaluate(Dataset data, int batchSize = DefaultBatchSize, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        Require.AtLeastOne(batchSize, nameof(Evaluate), nameof(batchSize));
        TrainingSetup setup = RequireSetup();
        HostChecks.RequireFits(data, this, setup.Losses.Length);
        var values = new Dictionary<string, double>();
        var undefined = new Dictionary<string, string>();
        FitLoop.Evaluate(this, setup, data, batchSize, cancellation).Write(values, undefined, "");
        return new EvaluationResult(values) { Undefined = undefined };
    }

    /// <summary>Computes the loss and the metrics over examples <c>x</c> and targets <c>y</c>, both <c>[n, ...]</c>.</summary>
    public EvaluationResult Evaluate(TensorData x, TensorData y, int batchSize = DefaultBatchSize, CancellationToken cancellation = default) =>
        Evaluate(Dataset.From(x, y), batchSize, cancellation);

    /// <summary>Computes the loss and the metrics over arrays.</summary>
    public EvaluationResult Evaluate<TInput, TTarget>(TInput[,] x, TTarget[] y, int batchSize = DefaultBatchSize, CancellationToken cancellation = default)
        where TInput : unmanaged where TTarget : unmanaged => Evaluate(TensorData.From(x), TensorData.From(y), batchSize, cancellation);

    /// <summary>Computes the output for each example. Safe to call from several threads while the model is not trained.</summary>
    /// <param name="x">The examples, <c>[n, ...]</c>.</param>
    /// <param name="batchSize">How many are computed at a time.</param>
    /// <returns>The outputs, <c>[n, ...]</c>.</returns>
    /// <exception cref="AnnealException">A layer cannot take its input, or an index is out of range.</exception>
    public TensorData Predict(TensorData x, int batchSize = DefaultBatchSize) => Predict(Dataset.From(x), batchSize);

    /// <summary>Computes the output for each row of an array.</summary>
    public TensorData Predict<T>(T[,] x, int batchSize = DefaultBatchSize) where T : unmanaged => Predict(TensorData.From(x), batchSize);

    /// <summary>Computes the output for each example of a data set, in its order; targets are not looked at.</summary>
    /// <exception cref="ModelException">The model has several outputs; use <see cref="PredictAll"/>.</exception>
    public TensorData Predict(Dataset data, int batchSize = DefaultBatchSize)
    {
        TensorData[] outputs = PredictAll(data, batchSize);
        return outputs.Length == 1 ? outputs[0] : throw new ModelException($"The model {Name} has {outputs.Length} outputs. Hint: use {nameof(PredictAll)}.");
    }

    /// <summary>Computes all outputs for each example of a data set, in its order; targets are not looked at.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="batchSize">How many are computed at a time.</param>
    /// <returns>A tensor <c>[n, ...]</c> for each output.</returns>
    /// <exception cref="AnnealException">The data set is empty, a layer cannot take its input, or an index is out of range.</exception>
    public TensorData[] PredictAll(Dataset data, int batchSize = DefaultBatchSize)
    {
        ArgumentNullException.ThrowIfNull(data);
        Require.AtLeastOne(batchSize, nameof(Predict), nameof(batchSize));
        HostChecks.RequireFits(data, this, targets: 0);
        BuildFor(data);
        return PredictProgram.RunAll(data, batchSize, count => _predictions.Get(
            PredictionKey(data, count), () => PredictProgram.Compile(this, data, count)));
    }

    /// <summary>
    /// Measures each kernel of a training step on the first examples of a data set: time, bytes, arithmetic operations and how near that is to
    /// what the machine can do. The model and its optimizer stay as they are.
    /// </summary>
    /// <param name="data">Examples and targets.</param>
    /// <param name="batchSize">The examples of a step.</param>
    /// <exception cref="AnnealException">The model is not compiled, or data does not fit.</exception>
    public Profile ProfileStep(Dataset data, int batchSize = DefaultBatchSize)
    {
        const int Runs = 20;
        ArgumentNullException.ThrowIfNull(data);
        TrainingSetup setup = RequireSetup();
        Require.AtLeastOne(batchSize, nameof(ProfileStep), nameof(batchSize));
        HostChecks.RequireFits(data, this, setup.Losses.Length);
        int count = Math.Min(batchSize, data.Count);
        StepProgram step = CompiledStep(setup, data, count, isTraining: true, hasClassWeights: false);
        Batch batch = data.CreateBatch(count);
        data.Fill([.. Enumerable.Range(0, count)], batch);
        lock (step)
        {
            step.Load(batch, []);
            return step.Measure(Runs);
        }
    }

    /// <summary>The step for batches of a data set, from the cache or compiled now.</summary>
    internal StepProgram CompiledStep(TrainingSetup setup, Dataset data, int count, bool isTraining, bool hasClassWeights, StepOptions? options = null)
    {
        BuildFor(data);
        options ??= StepOptions.Default;
        string trained = isTraining ? string.Concat(NamedVariables().Select(v => v.IsTrained ? '1' : '0')) + FrozenKey : "";
        string types = string.Join(';', data.Inputs) + "|" + string.Join(';', data.Targets) + $"|{data.HasWeights}|{hasClassWeights}|{trained}|{FormKey}";
        return _steps.Get(new StepKey(isTraining, count, types, options), () => StepTracer.Compile(this, setup, data, count, isTraining, hasClassWeights, options));
    }

    /// <summary>The update after the parts of a batch, from the cache or compiled now.</summary>
    internal UpdateProgram CompiledUpdate(TrainingSetup setup, bool separatesPenalties) => _updates.Get(
        string.Concat(NamedVariables().Select(v => v.IsTrained ? '1' : '0')) + (separatesPenalties ? "penalties" : "") + FormKey,
        () => UpdateProgram.Compile(this, setup, separatesPenalties));

    /// <summary>The names of the outputs, for the values of several losses: those of their layers, with a counter where one layer gives several.</summary>
    internal string[] OutputNames(int count) => Graph is { } graph && graph.Outputs.Length == count && new SiblingNames() is var names
        ? [.. graph.Outputs.Select(o => names.Make(o.Producer.Layer.Name))]
        : [.. Enumerable.Range(0, count).Select(i => FormattableString.Invariant($"output_{i}"))];

    internal TrainingSetup RequireSetup() => _setup
        ?? throw new ModelException($"The model {Name} is not compiled: it has no optimizer and no loss yet. Hint: call {nameof(Compile)}.");

    /// <summary>Forgets optimizer and losses, because the parameters that were trained are no longer those that will be.</summary>
    /// <exception cref="ModelException">Averaged weights are in place.</exception>
    internal void ForgetSetup()
    {
        if (_setup is null)
            return;
        RequireNoAverages(_setup);
        _setup = null;
        _steps.Clear();
        _updates.Clear();
    }

    private void BuildFor(Dataset data)
    {
        lock (_building)
            EnsureBuilt([.. data.Inputs]);
    }

    private string PredictionKey(Dataset data, int count) => FormattableString.Invariant($"{count}|") + string.Join(';', data.Inputs) + FormKey;
}
