namespace Anneal;

/// <summary>
/// Runs a cell of your own over sequences. Input <c>[batch, time, ...]</c> of any floating-point type that the cell takes; output
/// <c>[batch, ...]</c> of the last step, or <c>[batch, time, ...]</c> of all.
/// </summary>
public sealed class Rnn : UnidirectionalLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="cell">The step.</param>
    /// <param name="returnSequences">Whether the output has the values of all steps, or of the last one.</param>
    /// <param name="returnState">Whether the states after the last step are further outputs.</param>
    /// <param name="goBackwards">Whether the sequence is read from its last step to its first.</param>
    /// <param name="name">The name; null takes <c>rnn</c> with a counter.</param>
    /// <exception cref="OptionException">The cell has no state.</exception>
    public Rnn(RecurrentCell cell, bool returnSequences = false, bool returnState = false, bool goBackwards = false, string? name = null)
        : base(returnSequences, returnState, goBackwards, name)
    {
        ArgumentNullException.ThrowIfNull(cell);
        if (cell.StateShapes.Count == 0)
            throw new OptionException($"{nameof(Rnn)}: cell must have at least one state, but {cell.TypeName} has none.");
        Cell = Track(cell);
    }

    /// <summary>The step.</summary>
    public RecurrentCell Cell { get; }

    private protected override IReadOnlyList<Shape> StateShapes => Cell.StateShapes;

    private protected override Shape? OutputShape => Cell.OutputShape;

    private protected override void Check(Tensor input)
    {
        Require.FloatingPoint(input, this);
        if (input.Shape.Rank < 2)
            throw new ShapeException($"Layer {Path} expects an input [batch, time, ...], but found one of shape {input.Shape}.");
    }

    private protected override RecurrentStep MakeStep(TensorType firstState) => (input, states) =>
    {
        Tensor[] results = Cell.ApplyAll([input, .. states]);
        Shape expected = new Shape(input.Shape[0]).Concat(Cell.OutputShape);
        if (results[0].Shape != expected)
            throw new ShapeException($"Layer {Path}: the cell says that its output has the shape {expected}, but gives {results[0].Type}.");
        return (results[0], results[1..]);
    };

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.SetPart("cell", LayerRegistry.Write(Cell));
        config.Set("returnSequences", ReturnSequences);
        config.Set("returnState", ReturnState);
        config.Set("goBackwards", GoBackwards);
    }

    internal static Rnn Read(LayerConfig config)
    {
        LayerConfig part = config.Part("cell");
        RecurrentCell cell = LayerRegistry.Read(part) as RecurrentCell ?? throw part.Fail("type", "a recurrent cell", part.GetString("type"));
        return new Rnn(cell, config.GetBoolean("returnSequences"), config.GetBoolean("returnState"), config.GetBoolean("goBackwards"));
    }
}
