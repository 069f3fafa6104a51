namespace Anneal;

/// <summary>
/// Normalizes each example in groups of neighbouring channels, each over all places (Wu and He, 2018): input and output
/// <c>[batch, ..., channels]</c>; factor and offset <c>[channels]</c>. The same in training and inference, for any size of batch.
/// </summary>
public sealed class GroupNormalization : NormalizationLayer
{
    private Shape _channels;

    /// <summary>Makes the layer.</summary>
    /// <param name="groups">The number of groups; divides the number of channels.</param>
    /// <param name="epsilon">What is added to the variance; at least 0.</param>
    /// <param name="center">Whether a learned offset is added.</param>
    /// <param name="scale">Whether a learned factor is applied.</param>
    /// <param name="betaInitializer">The first value of the offset; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="gammaInitializer">The first value of the factor; null is <see cref="Initializer.Ones"/>.</param>
    /// <param name="name">The name; null takes <c>group_normalization</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public GroupNormalization(
        int groups = 32, double epsilon = 1e-5, bool center = true, bool scale = true,
        Initializer? betaInitializer = null, Initializer? gammaInitializer = null, string? name = null)
        : base(nameof(GroupNormalization), epsilon, center, scale, betaInitializer, gammaInitializer, name) =>
        Groups = Require.AtLeastOne(groups, nameof(GroupNormalization), nameof(groups));

    /// <summary>The number of groups.</summary>
    public int Groups { get; }

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        int axis = ResolveAxis(inputShape, -1);
        if (inputShape[axis] % Groups != 0)
            throw new ShapeException($"Layer {Path} expects a multiple of {Groups} channels in the last axis, one for each group, but found an input of shape {inputShape}.");
        _channels = inputShape[axis];
        AddAffine(_channels);
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.FloatingPoint(input, this);
        RequireBuiltFor(_channels, input.Shape[ResolveAxis(input.Shape, -1)], input.Shape);
        if (input.Shape[1..].ElementCount == Groups)
            throw new ShapeException($"Layer {Path} needs more than one value in each of its {Groups} groups, because one value has no variance, but found an input of shape {input.Shape}.");
        return input.GroupNorm(Groups, Gamma?.Read(), Beta?.Read(), Epsilon);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("groups", Groups);
        base.WriteConfig(config);
    }

    internal static GroupNormalization Read(LayerConfig config) => new(
        config.GetInt32("groups"), config.GetDouble("epsilon"), config.GetBoolean("center"), config.GetBoolean("scale"),
        config.GetInitializer("betaInitializer"), config.GetInitializer("gammaInitializer"));
}
