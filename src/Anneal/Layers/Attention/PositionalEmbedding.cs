namespace Anneal;

/// <summary>
/// Adds a learned vector for each position: input and output <c>[batch, time, features]</c>; table <c>[maximumLength, features]</c>.
/// Positions count from 0, unless a second input gives them, int32 or int64 <c>[batch, time]</c>.
/// </summary>
public sealed class PositionalEmbedding : Layer
{
    private readonly Initializer _initializer;
    private Parameter? _table;

    /// <summary>Makes the layer.</summary>
    /// <param name="maximumLength">The number of positions; at least 1.</param>
    /// <param name="initializer">The first value of the table; null is even within ± 0.05, as <see cref="Embedding"/>.</param>
    /// <param name="name">The name; null takes <c>positional_embedding</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public PositionalEmbedding(int maximumLength, Initializer? initializer = null, string? name = null) : base(name)
    {
        MaximumLength = Require.AtLeastOne(maximumLength, nameof(PositionalEmbedding), nameof(maximumLength));
        _initializer = initializer ?? new RandomUniform();
    }

    /// <summary>The number of positions.</summary>
    public int MaximumLength { get; }

    /// <summary>The vectors <c>[maximumLength, features]</c>; null before the layer is built.</summary>
    public Parameter? Table => _table;

    /// <summary>Adds the vectors of the positions given, inside of a trace or lazily.</summary>
    /// <param name="input">Float32 <c>[batch, time, features]</c>.</param>
    /// <param name="positions">Int32 or int64 <c>[batch, time]</c>, from 0 to <see cref="MaximumLength"/> - 1.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public Tensor Apply(Tensor input, Tensor positions) => ApplyAll([input, positions])[0];

    /// <summary>Adds the vectors of the positions given, to describe a functional model.</summary>
    /// <param name="input">What they are added to.</param>
    /// <param name="positions">The positions.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public LayerOutput Apply(LayerOutput input, LayerOutput positions) => LayerCall.Connect(this, [input, positions])[0];

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        Require.Rank(inputShape, 3, this, "[batch, time, features]");
        _table = AddParameter("embeddings", [MaximumLength, inputShape[2]], _initializer);
    }

    internal override Tensor[] Run(Tensor[] inputs)
    {
        Tensor? positions = PositionInputs.Check(inputs, this);
        Tensor input = inputs[0], table = _table!;
        Require.Floating(input, this);
        if (input.Shape[2] != table.Shape[1])
            throw new ShapeException($"Layer {Path} was built for {table.Shape[1]} features, but found an input of shape {input.Shape}.");
        if (positions is not null)
        {
            BuildScope.Current?.RequireIndices(positions, MaximumLength, Path);
            return [input + table.Gather(positions)];
        }

        long length = input.Shape[1];
        if (length > MaximumLength)
            throw new ShapeException($"Layer {Path} has {MaximumLength} positions, but found a sequence of {length} steps, {length - MaximumLength} too many.");
        return [input + table.Narrow(0, 0, length)];
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input) => Run([input])[0];

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("maximumLength", MaximumLength);
        config.Set("initializer", _initializer);
    }

    internal static PositionalEmbedding Read(LayerConfig config) => new(config.GetInt32("maximumLength"), config.GetInitializer("initializer"));
}
