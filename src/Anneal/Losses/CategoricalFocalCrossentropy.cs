namespace Anneal;

/// <summary>
/// The cross-entropy over classes in which each term is multiplied by alpha · (1 - p)^gamma, p being the probability of the class, so that
/// easy examples count less (Lin et al., 2017); targets are labels or distributions.
/// </summary>
internal sealed class CategoricalFocalCrossentropy : Loss
{
    private readonly TargetKind _targets;
    private readonly double _gamma;
    private readonly double? _alpha;
    private readonly bool _fromLogits;
    private readonly long _ignoreIndex;

    internal CategoricalFocalCrossentropy(TargetKind targets, double gamma, double? alpha, bool fromLogits, long ignoreIndex = -100)
    {
        (_targets, _fromLogits, _ignoreIndex) = (targets, fromLogits, ignoreIndex);
        (_gamma, _alpha) = (FocalOptions.RequireGamma(gamma, Name), FocalOptions.RequireAlpha(alpha, Name));
    }

    public override string Name => _targets == TargetKind.Labels ? "sparse_categorical_focal_crossentropy" : "categorical_focal_crossentropy";

    protected internal override TargetKind Targets => _targets;

    protected internal override bool FromLogits => _fromLogits;

    protected internal override long IgnoreIndex => _ignoreIndex;

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor log = CrossentropyMath.LogProbabilities(output, _fromLogits);
        Tensor term = _gamma > 0 ? CrossentropyMath.PowerOfShare(1 - Tensor.Exp(log), _gamma) * log : log;
        Tensor loss = -(_targets == TargetKind.Labels ? CrossentropyMath.OfLabel(term, target) : (target * term).Sum([-1]));
        return _alpha is { } share ? loss * share : loss;
    }

    protected internal override void WriteConfig(LayerConfig config)
    {
        FocalOptions.Write(config, _gamma, _alpha, _fromLogits);
        if (_targets == TargetKind.Labels)
            config.Set("ignoreIndex", _ignoreIndex);
    }

    internal static CategoricalFocalCrossentropy Read(LayerConfig config, TargetKind targets) => new(
        targets, config.GetDouble("gamma"), FocalOptions.ReadAlpha(config), config.GetBoolean("fromLogits"),
        targets == TargetKind.Labels ? config.GetInt64("ignoreIndex") : -100);
}
