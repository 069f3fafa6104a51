using Anneal.Cpu;
using Anneal.Execution;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Attention and transformer blocks: masks, shapes, options and mistakes.</summary>
public class AttentionLayerTests
{
    private static readonly int[,] Words = { { 3, 1, 2, 0, 0 }, { 4, 2, 1, 3, 1 } };

    /// <summary>The kinds of attention that read a padded sequence: one layer, and blocks with every option that could let padding through.</summary>
    public static TheoryData<string> Readers => ["attention", "grouped", "causal", "encoder", "llama", "decoder", "cross"];

    [Theory]
    [MemberData(nameof(Readers))]
    public void PaddingChangesNothingAtTheRealSteps(string kind)
    {
        Layer reader = Reader(kind);
        var embedding = new Embedding(5, 8, maskZero: true, name: "words");
        Tensor other = Tensor.From(Values.Uniform(2 * 4 * 8, -1, 1, 2).Select(v => (float)v).ToArray(), [2, 4, 8]);
        Tensor padded = Apply(kind, reader, embedding.Apply(Tensor.From(Words)), other);
        Tensor real = Apply(kind, reader, embedding.Apply(Tensor.From(new int[,] { { 3, 1, 2 } })), other.Narrow(0, 0, 1));
        long steps = kind == "cross" ? 4 : 3;
        AssertClose(real.ToArray<float>(), padded.Narrow(0, 0, 1).Narrow(1, 0, steps).ToArray<float>(), kind);
    }

