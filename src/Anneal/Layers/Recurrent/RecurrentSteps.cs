namespace Anneal;

/// <summary>
/// The mathematics of recurrent cells. Products with the input and with the state come from outside, so that one definition serves every
/// layout of weights.
/// </summary>
internal static class RecurrentSteps
{
    /// <summary>A simple cell: <c>activation(projected + recurrent)</c>.</summary>
    /// <param name="projected">The input's product, <c>[batch, units]</c>, with its bias.</param>
    /// <param name="recurrent">The state's product, <c>[batch, units]</c>.</param>
    /// <param name="activation">Makes the next state.</param>
    internal static Tensor Simple(Tensor projected, Tensor recurrent, Activation activation) => activation.Apply(projected + recurrent);

    /// <summary>Long short-term memory (Hochreiter, Schmidhuber, 1997; forget gate by Gers et al., 2000).</summary>
    /// <param name="gates">The sum of both products, <c>[batch, 4 · units]</c>: input gate, forget gate, candidate, output gate.</param>
    /// <param name="memory">The cell state <c>[batch, units]</c>.</param>
    /// <param name="activation">Of the candidate and of the memory that is shown.</param>
    /// <param name="recurrentActivation">Of the gates.</param>
    internal static (Tensor State, Tensor Memory) Lstm(Tensor gates, Tensor memory, Activation activation, Activation recurrentActivation)
    {
        long units = memory.Shape[1];
        Tensor Part(int i) => gates.Narrow(1, i * units, units);
        Tensor input = recurrentActivation.Apply(Part(0)), forget = recurrentActivation.Apply(Part(1));
        Tensor next = forget * memory + input * activation.Apply(Part(2));
        return (recurrentActivation.Apply(Part(3)) * activation.Apply(next), next);
    }

    /// <summary>A gated recurrent unit (Cho et al., 2014) whose reset gate acts on the state's product.</summary>
    /// <param name="projected">The input's product, <c>[batch, 3 · units]</c>: update gate, reset gate, candidate.</param>
    /// <param name="recurrent">The state's product, likewise, with its own bias.</param>
    /// <param name="state">The state <c>[batch, units]</c>.</param>
    /// <param name="activation">Of the candidate.</param>
    /// <param name="recurrentActivation">Of the gates.</param>
    internal static Tensor GruResetAfter(Tensor projected, Tensor recurrent, Tensor state, Activation activation, Activation recurrentActivation)
    {
        long units = state.Shape[1];
        Tensor Part(Tensor x, int i) => x.Narrow(1, i * units, units);
        Tensor update = recurrentActivation.Apply(Part(projected, 0) + Part(recurrent, 0));
        Tensor reset = recurrentActivation.Apply(Part(projected, 1) + Part(recurrent, 1));
        return Mix(update, state, activation.Apply(Part(projected, 2) + reset * Part(recurrent, 2)));
    }

    /// <summary>A gated recurrent unit whose reset gate acts on the state before its product, as first published.</summary>
    /// <param name="projected">The input's product, <c>[batch, 3 · units]</c>: update gate, reset gate, candidate.</param>
    /// <param name="recurrent">The state's product for the two gates, <c>[batch, 2 · units]</c>.</param>
    /// <param name="state">The state <c>[batch, units]</c>.</param>
    /// <param name="candidate">From the reset gate to the product of the state that it lets through, <c>[batch, units]</c>.</param>
    /// <param name="activation">Of the candidate.</param>
    /// <param name="recurrentActivation">Of the gates.</param>
    internal static Tensor GruResetBefore(
        Tensor projected, Tensor recurrent, Tensor state, Func<Tensor, Tensor> candidate, Activation activation, Activation recurrentActivation)
    {
        long units = state.Shape[1];
        Tensor gates = recurrentActivation.Apply(projected.Narrow(1, 0, 2 * units) + recurrent);
        Tensor update = gates.Narrow(1, 0, units), reset = gates.Narrow(1, units, units);
        return Mix(update, state, activation.Apply(projected.Narrow(1, 2 * units, units) + candidate(reset)));
    }

    private static Tensor Mix(Tensor update, Tensor state, Tensor candidate) => update * state + (1 - update) * candidate;
}
