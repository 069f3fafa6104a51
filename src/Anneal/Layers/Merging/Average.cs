namespace Anneal;

/// <summary>
/// The mean of its float32 inputs, element by element. Inputs are of one batch; one with fewer axes gets axes of extent 1 after the batch,
/// and an axis of extent 1 is repeated (as Keras).
/// </summary>
/// <param name="name">The name; null takes <c>average</c> with a counter.</param>
public sealed class Average(string? name = null) : ElementwiseMerge(name)
{
    private protected override Tensor Combine(Tensor[] inputs)
    {
        Require.Floating(inputs[0], this);
        return inputs.Aggregate((a, b) => a + b) / inputs.Length;
    }
}
