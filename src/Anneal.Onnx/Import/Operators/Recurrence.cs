namespace Anneal.Onnx;

/// <summary>What the recurrent operators have in common: inputs, directions, lengths, the loop over the steps.</summary>
internal sealed class Recurrence
{
    private const int SequenceLengths = 4, InitialHidden = 5, InitialCell = 6, PeepholeWeights = 7;
    private readonly int _gates, _states;
    private readonly string[] _activations;
    private readonly bool _batchFirst, _resetsProduct;
    private readonly double _clip;
    private readonly Tensor _x, _w, _r;
    private readonly Tensor? _bias;

    internal Recurrence(OnnxCall call, int gates, int states, string[] activations)
    {
        (Call, _gates, _states) = (call, gates, states);
        _batchFirst = call.Flag("layout");
        _x = call[0];
        if (_x.Shape.Rank != 3)
            throw call.Fail($"it needs [time, batch, features], not {_x.Type}.");
        if (_batchFirst)
            _x = _x.Transpose(1, 0, 2);
        (_w, _r, _bias) = (call[1], call[2], call.Optional(3));
        Directions = call.Text("direction", "forward") switch
        {
            "forward" => [false],
            "reverse" => [true],
            "bidirectional" => [false, true],
            var other => throw call.Fail($"the direction is '{other}', which the format does not have."),
        };
        Size = _r.Shape.Rank == 3 ? _r.Shape[2] : 0;
        if (call.Integer("hidden_size", Size) != Size || _w.Shape != new Shape(Directions.Length, gates * Size, _x.Shape[2]) || _r.Shape != new Shape(Directions.Length, gates * Size, Size)
            || (_bias is not null && _bias.Shape != new Shape(Directions.Length, 2 * gates * Size)))
        {
            throw call.Fail($"weights of {_w.Type} and {_r.Type} and biases of {_bias?.Type.ToString() ?? "none"} do not fit {_x.Type}.");
        }

        List<string>? named = call.OptionalTexts("activations");
        _activations = named is null ? [.. Directions.SelectMany(_ => activations)] : [.. named];
        if (_activations.Length != activations.Length * Directions.Length || call.OptionalNumbers("activation_alpha") is { Length: > 0 } || call.OptionalNumbers("activation_beta") is { Length: > 0 })
            throw call.Fail("its activations are not one for each use, or have numbers of their own, which Anneal does not read.");
        _clip = call.Number("clip", 0);
        _resetsProduct = gates == 3 && call.Flag("linear_before_reset");
    }

    internal OnnxCall Call { get; }

    internal bool[] Directions { get; }

    /// <summary>The features of the state.</summary>
    internal long Size { get; }

    internal Tensor Recurrent(int direction) => Of(_r, direction);

    internal Tensor? RecurrentBias(int direction) => _bias is null ? null : Of(_bias, direction).Narrow(0, _gates * Size, _gates * Size);

    internal Tensor? Peepholes(int direction)
    {
        if (Call.Optional(PeepholeWeights) is not { } weights)
            return null;
        return weights.Shape == new Shape(Directions.Length, 3 * Size) ? Of(weights, direction) : throw Call.Fail($"peepholes of {weights.Type} do not fit.");
    }

    internal Tensor Activate(int direction, int use, Tensor x)
    {
        if (_clip > 0)
            x = Tensor.Clamp(x, -_clip, _clip);
        return _activations[direction * (_activations.Length / Directions.Length) + use].ToLowerInvariant() switch
        {
            "sigmoid" => Tensor.Sigmoid(x),
            "tanh" => Tensor.Tanh(x),
            "relu" => Tensor.Relu(x),
            "hardsigmoid" => Tensor.Clamp(x * 0.2 + 0.5, 0, 1),
            "elu" => Tensor.Elu(x),
            "leakyrelu" => Tensor.LeakyRelu(x),
            "softsign" => Tensor.Softsign(x),
            "softplus" => Tensor.Softplus(x),
            var other => throw Call.Fail($"the activation is '{other}', which Anneal does not read."),
        };
    }

    /// <summary>Runs all directions.</summary>
    /// <param name="stepOf">For a direction: from a step's gates <c>[batch, gates · size]</c>, without what comes from the state, and the states to new states.</param>
    internal OnnxValue[] Run(Func<Recurrence, int, Func<Tensor, Tensor[], Tensor[]>> stepOf)
    {
        var outputs = new List<Tensor>();
        var finals = new List<Tensor>[_states];
        for (int s = 0; s < _states; s++)
            finals[s] = [];
        for (int d = 0; d < Directions.Length; d++)
        {
            (Tensor[] last, Tensor all) = Run(d, stepOf(this, d));
            outputs.Add(all);
            for (int s = 0; s < _states; s++)
                finals[s].Add(last[s]);
        }

        Tensor y = Tensor.Stack(1, [.. outputs]);
        if (_batchFirst)
            y = y.Transpose(2, 0, 1, 3);
        return [y, .. finals.Select(f => (OnnxValue)Tensor.Stack(_batchFirst ? 1 : 0, [.. f]))];
    }

    private (Tensor[] Last, Tensor All) Run(int direction, Func<Tensor, Tensor[], Tensor[]> step)
    {
        Tensor gates = _x.MatMul(Of(_w, direction), transposeOther: true);
        if (_bias is not null)
            gates += InputBias(direction);
        Tensor[] initial = [.. Enumerable.Range(0, _states).Select(s => Initial(direction, s))];
        var sequences = new List<Tensor> { gates };
        if (Call.Optional(SequenceLengths) is { } lengths)
            sequences.Add(Tensor.Range(_x.Shape[0], lengths.DType).ExpandAxis(-1).LessThan(lengths).ExpandAxis(-1));
        (Tensor[] last, Tensor[] all) = Tensor.Scan(
            (carries, elements) =>
            {
                Tensor[] next = step(elements[0], carries);
                if (elements.Length == 1)
                    return (next, [next[0]]);

                // Beyond a text's length its state stays, and its outputs are 0.
                Tensor counts = elements[1];
                return ([.. next.Select((n, i) => Tensor.Select(counts, n, carries[i]))], [Tensor.Select(counts, next[0], next[0].FillLike(0))]);
            },
            initial, sequences, Directions[direction]);
        return (last, all[0]);
    }

    /// <summary>Both biases as far as they are added to the input's product.</summary>
    private Tensor InputBias(int direction)
    {
        Tensor both = Of(_bias!, direction), input = both.Narrow(0, 0, _gates * Size), recurrent = RecurrentBias(direction)!;
        if (!_resetsProduct)
            return input + recurrent;
        Tensor added = recurrent.Narrow(0, 0, 2 * Size);
        return Tensor.Concat(0, input.Narrow(0, 0, 2 * Size) + added, input.Narrow(0, 2 * Size, Size));
    }

    private Tensor Initial(int direction, int state)
    {
        Shape shape = [_x.Shape[1], Size];
        if (Call.Optional(state == 0 ? InitialHidden : InitialCell) is not { } given)
            return Tensor.Zeros(shape, _x.DType);
        Tensor first = _batchFirst ? given.Transpose(1, 0, 2) : given;
        return first.Shape == new Shape(Directions.Length).Concat(shape) ? Of(first, direction) : throw Call.Fail($"an initial state of {given.Type} does not fit.");
    }

    private static Tensor Of(Tensor directions, int direction) => directions.Narrow(0, direction, 1).Reshape(directions.Shape[1..]);
}
