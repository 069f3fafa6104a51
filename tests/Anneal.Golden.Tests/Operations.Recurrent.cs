namespace Anneal.Golden.Tests;

/// <content>Recurrent networks, with PyTorch's names, gates and layouts.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Recurrent => new()
    {
        ["rnn"] = a =>
        {
            a.Require("nonlinearity", "tanh");
            return Stacked(a, 1, (input, recurrent, states) =>
            {
                Tensor state = RecurrentSteps.Simple(input, recurrent, Activation.Tanh);
                return (state, [state]);
            });
        },
        ["lstm"] = a => Stacked(a, 2, (input, recurrent, states) =>
        {
            (Tensor state, Tensor memory) = RecurrentSteps.Lstm(input + recurrent, states[1], Activation.Tanh, Activation.Sigmoid);
            return (state, [state, memory]);
        }),
        ["gru"] = a =>
        {
            Assert.True(a.Flag("reset_after"));
            return Stacked(a, 1, (input, recurrent, states) =>
            {
                Tensor state = RecurrentSteps.GruResetAfter(UpdateFirst(input), UpdateFirst(recurrent), states[0], Activation.Tanh, Activation.Sigmoid);
                return (state, [state]);
            });
        },
    };

    /// <summary>From the input's and the state's product, each with its bias, and the states to the output and the next states.</summary>
    private delegate (Tensor Output, IReadOnlyList<Tensor> States) TorchStep(Tensor input, Tensor recurrent, IReadOnlyList<Tensor> states);

    /// <summary>Layers on each other, in one or both directions: the outputs of the last, and the last states of all.</summary>
    private static Tensor[] Stacked(GoldenArguments a, int stateCount, TorchStep step)
    {
        Assert.True(a.Flag("batch_first"));
        int hidden = a.Integer("hidden"), layers = a.Integer("layers");
        bool[] directions = a.Flag("bidirectional") ? [false, true] : [false];
        Tensor sequence = a["x"].Transpose(1, 0, 2);
        var states = Enumerable.Range(0, stateCount).Select(_ => new List<Tensor>()).ToArray();
        for (int layer = 0; layer < layers; layer++)
        {
            var outputs = new List<Tensor>();
            foreach (bool reverse in directions)
            {
                Tensor Weight(string name) => a[FormattableString.Invariant($"{name}_l{layer}{(reverse ? "_reverse" : "")}")];
                Tensor kernel = Weight("weight_hh"), bias = Weight("bias_hh");
                Tensor projected = sequence.MatMul(Weight("weight_ih"), transposeOther: true) + Weight("bias_ih");
                Tensor[] initial = [.. states.Select(_ => Tensor.Zeros([sequence.Shape[1], hidden]))];
                RecurrenceResult result = new Recurrence { Name = a.ToString()!, Reverse = reverse, ReturnSequences = true }.Run(
                    projected, initial, (input, carried) => step(input, carried[0].MatMul(kernel, transposeOther: true) + bias, carried));
                outputs.Add(result.Sequence!);
                for (int i = 0; i < stateCount; i++)
                    states[i].Add(result.States[i]);
            }

            sequence = Tensor.Concat(2, [.. outputs]);
        }

        return [sequence.Transpose(1, 0, 2), .. states.Select(s => Tensor.Stack(0, [.. s]))];
    }

    /// <summary>PyTorch's gates of a GRU are reset, update, candidate; those of Keras update, reset, candidate.</summary>
    private static Tensor UpdateFirst(Tensor gates)
    {
        long units = gates.Shape[1] / 3;
        return Tensor.Concat(1, gates.Narrow(1, units, units), gates.Narrow(1, 0, units), gates.Narrow(1, 2 * units, units));
    }
}
