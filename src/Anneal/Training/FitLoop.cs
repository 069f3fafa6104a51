using System.Diagnostics;

namespace Anneal;

/// <summary>Trains a model: steps, epochs, validation, callbacks and display. Between the first and the last step of an epoch nothing is allocated.</summary>
internal sealed class FitLoop
{
    private const int MaximalClasses = 1 << 24;
    private readonly Model _model;
    private readonly TrainingSetup _setup;
    private readonly Dataset _all;
    private readonly Dataset _data;
    private readonly Dataset? _validation;
    private readonly FitOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly Totals _totals;
    private readonly float[] _classWeights;
    private readonly TrainingRun _run;
    private readonly bool _scales;
    private UpdateProgram? _update;
    private StepUndo? _undo;

    internal FitLoop(Model model, TrainingSetup setup, Dataset data, FitOptions options, CancellationToken cancellation)
    {
        options.Check();
        (_model, _setup, _options, _cancellation) = (model, setup, options, cancellation);
        HostChecks.RequireFits(data, model, setup.Losses.Length);
        _all = data;
        (_data, _validation) = Divide(data, options);
        if (_validation is not null)
            HostChecks.RequireFits(_validation, model, setup.Losses.Length);
        if (options.BatchSize > _data.Count)
            throw BatchLoader.TooLarge(options.BatchSize, _data.Count);
        _totals = new Totals(setup);
        _classWeights = ClassWeightTable(options.ClassWeights);
        if (_classWeights.Length > 0 && setup.Losses.Length != 1)
            throw new OptionException($"{nameof(FitOptions)}: {nameof(FitOptions.ClassWeights)} needs a model with one output, but it has {setup.Losses.Length}.");
        if (options.Augmentation is not null)
            RequireAugmentable();
        _run = new TrainingRun(model, setup.OptimizerState, new History());
        _scales = options.LossScaling is not null || options.Precision == ComputePrecision.Float16;
        if (!_scales)
            return;
        LossScaling scaling = options.LossScaling ?? setup.LossScaler?.Options ?? new LossScaling();
        setup.LossScaler ??= new LossScaler(scaling);
        setup.LossScaler.Options = scaling;
    }

    internal History Run()
    {
        _cancellation.ThrowIfCancellationRequested();
        int firstEpoch = _setup.Epochs, lastEpoch = checked(firstEpoch + _options.Epochs);
        var order = new BatchLoaderOptions
        {
            BatchSize = PartSize,
            Order = _options.Shuffle ? BatchOrder.Shuffled : BatchOrder.Sequential,
            Seed = _options.Seed ?? _model.Seed,
            FirstEpoch = firstEpoch,
            Epochs = lastEpoch,
        };
        using var loader = new BatchLoader(_data, order, _cancellation);
        _run.Steps = (loader.BatchesPerEpoch + _options.AccumulationSteps - 1) / _options.AccumulationSteps;
        _run.ValueNames = _validation is null ? _setup.ValueNames : [.. _setup.ValueNames, .. _setup.ValueNames.Select(n => "val_" + n)];

        // Callbacks may freeze parameters, of which the step that is compiled then need not know.
        foreach (Callback callback in _options.Callbacks)
            callback.OnTrainBegin(_run);
        CompileAll();
        HostChecks.RequireLabels(_all, _model, _setup);
        if (_options.ValidationData is { } validation)
            HostChecks.RequireLabels(validation, _model, _setup);
        using ITrainingDisplay display = TrainingDisplays.For(_options.Verbosity);
        var progress = new EpochProgress(lastEpoch, loader.BatchesPerEpoch, loader.ExamplesPerEpoch, _totals);
        for (int epoch = firstEpoch; epoch < lastEpoch && !_run.IsStopping; epoch++)
            RunEpoch(epoch, loader, display, progress);
        foreach (Callback callback in _options.Callbacks)
            callback.OnTrainEnd(_run);
        return _run.History;
    }

    private void RunEpoch(int epoch, BatchLoader loader, ITrainingDisplay display, EpochProgress progress)
    {
        long start = Stopwatch.GetTimestamp();
        _run.Epoch = epoch + 1;
        foreach (Callback callback in _options.Callbacks)
            callback.OnEpochBegin(_run);

        // From the cache, unless a callback has frozen or unfrozen something.
        CompileAll();
        _totals.Clear();
        progress.Begin(epoch + 1);
        display.BeginEpoch(progress);
        try
        {
            RunSteps(loader, progress);
        }
        finally
        {
            // An error or a cancellation may come between the parts of a batch.
            _undo?.TakeBack();
        }

        var values = new Dictionary<string, double>();
        var undefined = new Dictionary<string, string>();
        _totals.Write(values, undefined, "");
        if (_validation is not null)
            Evaluate(_model, _setup, _validation, _options.BatchSize, _cancellation).Write(values, undefined, "val_");
        _setup.Epochs = epoch + 1;
        var result = new EpochResult(epoch + 1, values) { Undefined = undefined };
        _run.History.Add(result);
        display.EndEpoch(result, Stopwatch.GetElapsedTime(start));
        foreach (Callback callback in _options.Callbacks)
            callback.OnEpochEnd(_run, result);
    }

