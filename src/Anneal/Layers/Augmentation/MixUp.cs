namespace Anneal;

/// <summary>
/// In training, mixes each example and its target with another one of the batch (Zhang et al., 2018): λ · x + (1 - λ) · x', with λ of its
/// own from the distribution Beta(α, α) and partners by a permutation of the batch. Inputs <c>[batch, ...]</c> and targets
/// <c>[batch, ...]</c>, such as one-hot classes <c>[batch, classes]</c>, are floating-point and keep their shapes.
/// </summary>
/// <remarks>
/// λ needs two even numbers and no rejection: with C = cos(2πV) and W = U^(1/α), λ = (1 + C / √(W / (1 - W) + C²)) / 2. That is Student's
/// t with 2α degrees of freedom (Bailey, 1994), turned into a beta distribution.
/// </remarks>
public sealed class MixUp : PairAugmentation
{
    /// <summary>Makes the layer.</summary>
    /// <param name="alpha">The parameter of the beta distribution, above 0: small values mix little, 1 mixes evenly.</param>
    /// <param name="name">The name; null takes <c>mix_up</c>.</param>
    /// <exception cref="OptionException">The parameter is not a finite number above 0.</exception>
    public MixUp(double alpha = 0.2, string? name = null) : base(name) => Alpha = alpha > 0 && double.IsFinite(alpha)
        ? alpha
        : throw new OptionException(FormattableString.Invariant($"{nameof(MixUp)}: alpha must be a finite number above 0, but is {alpha}."));

    /// <summary>The parameter of the beta distribution.</summary>
    public double Alpha { get; }

    /// <inheritdoc/>
    protected override (Tensor Inputs, Tensor Targets) Call(Tensor inputs, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        Require.FloatingPoint(inputs, this);
        if (!targets.DType.IsFloating())
        {
            throw new DTypeException(
                $"Layer {Path} mixes targets and expects floating-point ones, such as one-hot classes, but found {targets.Type}. "
                + $"Hint: encode the classes as one-hot, and use {nameof(Loss)}.{nameof(Loss.CategoricalCrossentropy)}.");
        }

        if (inputs.Shape.Rank < 1 || targets.Shape.Rank < 1 || inputs.Shape[0] != targets.Shape[0])
            throw new ShapeException($"Layer {Path} expects as many targets as inputs, both [batch, ...], but found {inputs.Type} and {targets.Type}.");
        if (Trace.Current is not { Training: true })
            return (inputs, targets);
        long batch = inputs.Shape[0];
        Tensor weight = DrawBeta(batch), partner = DrawPermutation(batch);
        return (Mix(inputs, weight, partner), Mix(targets, weight, partner));
    }

    /// <summary>Numbers of the distribution Beta(α, α), float32 <c>[count]</c>.</summary>
    internal Tensor DrawBeta(long count)
    {
        Tensor power = Tensor.Pow(1 - Tensor.RandomUniform([count], "weight radius"), 1 / Alpha);
        Tensor cosine = Tensor.Cos(Tensor.RandomUniform([count], "weight angle") * (2 * Math.PI));

        // What is added keeps 0 / 0 away where both terms underflow.
        return (1 + cosine / Tensor.Sqrt(power / (1 - power) + cosine * cosine + 1e-30)) * 0.5;
    }

    /// <summary>The numbers 0 to count - 1 in an even order: the ranks of even numbers, equal ones in the order of their places.</summary>
    internal static Tensor DrawPermutation(long count)
    {
        // Counted in float32, which vectors add fastest and which holds every number below 2^24.
        Tensor key = Tensor.RandomUniform([count], "partner"), place = Tensor.Range(count, DType.Float32);
        Tensor own = key.ExpandAxis(1), ownPlace = place.ExpandAxis(1);
        Tensor before = key.LessThan(own) | (key.EqualTo(own) & place.LessThan(ownPlace));
        return before.Cast(DType.Float32).Sum([1]).Cast(DType.Int32);
    }

    private static Tensor Mix(Tensor x, Tensor weight, Tensor partner)
    {
        var spread = new long[x.Shape.Rank];
        Array.Fill(spread, 1);
        spread[0] = x.Shape[0];
        Tensor wide = x.DType is DType.Float16 or DType.BFloat16 ? x.Cast(DType.Float32) : x, own = weight.Reshape(new Shape(spread)).Cast(wide.DType);
        return (wide * own + wide.Gather(partner) * (1 - own)).Cast(x.DType);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("alpha", Alpha);

    internal static MixUp Read(LayerConfig config) => new(config.GetDouble("alpha"));
}
