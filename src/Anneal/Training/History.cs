using System.Globalization;

namespace Anneal;

/// <summary>What a call of <see cref="Model.Fit(Dataset, FitOptions?, CancellationToken)"/> saw, epoch by epoch.</summary>
public sealed class History
{
    private readonly List<EpochResult> _epochs = [];

    /// <summary>The epochs in order.</summary>
    public IReadOnlyList<EpochResult> Epochs => _epochs;

    /// <summary>The names of the values: <c>loss</c>, the metrics, and both with <c>val_</c> in front where there was validation.</summary>
    public IReadOnlyList<string> Names => _epochs.Count == 0 ? [] : [.. _epochs[0].Values.Keys];

    /// <summary>One value of every epoch.</summary>
    /// <param name="name">Such as <c>val_accuracy</c>.</param>
    /// <exception cref="OptionException">There is no such value.</exception>
    public IReadOnlyList<double> this[string name] => [.. _epochs.Select(e => e[name])];

    internal void Add(EpochResult epoch) => _epochs.Add(epoch);
}

/// <summary>The values of one epoch.</summary>
/// <param name="Epoch">The epoch, counted from 1 over the whole life of the model.</param>
/// <param name="Values">The values by name, in the order in which they are shown.</param>
public sealed record EpochResult(int Epoch, IReadOnlyDictionary<string, double> Values)
{
    /// <summary>One value.</summary>
    /// <exception cref="OptionException">There is no such value; the known ones are named.</exception>
    public double this[string name] => Values.TryGetValue(name, out double value)
        ? value
        : throw new OptionException($"There is no value '{name}'; there are {string.Join(", ", Values.Keys)}.");

    /// <summary>Such as <c>loss 0.0312, accuracy 0.9901</c>.</summary>
    public override string ToString() => EvaluationResult.Format(Values);
}

/// <summary>What <see cref="Model.Evaluate(Dataset, int, CancellationToken)"/> found.</summary>
/// <param name="Values">The loss and the metrics by name.</param>
public sealed record EvaluationResult(IReadOnlyDictionary<string, double> Values)
{
    /// <summary>The mean loss.</summary>
    public double Loss => this["loss"];

    /// <summary>One value.</summary>
    /// <exception cref="OptionException">There is no such value; the known ones are named.</exception>
    public double this[string name] => Values.TryGetValue(name, out double value)
        ? value
        : throw new OptionException($"There is no value '{name}'; there are {string.Join(", ", Values.Keys)}.");

    /// <summary>Such as <c>loss 0.0312, accuracy 0.9901</c>.</summary>
    public override string ToString() => Format(Values);

    internal static string Format(IEnumerable<KeyValuePair<string, double>> values) =>
        string.Join(", ", values.Select(v => v.Key + " " + v.Value.ToString("F4", CultureInfo.InvariantCulture)));
}
