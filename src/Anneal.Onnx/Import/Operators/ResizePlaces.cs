namespace Anneal.Onnx;

/// <summary>From which elements along an axis those of a resized one are made, by the three settings that the format has for it.</summary>
/// <param name="call">The node.</param>
/// <param name="mode">How many elements make one: <c>nearest</c>, <c>linear</c> or <c>cubic</c>.</param>
/// <param name="rule">Where an element of the result lies among those of the input.</param>
/// <param name="nearest">To which of its neighbours a place goes with <c>nearest</c>.</param>
internal sealed class ResizePlaces(OnnxCall call, string mode, string rule, string nearest)
{
    private readonly bool _leavesOut = call.Flag("exclude_outside");
    private readonly float _cubic = (float)call.Number("cubic_coeff_a", -0.75);

    /// <summary>For each element of the result some of the input, with their weights; without weights it is the one element itself.</summary>
    internal List<(long[] From, float[]? Weights)> Of(long from, long to, float scale)
    {
        var places = new float[to];
        for (int i = 0; i < places.Length; i++)
            places[i] = PlaceOf(i, from, to, scale);
        if (mode != "nearest" && !call.Value(0).Type.DType.IsFloating())
            throw call.Fail($"{call.Value(0).Type} is resized by the mode '{mode}', for which Anneal needs floating-point numbers.");
        return mode switch
        {
            "nearest" => [(Array.ConvertAll(places, p => Math.Clamp(Nearest(p), 0, from - 1)), null)],
            "linear" => Linear(places, from),
            "cubic" => Cubic(places, from),
            _ => throw call.Fail($"the mode is '{mode}', which the format does not have."),
        };
    }

    private float PlaceOf(int i, long from, long to, float scale) => rule switch
    {
        "half_pixel" => (i + 0.5f) / scale - 0.5f,
        "half_pixel_symmetric" => from / 2f * (1 - to / (scale * from)) + (i + 0.5f) / scale - 0.5f,
        "pytorch_half_pixel" => to > 1 ? (i + 0.5f) / scale - 0.5f : 0,
        "align_corners" => to > 1 ? (float)i * (from - 1) / (to - 1) : 0,
        "asymmetric" => i / scale,
        "tf_half_pixel_for_nn" => (i + 0.5f) / scale,
        _ => throw call.Fail($"Anneal does not resize with the places '{rule}'."),
    };

    private long Nearest(float place) => nearest switch
    {
        "round_prefer_floor" => (long)MathF.Ceiling(place - 0.5f),
        "round_prefer_ceil" => (long)MathF.Floor(place + 0.5f),
        "floor" => (long)MathF.Floor(place),
        "ceil" => (long)MathF.Ceiling(place),
        _ => throw call.Fail($"nearest_mode is '{nearest}', which the format does not have."),
    };

    private static List<(long[] From, float[]? Weights)> Linear(float[] places, long from)
    {
        float[] within = Array.ConvertAll(places, p => Math.Clamp(p, 0, from - 1));
        float[] second = Array.ConvertAll(within, p => p - MathF.Floor(p));
        return
        [
            (Array.ConvertAll(within, p => (long)p), Array.ConvertAll(second, w => 1 - w)),
            (Array.ConvertAll(within, p => Math.Min((long)p + 1, from - 1)), second),
        ];
    }

    /// <summary>Four elements around each place. Beyond the ends stands the last one, or nothing at all, where the weights of the others make up for it.</summary>
    private List<(long[] From, float[]? Weights)> Cubic(float[] places, long from)
    {
        const int Around = 4;
        var parts = new List<(long[] From, float[]? Weights)>();
        for (int k = 0; k < Around; k++)
            parts.Add((new long[places.Length], new float[places.Length]));
        Span<float> weights = stackalloc float[Around];
        for (int i = 0; i < places.Length; i++)
        {
            float rest = places[i] - MathF.Floor(places[i]), sum = 0;
            for (int k = 0; k < Around; k++)
            {
                long at = (long)MathF.Floor(places[i]) + k - 1;
                weights[k] = _leavesOut && (at < 0 || at >= from) ? 0 : Weight(MathF.Abs(rest + 1 - k));
                sum += weights[k];
                parts[k].From[i] = Math.Clamp(at, 0, from - 1);
            }

            for (int k = 0; k < Around; k++)
                parts[k].Weights![i] = _leavesOut ? weights[k] / sum : weights[k];
        }

        return parts;
    }

    /// <summary>The cubic of Keys at a distance below 2.</summary>
    private float Weight(float d) => d <= 1
        ? ((_cubic + 2) * d - (_cubic + 3)) * d * d + 1
        : ((_cubic * d - 5 * _cubic) * d + 8 * _cubic) * d - 4 * _cubic;
}
