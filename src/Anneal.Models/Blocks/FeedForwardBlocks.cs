namespace Anneal.Models;

/// <summary>Two products with an activation between them.</summary>
internal sealed class PlainFeedForward : Layer
{
    private readonly Activation _activation;
    private readonly Dropout? _dropout;

    internal PlainFeedForward(int inner, int width, Activation activation, bool useBias, Initializer initializer, string name, double innerDropout = 0) : base(name)
    {
        _activation = activation;
        Inner = Track(new Dense(inner, useBias: useBias, kernelInitializer: initializer, name: "inner"));
        _dropout = innerDropout > 0 ? Track(new Dropout(innerDropout)) : null;
        Outer = Track(new Dense(width, useBias: useBias, kernelInitializer: initializer, name: "outer"));
    }

    internal Dense Inner { get; }

    internal Dense Outer { get; }

    protected override Tensor Call(Tensor input)
    {
        Tensor inner = _activation.Apply(Inner.Apply(input));
        return Outer.Apply(_dropout is null ? inner : _dropout.Apply(inner));
    }
}

/// <summary>An activated product gates another one before the last (Shazeer, 2020). Gate and the other may come from one product, the gate first.</summary>
internal sealed class GatedFeedForward : Layer
{
    private readonly Activation _activation;
    private readonly int _inner;
    private readonly Dropout? _dropout;

    internal GatedFeedForward(
        int inner, int width, Activation activation, bool useBias, bool isFused, Initializer initializer, string name, double innerDropout = 0) : base(name)
    {
        (_activation, _inner) = (activation, inner);
        if (isFused)
        {
            Fused = Track(new Dense(checked(2 * inner), useBias: useBias, kernelInitializer: initializer, name: "gate_up"));
        }
        else
        {
            Gate = Track(new Dense(inner, useBias: useBias, kernelInitializer: initializer, name: "gate"));
            Up = Track(new Dense(inner, useBias: useBias, kernelInitializer: initializer, name: "up"));
        }

        _dropout = innerDropout > 0 ? Track(new Dropout(innerDropout)) : null;
        Down = Track(new Dense(width, useBias: useBias, kernelInitializer: initializer, name: "down"));
    }

    internal Dense? Fused { get; }

    internal Dense? Gate { get; }

    internal Dense? Up { get; }

    internal Dense Down { get; }

    protected override Tensor Call(Tensor input)
    {
        Tensor gate, up;
        if (Fused is not null)
        {
            Tensor both = Fused.Apply(input);
            (gate, up) = (both.Narrow(-1, 0, _inner), both.Narrow(-1, _inner, _inner));
        }
        else
        {
            (gate, up) = (Gate!.Apply(input), Up!.Apply(input));
        }

        Tensor inner = _activation.Apply(gate) * up;
        return Down.Apply(_dropout is null ? inner : _dropout.Apply(inner));
    }
}