    [Fact]
    public void PaddingAttendsToNothingAndGetsNoGradient()
    {
        var layer = new MultiHeadAttention(2, biasInitializer: new Constant(0.25));
        var embedding = new Embedding(5, 8, maskZero: true);
        Program program = Program.Compile(x =>
        {
            Tensor vectors = embedding.Apply(x[0]), y = layer.Apply(vectors);
            Tensor counts = x[0].NotEqualTo(0).ExpandAxis(-1).Cast(DType.Float32);
            return [y, Gradients.Of((y * y * counts).Sum(), vectors)[0], Gradients.Of((y * (1 - counts)).Sum(), vectors)[0]];
        });
        TensorData[] found = program.RunAll(TensorData.From(Words));
        Assert.All(Enumerable.Range(0, 80), i => Assert.Equal(i is >= 24 and < 40, found[0].ToArray<float>()[i] == 0.25f));
        Assert.All(found[1].ToArray<float>()[24..40], v => Assert.Equal(0, v));
        Assert.All(found[2].ToArray<float>(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void ASequenceOfPaddingAloneIsHarmlessInTraining()
    {
        var model = new Sequential(
            new Embedding(5, 8, maskZero: true), new PositionalEmbedding(5), new TransformerEncoderBlock(2, 16, preNorm: true), new Flatten(), new Dense(2));
        model.Compile(new Adam(), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        History history = model.Fit(TensorData.From(new int[40], [8, 5]), TensorData.From(new int[8]), TestModels.Quiet with { Epochs = 3, BatchSize = 4 });
        Assert.True(history["loss"][2] < history["loss"][0]);
        Assert.All(model.Parameters, p => Assert.All(p.Value.ToArray<float>(), v => Assert.True(float.IsFinite(v))));
    }

    [Fact]
    public void AnAttentionMaskAndThoseOfTheInputsAreCombined()
    {
        var layer = new MultiHeadAttention(2, returnAttentionScores: true);
        Tensor x = new Embedding(5, 8, maskZero: true).Apply(Tensor.From(Words));
        bool[] allowed = [.. Enumerable.Range(0, 50).Select(i => i % 3 != 0)];
        Tensor mask = Tensor.From(allowed, [2, 5, 5]);
        (Tensor y, Tensor scores) = layer.ApplyWithScores(x, x, attentionMask: mask);
        float[] weights = scores.ToArray<float>();
        Assert.Equal([2, 2, 5, 5], scores.Shape);
        for (int i = 0; i < weights.Length; i++)
        {
            (int batch, int query, int key) = (i / 50, i / 5 % 5, i % 5);
            bool counts = allowed[(batch * 5 + query) * 5 + key] && Words[batch, query] != 0 && Words[batch, key] != 0;
            Assert.Equal(counts, weights[i] > 0);
        }

        Tensor additive = Tensor.Select(mask, Tensor.Zeros([2, 5, 5]), Tensor.Full([2, 5, 5], double.NegativeInfinity));
        AssertClose(y.ToArray<float>(), layer.Apply(x, x, x, additive).ToArray<float>(), "additive");
        AssertClose(y.ToArray<float>(), layer.Apply(x, x, attentionMask: mask.Reshape(2, 1, 5, 5)).ToArray<float>(), "four axes");
    }

    [Fact]
    public void MasksOfKeysCountWhereTheyAreAnInputOfTheirOwn()
    {
        var layer = new MultiHeadAttention(1, returnAttentionScores: true);
        Tensor key = new Embedding(5, 8, maskZero: true).Apply(Tensor.From(Words));
        (Tensor _, Tensor scores) = layer.ApplyWithScores(Tensor.Ones([2, 1, 8]), Tensor.Ones([2, 5, 3]), key);
        Assert.Equal([true, true, true, false, false, true, true, true, true, true], scores.ToArray<float>().Select(w => w > 0));
    }

    [Fact]
    public void ProcessorAndReferenceAgree()
    {
        var block = new TransformerEncoderBlock(
            4, 24, Activation.Silu, preNorm: true, normalization: BlockNormalization.RootMeanSquare, gated: true, useBias: false,
            numKeyValueHeads: 2, rotary: new RotaryOptions(), causal: true);
        float[] x = [.. Values.Uniform(3 * 33 * 16, -1, 1, 5).Select(v => (float)v)];
        TensorData[] Run(Device device) => Program.Compile(
            t =>
            {
                Tensor y = block.Apply(t[0]);
                return [y, .. Gradients.Of((y * y).Sum(), [t[0], .. block.Parameters.Select(p => p.Read())])];
            }, new ProgramOptions { Device = device }).RunAll(TensorData.From(x, [3, 33, 16]));
        TensorData[] expected = Run(new ReferenceDevice()), actual = Run(new CpuDevice());
        for (int i = 0; i < expected.Length; i++)
        {
            double[] values = Values.ToDoubles(expected[i]);
            var tolerance = new Tolerance(1e-5 * Math.Max(1, values.Max(Math.Abs)), 0);
            Comparer.AssertClose(expected[i].Shape, values, actual[i].Shape, Values.ToDoubles(actual[i]), tolerance, $"output {i}");
        }
    }

    [Fact]
    public void HugeLogitsGiveFiniteGradientsOnTheProcessor()
    {
        var program = Program.Compile(
            x =>
            {
                Tensor y = Tensor.ScaledDotProductAttention(x[0], x[1], x[1], x[2], scale: 1);
                return [y, .. Gradients.Of(y.Sum(), x[0], x[1])];
            });
        TensorData big = TensorData.From<float>([1e4f, -1e4f, 0], [1, 1, 3, 1]), one = TensorData.From<float>([1, -1, 1], [1, 1, 3, 1]);
        TensorData mask = TensorData.From([true, true, true, true, true, true, false, false, false], [1, 1, 3, 3]);
        TensorData[] found = program.RunAll(one, big, mask);
        Assert.Equal([1e4f, -1e4f, 0], found[0].ToArray<float>());
        Assert.Equal([0f, 0, 0], found[1].ToArray<float>());
        Assert.Equal([1f, 1, 0], found[2].ToArray<float>());
    }

    [Fact]
    public void OneStepAttendsToItself()
    {
        var layer = new MultiHeadAttention(2, causal: true, returnAttentionScores: true, rotary: new RotaryOptions());
        (Tensor y, Tensor scores) = layer.ApplyWithScores(Tensor.Ones([3, 1, 4]), Tensor.Ones([3, 1, 4]));
        Assert.Equal([3, 1, 4], y.Shape);
        Assert.All(scores.ToArray<float>(), w => Assert.Equal(1, w));
    }

    [Fact]
    public void WeightsHaveTheNamesAndShapesOfTheirParts()
    {
        var block = new TransformerDecoderBlock(4, 10, Activation.Silu, gated: true, numKeyValueHeads: 2, name: "b");
        block.Apply(Tensor.Zeros([1, 2, 8]), Tensor.Zeros([1, 3, 6]));
        Dictionary<string, Shape> shapes = block.NamedVariables().ToDictionary(v => v.Name, v => v.Variable.Shape);
        Assert.Equal([8, 8], shapes["b/self_attention/query/kernel"]);
        Assert.Equal([8, 4], shapes["b/self_attention/key/kernel"]);
        Assert.Equal([6, 4], shapes["b/cross_attention/value/kernel"]);
        Assert.Equal(4, shapes["b/cross_attention/value/bias"]);
        Assert.Equal([8, 8], shapes["b/cross_attention/output/kernel"]);
        Assert.Equal([8, 10], shapes["b/feed_forward/gate/kernel"]);
        Assert.Equal([8, 10], shapes["b/feed_forward/up/kernel"]);
        Assert.Equal([10, 8], shapes["b/feed_forward/down/kernel"]);
        Assert.Equal(8, shapes["b/self_attention_norm/gamma"]);
        Assert.Equal(8, shapes["b/cross_attention_norm/beta"]);
        Assert.Equal(8, shapes["b/feed_forward_norm/gamma"]);
    }

    [Fact]
    public void ABlockThatFailedToBuildCanBeBuiltForAnotherInput()
    {
        var layer = new MultiHeadAttention(3);
        Assert.Throws<ShapeException>(() => layer.Apply(Tensor.Zeros([1, 2, 8])));
        Assert.False(layer.IsBuilt);
        Assert.Equal([1, 2, 9], layer.Apply(Tensor.Zeros([1, 2, 9])).Shape);
    }

    [Fact]
    public void FunctionalModelsWithSeveralInputsAreSavedAndLoaded()
    {
        Input source = new([4], DType.Int32), target = new([3], DType.Int32);
        var words = new Embedding(7, 8, maskZero: true, name: "words");
        LayerOutput encoded = new TransformerEncoderBlock(2, 12).Apply(new SinusoidalPositionalEmbedding().Apply(words.Apply(source)));
        (LayerOutput decoded, LayerOutput scores) = new TransformerDecoderBlock(2, 12, returnAttentionScores: true)
            .ApplyWithScores(words.Apply(target), encoded);
        LayerOutput attended = new MultiHeadAttention(2).Apply(decoded, encoded, encoded);
        var model = new Model([source, target], [words.Project(attended), scores]) { Seed = 4 };
        model.BuildIfKnown();
        Assert.Equal([[3, 7], [2, 3, 4]], model.RequireOutputTypes().Select(t => t.Shape.ToArray()));
        using var folder = new TestFolder();
        model.Save(folder.Path);
        Model again = Model.Load(folder.Path);
        Tensor a = Tensor.From([1, 2, 3, 0, 6, 5, 0, 0], [2, 4]), b = Tensor.From([1, 2, 0, 3, 4, 5], [2, 3]);
        Assert.Equal(model.Apply([a, b])[0].ToArray<float>(), again.Apply([a, b])[0].ToArray<float>());
        Assert.Equal(0, again.Apply([a, b])[1].ToArray<float>()[3]);
    }

    [Fact]
    public void TwoOutputsOfOneLayerAreTrainedUnderTwoNames()
    {
        Input x = new([3, 4]);
        (LayerOutput y, LayerOutput scores) = new MultiHeadAttention(2, returnAttentionScores: true).ApplyWithScores(x, x);
        var model = new Model([x], [y, scores]);
        model.Compile(new Sgd(), [Loss.MeanSquaredError(), Loss.MeanSquaredError()]);
        var data = new ArrayDataset([new TensorData(DType.Float32, [4, 3, 4])], [new TensorData(DType.Float32, [4, 3, 4]), new TensorData(DType.Float32, [4, 2, 3, 3])]);
        EvaluationResult result = model.Evaluate(data);
        Assert.Equal(0, result["multi_head_attention_loss"]);
        Assert.Equal(1 / 9.0, result["multi_head_attention_1_loss"], 6);
    }

    [Fact]
    public void MistakesNameTheLayer()
    {
        Tensor x = Tensor.Zeros([2, 5, 8]);
        Says<ShapeException>(() => new MultiHeadAttention(3, name: "a").Apply(x), "Layer a ", "3 heads", "there are 8", "Hint");
        Says<ShapeException>(() => new MultiHeadAttention(2, name: "a").Apply(Tensor.Zeros([2, 8])), "Layer a ", "[batch, time, features]", "[2, 8]");
        Says<ShapeException>(() => new MultiHeadAttention(2, name: "a").Apply(x, Tensor.Zeros([2, 4, 8]), x), "Layer a ", "5 keys and 4 values");
        Says<ShapeException>(() => new MultiHeadAttention(2, name: "a").Apply(x, Tensor.Zeros([1, 4, 8])), "Layer a ", "one batch");
        Says<ShapeException>(() => new MultiHeadAttention(2, name: "a").Apply(x, Tensor.Zeros([2, 0, 8])), "Layer a ", "at least one step");
        Says<ShapeException>(() => new MultiHeadAttention(2, name: "a").Apply(x, x, x, Tensor.Zeros([2, 5, 4])), "Layer a ", "[2, 2, 5, 5]", "[2, 5, 4]");
        Says<ShapeException>(() => new MultiHeadAttention(2, name: "a").Apply(x, x, x, Tensor.Zeros([2, 3, 5, 5])), "Layer a ", "[2, 2, 5, 5]", "[2, 3, 5, 5]");
        Says<ShapeException>(() => new MultiHeadAttention(2, name: "a").Apply(x, x, x, Tensor.Zeros([5])), "Layer a ", "[5]");
        Says<DTypeException>(() => new MultiHeadAttention(2, name: "a").Apply(x, x, x, Tensor.Zeros([2, 5, 5], DType.Int32)), "Layer a ", "bool", "int32");
        Says<DTypeException>(() => new MultiHeadAttention(2, name: "a").Apply(Tensor.Zeros([2, 5, 8], DType.Int32)), "Layer a ", "float32");
        Says<ShapeException>(() => new MultiHeadAttention(2, keyDimension: 3, rotary: new RotaryOptions(), name: "a").Apply(x), "Layer a", "even", "3");
        Says<OptionException>(() => new MultiHeadAttention(2, name: "a").ApplyWithScores(x, x), "Layer a ", "returnAttentionScores");
        Says<ShapeException>(() => new TransformerEncoderBlock(3, 4, name: "b").Apply(x), "3 heads", "there are 8");
        Says<ShapeException>(() => new TransformerEncoderBlock(2, 4, name: "b").Apply(Tensor.Zeros([2, 8])), "Layer b ", "[2, 8]");
        Says<ShapeException>(() => new TransformerDecoderBlock(2, 4, name: "b").Apply(x), "Layer b ", "encoder's output");
        Says<OptionException>(() => new TransformerDecoderBlock(2, 4, name: "b").ApplyWithScores(x, x), "Layer b ", "returnAttentionScores");
        Says<ShapeException>(() => new FeedForward(4, name: "f").Apply(Tensor.Zeros(3)), "Layer f ", "features");
    }

    [Fact]
    public void ALayerBuiltForOtherFeaturesSaysSo()
    {
        var layer = new MultiHeadAttention(2, name: "a");
        layer.Apply(Tensor.Zeros([1, 2, 8]));
        Says<ShapeException>(() => layer.Apply(Tensor.Zeros([1, 2, 6])), "query", "8 features", "[1, 2, 6]");
        var model = new Sequential(new TransformerEncoderBlock(3, 4));
        Says<ShapeException>(() => model.Build([5, 8]), "sequential/transformer_encoder_block/attention", "3 heads");
    }

    [Fact]
    public void OptionsAreCheckedAtOnce()
    {
        Says<OptionException>(() => new MultiHeadAttention(0), "MultiHeadAttention", "numHeads", "0");
        Says<OptionException>(() => new MultiHeadAttention(2, keyDimension: 0), "keyDimension");
        Says<OptionException>(() => new MultiHeadAttention(2, valueDimension: -1), "valueDimension", "-1");
        Says<OptionException>(() => new MultiHeadAttention(4, numKeyValueHeads: 3), "numKeyValueHeads", "4 heads", "3");
        Says<OptionException>(() => new MultiHeadAttention(4, dropout: 1), "dropout");
        Says<OptionException>(() => new FeedForward(0), "FeedForward", "hiddenDimension");
        Says<OptionException>(() => new FeedForward(1, (Activation)99), "activation", "99");
        Says<OptionException>(() => new FeedForward(1, dropout: -1), "dropout");
        Says<OptionException>(() => new TransformerEncoderBlock(0, 1), "TransformerEncoderBlock", "numHeads");
        Says<OptionException>(() => new TransformerEncoderBlock(4, 1, numKeyValueHeads: 3), "TransformerEncoderBlock", "numKeyValueHeads");
        Says<OptionException>(() => new TransformerDecoderBlock(1, 0), "TransformerDecoderBlock", "feedForwardDimension");
        Says<OptionException>(() => new TransformerDecoderBlock(1, 1, dropout: double.NaN), "dropout", "NaN");
        Says<OptionException>(() => new TransformerDecoderBlock(1, 1, epsilon: -1), "epsilon");
        Says<OptionException>(() => new TransformerDecoderBlock(1, 1, normalization: (BlockNormalization)5), "normalization", "5");
        Says<OptionException>(() => new TransformerEncoderBlock(1, 1, (Activation)99), "TransformerEncoderBlock", "activation");
    }

    private static Layer Reader(string kind) => kind switch
    {
        "attention" => new MultiHeadAttention(2),
        "grouped" => new MultiHeadAttention(4, numKeyValueHeads: 2, rotary: new RotaryOptions()),
        "causal" => new MultiHeadAttention(2, causal: true),
        "encoder" => new TransformerEncoderBlock(2, 12, Activation.Gelu),
        "llama" => new TransformerEncoderBlock(
            2, 12, Activation.Silu, preNorm: true, normalization: BlockNormalization.RootMeanSquare, gated: true, useBias: false,
            numKeyValueHeads: 1, rotary: new RotaryOptions(), causal: true),
        "decoder" => new TransformerDecoderBlock(2, 12, preNorm: true, causal: false),
        _ => new TransformerDecoderBlock(2, 12),
    };

    /// <summary>Lets a reader read a sequence that may be padded; in "cross" it is the encoder's output.</summary>
    private static Tensor Apply(string kind, Layer reader, Tensor sequence, Tensor other) => (kind, reader) switch
    {
        ("cross", TransformerDecoderBlock decoder) => decoder.Apply(other, sequence),
        (_, TransformerDecoderBlock decoder) => decoder.Apply(sequence, other),
        _ => reader.Apply(sequence),
    };

    private static void AssertClose(float[] expected, float[] actual, string what) => Comparer.AssertClose(
        expected.Length, [.. expected.Select(v => (double)v)], actual.Length, [.. actual.Select(v => (double)v)], new Tolerance(2e-6, 0), what);

    private static void Says<T>(Action action, params string[] words) where T : Exception
    {
        T exception = Assert.Throws<T>(action);
        Assert.All(words, w => Assert.Contains(w, exception.Message, StringComparison.Ordinal));
    }
}
