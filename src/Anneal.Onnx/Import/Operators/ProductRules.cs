namespace Anneal.Onnx;

/// <summary>Matrix products.</summary>
internal static class ProductRules
{
    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["MatMul"] = call => [call[0].MatMul(call[1])];
        rules["Gemm"] = Gemm;
        rules["Einsum"] = Einsum;
    }

    private static OnnxValue[] Gemm(OnnxCall call)
    {
        Tensor a = call[0], b = call[1];
        double alpha = call.Number("alpha", 1), beta = call.Number("beta", 1);
        bool transposeA = call.Flag("transA"), transposeB = call.Flag("transB");
        call.Ignore("broadcast");
        if (a.Shape.Rank != 2 || b.Shape.Rank != 2)
            throw call.Fail($"it needs two matrices, not {a.Type} and {b.Type}.");
        Tensor product = a.MatMul(b, transposeA, transposeB);
        if (alpha != 1)
            product *= alpha;
        if (call.Optional(2) is not { } c)
            return [product];
        if (!c.Shape.BroadcastsTo(product.Shape))
            throw call.Fail($"{c.Type} does not broadcast to the product {product.Type}.");
        return [product + (beta == 1 ? c : c * beta)];
    }

    private static OnnxValue[] Einsum(OnnxCall call)
    {
        string equation = call.Text("equation", "");
        if (call.Count != 2)
            throw call.Fail($"it has {call.Count} operands, but Anneal reads two.");
        return [Tensor.Einsum(equation, call[0], call[1])];
    }
}
