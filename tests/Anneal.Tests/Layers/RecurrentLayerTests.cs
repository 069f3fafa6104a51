using Anneal.Cpu;
using Anneal.Graphs;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Recurrent layers: equations, masks, states, directions, dropout, and what is refused.</summary>
public sealed class RecurrentLayerTests
{
    private const int Batch = 3, Time = 5, Features = 4, Units = 2;

    private static readonly TensorType Sequence = new(DType.Float32, [Batch, Time, Features]);

    private static double[] Input => Values.Uniform(Batch * Time * Features, -1, 1, 7);

    /// <summary>Evaluates a function of the input by the reference.</summary>
    private static double[][] Evaluate(Func<Tensor, IReadOnlyList<Tensor>> function, double[]? input = null, bool training = false)
    {
        State? random = training ? new State(TensorData.From<long>([5, 3]), "random") : null;
        return ReferenceDevice.Evaluate(Graph.Of("layer", [Sequence], x => function(x[0]), training, random), [input ?? Input]);
    }

    private static Tensor Masked(Tensor input, params long[] lengths)
    {
        Tensor masked = input * 1;
        Tensor limits = Tensor.From(lengths).ExpandAxis(1).BroadcastTo([Batch, Time]);
        Masks.Attach(masked, Tensor.Range(Time, DType.Int64).BroadcastTo([Batch, Time]).LessThan(limits));
        return masked;
    }

    private static double[] Doubles(Parameter? parameter) => Values.ToDoubles(parameter!.Value);

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double Dot(double[] x, int start, int count, double[] kernel, int columns, int column) =>
        Enumerable.Range(0, count).Sum(i => x[start + i] * kernel[i * columns + column]);

