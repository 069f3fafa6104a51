using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>A text read piece by piece with a cache of keys and values gives the logits of the whole text.</summary>
public sealed class DecodingTests
{
    public static TheoryData<string> Decoders => [.. Published.Names.Where(n => Published.Load(n) is CausalLanguageModel)];

    [Theory]
    [MemberData(nameof(Decoders))]
    public void PiecesGiveTheLogitsOfTheWhole(string name)
    {
        var model = (CausalLanguageModel)Published.Load(name);
        TensorData ids = Published.Array(name, "input_ids");
        long time = ids.Shape[1];
        float[] whole = model.Predict(ids).ToArray<float>();
        Program pieces = Program.Compile(x =>
        {
            var cache = new GrowingCache();
            var logits = new List<Tensor>();
            foreach ((long begin, long end) in new[] { (0L, 5L), (5L, 6L), (6L, time) })
            {
                cache.Advance(begin, end);
                Tensor positions = Tensor.Range(end - begin, DType.Int64) + begin;
                logits.Add(model.Apply(x[0].Narrow(1, begin, end - begin), positions, cache));
            }

            return [Tensor.Concat(1, [.. logits])];
        });
        float[] joined = pieces.RunAll([ids])[0].ToArray<float>();
        float largest = whole.Max(Math.Abs);
        Comparer.AssertClose(new Shape(whole.Length), [.. whole.Select(v => (double)v)], new Shape(joined.Length), [.. joined.Select(v => (double)v)], new Tolerance(1e-5 * largest, 0), name);
    }

    [Fact]
    public void TheDecoderOfT5GivesTheLogitsOfTheWhole()
    {
        var model = (T5ForConditionalGeneration)Published.Load("t5");
        TensorData ids = Published.Array("t5", "input_ids"), written = Published.Array("t5", "decoder_input_ids");
        float[] whole = model.Predict(new ArrayDataset([ids, written], [])).ToArray<float>();
        Program pieces = Program.Compile(x => model.ApplyAll([x[0], x[1]], inputs =>
        {
            var cache = new GrowingCache();
            IReadOnlyList<(Tensor Keys, Tensor Values)> memory = model.ProjectMemory(model.Encode(inputs[0], null));
            var logits = new List<Tensor>();
            foreach ((long begin, long end) in new[] { (0L, 2L), (2L, 3L), (3L, inputs[1].Shape[1]) })
            {
                cache.Advance(begin, end);
                Tensor positions = Tensor.Range(end - begin, DType.Int64) + begin;
                logits.Add(model.Logits(model.Decode(inputs[1].Narrow(1, begin, end - begin), positions, end, cache.Mask(null), null, null, memory, cache)));
            }

            return [Tensor.Concat(1, [.. logits])];
        }));
        float[] joined = pieces.RunAll([ids, written])[0].ToArray<float>();
        float largest = whole.Max(Math.Abs);
        Comparer.AssertClose(new Shape(whole.Length), [.. whole.Select(v => (double)v)], new Shape(joined.Length), [.. joined.Select(v => (double)v)], new Tolerance(1e-5 * largest, 0), "t5");
    }

    [Fact]
    public void PositionsThatAreGivenAreUsed()
    {
        var model = (LlamaForCausalLM)Published.Load("llama");
        TensorData ids = Published.Array("llama", "input_ids"), ones = Filled(ids.Shape, _ => 1), counted = Filled(ids.Shape, i => i % ids.Shape[1]), others = Filled(ids.Shape, i => 2 * (i % ids.Shape[1]));
        float[] plain = model.Predict(ids).ToArray<float>();
        Assert.Equal(plain, model.Predict(new ArrayDataset([ids, ones, counted], [])).ToArray<float>(), new Near(1e-5f * plain.Max(Math.Abs)));
        Assert.NotEqual(plain, model.Predict(new ArrayDataset([ids, ones, others], [])).ToArray<float>(), new Near(1e-3f));
    }

    [Fact]
    public void StretchedFrequenciesAreTheSameForKnownAndGivenPositions()
    {
        using Scratch folder = Scratch.Copy("llama", c =>
        {
            c["max_position_embeddings"] = 6;
            c["rope_parameters"] = new System.Text.Json.Nodes.JsonObject { ["rope_type"] = "dynamic", ["rope_theta"] = 10000.0, ["factor"] = 3.0 };
        });
        var model = (LlamaForCausalLM)PretrainedModel.Load(folder.Path);
        TensorData ids = Published.Array("llama", "input_ids"), ones = Filled(ids.Shape, _ => 1), counted = Filled(ids.Shape, i => i % ids.Shape[1]);
        float[] known = model.Predict(ids).ToArray<float>(), given = model.Predict(new ArrayDataset([ids, ones, counted], [])).ToArray<float>();
        Assert.Equal(known, given, new Near(2e-5f * known.Max(Math.Abs)));
        Assert.NotEqual(Published.Load("llama").Predict(ids).ToArray<float>(), known, new Near(1e-4f));
    }

    private static TensorData Filled(Shape shape, Func<long, long> value)
    {
        var data = new TensorData(DType.Int64, shape);
        for (int i = 0; i < shape.ElementCount; i++)
            data.AsSpan<long>()[i] = value(i);
        return data;
    }

    /// <summary>Numbers that differ by little are equal.</summary>
    private sealed class Near(float tolerance) : IEqualityComparer<float>
    {
        public bool Equals(float x, float y) => Math.Abs(x - y) <= tolerance;

        public int GetHashCode(float obj) => 0;
    }

    /// <summary>Keys and values one behind the other, within one trace.</summary>
    private sealed class GrowingCache : KeyValueCache
    {
        private readonly Dictionary<int, (Tensor Keys, Tensor Values)> _kept = [];
        private long _begin, _end;

        internal void Advance(long begin, long end) => (_begin, _end) = (begin, end);

        internal override (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
        {
            if (_kept.TryGetValue(layer, out (Tensor Keys, Tensor Values) before))
                (keys, values) = (Tensor.Concat(2, before.Keys, keys), Tensor.Concat(2, before.Values, values));
            _kept[layer] = (keys, values);
            return (keys, values);
        }

        internal override Tensor Mask(int? window)
        {
            Tensor keys = Tensor.Range(_end), queries = (Tensor.Range(_end - _begin) + (double)_begin).ExpandAxis(-1);
            Tensor allowed = keys.LessOrEqual(queries);
            if (window is { } width)
                allowed &= keys.GreaterThan(queries - width);
            return allowed.Reshape(1, 1, _end - _begin, _end);
        }
    }
}
