using System.Text.Json.Nodes;

namespace Anneal.Models.Tests;

/// <summary>What is loaded and saved again is the same: for other software, and in Anneal's own form.</summary>
public sealed class RoundTripTests
{
    public static TheoryData<string> Names => [.. Published.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void ASavedModelHasTheSameTensorsAndFields(string name)
    {
        using var scratch = new Scratch();
        Published.Load(name).SavePretrained(scratch.Path);
        AssertSameTensors(Published.Folder(name), scratch.Path);
        Assert.True(JsonNode.DeepEquals(Published.Config(Published.Folder(name)), Published.Config(scratch.Path)), "The configuration has changed.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AModelLoadedAgainIsTheSameToTheBit(string name)
    {
        using var scratch = new Scratch();
        PretrainedModel model = Published.Load(name);
        model.SavePretrained(scratch.Path, new PretrainedSaveOptions { MaximumShardBytes = 9_000 });
        Assert.True(Directory.GetFiles(scratch.Path, "model-*-of-*.safetensors").Length > 1);
        Assert.False(File.Exists(scratch.File("model.safetensors")));
        AssertSameTensors(Published.Folder(name), scratch.Path);
        AssertSamePredictions(name, model, PretrainedModel.Load(scratch.Path));

        // A save in one file takes the place of one in shards.
        model.SavePretrained(scratch.Path);
        string[] expected = model is CausalLanguageModel or T5ForConditionalGeneration ? ["config.json", "generation_config.json", "model.safetensors"] : ["config.json", "model.safetensors"];
        Assert.Equal(expected, Directory.GetFiles(scratch.Path).Select(f => Path.GetFileName(f)).Order());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AModelComesBackFromAnnealsOwnForm(string name)
    {
        using var scratch = new Scratch();
        PretrainedModel model = Published.Load(name);
        model.Save(scratch.Path);
        AssertSamePredictions(name, model, Model.Load(scratch.Path));
        PretrainedModel again = PretrainedModel.Load(scratch.Path);
        Assert.Equal(model.GetType(), again.GetType());
        using var published = new Scratch();
        again.SavePretrained(published.Path, new PretrainedSaveOptions { DType = Published.Tensors(Published.Folder(name)).Values.First(t => t.DType != DType.Int64).DType });
        AssertSameTensors(Published.Folder(name), published.Path);
        Assert.Throws<ModelFileException>(() => model.SavePretrained(scratch.Path));
    }

    [Fact]
    public void ChangedWeightsAreNotRounded()
    {
        using var scratch = new Scratch();
        PretrainedModel model = Published.Load("llama_sharded_bf16");
        Parameter changed = model.Parameters[0];
        TensorData value = changed.Value;
        value.AsSpan<float>()[0] = 0.1f;
        changed.Value = value;
        model.SavePretrained(scratch.Path);
        SortedDictionary<string, TensorData> tensors = Published.Tensors(scratch.Path);
        Assert.Equal(DType.Float32, tensors["model.embed_tokens.weight"].DType);
        Assert.Equal(0.1f, tensors["model.embed_tokens.weight"].AsSpan<float>()[0]);
        Assert.Equal(DType.BFloat16, tensors["lm_head.weight"].DType);
        Assert.Equal("float32", (string?)Published.Config(scratch.Path)["torch_dtype"]);
    }

    [Theory]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float16)]
    public void WeightsOfSixteenBitsAreReadAndWritten(DType type)
    {
        using var scratch = new Scratch();
        PretrainedModel model = Published.Load("llama");
        model.SavePretrained(scratch.Path, new PretrainedSaveOptions { DType = type });
        Assert.All(Published.Tensors(scratch.Path).Values, t => Assert.Equal(type, t.DType));
        float[] exact = model.Parameters[0].Value.ToArray<float>(), rounded = PretrainedModel.Load(scratch.Path).Parameters[0].Value.ToArray<float>();
        Assert.All(exact.Zip(rounded), p => Assert.Equal(type == DType.Float16 ? (float)(Half)p.First : Rounded(p.First), p.Second));
        Assert.NotEqual(exact, rounded);

        static float Rounded(float value) => BitConverter.UInt32BitsToSingle((uint)TensorData.ToBFloat16(value) << 16);
    }

    [Fact]
    public void AModelMadeInCodeCanBeReadByOthers()
    {
        using var scratch = new Scratch();
        var model = new LlamaForCausalLM(new LlamaConfig
        {
            VocabularySize = 30,
            HiddenSize = 16,
            IntermediateSize = 24,
            LayerCount = 2,
            HeadCount = 4,
            KeyValueHeadCount = 2,
            HeadDimension = 4,
            MaximumPositions = 32,
            Rope = new RopeParameters { Kind = RopeKind.Linear, Factor = 2 },
            TieWordEmbeddings = true,
        });
        model.SavePretrained(scratch.Path);
        JsonObject config = Published.Config(scratch.Path);
        Assert.Equal("llama", (string?)config["model_type"]);
        Assert.Equal("LlamaForCausalLM", (string?)config["architectures"]![0]);
        Assert.Equal("float32", (string?)config["dtype"]);
        Assert.Equal("linear", (string?)config["rope_parameters"]!["rope_type"]);
        Assert.DoesNotContain("lm_head.weight", Published.Tensors(scratch.Path).Keys);
        LlamaForCausalLM again = LlamaForCausalLM.Load(scratch.Path);
        Assert.Equal(model.Config.Rope, again.Config.Rope);
        Assert.Equal(model.Parameters[3].Value.ToArray<float>(), again.Parameters[3].Value.ToArray<float>());
    }

    private static void AssertSameTensors(string expected, string actual)
    {
        SortedDictionary<string, TensorData> before = Published.Tensors(expected), after = Published.Tensors(actual);
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(before, t =>
        {
            Assert.Equal(t.Value.Type, after[t.Key].Type);
            Assert.True(t.Value.AsBytes().SequenceEqual(after[t.Key].AsBytes()), t.Key);
        });
    }

    private static void AssertSamePredictions(string name, Model expected, Model actual)
    {
        Dataset inputs = Published.Inputs(name);
        Assert.Equal(expected.Predict(inputs).ToArray<float>(), actual.Predict(inputs).ToArray<float>());
    }
}
