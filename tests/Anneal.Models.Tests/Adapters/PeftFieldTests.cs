using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models.Tests;

/// <summary>What PEFT means by the fields of its configuration.</summary>
public sealed class PeftFieldTests
{
    private const string Config = "adapter_config.json", Weights = "adapter_model.safetensors";

    /// <summary>PEFT adds the usual names of classifiers to those of every adapter of a classifier, whether the model has them or not, and people list targets of many models.</summary>
    [Fact]
    public void NamesThatTheModelDoesNotHaveAreNoErrorInFiles()
    {
        PretrainedModel model = Published.Load("bert");
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("query", "lora") with { ModulesToSave = ["classifier"] }));
        using var folder = new Scratch();
        adapter.Save(folder.Path);
        float[] expected = Adapted.Logits(model, "bert");
        Change(folder, c => (c["modules_to_save"], c["target_modules"]) = (new JsonArray("classifier", "score"), new JsonArray("q_proj", "query")));
        PretrainedModel other = Published.Load("bert");
        LoraAdapter loaded = LoraAdapter.Load(other, folder.Path);
        Assert.Equal(expected, Adapted.Logits(other, "bert"));
        loaded.Save(folder.Path);
        Assert.Equal(["classifier", "score"], JsonNode.Parse(File.ReadAllBytes(folder.File(Config)))!["modules_to_save"]!.AsArray().Select(n => (string?)n));

        // What the file has and the model has no place for is an error still.
        Change(folder, c => c["modules_to_save"] = new JsonArray("score"));
        Assert.Contains(Assert.Throws<CheckpointException>(() => LoraAdapter.Load(Published.Load("bert"), folder.Path)).Unexpected, n => n.Contains("classifier", StringComparison.Ordinal));
    }

    /// <summary>PEFT gives each of two tied modules a copy of its own unless it is told otherwise; here there is one tensor.</summary>
    [Fact]
    public void ACopyOfTiedWordsStandsForTheHeadToo()
    {
        PretrainedModel model = Published.Load("gpt2");
        LoraAdapter adapter = LoraAdapter.Attach(model, Adapted.Options("c_attn", "lora") with { ModulesToSave = ["wte"] });
        Parameter copy = adapter.Parameters.Single(p => p.Shape == new Shape([97, p.Shape[1]]));
        copy.Value = TensorData.From<float>([.. copy.Value.ToArray<float>().Select(v => 1.5f * v)]).Reshape(copy.Shape);
        using var folder = new Scratch();
        adapter.Save(folder.Path);
        Assert.True((bool?)JsonNode.Parse(File.ReadAllBytes(folder.File(Config)))!["ensure_weight_tying"]);
        float[] expected = Adapted.Logits(model, "gpt2");
        Assert.Equal(expected, Loaded(folder));

        // PEFT may write the copy under both names.
        const string Words = "base_model.model.transformer.wte.weight", Head = "base_model.model.lm_head.weight";
        SafetensorsFile file = Safetensors.Read(folder.File(Weights));
        Safetensors.Write(folder.File(Weights), [.. file.Tensors.Select(t => (t.Key, t.Value)), (Head, file.Tensors[Words])]);
        Assert.Equal(expected, Loaded(folder));
        Safetensors.Write(folder.File(Weights), [.. file.Tensors.Select(t => (t.Key, t.Value)), (Head, new TensorData(DType.Float32, file.Tensors[Words].Shape))]);
        Assert.Contains(Assert.Throws<CheckpointException>(() => Loaded(folder)).Mismatched, m => m.Contains("tied", StringComparison.Ordinal));
        Change(folder, c => c["ensure_weight_tying"] = false);
        Assert.Contains("ensure_weight_tying", Assert.Throws<AdapterException>(() => Loaded(folder)).Message, StringComparison.Ordinal);
        Assert.Throws<AdapterException>(() => LoraAdapter.Attach(Published.Load("gpt2"), Adapted.Options("lm_head", "lora")));

        static float[] Loaded(Scratch folder)
        {
            PretrainedModel other = Published.Load("gpt2");
            LoraAdapter.Load(other, folder.Path);
            return Adapted.Logits(other, "gpt2");
        }
    }

    [Fact]
    public void LayersOfAnExpressionAreRefused()
    {
        using var folder = new Scratch();
        LoraAdapter.Attach(Published.Load("llama"), Adapted.Options("q_proj", "lora")).Save(folder.Path);
        Change(folder, c => (c["target_modules"], c["layers_to_transform"]) = (".*q_proj", new JsonArray(0)));
        Assert.Equal("layers_to_transform", Assert.Throws<ModelConfigException>(() => LoraAdapter.Load(Published.Load("llama"), folder.Path)).Field);
    }

    [Fact]
    public void AllLinearLeavesAHeadOfItsOwnOut()
    {
        var model = new T5ForConditionalGeneration((T5Config)Published.Load("t5").Config with { Source = null, TieWordEmbeddings = false });
        LoraAdapter adapter = LoraAdapter.Attach(model, new LoraOptions { TargetPattern = LoraOptions.AllLinear });
        Assert.Contains(adapter.Entries(), e => e.Name.Contains("EncDecAttention", StringComparison.Ordinal));
        Assert.DoesNotContain(adapter.Entries(), e => e.Name.Contains("lm_head", StringComparison.Ordinal));
    }

    /// <summary>A training that is saved and loaded goes on as if it had never stopped, to the last bit: what is dropped and the order of rows too.</summary>
    [Theory]
    [InlineData("lora", ComputePrecision.Float32, 0)]
    [InlineData("dora", ComputePrecision.BFloat16, 1)]
    [InlineData("rslora", ComputePrecision.Float16, 0)]
    public void AnAdaptedTrainingIsResumedExactly(string kind, ComputePrecision precision, int checkpointEvery)
    {
        using var folder = new Scratch();
        PretrainedModel whole = Trained(Fresh(), 3), half = Trained(Fresh(), 1);
        half.Save(folder.Path);
        var resumed = (PretrainedModel)Model.Load(folder.Path);
        Trained(resumed, 2);
        foreach ((Parameter a, Parameter b) in whole.ActiveAdapter!.Parameters.Zip(resumed.ActiveAdapter!.Parameters))
            Assert.True(a.Value.AsBytes().SequenceEqual(b.Value.AsBytes()), a.Name);
        Assert.Equal(Adapted.Logits(whole, "llama"), Adapted.Logits(resumed, "llama"));
        Assert.NotEqual(Adapted.Logits(whole, "llama"), Adapted.Logits(half, "llama"));

        PretrainedModel Fresh()
        {
            PretrainedModel model = Published.Load("llama");
            LoraAdapter.Attach(model, Adapted.Options("q_proj,down_proj", kind) with { Dropout = 0.25, ModulesToSave = ["lm_head"] });
            model.Compile(new AdamW(1e-2), Loss.SparseCategoricalCrossentropy(fromLogits: true));
            return model;
        }

        PretrainedModel Trained(PretrainedModel model, int epochs)
        {
            model.Fit(Adapted.Texts(), new FitOptions { Epochs = epochs, BatchSize = 4, Verbosity = Verbosity.Silent, Precision = precision, CheckpointEvery = checkpointEvery });
            return model;
        }
    }

    private static void Change(Scratch folder, Action<JsonObject> change)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllBytes(folder.File(Config)))!.AsObject();
        change(config);
        File.WriteAllText(folder.File(Config), config.ToJsonString());
    }
}
