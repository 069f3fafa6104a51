namespace Anneal;

/// <summary>The sum of its inputs, which have one shape.</summary>
/// <param name="name">The name; null takes <c>add</c> with a counter.</param>
public sealed class Add(string? name = null) : MergeLayer(name)
{
    /// <inheritdoc/>
    protected override Tensor Call(IReadOnlyList<Tensor> inputs)
    {
        Tensor sum = inputs[0];
        foreach (Tensor input in inputs.Skip(1))
        {
            if (input.Shape != sum.Shape)
                throw new ShapeException($"Layer {Path} expects inputs of one shape, but found {sum.Shape} and {input.Shape}.");
            sum += input;
        }

        return sum;
    }
}
