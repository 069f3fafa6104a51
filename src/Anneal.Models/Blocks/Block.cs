namespace Anneal.Models;

/// <summary>
/// A layer inside of a model that is given more than a tensor: masks, positions, a cache. What is given travels with the call, so that one
/// model can be traced from several threads.
/// </summary>
internal abstract class Block<TContext>(string name) : Layer(name)
{
    internal Tensor Apply(Tensor input, TContext context) => ApplyAll([input], inputs => [Call(inputs[0], context)])[0];

    protected abstract Tensor Call(Tensor input, TContext context);

    protected sealed override Tensor Call(Tensor input) =>
        throw new ModelException($"Layer {Path} is part of a model, which gives it masks and positions; it cannot be applied by itself.");
}