    private void RunSteps(BatchLoader loader, EpochProgress progress)
    {
        StepProgram? full = null;
        int step = 0, part = 0, parts = _options.AccumulationSteps;
        bool isGood = true;
        double loss = 0, examples = 0;
        for (int done = 0; loader.TryNext(out Batch? batch);)
        {
            StepProgram program = full ??= Step(batch.Count);
            if (batch.Count != PartSize)
                program = Step(batch.Count);
            if (part == 0)
                _undo?.Begin();
            program.Load(batch, _classWeights);
            program.Run(restart: part == 0);
            loss += program.Loss * batch.Count;
            examples += batch.Count;
            done += batch.Count;
            bool isFinite = double.IsFinite(program.Loss) && program.HasFiniteGradients;
            if (!isFinite && MustFail)
                throw Diverged(program, step + 1);
            if (double.IsFinite(program.Loss))
                program.AddTo(_totals);
            isGood &= isFinite;
            progress.Advance(batch.Count);
            if (++part < parts && done < loader.ExamplesPerEpoch)
                continue;
            FinishStep(program, isGood, ++step, loss / examples);
            (part, isGood, loss, examples) = (0, true, 0, 0);
        }
    }

    /// <summary>Updates where parts were added up, minds the scale of the loss, and tells the callbacks.</summary>
    private void FinishStep(StepProgram program, bool isGood, int step, double loss)
    {
        _run.Step = step;
        _run.BatchLoss = loss;
        if (_update is { } update && isGood)
        {
            update.Run();
            isGood = update.HasFiniteGradients;
            if (!isGood)
                _setup.OptimizerState.TakeBackStep();
            if (!isGood && MustFail)
                throw BadGradient(step, loss, _setup.Accumulation.FirstNonFinite());
        }
        else if (!isGood && _undo is null)
        {
            program.TakeBackStep();
        }

        if (isGood)
            _undo?.Complete();
        else
            _undo?.TakeBack();
        if (_scales)
            Rescale(isGood);
        if (_options.Callbacks.Count > 0)
            CallBatchEnd();
    }

    private void Rescale(bool isGood)
    {
        LossScaler scaler = _setup.LossScaler!;
        if (isGood)
            scaler.Succeed();
        else
            scaler.Skip();
        _run.SkippedSteps = scaler.Skipped;
        _run.LossScale = scaler.Scale;
    }

    /// <summary>Whether a step that is not finite ends training: where the loss is not scaled, or as many have been skipped as may be.</summary>
    private bool MustFail => !_scales || _setup.LossScaler!.SkippedInRow >= _setup.LossScaler.Options.MaximumSkipped;

    private AnnealException Diverged(StepProgram program, int step)
    {
        program.TakeBackStep();
        return double.IsFinite(program.Loss)
            ? BadGradient(step, program.Loss, program.FindNonFiniteGradient())
            : new NonFiniteLossException(_run.Epoch, step, program.Loss, _run.LearningRate, (CountLastSkip() + " " + program.FindNonFinite()).TrimStart());
    }

    private NonFiniteGradientException BadGradient(int step, double loss, string? parameter) =>
        new(_run.Epoch, step, loss, _run.LearningRate, parameter, CountLastSkip());

    /// <summary>Counts the step that was one too many to be skipped, and says so; null where the loss is not scaled.</summary>
    private string? CountLastSkip()
    {
        if (!_scales)
            return null;
        _setup.LossScaler!.Skip();
        return _setup.LossScaler.Describe();
    }

    private void CallBatchEnd()
    {
        for (int i = 0; i < _options.Callbacks.Count; i++)
            _options.Callbacks[i].OnBatchEnd(_run);
    }

