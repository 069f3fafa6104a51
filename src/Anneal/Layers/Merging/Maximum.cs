namespace Anneal;

/// <summary>
/// The largest of its inputs; a NaN wins, and of two equal ones each takes half of the gradient, element by element. Inputs are of one
/// batch and one data type; one with fewer axes gets axes of extent 1 after the batch, and an axis of extent 1 is repeated (as Keras).
/// </summary>
/// <param name="name">The name; null takes <c>maximum</c> with a counter.</param>
public sealed class Maximum(string? name = null) : ElementwiseMerge(name)
{
    private protected override Tensor Combine(Tensor[] inputs) => inputs.Aggregate(Tensor.Maximum);
}
