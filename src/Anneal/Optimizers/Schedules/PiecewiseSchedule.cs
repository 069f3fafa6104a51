using System.Text.Json.Nodes;

namespace Anneal;

/// <summary>
/// A rate for each of several stretches of steps: <c>rates[0]</c> before step <c>boundaries[0]</c>, <c>rates[1]</c> from there on, and so
/// forth. A step belongs to the stretch that it begins, as the milestones of <c>MultiStepLR</c> (Keras counts it to the one before).
/// </summary>
public sealed record PiecewiseSchedule : LearningRateSchedule
{
    private readonly long[] _boundaries;
    private readonly double[] _rates;

    /// <summary>Makes the schedule.</summary>
    /// <param name="boundaries">The steps at which the rate changes, counted from 0, growing.</param>
    /// <param name="rates">The rates; one more than boundaries.</param>
    /// <exception cref="OptionException">There are not one more rates than boundaries, boundaries do not grow, or a rate is out of range.</exception>
    public PiecewiseSchedule(IReadOnlyList<long> boundaries, IReadOnlyList<double> rates)
    {
        ArgumentNullException.ThrowIfNull(boundaries);
        ArgumentNullException.ThrowIfNull(rates);
        if (rates.Count != boundaries.Count + 1)
            throw new OptionException(FormattableString.Invariant($"{TypeName}: expected one more rate than boundaries, but found {rates.Count} and {boundaries.Count}."));
        _boundaries = [.. boundaries];
        _rates = [.. rates.Select(r => Rate(r, nameof(rates)))];
        for (int i = 0; i < _boundaries.Length; i++)
        {
            if (_boundaries[i] <= (i == 0 ? 0 : _boundaries[i - 1]))
                throw new OptionException(FormattableString.Invariant($"{TypeName}: {nameof(boundaries)} must be above 0 and grow, but {_boundaries[i]} does not."));
        }
    }

    /// <summary>The steps at which the rate changes.</summary>
    public IReadOnlyList<long> Boundaries => _boundaries;

    /// <summary>The rates.</summary>
    public IReadOnlyList<double> Rates => _rates;

    /// <inheritdoc/>
    public override double RateAt(long step)
    {
        int stretch = 0;
        while (stretch < _boundaries.Length && step >= _boundaries[stretch])
            stretch++;
        return _rates[stretch];
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("boundaries", _boundaries);
        config.Values["rates"] = new JsonArray([.. _rates.Select(r => (JsonNode)JsonValue.Create(r))]);
    }

    internal static PiecewiseSchedule Read(LayerConfig config) => new(config.GetInt64Array("boundaries"), config.GetDoubles("rates"));
}
