namespace Anneal;

/// <summary>
/// A learned vector for each whole number: input int32 or int64 <c>[batch, ...]</c> with values from 0 to <c>vocabularySize</c> - 1, output
/// <c>[batch, ..., dimension]</c>; table <c>[vocabularySize, dimension]</c>. <c>Fit</c>, <c>Evaluate</c> and <c>Predict</c> check the values
/// of a model's input before they run and throw an <see cref="InputException"/>.
/// </summary>
public sealed class Embedding : Layer
{
    private readonly Initializer _initializer;
    private Parameter? _table;

    /// <summary>Makes the layer.</summary>
    /// <param name="vocabularySize">The number of vectors; at least 1.</param>
    /// <param name="dimension">The length of each; at least 1.</param>
    /// <param name="initializer">The first value of the table; null is even within ± 0.05, as Keras.</param>
    /// <param name="name">The name; null takes <c>embedding</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Embedding(int vocabularySize, int dimension, Initializer? initializer = null, string? name = null) : base(name)
    {
        VocabularySize = Require.AtLeastOne(vocabularySize, nameof(Embedding), nameof(vocabularySize));
        Dimension = Require.AtLeastOne(dimension, nameof(Embedding), nameof(dimension));
        _initializer = initializer ?? new RandomUniform();
    }

    /// <summary>The number of vectors.</summary>
    public int VocabularySize { get; }

    /// <summary>The length of each vector.</summary>
    public int Dimension { get; }

    /// <summary>The vectors <c>[vocabularySize, dimension]</c>; null before the layer is built.</summary>
    public Parameter? Table => _table;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape) => _table = AddParameter("embeddings", [VocabularySize, Dimension], _initializer);

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        if (input.DType is not (DType.Int32 or DType.Int64))
            throw new DTypeException($"Layer {Path} expects an int32 or int64 input, but found {input.Type}.");
        BuildScope.Current?.RequireIndices(input, VocabularySize, Path);
        return ((Tensor)_table!).Gather(input);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("vocabularySize", VocabularySize);
        config.Set("dimension", Dimension);
        config.Set("initializer", _initializer);
    }

    internal static Embedding Read(LayerConfig config) =>
        new(config.GetInt32("vocabularySize"), config.GetInt32("dimension"), config.GetInitializer("initializer"));
}
