using System.Collections.ObjectModel;
using System.Globalization;

namespace Anneal;

/// <summary>What a call of <see cref="Model.Fit(Dataset, FitOptions?, CancellationToken)"/> saw, epoch by epoch.</summary>
public sealed class History
{
    private readonly List<EpochResult> _epochs = [];

    /// <summary>The epochs in order.</summary>
    public IReadOnlyList<EpochResult> Epochs => _epochs;

    /// <summary>The names of the values: <c>loss</c>, the metrics, and both with <c>val_</c> in front where there was validation.</summary>
    public IReadOnlyList<string> Names => [.. _epochs.SelectMany(e => e.Values.Keys.Concat(e.Undefined.Keys)).Distinct()];

    /// <summary>One value of every epoch.</summary>
    /// <param name="name">Such as <c>val_accuracy</c>.</param>
    /// <exception cref="OptionException">There is no such value.</exception>
    /// <exception cref="UndefinedMetricException">A metric or a loss had no value in one of the epochs; the message says why.</exception>
    public IReadOnlyList<double> this[string name] => [.. _epochs.Select(e => e[name])];

    internal void Add(EpochResult epoch) => _epochs.Add(epoch);
}

/// <summary>The values of one epoch.</summary>
/// <param name="Epoch">The epoch, counted from 1 over the whole life of the model.</param>
/// <param name="Values">The values by name, in the order in which they are shown.</param>
public sealed record EpochResult(int Epoch, IReadOnlyDictionary<string, double> Values)
{
    /// <summary>Why a metric, or a loss, has no value in this epoch, by its name.</summary>
    public IReadOnlyDictionary<string, string> Undefined { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>One value.</summary>
    /// <exception cref="OptionException">There is no such value; the known ones are named.</exception>
    /// <exception cref="UndefinedMetricException">The metric or loss has no value in this epoch; the message says why.</exception>
    public double this[string name] => EvaluationResult.Find(Values, Undefined, name);

    /// <summary>Such as <c>loss 0.0312, accuracy 0.9901</c>.</summary>
    public override string ToString() => EvaluationResult.Format(Values);
}

/// <summary>What <see cref="Model.Evaluate(Dataset, int, CancellationToken)"/> found.</summary>
/// <param name="Values">The loss and the metrics by name.</param>
public sealed record EvaluationResult(IReadOnlyDictionary<string, double> Values)
{
    /// <summary>The mean loss.</summary>
    /// <exception cref="UndefinedMetricException">Nothing counted, such as where all labels are ignored.</exception>
    public double Loss => this["loss"];

    /// <summary>Why a metric, or the loss, has no value for these examples, by its name.</summary>
    public IReadOnlyDictionary<string, string> Undefined { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>One value.</summary>
    /// <exception cref="OptionException">There is no such value; the known ones are named.</exception>
    /// <exception cref="UndefinedMetricException">The metric or loss has no value for these examples; the message says why.</exception>
    public double this[string name] => Find(Values, Undefined, name);

    /// <summary>Such as <c>loss 0.0312, accuracy 0.9901</c>.</summary>
    public override string ToString() => Format(Values);

    internal static double Find(IReadOnlyDictionary<string, double> values, IReadOnlyDictionary<string, string> undefined, string name) =>
        values.TryGetValue(name, out double value) ? value
        : undefined.TryGetValue(name, out string? reason) ? throw new UndefinedMetricException(reason)
        : throw new OptionException($"There is no value '{name}'; there are {string.Join(", ", values.Keys.Concat(undefined.Keys))}.");

    internal static string Format(IEnumerable<KeyValuePair<string, double>> values) =>
        string.Join(", ", values.Select(v => v.Key + " " + v.Value.ToString("F4", CultureInfo.InvariantCulture)));
}
