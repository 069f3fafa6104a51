namespace Anneal.Models;

/// <summary>
/// The rotary positions of a model: the frequencies of all kinds, in the float32 arithmetic in which published models were trained, so that
/// angles agree to the bit. Cosines and sines are computed in double precision from these angles.
/// </summary>
internal sealed class Rotary
{
    private readonly RopeParameters _parameters;
    private readonly int _dimension, _longest;
    private readonly float[] _frequencies;

    internal Rotary(RopeParameters parameters, int headDimension, int maximumPositions, RotaryPairing pairing)
    {
        (_parameters, _dimension, _longest, Pairing) = (parameters, parameters.DimensionOf(headDimension), maximumPositions, pairing);
        _frequencies = Array.ConvertAll(FrequenciesOf(parameters, _dimension, maximumPositions), f => Rounded(f, parameters.FrequencyType));
        Scale = parameters.Kind == RopeKind.Yarn ? AttentionScale(parameters, maximumPositions) : 1;
    }

    internal RotaryPairing Pairing { get; }

    /// <summary>What cosines and sines are multiplied by.</summary>
    internal double Scale { get; }

    /// <summary>The frequency of each pair, for texts that are not longer than the model's context.</summary>
    internal ReadOnlySpan<float> Frequencies => _frequencies;

    /// <summary>The cosines and sines of all angles.</summary>
    /// <param name="positions">Whole numbers <c>[time]</c> or <c>[batch, time]</c>.</param>
    /// <param name="longestKnown">One more than the largest position where that is known; null where positions are known only in the run.</param>
    /// <returns>Two tensors <c>[batch or 1, 1, time, dimension / 2]</c>.</returns>
    internal (Tensor Cos, Tensor Sin) Tables(Tensor positions, long? longestKnown)
    {
        Shape at = positions.Shape;
        int half = _frequencies.Length;
        Tensor frequencies = _parameters.Kind != RopeKind.Dynamic || longestKnown <= _longest ? Tensor.From(_frequencies)
            : longestKnown is { } length ? Tensor.From(Powers(StretchedBase(length), _dimension))
            : StretchedFrequencies(positions);
        Tensor angles = positions.Cast(DType.Float32).ExpandAxis(-1) * frequencies;
        angles = angles.Reshape(at.Rank == 1 ? 1 : at[0], 1, at[^1], half).Cast(DType.Float64);
        Tensor cos = Tensor.Cos(angles).Cast(DType.Float32), sin = Tensor.Sin(angles).Cast(DType.Float32);
        return Scale == 1 ? (cos, sin) : (cos * Scale, sin * Scale);
    }

    private static float Rounded(float frequency, DType type) => type switch
    {
        DType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)TensorData.ToBFloat16(frequency) << 16),
        DType.Float16 => (float)(Half)frequency,
        _ => frequency,
    };

    private static float[] FrequenciesOf(RopeParameters parameters, int dimension, int longest)
    {
        float[] plain = Powers(parameters.Theta, dimension);
        return parameters.Kind switch
        {
            RopeKind.Linear => Array.ConvertAll(plain, f => f / (float)parameters.Factor!.Value),
            RopeKind.Yarn => Yarn(parameters, dimension, longest),
            RopeKind.Llama3 => Array.ConvertAll(plain, f => Llama3(parameters, f, longest)),
            _ => plain,
        };
    }

    /// <summary>The base to the power of -2i / dimension, rounded where others round.</summary>
    private static float[] Powers(double theta, int dimension)
    {
        var frequencies = new float[dimension / 2];
        for (int i = 0; i < frequencies.Length; i++)
            frequencies[i] = 1f / (float)Math.Pow(theta, 2f * i / dimension);
        return frequencies;
    }

    private static float Llama3(RopeParameters parameters, float frequency, int longest)
    {
        double low = parameters.LowFrequencyFactor!.Value, high = parameters.HighFrequencyFactor!.Value;
        int original = parameters.OriginalMaximumPositions ?? longest;
        float factor = (float)parameters.Factor!.Value, wave = (float)(2 * Math.PI) / frequency;
        float divided = wave > (float)(original / low) ? frequency / factor : frequency;
        if (wave > (float)(original / low) || wave < (float)(original / high))
            return divided;
        float smooth = (original / wave - (float)low) / (float)(high - low);
        return (1 - smooth) * divided / factor + smooth * divided;
    }

    private static float[] Yarn(RopeParameters parameters, int dimension, int longest)
    {
        int original = parameters.OriginalMaximumPositions ?? longest;
        float factor = (float)YarnFactor(parameters, longest);
        double low = PairThatTurns(parameters.BetaFast is > 0 and { } fast ? fast : 32), high = PairThatTurns(parameters.BetaSlow is > 0 and { } slow ? slow : 1);
        if (parameters.Truncate)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, dimension - 1));
        if (low == high)
            high += 0.001;
        var frequencies = new float[dimension / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            float power = (float)Math.Pow(parameters.Theta, 2f * i / dimension);
            float kept = 1 - Math.Clamp((i - (float)low) / (float)(high - low), 0, 1);
            frequencies[i] = 1f / (factor * power) * (1 - kept) + 1f / power * kept;
        }

        return frequencies;

        // The pair that turns so many times within the original context.
        double PairThatTurns(double times) => dimension * Math.Log(original / (times * 2 * Math.PI)) / (2 * Math.Log(parameters.Theta));
    }

    private static double YarnFactor(RopeParameters parameters, int longest) =>
        parameters.Factor ?? longest / (double)parameters.OriginalMaximumPositions!.Value;

    private static double AttentionScale(RopeParameters parameters, int longest)
    {
        if (parameters.AttentionFactor is { } given)
            return given;
        double factor = YarnFactor(parameters, longest);
        return parameters is { MScale: > 0 and { } over, MScaleAllDimensions: > 0 and { } under }
            ? Magnitude(over) / Magnitude(under)
            : Magnitude(1);

        double Magnitude(double weight) => factor <= 1 ? 1 : 0.1 * weight * Math.Log(factor) + 1;
    }

    /// <summary>The base for a text of this length, which is longer than the context.</summary>
    private double StretchedBase(double length)
    {
        double factor = _parameters.Factor!.Value;
        return _parameters.Theta * Math.Pow(factor * length / _longest - (factor - 1), _dimension / (_dimension - 2.0));
    }

    /// <summary>The frequencies where the length is known only in the run: the largest position and one.</summary>
    private Tensor StretchedFrequencies(Tensor positions)
    {
        double factor = _parameters.Factor!.Value;
        Tensor length = Tensor.Maximum((positions.Max() + 1).Cast(DType.Float64), Tensor.Full([], _longest, DType.Float64));
        Tensor logarithm = Tensor.Log(length * (factor / _longest) - (factor - 1)) * (_dimension / (_dimension - 2.0)) + Math.Log(_parameters.Theta);
        return Tensor.Exp(Tensor.Range(_dimension / 2).Cast(DType.Float64) * (-2.0 / _dimension) * logarithm).Cast(DType.Float32);
    }
}