    /// <summary>Everything that can fail for its types does so here, before the first step.</summary>
    private void CompileAll()
    {
        int rest = _data.Count % PartSize;
        StepProgram step = Step(PartSize);
        if (rest > 0)
            Step(rest);
        if (_options.AccumulationSteps > 1 && _model.CompiledUpdate(_setup, step.SeparatesPenalties) is var update && update != _update)
            (_update, _undo) = (update, new StepUndo(step.Compiled, _setup.Accumulation));
        CheckClassWeights();
        if (_validation is null)
            return;
        foreach (int count in BatchCounts(_validation.Count, _options.BatchSize))
            _model.CompiledStep(_setup, _validation, count, isTraining: false, hasClassWeights: false);
    }

    /// <summary>How many examples go through the model at a time.</summary>
    private int PartSize => _options.BatchSize / _options.AccumulationSteps;

    private StepProgram Step(int count) => _model.CompiledStep(_setup, _data, count, isTraining: true, _classWeights.Length > 0, new StepOptions
    {
        Precision = _options.Precision,
        CheckpointEvery = _options.CheckpointEvery,
        Accumulates = _options.AccumulationSteps > 1,
        ScalesLoss = _scales,
        Augmentation = _options.Augmentation,
    });

    private void RequireAugmentable()
    {
        if (_data.Inputs.Count != 1 || _data.Targets.Count != 1)
        {
            throw new OptionException(
                $"{nameof(FitOptions)}: {nameof(FitOptions.Augmentation)} needs data with one input and one target, but found {_data.Inputs.Count} and {_data.Targets.Count}.");
        }

        if (_classWeights.Length > 0 || _data.HasWeights)
            throw new OptionException($"{nameof(FitOptions)}: {nameof(FitOptions.Augmentation)} mixes examples, so weights of classes or examples have no meaning with it.");
    }

    private void CheckClassWeights()
    {
        if (_classWeights.Length == 0)
            return;
        long classes = _setup.Losses[0].Targets == TargetKind.TruthValues ? 2 : _model.RequireOutputTypes()[0].Shape[^1];
        if (_classWeights.Length > classes)
            throw new OptionException(FormattableString.Invariant(
                $"{nameof(FitOptions)}: {nameof(FitOptions.ClassWeights)} has the class {_classWeights.Length - 1}, but the model's classes are 0 to {classes - 1}."));
    }

    /// <summary>The totals of the loss and the metrics over a data set.</summary>
    internal static Totals Evaluate(Model model, TrainingSetup setup, Dataset data, int batchSize, CancellationToken cancellation)
    {
        var totals = new Totals(setup);
        int size = Math.Min(batchSize, data.Count);
        using var loader = new BatchLoader(data, new() { BatchSize = size, Order = BatchOrder.Sequential, Epochs = 1 }, cancellation);
        StepProgram? full = null;
        int number = 0;
        while (loader.TryNext(out Batch? batch))
        {
            number++;
            StepProgram program = full is not null && batch.Count == size
                ? full
                : model.CompiledStep(setup, data, batch.Count, isTraining: false, hasClassWeights: false);
            full ??= program;
            lock (program)
            {
                program.Load(batch, []);
                program.Run();
                if (!double.IsFinite(program.Loss))
                    throw new NonFiniteLossException(number, program.Loss, program.FindNonFinite());
                program.AddTo(totals);
            }
        }

        return totals;
    }

    private static IEnumerable<int> BatchCounts(int examples, int batchSize)
    {
        int size = Math.Min(batchSize, examples), rest = examples % size;
        yield return size;
        if (rest > 0)
            yield return rest;
    }

    private static (Dataset Data, Dataset? Validation) Divide(Dataset data, FitOptions options)
    {
        if (options.ValidationSplit == 0)
            return (data, options.ValidationData);
        int kept = (int)Math.Floor(data.Count * (1 - options.ValidationSplit));
        if (kept == 0 || kept == data.Count)
        {
            throw new DatasetException(FormattableString.Invariant(
                $"A {nameof(FitOptions.ValidationSplit)} of {options.ValidationSplit} leaves {kept} of {data.Count} examples for training and {data.Count - kept} for validation; both need at least 1."));
        }

        return (data.Take(kept), data.Skip(kept));
    }

    private static float[] ClassWeightTable(IReadOnlyDictionary<int, double>? weights)
    {
        if (weights is null || weights.Count == 0)
            return [];
        if (weights.Keys.Max() >= MaximalClasses)
            throw new OptionException(FormattableString.Invariant($"{nameof(FitOptions)}: {nameof(FitOptions.ClassWeights)} has the class {weights.Keys.Max()}; at most {MaximalClasses} classes have weights."));
        var table = new float[weights.Keys.Max() + 1];
        Array.Fill(table, 1);
        foreach ((int @class, double weight) in weights)
            table[@class] = (float)weight;
        return table;
    }
}
