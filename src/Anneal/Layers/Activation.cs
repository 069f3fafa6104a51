namespace Anneal;

/// <summary>A function of each element (or, for the softmaxes, of each row) that follows a layer. Definitions and constants are PyTorch's.</summary>
public enum Activation
{
    /// <summary>x itself.</summary>
    Linear,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,

    /// <summary>x where it is positive, else x / 100.</summary>
    LeakyRelu,

    /// <summary>x where it is positive, else exp(x) - 1.</summary>
    Elu,

    /// <summary>1.0507 · (x where it is positive, else 1.67326 · (exp(x) - 1)).</summary>
    Selu,

    /// <summary>x · Φ(x) with the normal distribution's Φ, exact.</summary>
    Gelu,

    /// <summary>x · Φ(x) with Φ approximated by a hyperbolic tangent.</summary>
    GeluTanh,

    /// <summary>x · sigmoid(x).</summary>
    Silu,

    /// <summary>x · tanh(softplus(x)).</summary>
    Mish,

    /// <summary>1 / (1 + exp(-x)).</summary>
    Sigmoid,

    /// <summary>min(max(x + 3, 0), 6) / 6.</summary>
    HardSigmoid,

    /// <summary>x · hard sigmoid(x).</summary>
    HardSwish,

    /// <summary>log(1 + exp(x)).</summary>
    Softplus,

    /// <summary>log(1 / (1 + exp(-x))).</summary>
    LogSigmoid,

    /// <summary>x / (1 + |x|).</summary>
    Softsign,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh,

    /// <summary>exp(x) divided by its sum along the last axis.</summary>
    Softmax,

    /// <summary>The logarithm of the softmax along the last axis.</summary>
    LogSoftmax,

    /// <summary>e to the power of x.</summary>
    Exponential,
}

/// <summary>Applies activations.</summary>
public static class Activations
{
    /// <summary>The activation of each element of a floating-point tensor; the shape stays.</summary>
    /// <exception cref="OptionException">There is no such activation.</exception>
    public static Tensor Apply(this Activation activation, Tensor x) => activation switch
    {
        Activation.Linear => x,
        Activation.Relu => Tensor.Relu(x),
        Activation.Relu6 => Tensor.Relu6(x),
        Activation.LeakyRelu => Tensor.LeakyRelu(x),
        Activation.Elu => Tensor.Elu(x),
        Activation.Selu => Tensor.Selu(x),
        Activation.Gelu => Tensor.Gelu(x),
        Activation.GeluTanh => Tensor.GeluTanh(x),
        Activation.Silu => Tensor.Silu(x),
        Activation.Mish => Tensor.Mish(x),
        Activation.Sigmoid => Tensor.Sigmoid(x),
        Activation.HardSigmoid => Tensor.HardSigmoid(x),
        Activation.HardSwish => Tensor.HardSwish(x),
        Activation.Softplus => Tensor.Softplus(x),
        Activation.LogSigmoid => Tensor.LogSigmoid(x),
        Activation.Softsign => Tensor.Softsign(x),
        Activation.Tanh => Tensor.Tanh(x),
        Activation.Softmax => x.Softmax(),
        Activation.LogSoftmax => x.LogSoftmax(),
        Activation.Exponential => Tensor.Exp(x),
        _ => throw new OptionException($"{activation} is not an activation."),
    };
}
