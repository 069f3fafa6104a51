namespace Anneal;

/// <summary>
/// The cross-entropy of truth values in which each term is multiplied by (1 - p)^gamma, p being the probability given to the truth, so that
/// easy examples count less; and by alpha for true and 1 - alpha for false ones (Lin et al., 2017).
/// </summary>
internal sealed class BinaryFocalCrossentropy(double gamma, double? alpha, bool fromLogits) : Loss
{
    private readonly double _gamma = FocalOptions.RequireGamma(gamma, "binary_focal_crossentropy");
    private readonly double? _alpha = FocalOptions.RequireAlpha(alpha, "binary_focal_crossentropy");

    public override string Name => "binary_focal_crossentropy";

    protected internal override TargetKind Targets => TargetKind.TruthValues;

    protected internal override bool FromLogits => fromLogits;

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor logTrue, logFalse;
        if (fromLogits)
        {
            (logTrue, logFalse) = (Tensor.LogSigmoid(output), Tensor.LogSigmoid(-output));
        }
        else
        {
            Tensor p = Tensor.Clamp(output, CrossentropyMath.Epsilon, 1 - CrossentropyMath.Epsilon);
            (logTrue, logFalse) = (Tensor.Log(p), Tensor.Log(1 - p));
        }

        // exp(gamma · log(1 - p)) has a gradient everywhere, which (1 - p)^gamma lacks at p = 1.
        Tensor truths = target * logTrue, falsehoods = (1 - target) * logFalse;
        if (_gamma > 0)
            (truths, falsehoods) = (truths * Tensor.Exp(_gamma * logFalse), falsehoods * Tensor.Exp(_gamma * logTrue));
        return -MeanOfPositions(_alpha is { } share ? truths * share + falsehoods * (1 - share) : truths + falsehoods, output);
    }

    protected internal override void WriteConfig(LayerConfig config) => FocalOptions.Write(config, _gamma, _alpha, fromLogits);

    internal static BinaryFocalCrossentropy Read(LayerConfig config) =>
        new(config.GetDouble("gamma"), FocalOptions.ReadAlpha(config), config.GetBoolean("fromLogits"));
}

/// <summary>What the focal losses share.</summary>
internal static class FocalOptions
{
    internal static double RequireGamma(double gamma, string loss) => Require.Within(gamma, 0, double.PositiveInfinity, loss, "gamma");

    internal static double? RequireAlpha(double? alpha, string loss) => alpha is null or (>= 0 and <= 1)
        ? alpha
        : throw new OptionException(FormattableString.Invariant($"{loss}: alpha must be from 0 to 1, or null, but is {alpha}."));

    internal static void Write(LayerConfig config, double gamma, double? alpha, bool fromLogits)
    {
        config.Set("gamma", gamma);
        if (alpha is { } share)
            config.Set("alpha", share);
        config.Set("fromLogits", fromLogits);
    }

    internal static double? ReadAlpha(LayerConfig config) => config.Contains("alpha") ? config.GetDouble("alpha") : null;
}
