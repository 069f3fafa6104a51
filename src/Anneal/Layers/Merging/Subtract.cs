namespace Anneal;

/// <summary>
/// The first of two inputs less the second, element by element. Inputs are of one batch and one data type; one with fewer axes gets axes of
/// extent 1 after the batch, and an axis of extent 1 is repeated (as Keras).
/// </summary>
/// <param name="name">The name; null takes <c>subtract</c> with a counter.</param>
public sealed class Subtract(string? name = null) : ElementwiseMerge(name)
{
    private protected override Tensor Combine(Tensor[] inputs) => inputs.Length == 2
        ? inputs[0] - inputs[1]
        : throw new ShapeException($"Layer {Path} takes two inputs, but {inputs.Length} were given.");
}
