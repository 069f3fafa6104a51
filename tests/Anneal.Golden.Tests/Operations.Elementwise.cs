namespace Anneal.Golden.Tests;

/// <content>Functions of each element.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Elementwise => new()
    {
        ["exp"] = Unary(Tensor.Exp),
        ["expm1"] = Unary(Tensor.Expm1),
        ["log"] = Unary(Tensor.Log),
        ["log1p"] = Unary(Tensor.Log1p),
        ["sqrt"] = Unary(Tensor.Sqrt),
        ["rsqrt"] = Unary(Tensor.Rsqrt),
        ["reciprocal"] = Unary(Tensor.Reciprocal),
        ["square"] = Unary(Tensor.Square),
        ["abs"] = Unary(Tensor.Abs),
        ["neg"] = Unary(x => -x),
        ["erf"] = Unary(Tensor.Erf),
        ["sin"] = Unary(Tensor.Sin),
        ["cos"] = Unary(Tensor.Cos),
        ["atan"] = Unary(Tensor.Atan),
        ["floor"] = Unary(Tensor.Floor),
        ["ceil"] = Unary(Tensor.Ceiling),
        ["round"] = Unary(Tensor.Round),
        ["sign"] = Unary(Tensor.Sign),
        ["clamp"] = One(a => Tensor.Clamp(a["x"], a.Number("min"), a.Number("max"))),
        ["add"] = Binary((a, b) => a + b),
        ["sub"] = Binary((a, b) => a - b),
        ["mul"] = Binary((a, b) => a * b),
        ["div"] = Binary((a, b) => a / b),
        ["maximum"] = Binary(Tensor.Maximum),
        ["minimum"] = Binary(Tensor.Minimum),
        ["pow"] = Binary(Tensor.Pow),
        ["where"] = One(a => Tensor.Select(a["c"].NotEqualTo(0), a["a"], a["b"])),
    };

    private static Dictionary<string, Runner> Activations => new()
    {
        ["relu"] = Unary(Tensor.Relu),
        ["relu6"] = Unary(Tensor.Relu6),
        ["leaky_relu"] = One(a => Tensor.LeakyRelu(a["x"], a.Number("negative_slope"))),
        ["elu"] = One(a => Tensor.Elu(a["x"], a.Number("alpha"))),
        ["selu"] = One(a =>
        {
            a.Require("alpha", "1.6732632423543772");
            a.Require("scale", "1.0507009873554805");
            return Tensor.Selu(a["x"]);
        }),
        ["gelu"] = One(a =>
        {
            a.Require("approximate", "none");
            return Tensor.Gelu(a["x"]);
        }),
        ["gelu_tanh"] = One(a =>
        {
            a.Require("approximate", "tanh");
            return Tensor.GeluTanh(a["x"]);
        }),
        ["silu"] = Unary(Tensor.Silu),
        ["mish"] = Unary(Tensor.Mish),
        ["sigmoid"] = Unary(Tensor.Sigmoid),
        ["hardsigmoid"] = Unary(Tensor.HardSigmoid),
        ["hardswish"] = Unary(Tensor.HardSwish),
        ["softsign"] = Unary(Tensor.Softsign),
        ["logsigmoid"] = Unary(Tensor.LogSigmoid),
        ["tanh"] = Unary(Tensor.Tanh),
        ["softplus"] = One(a =>
        {
            a.Require("beta", "1");

            // Above the threshold PyTorch takes x itself, which differs by less than 3e-9.
            a.Require("threshold", "20");
            return Tensor.Softplus(a["x"]);
        }),
    };
}
