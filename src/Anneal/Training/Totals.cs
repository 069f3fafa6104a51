namespace Anneal;

/// <summary>Sums of values over the steps of an epoch, in double precision.</summary>
internal sealed class Totals(string[] names, double[] lossWeights)
{
    private readonly double[] _sums = new double[names.Length], _counts = new double[names.Length];

    private double _penalties, _penaltyCount;

    internal IReadOnlyList<string> Names => names;

    internal void Clear()
    {
        Array.Clear(_sums);
        Array.Clear(_counts);
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

    /// <summary>A mean so far; 0 where nothing counted.</summary>
    internal double Mean(int value)
    {
        if (value > 0)
            return Plain(value);
        double penalty = _penaltyCount == 0 ? 0 : _penalties / _penaltyCount;
        if (lossWeights.Length == 1)
            return lossWeights[0] * Plain(0) + penalty;

        // The loss of several outputs is made of their means, each over what counts there.
        double loss = penalty;
        for (int i = 0; i < lossWeights.Length; i++)
            loss += lossWeights[i] * Plain(i + 1);
        return loss;
    }

    internal void Write(Dictionary<string, double> values, string prefix)
    {
        for (int i = 0; i < names.Length; i++)
            values.Add(prefix + names[i], Mean(i));
    }

    private double Plain(int value) => _counts[value] == 0 ? 0 : _sums[value] / _counts[value];
}
