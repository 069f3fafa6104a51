namespace Anneal;

/// <summary>
/// A learned vector for each whole number: input int32 or int64 <c>[batch, ...]</c> with values from 0 to <c>vocabularySize</c> - 1, output
/// <c>[batch, ..., dimension]</c>; table <c>[vocabularySize, dimension]</c>. <c>Fit</c>, <c>Evaluate</c> and <c>Predict</c> check the values
/// of a model's input before they run and throw an <see cref="InputException"/>.
/// </summary>
/// <remarks>
/// Language models use one table at both ends (Press and Wolf, 2017): <see cref="Project(Tensor)"/> gives the scores of all rows for
/// vectors, which is what the layer does with floating-point input.
/// <para>
/// With <c>lazyUpdate</c> an optimizer changes only the rows that have a gradient in the step (an element that is not 0, summed over all
/// places where the index occurs); weights and moments of the others stay as they are to the bit, without decay of either. Steps are counted
/// for all rows together, as in PyTorch's <c>SparseAdam</c>, which differs in that it also moves rows whose index occurs with a gradient of
/// exactly 0. The running mean of <see cref="Optimizer.AverageMomentum"/> goes on for all rows. A penalty on the table gives all rows a
/// gradient. The option changes the result, not the time: the step still passes over the whole table.
/// </para>
/// </remarks>
public sealed class Embedding : Layer
{
    private readonly Initializer _initializer;
    private Parameter? _table;

    /// <summary>Makes the layer.</summary>
    /// <param name="vocabularySize">The number of vectors; at least 1.</param>
    /// <param name="dimension">The length of each; at least 1.</param>
    /// <param name="initializer">The first value of the table; null is even within ± 0.05, as Keras.</param>
    /// <param name="maskZero">
    /// Whether 0 is padding: the output of <c>[batch, time]</c> carries a mask, which attention, recurrent layers, losses and metrics heed.
    /// </param>
    /// <param name="lazyUpdate">
    /// Whether training changes only the rows of the table that have a gradient in the step; see the remarks. Such a table cannot be projected
    /// on, since that gives every row a gradient, and <see cref="Lamb"/> cannot train it.
    /// </param>
    /// <param name="name">The name; null takes <c>embedding</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Embedding(
        int vocabularySize, int dimension, Initializer? initializer = null, bool maskZero = false, bool lazyUpdate = false, string? name = null)
        : base(name)
    {
        LazyUpdate = lazyUpdate;
        MaskZero = maskZero;
        VocabularySize = Require.AtLeastOne(vocabularySize, nameof(Embedding), nameof(vocabularySize));
        Dimension = Require.AtLeastOne(dimension, nameof(Embedding), nameof(dimension));
        _initializer = initializer ?? new RandomUniform();
    }

    /// <summary>The number of vectors.</summary>
    public int VocabularySize { get; }

    /// <summary>The length of each vector.</summary>
    public int Dimension { get; }

    /// <summary>Whether 0 is padding, which the mask of the output leaves out.</summary>
    public bool MaskZero { get; }

    /// <summary>Whether training changes only the rows of the table that have a gradient in the step.</summary>
    public bool LazyUpdate { get; }

    /// <summary>The vectors <c>[vocabularySize, dimension]</c>; null before the layer is built.</summary>
    public Parameter? Table => _table;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        _table = AddParameter("embeddings", [VocabularySize, Dimension], _initializer);
        _table.UpdatesLazily = LazyUpdate;
    }

    /// <summary>The product of vectors with each row of the table: logits of the next word, with the weights that words enter by.</summary>
    /// <param name="hidden">Float32 <c>[batch, ..., dimension]</c>.</param>
    /// <returns><c>[batch, ..., vocabularySize]</c>.</returns>
    /// <exception cref="ShapeException">The vectors have another length.</exception>
    /// <exception cref="DTypeException">The input is not float32.</exception>
    /// <exception cref="OptionException">The table is updated lazily.</exception>
    public Tensor Project(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        Require.Floating(hidden, this);
        return Apply(hidden);
    }

    /// <summary>The product of vectors with each row of the table, to describe a functional model. Nothing is computed.</summary>
    /// <param name="hidden">Float32 <c>[batch, ..., dimension]</c>.</param>
    /// <exception cref="ShapeException">The vectors have another length.</exception>
    /// <exception cref="DTypeException">The input is not float32.</exception>
    /// <exception cref="OptionException">The table is updated lazily.</exception>
    public LayerOutput Project(LayerOutput hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (hidden.Type.DType != DType.Float32)
            throw new DTypeException($"Layer {Name} projects float32 vectors, but found {hidden}.");
        return Apply(hidden);
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        if (IsProjected(input))
        {
            if (LazyUpdate)
                throw new OptionException($"Layer {Path} projects on its table, which gives every row a gradient, so lazyUpdate has no meaning. Hint: leave lazyUpdate out, or give the projection weights of its own.");
            return input.MatMul(_table!, transposeOther: true);
        }

        if (input.DType is not (DType.Int32 or DType.Int64))
            throw new DTypeException($"Layer {Path} expects an int32 or int64 input (or float32 [batch, ..., {Dimension}] to project), but found {input.Type}.");
        if (MaskZero)
            Require.Rank(input.Shape, 2, this, "[batch, time] where zeros are masked");
        BuildScope.Current?.RequireIndices(input, VocabularySize, Path);
        return ((Tensor)_table!).Gather(input);
    }

    /// <summary>Where zeros are masked, the steps that are not 0; else, and after a projection, the mask of the input.</summary>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (IsProjected(inputs[0]))
            return Masks.BeforeLastAxis(inputs[0]);
        return MaskZero ? inputs[0].NotEqualTo(0) : base.ComputeMask(inputs, output);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("vocabularySize", VocabularySize);
        config.Set("dimension", Dimension);
        config.Set("initializer", _initializer);
        config.Set("maskZero", MaskZero);
        config.Set("lazyUpdate", LazyUpdate);
    }

    internal static Embedding Read(LayerConfig config) => new(
        config.GetInt32("vocabularySize"), config.GetInt32("dimension"), config.GetInitializer("initializer"), config.GetBoolean("maskZero"),
        config.Contains("lazyUpdate") && config.GetBoolean("lazyUpdate"));

    private bool IsProjected(Tensor input) => input.DType == DType.Float32 && input.Shape.Rank >= 2 && input.Shape[^1] == Dimension;
}
