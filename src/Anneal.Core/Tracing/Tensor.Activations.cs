namespace Anneal;

/// <content>The functions that follow layers. Definitions, constants and the derivatives at kinks are PyTorch's.</content>
public sealed partial class Tensor
{
    private const double SeluScale = 1.0507009873554804934193349852946, SeluAlpha = 1.6732632423543772848170429916717;

    /// <summary>The smaller of 6 and the larger of x and 0; the derivative at 0 and 6 is 0.</summary>
    public static Tensor Relu6(Tensor x) => Select(NotNull(x).GreaterOrEqual(6), x.FillLike(6), Relu(x));

    /// <summary>x where it is positive, else x times <paramref name="negativeSlope"/>.</summary>
    public static Tensor LeakyRelu(Tensor x, double negativeSlope = 0.01) => Select(NotNull(x).GreaterThan(0), x, x * negativeSlope);

    /// <summary>x where it is positive, else <paramref name="alpha"/> · (exp(x) - 1).</summary>
    public static Tensor Elu(Tensor x, double alpha = 1)
    {
        Tensor positive = NotNull(x).GreaterThan(0);

        // The exponential sees the negative part only, so that it cannot overflow into the gradient of the other.
        return Select(positive, x, Expm1(Select(positive, x.FillLike(0), x)) * alpha);
    }

    /// <summary>1.0507 · (x where it is positive, else 1.67326 · (exp(x) - 1)): keeps mean 0 and variance 1 from layer to layer.</summary>
    public static Tensor Selu(Tensor x) => Elu(x, SeluAlpha) * SeluScale;

    /// <summary>x · Φ(x) with the normal distribution's Φ, exact: x / 2 · (1 + erf(x / √2)).</summary>
    public static Tensor Gelu(Tensor x) => x * 0.5 * (1 + Erf(x * Math.Sqrt(0.5)));

    /// <summary>x · Φ(x) with Φ approximated: x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).</summary>
    public static Tensor GeluTanh(Tensor x) => x * 0.5 * (1 + Tanh((x + x * x * x * 0.044715) * Math.Sqrt(2 / Math.PI)));

    /// <summary>x · sigmoid(x), also called swish.</summary>
    public static Tensor Silu(Tensor x) => x * Sigmoid(x);

    /// <summary>x · tanh(softplus(x)).</summary>
    public static Tensor Mish(Tensor x) => x * Tanh(Softplus(x));

    /// <summary>relu6(x + 3) / 6.</summary>
    public static Tensor HardSigmoid(Tensor x) => Relu6(x + 3) * (1.0 / 6);

    /// <summary>x · relu6(x + 3) / 6.</summary>
    public static Tensor HardSwish(Tensor x) => x * HardSigmoid(x);

    /// <summary>x / (1 + |x|).</summary>
    public static Tensor Softsign(Tensor x) => x / (1 + Abs(x));

    /// <summary>log(1 + exp(x)), without overflow.</summary>
    public static Tensor Softplus(Tensor x)
    {
        // Each branch is the whole function on its side, so the derivatives of every order hold at 0 too.
        Tensor positive = NotNull(x).GreaterOrEqual(0);
        return Select(positive, x, x.FillLike(0)) + Log1p(Exp(Select(positive, -x, x)));
    }

    /// <summary>log(sigmoid(x)), without overflow.</summary>
    public static Tensor LogSigmoid(Tensor x) => -Softplus(-x);
}
