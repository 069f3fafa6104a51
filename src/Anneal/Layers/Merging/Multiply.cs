namespace Anneal;

/// <summary>
/// The product of its inputs, element by element. Inputs are of one batch and one data type; one with fewer axes gets axes of
/// extent 1 after the batch, and an axis of extent 1 is repeated (as Keras).
/// </summary>
/// <param name="name">The name; null takes <c>multiply</c> with a counter.</param>
public sealed class Multiply(string? name = null) : ElementwiseMerge(name)
{
    private protected override Tensor Combine(Tensor[] inputs) => inputs.Aggregate((a, b) => a * b);
}