    [Fact]
    public void AnLstmFollowsItsEquations()
    {
        var layer = new Lstm(Units, returnSequences: true, returnState: true, biasInitializer: new RandomNormal(0, 0.5), useRecurrentBias: true);
        double[][] results = Evaluate(x => layer.ApplyAll([x]));
        double[] kernel = Doubles(layer.Kernel), recurrent = Doubles(layer.RecurrentKernel);
        double[] bias = [.. Doubles(layer.Bias).Zip(Doubles(layer.RecurrentBias), (a, b) => a + b)];
        Assert.Equal([1, 1], Doubles(layer.Bias)[2..4]);
        for (int b = 0; b < Batch; b++)
        {
            double[] h = new double[Units], c = new double[Units];
            for (int t = 0; t < Time; t++)
            {
                double[] before = [.. h];
                for (int u = 0; u < Units; u++)
                {
                    double Gate(int gate) => bias[gate * Units + u] + Dot(Input, (b * Time + t) * Features, Features, kernel, 4 * Units, gate * Units + u)
                        + Dot(before, 0, Units, recurrent, 4 * Units, gate * Units + u);
                    c[u] = Sigmoid(Gate(1)) * c[u] + Sigmoid(Gate(0)) * Math.Tanh(Gate(2));
                    h[u] = Sigmoid(Gate(3)) * Math.Tanh(c[u]);
                    Assert.Equal(h[u], results[0][(b * Time + t) * Units + u], 1e-12);
                }
            }

            Assert.Equal(h, results[1][(b * Units)..((b + 1) * Units)], (x, y) => Math.Abs(x - y) < 1e-12);
            Assert.Equal(c, results[2][(b * Units)..((b + 1) * Units)], (x, y) => Math.Abs(x - y) < 1e-12);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AGruFollowsItsEquations(bool resetAfter)
    {
        var layer = new Gru(Units, biasInitializer: new RandomNormal(0, 0.5), resetAfter: resetAfter);
        double[] last = Evaluate(x => [layer.Apply(x)])[0];
        double[] kernel = Doubles(layer.Kernel), recurrent = Doubles(layer.RecurrentKernel), bias = Doubles(layer.Bias);
        Assert.Equal(resetAfter ? [2, 3 * Units] : 3 * Units, layer.Bias!.Shape);
        for (int b = 0; b < Batch; b++)
        {
            double[] h = new double[Units];
            for (int t = 0; t < Time; t++)
            {
                double X(int gate, int u) => bias[gate * Units + u] + Dot(Input, (b * Time + t) * Features, Features, kernel, 3 * Units, gate * Units + u);
                double H(double[] state, int gate, int u) => Dot(state, 0, Units, recurrent, 3 * Units, gate * Units + u)
                    + (resetAfter ? bias[3 * Units + gate * Units + u] : 0);
                double[] z = [.. Enumerable.Range(0, Units).Select(u => Sigmoid(X(0, u) + H(h, 0, u)))];
                double[] r = [.. Enumerable.Range(0, Units).Select(u => Sigmoid(X(1, u) + H(h, 1, u)))];
                double[] reset = [.. r.Zip(h, (a, s) => a * s)];
                h = [.. Enumerable.Range(0, Units).Select(u =>
                {
                    double candidate = Math.Tanh(X(2, u) + (resetAfter ? r[u] * H(h, 2, u) : H(reset, 2, u)));
                    return z[u] * h[u] + (1 - z[u]) * candidate;
                })];
            }

            Assert.Equal(h, last[(b * Units)..((b + 1) * Units)], (a, c) => Math.Abs(a - c) < 1e-12);
        }
    }

    public static TheoryData<string> Kinds() => ["rnn", "lstm", "gru", "gru before", "cell"];

    private static UnidirectionalLayer Make(string kind, bool sequences = false, bool state = false, bool backwards = false) => kind switch
    {
        "rnn" => new SimpleRnn(Units, returnSequences: sequences, returnState: state, goBackwards: backwards),
        "lstm" => new Lstm(Units, returnSequences: sequences, returnState: state, goBackwards: backwards),
        "gru" => new Gru(Units, returnSequences: sequences, returnState: state, goBackwards: backwards),
        "gru before" => new Gru(Units, returnSequences: sequences, returnState: state, goBackwards: backwards, resetAfter: false),
        _ => new Rnn(new LeakyCell(Units), sequences, state, backwards),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AMaskedSequenceGivesWhatItsFirstStepsGive(string kind)
    {
        UnidirectionalLayer layer = Make(kind, sequences: true, state: true);
        double[][] masked = Evaluate(x => layer.ApplyAll([Masked(x, 3, 5, 1)]));
        long[] lengths = [3, 5, 1];
        for (int b = 0; b < Batch; b++)
        {
            long length = lengths[b];
            double[][] alone = Evaluate(x => layer.ApplyAll([x.Narrow(0, b, 1).Narrow(1, 0, length)]));
            int width = masked[0].Length / Batch / Time;
            for (int t = 0; t < Time; t++)
            {
                int from = (int)Math.Min(t, length - 1) * width;
                Assert.Equal(alone[0][from..(from + width)], masked[0][((b * Time + t) * width)..((b * Time + t + 1) * width)]);
            }

            for (int s = 1; s < masked.Length; s++)
            {
                int size = alone[s].Length;
                Assert.Equal(alone[s], masked[s][(b * size)..((b + 1) * size)]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AMaskedSequenceIsReadBackwardsFromItsLastStepThatCounts(string kind)
    {
        UnidirectionalLayer layer = Make(kind, backwards: true, state: true);
        double[][] masked = Evaluate(x => layer.ApplyAll([Masked(x, 2, 4, 5)]));
        long[] lengths = [2, 4, 5];
        for (int b = 0; b < Batch; b++)
        {
            double[][] alone = Evaluate(x => layer.ApplyAll([x.Narrow(0, b, 1).Narrow(1, 0, lengths[b])]));
            for (int i = 0; i < alone.Length; i++)
                Assert.Equal(alone[i], masked[i][(b * alone[i].Length)..((b + 1) * alone[i].Length)]);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhereNoStepCountsTheFirstStateRemains(string kind)
    {
        UnidirectionalLayer layer = Make(kind, state: true);
        double[][] results = Evaluate(x =>
        {
            Tensor[] states = [.. StatesFor(kind).Select((s, i) => Tensor.Full(s, 0.5 + i))];
            return layer.ApplyAll([Masked(x, 0, 0, 0), .. states]);
        });
        for (int i = 1; i < results.Length; i++)
            Assert.All(results[i], v => Assert.Equal(0.5 + i - 1, v));

        // The output is the first state, or was never computed.
        Assert.All(results[0], v => Assert.Equal(kind == "cell" ? 0 : 0.5, v));
    }

    private static Shape[] StatesFor(string kind) => kind switch
    {
        "lstm" => [[Batch, Units], [Batch, Units]],
        "cell" => [[Batch, Units], [Batch]],
        _ => [[Batch, Units]],
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void StatesLetASequenceBeReadInParts(string kind)
    {
        UnidirectionalLayer layer = Make(kind, sequences: true, state: true);
        double[][] whole = Evaluate(x => layer.ApplyAll([x]));
        double[][] parts = Evaluate(x =>
        {
            (Tensor first, IReadOnlyList<Tensor> states) = layer.ApplyWithStates(x.Narrow(1, 0, 2));
            (Tensor second, states) = layer.ApplyWithStates(x.Narrow(1, 2, 3), states);
            return [Tensor.Concat(1, first, second), .. states];
        });
        Assert.Equal(whole, parts);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void GoingBackwardsIsReadingTheReversedSequence(string kind)
    {
        UnidirectionalLayer forward = Make(kind, sequences: true), backward = Make(kind, sequences: true, backwards: true);
        Evaluate(x => [forward.Apply(x), backward.Apply(x)]);
        foreach ((Parameter from, Parameter to) in forward.Parameters.Zip(backward.Parameters))
            to.Value = from.Value;
        double[][] results = Evaluate(x => [forward.Apply(x.Flip(1)), backward.Apply(x)]);
        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void ABidirectionalLayerReadsMasksInBothDirections()
    {
        var layer = new Bidirectional(new Gru(Units, returnSequences: true));
        double[][] results = Evaluate(x =>
        {
            Tensor output = layer.Apply(Masked(x, 2, 5, 4));
            return [output, Masks.Of(output)!.Cast(DType.Float32)];
        });
        double[] alone = Evaluate(x => [layer.Apply(x.Narrow(0, 0, 1).Narrow(1, 0, 2))])[0];
        Assert.Equal(alone, results[0][..(2 * 2 * Units)]);
        Assert.Equal([1, 1, 0, 0, 0], results[1][..5]);
        Assert.Equal("forward_gru", layer.Forward.Name);
        Assert.Equal("backward_gru", layer.Backward.Name);
    }

    [Fact]
    public void ABidirectionalLayerJoinsWhatItsLayersGive()
    {
        var forward = new Lstm(Units, returnState: true);
        var backward = new Lstm(Units, returnState: true, goBackwards: true);
        var layer = new Bidirectional(forward, BidirectionalMerge.Concat, backward);
        double[][] results = Evaluate(x =>
        {
            (Tensor output, IReadOnlyList<Tensor> states) = layer.ApplyWithStates(x);
            return [output, .. states, forward.Apply(x), backward.Apply(x)];
        });
        Assert.Equal(4, layer.StateCount);
        Assert.Equal(results[1], results[5]);
        Assert.Equal(results[3], results[6]);
        Assert.Equal(results[5][..Units], results[0][..Units]);
        Assert.Equal(results[6][..Units], results[0][Units..(2 * Units)]);
    }

    [Fact]
    public void FunctionalModelsHandStatesOn()
    {
        var encoded = new Input([Time, Features]);
        var decoded = new Input([3, 2]);
        var encoder = new Lstm(4, returnState: true, name: "encoder");
        var decoder = new Lstm(4, returnSequences: true, name: "decoder");
        (LayerOutput _, IReadOnlyList<LayerOutput> states) = encoder.ApplyWithStates(encoded.Output);
        LayerOutput output = new Dense(2).Apply(decoder.Apply(decoded.Output, states));
        var model = new Model([encoded, decoded], [output]);
        Assert.Equal([3, 2], output.Shape);
        model.Compile(new Adam(0.01), Loss.MeanSquaredError());
        var data = new ArrayDataset(
            [Values.ToData(Input, Sequence), Values.ToData(Values.Uniform(18, -1, 1, 3), new TensorType(DType.Float32, [3, 3, 2]))],
            [Values.ToData(Values.Uniform(18, -1, 1, 4), new TensorType(DType.Float32, [3, 3, 2]))]);
        double before = model.Evaluate(data)["loss"];
        model.Fit(data, new FitOptions { Epochs = 20, BatchSize = 3, Verbosity = Verbosity.Silent });
        Assert.True(model.Evaluate(data)["loss"] < before);
        TensorData expected = model.PredictAll(data)[0];
        using var folder = new TestFolder();
        model.Save(folder.Path);
        Assert.Equal(expected.AsBytes(), Model.Load(folder.Path).PredictAll(data)[0].AsBytes());
    }

    [Fact]
    public void StackedLayersHandTheMaskOfAnEmbeddingOn()
    {
        var model = new Sequential(new Input([4], DType.Int32), new Embedding(9, 3, maskZero: true), new Lstm(3, returnSequences: true), new Gru(2), new Dense(2));
        model.Compile(new Sgd(0.1), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        TensorData predicted = model.PredictAll(new ArrayDataset([TensorData.From(new int[,] { { 3, 5, 0, 0 }, { 3, 5, 1, 2 } })], []))[0];
        TensorData alone = model.PredictAll(new ArrayDataset([TensorData.From(new int[,] { { 3, 5, 0, 0 } })], []))[0];
        Assert.Equal(alone.ToArray<float>(), predicted.ToArray<float>()[..2]);
    }

    [Fact]
    public void DropoutDropsTheSameUnitsAtAllSteps()
    {
        // With weights of one the output shows what remains of the input.
        var layer = new SimpleRnn(
            1, Activation.Linear, useBias: false, kernelInitializer: Initializer.Ones, recurrentInitializer: Initializer.Zeros, dropout: 0.5, returnSequences: true);
        double[] input = [.. Enumerable.Range(0, Batch * Time * Features).Select(i => Math.Pow(2, i % Features))];
        double[] trained = Evaluate(x => [layer.Apply(x)], input, training: true)[0];
        for (int b = 0; b < Batch; b++)
            Assert.Single(trained[(b * Time)..((b + 1) * Time)].Distinct());
        Assert.True(trained.Distinct().Count() > 1);
        Assert.All(Evaluate(x => [layer.Apply(x)], input)[0], v => Assert.Equal(15, v));
    }

    [Fact]
    public void RecurrentDropoutDropsUnitsOfTheStateInTrainingOnly()
    {
        var layer = new SimpleRnn(
            6, Activation.Linear, useBias: false, kernelInitializer: Initializer.Ones, recurrentInitializer: Initializer.Ones, recurrentDropout: 0.5, returnSequences: true);
        double[] input = [.. Enumerable.Repeat(0.25, Batch * Time * Features)];
        double[] trained = Evaluate(x => [layer.Apply(x)], input, training: true)[0];

        // h grows by a factor that is the same at all steps: twice the number of units that are kept.
        double[] states = [.. Enumerable.Range(0, Time).Select(t => trained[t * 6])];
        double factor = states[1] - 1;
        Assert.Contains(factor, Enumerable.Range(0, 7).Select(kept => 2.0 * kept));
        for (int t = 1; t < Time; t++)
            Assert.Equal(1 + factor * states[t - 1], states[t], 1e-6 * Math.Abs(states[t]));
        Assert.Equal(1 + 6, Evaluate(x => [layer.Apply(x)], input)[0][6], 1e-9);
    }

    [Fact]
    public void AStepIsOneProductAndOneLoop()
    {
        var layer = new Lstm(Units);
        Graph graph = Passes.Pipeline.Optimize(LayerHarness.Trace(layer, [Sequence], training: false));
        Ops.Scan scan = Assert.Single(graph.Nodes.Select(n => n.Op).OfType<Ops.Scan>());
        Planning.Plan plan = Planning.Planner.Plan(scan.Inner, new CpuDevice().CanFuseEpilogue);
        Assert.Equal(2, plan.Steps.Length);
        Assert.Single(graph.Nodes, n => n.Op is Ops.MatMul);
    }

    [Fact]
    public void LazyTensorsRunLayers()
    {
        var layer = new Gru(Units);
        Tensor output = layer.Apply(Tensor.From(Values.ToData(Input, Sequence)));
        double[] expected = Evaluate(x => [layer.Apply(x)])[0];
        Assert.Null(Comparer.Difference(expected, Values.ToDoubles(output.Evaluate()), new Tolerance(1e-6, 1e-6)));
    }

    [Fact]
    public void IndicesInsideOfACellAreChecked()
    {
        // Words come as floating-point numbers here, as cells take them.
        var model = new Sequential(new Input([3]), new Rnn(new WordCell()), new Dense(1));
        TensorData Words(float last) => TensorData.From(new float[,] { { 1, 2, last } });
        model.PredictAll(new ArrayDataset([Words(3)], []));
        InputException mistake = Assert.Throws<InputException>(() => model.PredictAll(new ArrayDataset([Words(4)], [])));
        Assert.Contains("embedding", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void InputsThatDoNotFitAreRefused()
    {
        string Message<T>(Action action) where T : AnnealException => Assert.Throws<T>(action).Message;
        Assert.Contains("lstm", Message<ShapeException>(() => new Lstm(2).Apply(Tensor.Zeros([2, 3]))), StringComparison.Ordinal);
        Assert.Contains("lstm", Message<DTypeException>(() => new Lstm(2).Apply(Tensor.Zeros([2, 3, 4], DType.Int32))), StringComparison.Ordinal);
        var built = new Gru(2);
        built.Apply(Tensor.Zeros([2, 3, 4]));
        Assert.Contains("4 features", Message<ShapeException>(() => built.Apply(Tensor.Zeros([2, 3, 5]))), StringComparison.Ordinal);
        Assert.Contains("state 1", Message<ShapeException>(() => new Lstm(2).Apply(Tensor.Zeros([2, 3, 4]), [Tensor.Zeros([2, 2]), Tensor.Zeros([2, 3])])), StringComparison.Ordinal);
        Assert.Contains("2 states", Message<ShapeException>(() => new Lstm(2).Apply(Tensor.Zeros([2, 3, 4]), [Tensor.Zeros([2, 2])])), StringComparison.Ordinal);
        Assert.Contains("returnState", Message<OptionException>(() => new Lstm(2).ApplyWithStates(Tensor.Zeros([2, 3, 4]))), StringComparison.Ordinal);
        Assert.Contains("time_distributed", Message<ShapeException>(() => new TimeDistributed(new Dense(2)).Apply(Tensor.Zeros([2]))), StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        Assert.Throws<OptionException>(() => new Lstm(0));
        Assert.Throws<OptionException>(() => new Gru(2, dropout: 1));
        Assert.Throws<OptionException>(() => new SimpleRnn(2, recurrentDropout: -0.1));
        Assert.Throws<OptionException>(() => new Lstm(2, recurrentActivation: (Activation)999));
        Assert.Throws<OptionException>(() => new Bidirectional(new Lstm(2, goBackwards: true)));
        Assert.Throws<OptionException>(() => new Bidirectional(new Lstm(2), backwardLayer: new Lstm(2)));
        Assert.Throws<OptionException>(() => new Bidirectional(new Lstm(2), backwardLayer: new Lstm(2, returnState: true, goBackwards: true)));
        OptionException mistake = Assert.Throws<OptionException>(() => new Bidirectional(new Rnn(new WordCell())));
        Assert.Contains("register", mistake.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() =>
            new Bidirectional(new Lstm(2), BidirectionalMerge.Sum, new Lstm(3, goBackwards: true)).Apply(Tensor.Zeros([2, 3, 4])));
    }

    [Fact]
    public void ACellThatChangesAStateIsNamed()
    {
        ShapeException mistake = Assert.Throws<ShapeException>(() => new Rnn(new GrowingCell(), name: "grows").Apply(Tensor.Zeros([2, 3, 4])));
        Assert.Contains("layer grows", mistake.Message, StringComparison.Ordinal);
        Assert.Contains("Carry 0", mistake.Message, StringComparison.Ordinal);
    }

    /// <summary>A cell that is not registered and adds up vectors of words.</summary>
    private sealed class WordCell : RecurrentCell
    {
        private readonly Embedding _words = new(4, 2);

        internal WordCell() => Track(_words);

        public override IReadOnlyList<Shape> StateShapes => [2];

        protected override (Tensor Output, IReadOnlyList<Tensor> States) Step(Tensor input, IReadOnlyList<Tensor> states)
        {
            Tensor sum = states[0] + _words.Apply(input.Cast(DType.Int32));
            return (sum, [sum]);
        }
    }

    private sealed class GrowingCell : RecurrentCell
    {
        public override IReadOnlyList<Shape> StateShapes => [2];

        protected override (Tensor Output, IReadOnlyList<Tensor> States) Step(Tensor input, IReadOnlyList<Tensor> states) =>
            (states[0], [Tensor.Concat(1, states[0], states[0])]);
    }
}
