namespace Anneal;

/// <summary>Joins all axes but the first: input <c>[batch, ...]</c>, output <c>[batch, features]</c>.</summary>
/// <param name="name">The name; null takes <c>flatten</c> with a counter.</param>
public sealed class Flatten(string? name = null) : Layer(name)
{
    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        if (input.Shape.Rank < 1)
            throw new ShapeException($"Layer {Path} expects an input [batch, ...], but found one value.");
        return input.Reshape(new Shape(input.Shape[0], input.Shape[1..].ElementCount));
    }
}
