namespace Anneal;

/// <summary>The values of an epoch or evaluation: sums over its steps in double precision, and metrics that see every batch.</summary>
internal sealed class Totals
{
    private readonly string[] _names;
    private readonly double[] _lossWeights, _sums, _counts;
    private readonly StreamingMetric?[] _streams;
    private readonly int[] _summed;

    private double _penalties, _penaltyCount;

    internal Totals(TrainingSetup setup)
    {
        (_names, _lossWeights) = (setup.ValueNames, setup.LossWeights);
        (_sums, _counts) = (new double[_names.Length], new double[_names.Length]);

        // The metrics come last, in the order of the outputs.
        (Metric Metric, Loss Loss)[] metrics = [.. setup.Metrics.SelectMany((m, i) => m.Select(metric => (metric, setup.Losses[i])))];
        _streams = [.. new StreamingMetric?[_names.Length - metrics.Length], .. metrics.Select(m => (m.Metric as StreamingMetric)?.CreateFor(m.Loss))];
        _summed = [.. Enumerable.Range(0, _names.Length).Where(i => _streams[i] is null)];
    }

    /// <summary>The values that are known already; metrics on the host are read when all has been seen.</summary>
    internal IEnumerable<KeyValuePair<string, double>> Running => _summed.Where(IsKnown).Select(i => KeyValuePair.Create(_names[i], Mean(i)));

    internal void Clear()
    {
        Array.Clear(_sums);
        Array.Clear(_counts);
        foreach (StreamingMetric? stream in _streams)
            stream?.Reset();
        (_penalties, _penaltyCount) = (0, 0);
    }

    /// <summary>Adds the penalties of a step, which enter the mean loss by the number of its examples.</summary>
    internal void AddPenalty(double penalty, double examples)
    {
        _penalties += penalty * examples;
        _penaltyCount += examples;
    }

    internal void Add(int value, double sum, double count)
    {
        _sums[value] += sum;
        _counts[value] += count;
    }

    /// <summary>The metric of a value that is worked out on the host.</summary>
    internal StreamingMetric Stream(int value) => _streams[value]!;

    /// <summary>Writes the values, and why there is none for a loss or metric that is undefined.</summary>
    internal void Write(Dictionary<string, double> values, Dictionary<string, string> undefined, string prefix)
    {
        for (int i = 0; i < _names.Length; i++)
        {
            string name = prefix + _names[i];
            try
            {
                values.Add(name, _streams[i]?.Result ?? (IsKnown(i) ? Mean(i) : throw new UndefinedMetricException($"{_names[i]} is undefined: no example has been counted.")));
            }
            catch (UndefinedMetricException e)
            {
                undefined.Add(name, e.Message);
            }
        }
    }

    /// <summary>Whether anything counted; of several outputs one is enough for the loss.</summary>
    private bool IsKnown(int value) => value > 0 || _lossWeights.Length == 1 ? _counts[value] != 0 : _counts.AsSpan(1, _lossWeights.Length).ContainsAnyExcept(0);

    /// <summary>A mean so far.</summary>
    private double Mean(int value)
    {
        if (value > 0)
            return Plain(value);
        double penalty = _penaltyCount == 0 ? 0 : _penalties / _penaltyCount;
        if (_lossWeights.Length == 1)
            return _lossWeights[0] * Plain(0) + penalty;

        // The loss of several outputs is made of their means, each over what counts there, or 0 as in the step where nothing does.
        double loss = penalty;
        for (int i = 0; i < _lossWeights.Length; i++)
            loss += _lossWeights[i] * Plain(i + 1);
        return loss;
    }

    private double Plain(int value) => _counts[value] == 0 ? 0 : _sums[value] / _counts[value];
}
