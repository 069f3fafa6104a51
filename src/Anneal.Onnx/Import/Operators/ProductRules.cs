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
        string equation = call.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        string[] sides = equation.Split("->"), letters = sides[0].Split(',');
        if (sides.Length > 2 || letters.Length != call.Count || letters.Concat(sides[1..]).Any(l => !l.All(char.IsAsciiLetter) || l.Distinct().Count() != l.Length))
            throw call.Fail($"the equation \"{equation}\" does not name each axis of {call.Count} operands by a letter of its own, which is all that Anneal reads.");

        // Without an arrow the result has the letters that come once, in order.
        string result = sides.Length == 2 ? sides[1] : string.Concat(sides[0].Where(char.IsAsciiLetter).GroupBy(c => c).Where(g => g.Count() == 1).Select(g => g.Key).Order());
        if (!result.All(sides[0].Contains))
            throw call.Fail($"the equation \"{equation}\" has letters in its result that no operand has.");
        (Tensor product, string left) = (call[0], letters[0]);
        for (int i = 1; i < letters.Length; i++)
        {
            string later = result + string.Concat(letters[(i + 1)..]), kept = string.Concat((left + letters[i]).Distinct().Where(later.Contains));
            product = Tensor.Einsum($"{left},{letters[i]}->{kept}", product, call[i]);
            left = kept;
        }

        return [Ordered(call, product, left, result)];
    }

    /// <summary>Sums over the axes that a result lacks, and puts the others in its order.</summary>
    private static Tensor Ordered(OnnxCall call, Tensor x, string from, string to)
    {
        if (from.Length != x.Shape.Rank)
            throw call.Fail($"\"{from}\" does not name the axes of {x.Type}.");
        int[] gone = [.. Enumerable.Range(0, from.Length).Where(i => !to.Contains(from[i]))];
        string left = string.Concat(from.Where(to.Contains));
        x = gone.Length == 0 ? x : x.Sum(gone);
        return left == to ? x : x.Transpose([.. to.Select(c => left.IndexOf(c, StringComparison.Ordinal))]);
    }
}
