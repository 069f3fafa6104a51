namespace Anneal.Onnx;

/// <summary>Recurrent layers: a scan over the steps for each direction.</summary>
internal static class RecurrentRules
{
    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["LSTM"] = call => new Recurrence(call, gates: 4, states: 2, ["Sigmoid", "Tanh", "Tanh"]).Run(Lstm);
        rules["GRU"] = call => new Recurrence(call, gates: 3, states: 1, ["Sigmoid", "Tanh"]).Run(Gru);
        rules["RNN"] = call => new Recurrence(call, gates: 1, states: 1, ["Tanh"]).Run(Simple);
    }

    // Gates i, o, f, c.
    private static Func<Tensor, Tensor[], Tensor[]> Lstm(Recurrence r, int direction)
    {
        Tensor recurrent = r.Recurrent(direction);
        Tensor? peepholes = r.Peepholes(direction);
        long n = r.Size;
        bool coupled = r.Call.Flag("input_forget");
        return (gates, state) =>
        {
            Tensor all = gates + state[0].MatMul(recurrent, transposeOther: true), cell = state[1];
            Tensor Gate(int k) => all.Narrow(-1, k * n, n);
            Tensor Seen(int k, int hole, Tensor by) => r.Activate(direction, 0, peepholes is null ? Gate(k) : Gate(k) + by * peepholes.Narrow(0, hole * n, n));
            Tensor input = Seen(0, 0, cell);
            Tensor forget = coupled ? 1 - input : Seen(2, 2, cell);
            Tensor next = forget * cell + input * r.Activate(direction, 1, Gate(3));
            return [Seen(1, 1, next) * r.Activate(direction, 2, next), next];
        };
    }

    // Gates z, r, h.
    private static Func<Tensor, Tensor[], Tensor[]> Gru(Recurrence r, int direction)
    {
        Tensor recurrent = r.Recurrent(direction);
        long n = r.Size;
        bool resetsProduct = r.Call.Flag("linear_before_reset");

        // Where the reset comes after the product, the product's bias is reset with it.
        Tensor? own = resetsProduct ? r.RecurrentBias(direction)?.Narrow(0, 2 * n, n) : null;
        return (gates, state) =>
        {
            Tensor hidden = state[0];
            Tensor both = hidden.MatMul(recurrent.Narrow(0, 0, 2 * n), transposeOther: true);
            Tensor update = r.Activate(direction, 0, gates.Narrow(-1, 0, n) + both.Narrow(-1, 0, n));
            Tensor reset = r.Activate(direction, 0, gates.Narrow(-1, n, n) + both.Narrow(-1, n, n));
            Tensor last = recurrent.Narrow(0, 2 * n, n), product;
            if (resetsProduct)
            {
                product = hidden.MatMul(last, transposeOther: true);
                product = reset * (own is null ? product : product + own);
            }
            else
            {
                product = (reset * hidden).MatMul(last, transposeOther: true);
            }

            Tensor candidate = r.Activate(direction, 1, gates.Narrow(-1, 2 * n, n) + product);
            return [(1 - update) * candidate + update * hidden];
        };
    }

    private static Func<Tensor, Tensor[], Tensor[]> Simple(Recurrence r, int direction)
    {
        Tensor recurrent = r.Recurrent(direction);
        return (gates, state) => [r.Activate(direction, 0, gates + state[0].MatMul(recurrent, transposeOther: true))];
    }
}
