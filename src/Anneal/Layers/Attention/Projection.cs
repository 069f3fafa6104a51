namespace Anneal;

/// <summary>
/// A product with a kernel <c>[features, units]</c> and a bias <c>[units]</c> inside of another layer, which learns from its input how many
/// outputs there are and says so before it applies this one.
/// </summary>
internal sealed class Projection(bool useBias, Initializer kernelInitializer, Initializer biasInitializer, string name) : Layer(name)
{
    private Parameter? _kernel, _bias;

    /// <summary>The number of outputs.</summary>
    internal int Units { get; set; }

    internal Parameter? Kernel => _kernel;

    internal Parameter? Bias => _bias;

    protected override void Build(Shape inputShape)
    {
        _kernel = AddParameter("kernel", [inputShape[^1], Units], kernelInitializer);
        _bias = useBias ? AddParameter("bias", Units, biasInitializer) : null;
    }

    protected override Tensor Call(Tensor input)
    {
        if (input.Shape[^1] != _kernel!.Shape[0])
            throw new ShapeException($"Layer {Path} was built for {_kernel.Shape[0]} features in the last axis, but found an input of shape {input.Shape}.");
        Tensor output = _kernel.Multiply(input);
        return _bias is null ? output : output + _bias;
    }
}
