using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Anneal;

/// <summary>How models are cross-validated.</summary>
public sealed record CrossValidationOptions
{
    /// <summary>How the examples are divided; five parts in a seeded order unless it is set.</summary>
    public FoldSplitter Splitter { get; init; } = new KFold();

    /// <summary>
    /// How each model is trained; quietly unless it is set. Callbacks are used for one fold after the other. Validation data of its own is not allowed:
    /// the fold's would leak what it judges. A <see cref="FitOptions.ValidationSplit"/> comes off the fold's training examples.
    /// </summary>
    public FitOptions Fit { get; init; } = new() { Verbosity = Verbosity.Silent };

    /// <summary>The chance that a confidence interval is meant to cover the mean, between 0 and 1.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Called after each fold, on the thread that runs.</summary>
    public Action<FoldResult>? OnFoldEnd { get; init; }
}

/// <summary>What one fold gave.</summary>
/// <param name="Number">The number of the fold, from 1.</param>
/// <param name="Count">How many folds there are.</param>
/// <param name="History">The values of training.</param>
/// <param name="Evaluation">The loss and the metrics on the validation part.</param>
public sealed record FoldResult(int Number, int Count, History History, EvaluationResult Evaluation)
{
    /// <summary>Such as <c>fold 2/5: loss 0.3120, accuracy 0.8901</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"fold {Number}/{Count}: {Evaluation}");
}

/// <summary>One value over the folds.</summary>
/// <param name="Name">Such as <c>accuracy</c>.</param>
/// <param name="Values">The value of each fold.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="StandardDeviation">Their standard deviation, with one less than their number as divisor.</param>
/// <param name="Lower">The lower end of the confidence interval of the mean.</param>
/// <param name="Upper">The upper end.</param>
public sealed record CrossValidatedValue(string Name, IReadOnlyList<double> Values, double Mean, double StandardDeviation, double Lower, double Upper);

/// <summary>What cross-validation gave.</summary>
public sealed class CrossValidationResult
{
    private readonly double _confidence;

    internal CrossValidationResult(IReadOnlyList<FoldResult> folds, IReadOnlyList<string> warnings, double confidence) =>
        (Folds, Warnings, _confidence) = (folds, warnings, confidence);

    /// <summary>The folds in order.</summary>
    public IReadOnlyList<FoldResult> Folds { get; }

    /// <summary>What is allowed but unwise about the division.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>The names of the values: <c>loss</c> and the metrics.</summary>
    public IReadOnlyList<string> Names => [.. Folds.SelectMany(f => f.Evaluation.Values.Keys.Concat(f.Evaluation.Undefined.Keys)).Distinct()];

    /// <summary>
    /// One value over the folds, with a confidence interval of its mean by Student's t distribution. The interval takes the folds as independent,
    /// which they are not: their training examples overlap, so the true uncertainty is larger.
    /// </summary>
    /// <param name="name">Such as <c>accuracy</c>.</param>
    /// <exception cref="OptionException">There is no such value.</exception>
    /// <exception cref="UndefinedMetricException">The metric has no value in one of the folds.</exception>
    public CrossValidatedValue this[string name]
    {
        get
        {
            double[] values = [.. Folds.Select(f => f.Evaluation[name])];
            double mean = values.Average();
            double deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
            double reach = StudentT.Quantile(0.5 + _confidence / 2, values.Length - 1) * deviation / Math.Sqrt(values.Length);
            return new CrossValidatedValue(name, values, mean, deviation, mean - reach, mean + reach);
        }
    }

    /// <summary>A line for each value, such as <c>accuracy 0.8901 ± 0.0123 (95% interval 0.8748 to 0.9054)</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (string name in Names)
        {
            if (Folds.FirstOrDefault(f => f.Evaluation.Undefined.ContainsKey(name)) is { } missing)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}: no value in fold {missing.Number}: {missing.Evaluation.Undefined[name]}\n");
                continue;
            }

            CrossValidatedValue value = this[name];
            text.Append(CultureInfo.InvariantCulture,
                $"{name} {value.Mean:F4} ± {value.StandardDeviation:F4} ({_confidence * 100:0.##}% interval {value.Lower:F4} to {value.Upper:F4})\n");
        }

        return text.ToString();
    }
}

/// <summary>Judges a way of making and training models by parts of a data set that each model has not seen.</summary>
public static class CrossValidation
{
    /// <summary>Trains a fresh model for each fold and evaluates it on the part that it has not seen.</summary>
    /// <param name="make">Makes a compiled model that has not been trained; called once for each fold.</param>
    /// <param name="data">The examples.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <exception cref="DatasetException">The examples cannot be divided so.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="ModelException">A model is not compiled, or is not a fresh one.</exception>
    /// <exception cref="AnnealException">As for <see cref="Model.Fit(Dataset, FitOptions?, CancellationToken)"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static CrossValidationResult Run(Func<Model> make, Dataset data, CrossValidationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(make);
        ArgumentNullException.ThrowIfNull(data);
        options ??= new CrossValidationOptions();
        if (options.Fit.ValidationData is not null)
            throw new OptionException($"{nameof(CrossValidationOptions)}: {nameof(FitOptions.ValidationData)} is not allowed; each fold is judged by its own part.");
        if (!(options.Confidence > 0 && options.Confidence < 1))
            throw new OptionException(FormattableString.Invariant($"{nameof(CrossValidationOptions)}: {nameof(CrossValidationOptions.Confidence)} must be between 0 and 1, but is {options.Confidence}."));
        var warnings = new List<string>();
        IReadOnlyList<Fold> folds = options.Splitter.Split(data, warnings);
        var results = new List<FoldResult>(folds.Count);
        var models = new ConditionalWeakTable<Model, FoldResult?>();
        foreach (Fold fold in folds)
        {
            cancellation.ThrowIfCancellationRequested();
            Model model = make() ?? throw new ModelException($"{nameof(CrossValidation)}: the function that makes models gave none.");
            model.RequireSetup();
            if (!models.TryAdd(model, null) || model.EpochsTrained > 0)
                throw new ModelException($"{nameof(CrossValidation)}: fold {results.Count + 1} was given a model that has been trained before. Hint: make a new one at each call.");
            History history = model.Fit(data.Subset([.. fold.Training]), options.Fit, cancellation);
            EvaluationResult evaluation = model.Evaluate(data.Subset([.. fold.Validation]), options.Fit.BatchSize, cancellation);
            var result = new FoldResult(results.Count + 1, folds.Count, history, evaluation);
            results.Add(result);
            options.OnFoldEnd?.Invoke(result);
        }

        return new CrossValidationResult(results, warnings, options.Confidence);
    }
}
