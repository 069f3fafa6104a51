namespace Anneal.Tests;

/// <content>Recurrent layers.</content>
internal static partial class LayerCases
{
    private static readonly TensorType Steps = new(DType.Float32, [4, 5, 3]);

    private static LayerCase[] Recurrent =>
    [
        new(() => new SimpleRnn(2), Steps)
        {
            IsRandom = true,
            Variants =
            [
                ("units", () => new SimpleRnn(3)),
                ("activation", () => new SimpleRnn(2, Activation.Sigmoid)),
                ("useBias", () => new SimpleRnn(2, useBias: false)),
                ("kernelInitializer", () => new SimpleRnn(2, kernelInitializer: new RandomNormal())),
                ("recurrentInitializer", () => new SimpleRnn(2, recurrentInitializer: new RandomNormal())),
                ("biasInitializer", () => new SimpleRnn(2, biasInitializer: new Constant(0.5))),
                ("dropout", () => new SimpleRnn(2, dropout: 0.4)),
                ("recurrentDropout", () => new SimpleRnn(2, recurrentDropout: 0.4)),
                ("returnSequences", () => new SimpleRnn(2, returnSequences: true)),
                ("returnState", () => new SimpleRnn(2, returnState: true)),
                ("goBackwards", () => new SimpleRnn(2, goBackwards: true)),
                ("goBackwards", () => new SimpleRnn(2, returnSequences: true, goBackwards: true)),
                ("useRecurrentBias", () => new SimpleRnn(2, useRecurrentBias: true)),
            ],
        },
        new(() => new Lstm(2), Steps)
        {
            IsRandom = true,
            Variants =
            [
                ("units", () => new Lstm(3)),
                ("activation", () => new Lstm(2, Activation.Sigmoid)),
                ("recurrentActivation", () => new Lstm(2, recurrentActivation: Activation.Tanh)),
                ("useBias", () => new Lstm(2, useBias: false)),
                ("kernelInitializer", () => new Lstm(2, kernelInitializer: new RandomNormal())),
                ("recurrentInitializer", () => new Lstm(2, recurrentInitializer: new RandomNormal())),
                ("biasInitializer", () => new Lstm(2, biasInitializer: new Constant(0.5))),
                ("unitForgetBias", () => new Lstm(2, unitForgetBias: false)),
                ("dropout", () => new Lstm(2, dropout: 0.4)),
                ("recurrentDropout", () => new Lstm(2, recurrentDropout: 0.4)),
                ("returnSequences", () => new Lstm(2, returnSequences: true)),
                ("returnState", () => new Lstm(2, returnState: true)),
                ("goBackwards", () => new Lstm(2, goBackwards: true)),
                ("useRecurrentBias", () => new Lstm(2, useRecurrentBias: true)),
            ],
        },
        new(() => new Gru(2), Steps)
        {
            IsRandom = true,
            Variants =
            [
                ("units", () => new Gru(3)),
                ("activation", () => new Gru(2, Activation.Sigmoid)),
                ("recurrentActivation", () => new Gru(2, recurrentActivation: Activation.Tanh)),
                ("useBias", () => new Gru(2, useBias: false)),
                ("kernelInitializer", () => new Gru(2, kernelInitializer: new RandomNormal())),
                ("recurrentInitializer", () => new Gru(2, recurrentInitializer: new RandomNormal())),
                ("biasInitializer", () => new Gru(2, biasInitializer: new Constant(0.5))),
                ("dropout", () => new Gru(2, dropout: 0.4)),
                ("recurrentDropout", () => new Gru(2, recurrentDropout: 0.4)),
                ("returnSequences", () => new Gru(2, returnSequences: true)),
                ("returnState", () => new Gru(2, returnState: true)),
                ("goBackwards", () => new Gru(2, goBackwards: true)),
                ("resetAfter", () => new Gru(2, resetAfter: false)),
                ("resetAfter", () => new Gru(2, recurrentDropout: 0.4, returnSequences: true, resetAfter: false)),
            ],
        },

        // First states are given as further inputs.
        new(() => new Lstm(2, returnSequences: true, returnState: true), Steps, new TensorType(DType.Float32, [4, 2]), new TensorType(DType.Float32, [4, 2])),
        new(() => new Rnn(new LeakyCell(2)), Steps)
        {
            Variants =
            [
                ("cell", () => new Rnn(new LeakyCell(3))),
                ("returnSequences", () => new Rnn(new LeakyCell(2), returnSequences: true)),
                ("returnState", () => new Rnn(new LeakyCell(2), returnState: true)),
                ("goBackwards", () => new Rnn(new LeakyCell(2), goBackwards: true)),
            ],
        },
        new(() => new Bidirectional(new Gru(2)), Steps)
        {
            Variants =
            [
                ("layer", () => new Bidirectional(new Lstm(2, returnSequences: true, returnState: true))),
                ("layer", () => new Bidirectional(new Rnn(new LeakyCell(2)))),
                ("mergeMode", () => new Bidirectional(new Gru(2), BidirectionalMerge.Sum)),
                ("mergeMode", () => new Bidirectional(new Gru(2), BidirectionalMerge.Multiply)),
                ("mergeMode", () => new Bidirectional(new Gru(2), BidirectionalMerge.Average)),
                ("backwardLayer", () => new Bidirectional(new Gru(2), backwardLayer: new SimpleRnn(3, goBackwards: true))),
            ],
        },
        new(() => new TimeDistributed(new Dense(2)), Steps)
        {
            Variants = [("layer", () => new TimeDistributed(new Dense(2, Activation.Tanh)))],
        },
    ];
}

/// <summary>A cell of two states, neither of which is its output.</summary>
internal sealed class LeakyCell : RecurrentCell
{
    private readonly int _units;
    private Parameter? _kernel, _rate;

    static LeakyCell() => LayerRegistry.Register(nameof(LeakyCell), config => new LeakyCell(config.GetInt32("units")));

    internal LeakyCell(int units) => _units = units;

    public override IReadOnlyList<Shape> StateShapes => [_units, Shape.Scalar];

    public override Shape OutputShape => [_units, 2];

    protected override void Build(Shape inputShape)
    {
        _kernel = AddParameter("kernel", [inputShape[^1], _units], Initializer.GlorotUniform);
        _rate = AddParameter("rate", _units, new Constant(0.3));
    }

    protected override (Tensor Output, IReadOnlyList<Tensor> States) Step(Tensor input, IReadOnlyList<Tensor> states)
    {
        Tensor rate = Tensor.Sigmoid(_rate!);
        Tensor state = Tensor.Tanh(input.MatMul(_kernel!)) * rate + states[0] * (1 - rate);
        Tensor total = states[1] + state.Sum([1]);
        return (Tensor.Stack(2, state, state * total.ExpandAxis(1)), [state, total]);
    }

    protected internal override void WriteConfig(LayerConfig config) => config.Set("units", _units);
}
