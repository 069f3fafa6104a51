using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models.Tests;

/// <summary>Adapters in PEFT's form: what is written, and what is wrong with files that do not fit.</summary>
public sealed class AdapterFileTests
{
    private const string Config = "adapter_config.json", Weights = "adapter_model.safetensors";

    [Theory]
    [InlineData("q_proj,v_proj", "lora", false)]
    [InlineData("o_proj,down_proj", "dora", false)]
    [InlineData("c_attn", "rslora", true)]
    public void AnAdapterComesBackFromItsFiles(string targets, string kind, bool isInputsFirst)
    {
        string name = isInputsFirst ? "gpt2" : "llama";
        using var folder = new Scratch();
        PretrainedModel model = Published.Load(name);
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options(targets, kind) with { Dropout = 0.25 }));
        adapter.Save(folder.Path);
        float[] expected = Adapted.Logits(model, name);
        JsonObject config = JsonNode.Parse(File.ReadAllBytes(folder.File(Config)))!.AsObject();
        Assert.Equal("LORA", (string?)config["peft_type"]);
        Assert.Equal(isInputsFirst, (bool?)config["fan_in_fan_out"]);
        Assert.Equal(model.TypeName, (string?)config["auto_mapping"]!["base_model_class"]);
        PretrainedModel other = Published.Load(name);
        LoraAdapter loaded = LoraAdapter.Load(other, folder.Path, "again");
        Assert.Equal(expected, Adapted.Logits(other, name));
        Assert.True(Same(adapter.Options, loaded.Options));
        loaded.Save(folder.Path);
        Assert.True(JsonNode.DeepEquals(config, JsonNode.Parse(File.ReadAllBytes(folder.File(Config)))));
    }

    [Fact]
    public void SixteenBitsStayWhereTheyTellAll()
    {
        using Scratch folder = Copy("lora_llama", tensors: all => all.Select(t => (t.Key, Rounded(t.Value))));
        PretrainedModel model = Base("lora_llama");
        LoraAdapter adapter = LoraAdapter.Load(model, folder.Path);
        using var saved = new Scratch();
        adapter.Save(saved.Path);
        Assert.All(Safetensors.Read(saved.File(Weights)).Tensors.Values, t => Assert.Equal(DType.BFloat16, t.DType));
        adapter.Parameters[0].Value = new TensorData(adapter.Parameters[0].Type);
        adapter.Parameters[0].Assign(Tensor.Full(adapter.Parameters[0].Shape, 0.1));
        adapter.Save(saved.Path);
        Assert.Single(Safetensors.Read(saved.File(Weights)).Tensors.Values, t => t.DType == DType.Float32);

        static TensorData Rounded(TensorData data)
        {
            var result = new TensorData(DType.BFloat16, data.Shape);
            for (long i = 0; i < data.Shape.ElementCount; i++)
                result.SetDouble(i, data.GetDouble(i));
            return result;
        }
    }

    [Theory]
    [InlineData("peft_type", "\"IA3\"", "IA3")]
    [InlineData("peft_type", "null", "LORA")]
    [InlineData("bias", "\"all\"", "none")]
    [InlineData("r", "0", "1 to")]
    [InlineData("r", "2.5", "1 to")]
    [InlineData("lora_alpha", "\"x\"", "number")]
    [InlineData("lora_dropout", "1", "0 to")]
    [InlineData("target_modules", "null", "names of modules")]
    [InlineData("target_modules", "[1]", "strings")]
    [InlineData("init_lora_weights", "\"pissa\"", "base model")]
    [InlineData("lora_bias", "true", "not supported")]
    [InlineData("layer_replication", "[[0,2]]", "not supported")]
    [InlineData("trainable_token_indices", "[1]", "not supported")]
    [InlineData("target_parameters", "[\"x\"]", "not supported")]
    [InlineData("use_qalora", "true", "not supported")]
    [InlineData("megatron_config", "{\"a\":1}", "not supported")]
    [InlineData("rank_pattern", "{\"q_proj\":0}", "1 to")]
    [InlineData("alpha_pattern", "{\"q_proj\":\"x\"}", "number")]
    [InlineData("use_something_new", "true", "does not know")]
    [InlineData("new_config", "{\"a\":1}", "does not know")]
    [InlineData("new_scale", "0.5", "does not know")]
    [InlineData("new_variant", "\"x\"", "does not know")]
    [InlineData("new_modules", "[\"q_proj\"]", "does not know")]
    public void AFieldThatCannotBeHonouredIsNamed(string field, string value, string message)
    {
        using Scratch folder = Copy("lora_llama", c => c[field] = JsonNode.Parse(value));
        var error = Refused<ModelConfigException>("lora_llama", folder);
        Assert.Contains(field is "rank_pattern" or "alpha_pattern" ? "q_proj" : field, error.Field + error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FieldsThatChangeNothingAreKept()
    {
        using Scratch folder = Copy("lora_llama", c => (c["base_model_name_or_path"], c["use_later"], c["later_list"], c["init_lora_weights"], c["lora_alpha"]) = ("kept", false, new JsonArray(), "gaussian", 8.0));
        LoraAdapter adapter = LoraAdapter.Load(Base("lora_llama"), folder.Path);
        using var saved = new Scratch();
        adapter.Save(saved.Path);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllBytes(folder.File(Config))), JsonNode.Parse(File.ReadAllBytes(saved.File(Config)))));
    }

    [Fact]
    public void AnotherBaseModelIsRefused()
    {
        string adapter = Path.Combine(Published.Folder("lora_llama"), "adapter");
        var error = Assert.Throws<AdapterException>(() => LoraAdapter.Load(Published.Load("mistral"), adapter));
        Assert.Contains("LlamaForCausalLM", error.Message, StringComparison.Ordinal);
        Assert.Contains("MistralForCausalLM", error.Message, StringComparison.Ordinal);
        using Scratch unnamed = Copy("lora_llama", c => c["auto_mapping"] = null);
        Assert.Contains("c_attn", Assert.Throws<AdapterException>(() => LoraAdapter.Load(Published.Load("gpt2"), unnamed.Path)).Message, StringComparison.Ordinal);
        var wider = new LlamaForCausalLM(((LlamaForCausalLM)Base("lora_llama")).Config with { Source = null, HiddenSize = 64, IntermediateSize = 24 });
        var sizes = Assert.Throws<CheckpointException>(() => LoraAdapter.Load(wider, adapter));
        Assert.Contains("other sizes", sizes.Message, StringComparison.Ordinal);
        Assert.Contains(sizes.Mismatched, m => m.Contains("[4, 24]", StringComparison.Ordinal) && m.Contains("[4, 48]", StringComparison.Ordinal));
        var deeper = new LlamaForCausalLM(((LlamaForCausalLM)Base("lora_llama")).Config with { Source = null, LayerCount = 3 });
        Assert.Contains(Assert.Throws<CheckpointException>(() => LoraAdapter.Load(deeper, adapter)).Missing, m => m.Contains("layers.2", StringComparison.Ordinal));
    }

    [Fact]
    public void ARankThatDoesNotFitIsNamed()
    {
        using Scratch folder = Copy("dora_llama", c => c["r"] = 8);
        var error = Refused<CheckpointException>("dora_llama", folder);
        Assert.Contains("rank 4", error.Message, StringComparison.Ordinal);
        Assert.Contains("says 8", error.Message, StringComparison.Ordinal);

        // What a configuration claims costs nothing.
        using Scratch huge = Copy("dora_llama", c => c["r"] = 1 << 20);
        PretrainedModel model = Base("dora_llama");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<CheckpointException>(() => LoraAdapter.Load(model, huge.Path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000);
    }

    [Fact]
    public void TensorsThatDoNotFitAreNamed()
    {
        const string A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", B = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight";
        using Scratch folder = Copy("lora_llama", tensors: all => all.Where(t => t.Key != A).Select(t => t.Key == B ? (t.Key, new TensorData(DType.Int64, t.Value.Shape)) : (t.Key, t.Value)).Append(("extra", new TensorData(DType.Float32, [2]))));
        var error = Refused<CheckpointException>("lora_llama", folder);
        Assert.Equal([A], error.Missing);
        Assert.Equal(["extra"], error.Unexpected);
        Assert.Contains("int64", Assert.Single(error.Mismatched), StringComparison.Ordinal);
        using Scratch fewer = Copy("lora_llama", c => c["target_modules"] = new JsonArray("q_proj", "v_proj"));
        Assert.Equal(4, Refused<CheckpointException>("lora_llama", fewer).Unexpected.Count);
        using Scratch unknown = Copy("lora_llama", c => c["target_modules"] = new JsonArray("w1"));
        Assert.Contains("'w1'", Refused<AdapterException>("lora_llama", unknown).Message, StringComparison.Ordinal);
        using Scratch plain = Copy("dora_llama", c => c["use_dora"] = false);
        Assert.All(Refused<CheckpointException>("dora_llama", plain).Unexpected, n => Assert.EndsWith("lora_magnitude_vector", n, StringComparison.Ordinal));
    }

    [Fact]
    public void MissingAndDamagedFilesAreNamed()
    {
        using Scratch folder = Copy("lora_llama");
        byte[] whole = File.ReadAllBytes(folder.File(Weights));
        foreach (int length in new[] { 0, 7, 8, 100, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(folder.File(Weights), whole[..length]);
            Refused<ModelFileException>("lora_llama", folder);
        }

        var random = new byte[4000];
        new Random(1).NextBytes(random);
        File.WriteAllBytes(folder.File(Weights), random);
        Refused<ModelFileException>("lora_llama", folder);
        File.Delete(folder.File(Weights));
        Assert.Contains(Weights, Refused<ModelFileException>("lora_llama", folder).File, StringComparison.Ordinal);
        File.WriteAllBytes(folder.File(Config), random);
        Refused<ModelFileException>("lora_llama", folder);
        File.Delete(folder.File(Config));
        Assert.Contains(Config, Refused<ModelFileException>("lora_llama", folder).File, StringComparison.Ordinal);
    }

    [Fact]
    public void MagnitudesMayBeNamedAsTheWeightOfAModule()
    {
        using Scratch folder = Copy("dora_llama", tensors: all => all.Select(t => (t.Key.Replace("magnitude_vector", "magnitude_vector.weight", StringComparison.Ordinal), t.Value)));
        PretrainedModel model = Base("dora_llama"), same = Base("dora_llama");
        LoraAdapter.Load(model, folder.Path);
        LoraAdapter.Load(same, Path.Combine(Published.Folder("dora_llama"), "adapter"));
        TensorData ids = Published.Array("dora_llama", "input_ids");
        Assert.Equal(same.Predict(ids).ToArray<float>(), model.Predict(ids).ToArray<float>());
    }

    internal static PretrainedModel Base(string name) => PretrainedModel.Load(Path.Combine(Published.Folder(name), "base"));

    /// <summary>A copy of an adapter that PEFT wrote, changed.</summary>
    internal static Scratch Copy(string name, Action<JsonObject>? config = null, Func<OrderedDictionary<string, TensorData>, IEnumerable<(string, TensorData)>>? tensors = null)
    {
        var scratch = new Scratch();
        foreach (string file in (string[])[Config, Weights])
            File.Copy(Path.Combine(Published.Folder(name), "adapter", file), scratch.File(file));
        JsonObject values = JsonNode.Parse(File.ReadAllBytes(scratch.File(Config)))!.AsObject();
        config?.Invoke(values);
        File.WriteAllText(scratch.File(Config), values.ToJsonString());
        if (tensors is not null)
            Safetensors.Write(scratch.File(Weights), [.. tensors(Safetensors.Read(scratch.File(Weights)).Tensors)]);
        return scratch;
    }

    /// <summary>Loading fails with the error and leaves the model as it was.</summary>
    private static TError Refused<TError>(string name, Scratch folder) where TError : AnnealException
    {
        PretrainedModel model = Base(name);
        TensorData ids = Published.Array(name, "input_ids");
        float[] before = model.Predict(ids).ToArray<float>();
        TError error = Assert.Throws<TError>(() => LoraAdapter.Load(model, folder.Path));
        Assert.Empty(model.Adapters);
        Assert.All(model.NamedVariables(), v => Assert.True(v.IsTrained, v.Name));
        Assert.Equal(before, model.Predict(ids).ToArray<float>());
        return error;
    }

    private static bool Same(LoraOptions a, LoraOptions b) => a.Rank == b.Rank && a.Alpha == b.Alpha && a.Dropout == b.Dropout && a.UseDora == b.UseDora
        && a.UseRsLora == b.UseRsLora && a.TargetModules.SequenceEqual(b.TargetModules) && a.TargetPattern == b.TargetPattern && b.ModulesToSave.Count == 0;
}
