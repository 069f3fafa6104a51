namespace Anneal;

/// <summary>
/// Normalizes each channel over all examples and places of the batch (Ioffe and Szegedy, 2015): input and output <c>[batch, ..., channels]</c>.
/// In training with the mean and the biased variance of the batch, of which it keeps moving averages (of the unbiased variance, as
/// PyTorch); otherwise, or where it or a layer around it is not <see cref="Layer.Trainable"/>, with the averages, which then stay.
/// </summary>
/// <remarks>
/// Steps of sequences that a mask leaves out are normalized but do not enter the statistics. In training each channel needs more than
/// one value: one has no variance.
/// </remarks>
public sealed class BatchNormalization : NormalizationLayer
{
    private readonly Initializer _movingMeanInitializer, _movingVarianceInitializer;
    private State? _movingMean, _movingVariance;
    private Shape _channels;

    /// <summary>Makes the layer.</summary>
    /// <param name="axis">The axis of the channels, counted from the end where it is negative; not 0.</param>
    /// <param name="momentum">How much of the moving averages a step keeps, at least 0 and below 1.</param>
    /// <param name="epsilon">What is added to the variance; at least 0.</param>
    /// <param name="center">Whether a learned offset <c>[channels]</c> is added.</param>
    /// <param name="scale">Whether a learned factor <c>[channels]</c> is applied.</param>
    /// <param name="betaInitializer">The first value of the offset; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="gammaInitializer">The first value of the factor; null is <see cref="Initializer.Ones"/>.</param>
    /// <param name="movingMeanInitializer">The first moving mean; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="movingVarianceInitializer">The first moving variance; null is <see cref="Initializer.Ones"/>.</param>
    /// <param name="name">The name; null takes <c>batch_normalization</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public BatchNormalization(
        int axis = -1, double momentum = 0.9, double epsilon = 1e-5, bool center = true, bool scale = true,
        Initializer? betaInitializer = null, Initializer? gammaInitializer = null,
        Initializer? movingMeanInitializer = null, Initializer? movingVarianceInitializer = null, string? name = null)
        : base(nameof(BatchNormalization), epsilon, center, scale, betaInitializer, gammaInitializer, name)
    {
        Axis = NotExamples(axis, nameof(BatchNormalization));
        Momentum = Require.Within(momentum, 0, 1, nameof(BatchNormalization), nameof(momentum));
        _movingMeanInitializer = movingMeanInitializer ?? Initializer.Zeros;
        _movingVarianceInitializer = movingVarianceInitializer ?? Initializer.Ones;
    }

    /// <summary>The axis of the channels, counted from the end where it is negative.</summary>
    public int Axis { get; }

    /// <summary>How much of the moving averages a step keeps.</summary>
    public double Momentum { get; }

    /// <summary>The moving average of the means, <c>[channels]</c>; null before the layer is built.</summary>
    public State? MovingMean => _movingMean;

    /// <summary>The moving average of the unbiased variances, <c>[channels]</c>; null before the layer is built.</summary>
    public State? MovingVariance => _movingVariance;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        _channels = inputShape[ResolveAxis(inputShape, Axis)];
        AddAffine(_channels);
        _movingMean = AddState("moving_mean", _channels, _movingMeanInitializer);
        _movingVariance = AddState("moving_variance", _channels, _movingVarianceInitializer);
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.FloatingPoint(input, this);
        int axis = ResolveAxis(input.Shape, Axis);
        RequireBuiltFor(_channels, input.Shape[axis], input.Shape);
        return Trace.Current is { Training: true } && !IsFrozen ? Train(input, axis) : input.BatchNormWith(axis, _movingMean!, _movingVariance!, Gamma?.Read(), Beta?.Read(), Epsilon);
    }

    private Tensor Train(Tensor input, int axis)
    {
        double count = input.Shape.ElementCount / (double)input.Shape[axis];
        if (count <= 1)
        {
            throw new ShapeException(
                $"Layer {Path} needs more than one value for each channel in training, because one value has no variance, but found an input of shape {input.Shape}. "
                + "Hint: choose a batch size that leaves no single example over, or freeze the layer with Trainable = false.");
        }

        (Tensor output, Tensor mean, Tensor variance, Tensor? counted) = input.BatchNorm(axis, Gamma?.Read(), Beta?.Read(), Epsilon, CountedOf(input));
        Tensor unbiased = counted is null
            ? variance * (count / (count - 1))
            : variance * (counted / Tensor.Maximum(counted - 1, counted.FillLike(1)));
        Update(_movingMean!, mean, counted);
        Update(_movingVariance!, unbiased, counted);
        return output;
    }

    private void Update(State average, Tensor value, Tensor? counted)
    {
        Tensor old = average, moved = old * Momentum + value.Cast(DType.Float32) * (1 - Momentum);

        // A batch in which masks leave at most one value says nothing about the variance.
        average.Assign(counted is null ? moved : Tensor.Select(counted.GreaterThan(1), moved, old));
    }

    /// <summary>The mask of the input with axes of extent 1 up to the input's rank; null where everything counts.</summary>
    private static Tensor? CountedOf(Tensor input)
    {
        if (MaskOf(input) is not { } mask)
            return null;
        var ones = new long[input.Shape.Rank - mask.Shape.Rank];
        Array.Fill(ones, 1);
        return mask.Reshape(mask.Shape.Concat(ones));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("axis", Axis);
        config.Set("momentum", Momentum);
        base.WriteConfig(config);
        config.Set("movingMeanInitializer", _movingMeanInitializer);
        config.Set("movingVarianceInitializer", _movingVarianceInitializer);
    }

    internal static BatchNormalization Read(LayerConfig config) => new(
        config.GetInt32("axis"), config.GetDouble("momentum"), config.GetDouble("epsilon"), config.GetBoolean("center"), config.GetBoolean("scale"),
        config.GetInitializer("betaInitializer"), config.GetInitializer("gammaInitializer"),
        config.GetInitializer("movingMeanInitializer"), config.GetInitializer("movingVarianceInitializer"));
}
