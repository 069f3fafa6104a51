namespace Anneal.Onnx;

/// <summary>The functions that follow layers.</summary>
internal static class ActivationRules
{
    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        Unary(rules, "Relu", (x, _) => x.DType.IsFloating() ? Tensor.Relu(x) : Tensor.Maximum(x, x.FillLike(0)));
        Unary(rules, "Sigmoid", (x, _) => Tensor.Sigmoid(x));
        Unary(rules, "Softplus", (x, _) => Tensor.Softplus(x));
        Unary(rules, "Softsign", (x, _) => Tensor.Softsign(x));
        Unary(rules, "Mish", (x, _) => Tensor.Mish(x));
        Unary(rules, "HardSwish", (x, _) => Tensor.HardSwish(x));
        Unary(rules, "LeakyRelu", (x, call) => Tensor.LeakyRelu(x, call.Number("alpha", 0.01)));
        Unary(rules, "Elu", (x, call) => Tensor.Elu(x, call.Number("alpha", 1)));
        Unary(rules, "Selu", (x, call) => Tensor.Elu(x, call.Number("alpha", 1.6732632423543772)) * call.Number("gamma", 1.0507009873554805));
        Unary(rules, "Celu", (x, call) => call.Number("alpha", 1) is var alpha ? Tensor.Elu(x / alpha) * alpha : x);
        Unary(rules, "HardSigmoid", (x, call) => Tensor.Clamp(x * call.Number("alpha", 0.2) + call.Number("beta", 0.5), 0, 1));
        Unary(rules, "ThresholdedRelu", (x, call) => Tensor.Select(x.GreaterThan(call.Number("alpha", 1)), x, x.FillLike(0)));
        Unary(rules, "Swish", (x, call) => x * Tensor.Sigmoid(x * call.Number("alpha", 1)));
        Unary(rules, "Shrink", Shrink);
        Unary(rules, "Gelu", (x, call) => call.Text("approximate", "none") switch
        {
            "none" => Tensor.Gelu(x),
            "tanh" => Tensor.GeluTanh(x),
            var other => throw call.Fail($"approximate is '{other}', but Anneal has none and tanh."),
        });
        rules["PRelu"] = call =>
        {
            Tensor x = call[0];
            return [Tensor.Select(x.GreaterThan(0), x, x * call[1])];
        };
        rules["Softmax"] = call => [Normalized(call, (x, axis) => x.Softmax(axis))];
        rules["LogSoftmax"] = call => [Normalized(call, (x, axis) => x.LogSoftmax(axis))];
        rules["Hardmax"] = call => [Normalized(call, (x, axis) => Hardmax(x, axis))];
    }

    private static void Unary(Dictionary<string, OnnxRule> rules, string name, Func<Tensor, OnnxCall, Tensor> function) =>
        rules[name] = call => [function(call[0], call)];

    private static Tensor Shrink(Tensor x, OnnxCall call)
    {
        double lambda = call.Number("lambd", 0.5), bias = call.Number("bias", 0);
        return Tensor.Select(x.LessThan(-lambda), x + bias, Tensor.Select(x.GreaterThan(lambda), x - bias, x.FillLike(0)));
    }

    private static Tensor Hardmax(Tensor x, int axis)
    {
        Tensor hot = x.ArgMax(axis).OneHot(x.Shape[axis], x.DType);
        int[] order = [.. Enumerable.Range(0, axis), x.Shape.Rank - 1, .. Enumerable.Range(axis, x.Shape.Rank - 1 - axis)];
        return hot.Transpose(order);
    }

    /// <summary>Before version 13 the axis was the first of those that are normalized together.</summary>
    private static Tensor Normalized(OnnxCall call, Func<Tensor, int, Tensor> function)
    {
        Tensor x = call[0];
        int axis = call.Axis(call.Integer("axis", call.Opset < 13 ? 1 : -1), x.Shape.Rank);
        return call.Opset < 13 && axis < x.Shape.Rank - 1 ? function(x.Flatten(axis), axis).Reshape(x.Shape) : function(x, axis);
    }
}
