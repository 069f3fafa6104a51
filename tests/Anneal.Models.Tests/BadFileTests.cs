using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models.Tests;

/// <summary>Damaged, incomplete and hostile folders are typed errors that say what is wrong.</summary>
public sealed class BadFileTests
{
    [Fact]
    public void AnUnknownArchitectureListsTheKnown()
    {
        using Scratch folder = Scratch.Copy("llama", c => c["architectures"] = new JsonArray("MambaForCausalLM"));
        var error = Assert.Throws<UnknownArchitectureException>(() => PretrainedModel.Load(folder.Path));
        Assert.Contains("Mamba", error.Architecture, StringComparison.Ordinal);
        Assert.Contains("LlamaForCausalLM", error.Known);
        Assert.Contains("GPT2LMHeadModel", error.Known);
        Assert.Contains("ResNetForImageClassification", error.Message, StringComparison.Ordinal);
        using Scratch family = Scratch.Copy("llama", c => c["model_type"] = "mamba");
        Assert.Contains("llama", Assert.Throws<UnknownArchitectureException>(() => LlamaForCausalLM.Load(family.Path)).Known);
        Assert.Throws<ModelConfigException>(() => BertForMaskedLM.Load(Published.Folder("llama")));
    }

    [Fact]
    public void WhatIsMissingIsNamed()
    {
        using var empty = new Scratch();
        Assert.Contains("config.json", Assert.Throws<ModelFileException>(() => PretrainedModel.Load(empty.Path)).File, StringComparison.Ordinal);
        using Scratch noWeights = Scratch.Copy("llama");
        File.Delete(noWeights.File("model.safetensors"));
        Assert.Contains("model.safetensors", Assert.Throws<ModelFileException>(() => PretrainedModel.Load(noWeights.Path)).File, StringComparison.Ordinal);
        using Scratch noShard = Scratch.Copy("llama_sharded_bf16");
        File.Delete(noShard.File("model-00002-of-00003.safetensors"));
        Assert.Contains("model-00002-of-00003.safetensors", Assert.Throws<ModelFileException>(() => PretrainedModel.Load(noShard.Path)).File, StringComparison.Ordinal);
    }

    [Fact]
    public void TensorsThatDoNotFitAreNamed()
    {
        using Scratch folder = Scratch.Copy("llama", tensors: all => all.Where(t => t.Key != "model.norm.weight")
            .Select(t => t.Key == "lm_head.weight" ? (t.Key, new TensorData(DType.Float32, [5, 32])) : (t.Key, t.Value))
            .Append(("model.extra", new TensorData(DType.Float32, [2]))).Append(("model.layers.0.self_attn.rotary_emb.inv_freq", new TensorData(DType.Float32, [4]))));
        var error = Assert.Throws<CheckpointException>(() => PretrainedModel.Load(folder.Path));
        Assert.Equal(["model.norm.weight"], error.Missing);
        Assert.Equal(["model.extra"], error.Unexpected);
        Assert.Contains("lm_head.weight", Assert.Single(error.Mismatched), StringComparison.Ordinal);
        Assert.Contains("[97, 32]", error.Message, StringComparison.Ordinal);
        Assert.Contains("[5, 32]", error.Message, StringComparison.Ordinal);
        using Scratch types = Scratch.Copy("llama", tensors: all => all.Select(t => t.Key == "lm_head.weight" ? (t.Key, new TensorData(DType.Int64, t.Value.Shape)) : (t.Key, t.Value)));
        Assert.Contains("int64", Assert.Throws<CheckpointException>(() => PretrainedModel.Load(types.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TiedWeightsMayStandTwiceIfTheyAreEqual()
    {
        using Scratch equal = Scratch.Copy("gpt2", tensors: all => all.Select(t => (t.Key, t.Value)).Append(("lm_head.weight", all["transformer.wte.weight"])));
        Dataset inputs = Published.Inputs("gpt2");
        Assert.Equal(Published.Load("gpt2").Predict(inputs).ToArray<float>(), PretrainedModel.Load(equal.Path).Predict(inputs).ToArray<float>());
        using Scratch different = Scratch.Copy("gpt2", tensors: all => all.Select(t => (t.Key, t.Value)).Append(("lm_head.weight", new TensorData(DType.Float32, all["transformer.wte.weight"].Shape))));
        Assert.Contains("tie_word_embeddings", Assert.Throws<CheckpointException>(() => PretrainedModel.Load(different.Path)).Message, StringComparison.Ordinal);
        using Scratch untied = Scratch.Copy("gpt2", c => c["tie_word_embeddings"] = false, all => all.Select(t => (t.Key, t.Value)).Append(("lm_head.weight", new TensorData(DType.Float32, all["transformer.wte.weight"].Shape))));
        Assert.All(PretrainedModel.Load(untied.Path).Predict(inputs).ToArray<float>(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void AT5WithAHeadOfItsOwnIsFoundByItsFiles()
    {
        using Scratch folder = Scratch.Copy("t5", tensors: all => all.Select(t => (t.Key, t.Value)).Append(("lm_head.weight", new TensorData(DType.Float32, all["shared.weight"].Shape))));
        var model = (T5ForConditionalGeneration)PretrainedModel.Load(folder.Path);
        Assert.False(model.Config.TieWordEmbeddings);
        Assert.True(model.Config.ScaleDecoderOutputs);
        Assert.All(model.Predict(Published.Inputs("t5")).ToArray<float>(), v => Assert.Equal(0, v));
        using var saved = new Scratch();
        model.SavePretrained(saved.Path);
        Assert.Contains("lm_head.weight", Published.Tensors(saved.Path).Keys);
        Assert.True(T5ForConditionalGeneration.Load(saved.Path).Config.ScaleDecoderOutputs);
    }

    [Fact]
    public void NamesOfOlderReleasesAreRead()
    {
        using Scratch bert = Scratch.Copy("bert", tensors: all => all
            .Select(t => (t.Key.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal), t.Value))
            .Append(("bert.embeddings.position_ids", new TensorData(DType.Int64, [1, 64]))));
        using Scratch gpt2 = Scratch.Copy("gpt2", tensors: all => all.Select(t => (t.Key.Replace("transformer.", "", StringComparison.Ordinal), t.Value))
            .Append(("h.0.attn.bias", new TensorData(DType.Float32, [1, 1, 64, 64]))));
        foreach ((string name, Scratch folder) in new[] { ("bert", bert), ("gpt2", gpt2) })
            Assert.Equal(Published.Load(name).Predict(Published.Inputs(name)).ToArray<float>(), PretrainedModel.Load(folder.Path).Predict(Published.Inputs(name)).ToArray<float>());
    }

    [Theory]
    [InlineData("../model-00001-of-00003.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("model.bin")]
    [InlineData("")]
    public void AnIndexCannotPointOutOfItsFolder(string file)
    {
        using Scratch folder = Scratch.Copy("llama_sharded_bf16");
        JsonObject index = JsonNode.Parse(File.ReadAllBytes(folder.File(Checkpoint.Index)))!.AsObject();
        index["weight_map"]!["model.norm.weight"] = file;
        File.WriteAllText(folder.File(Checkpoint.Index), index.ToJsonString());
        Assert.Contains("model.norm.weight", Assert.Throws<ModelFileException>(() => PretrainedModel.Load(folder.Path)).Where, StringComparison.Ordinal);
    }

    [Fact]
    public void AnIndexMustAgreeWithItsShards()
    {
        using Scratch folder = Scratch.Copy("llama_sharded_bf16");
        string text = File.ReadAllText(folder.File(Checkpoint.Index));
        File.WriteAllText(folder.File(Checkpoint.Index), text.Replace("\"lm_head.weight\"", "\"lm_head.other\"", StringComparison.Ordinal));
        Assert.Contains("lm_head.other", Assert.Throws<ModelFileException>(() => PretrainedModel.Load(folder.Path)).Where, StringComparison.Ordinal);
        File.WriteAllText(folder.File(Checkpoint.Index), text.Replace("\"weight_map\"", "\"weights\"", StringComparison.Ordinal));
        Assert.Equal("weight_map", Assert.Throws<ModelFileException>(() => PretrainedModel.Load(folder.Path)).Where);
    }

    [Fact]
    public void AHugeConfigurationCostsNoMemory()
    {
        // Describing the layers costs something, what they claim to hold does not.
        CostOfRefusing(shift: 0);
        long small = CostOfRefusing(shift: 0), huge = CostOfRefusing(shift: 15);
        Assert.InRange(huge, 0, small + 10_000_000);
    }

    private static long CostOfRefusing(int shift)
    {
        using Scratch folder = Scratch.Copy("llama", c =>
        {
            (c["hidden_size"], c["vocab_size"], c["intermediate_size"], c["num_hidden_layers"]) = (32 << shift, 2048 << shift, 32 << shift, 21);
            (c["head_dim"], c["num_attention_heads"], c["num_key_value_heads"]) = (2 << shift, 16, 16);
        });
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<CheckpointException>(() => PretrainedModel.Load(folder.Path));
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    [Fact]
    public void ATruncatedFileIsRefused()
    {
        using Scratch folder = Scratch.Copy("llama");
        byte[] whole = File.ReadAllBytes(folder.File("model.safetensors"));
        foreach (int length in new[] { 0, 7, 8, 100, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(folder.File("model.safetensors"), whole[..length]);
            Assert.Throws<ModelFileException>(() => PretrainedModel.Load(folder.Path));
        }
    }

    public static TheoryData<string, string, int> Headers => new()
    {
        { "gap or overlap", Entry("a", 4, 0, 4) + "," + Entry("b", 4, 2, 6), 6 },
        { "gap or overlap", Entry("a", 4, 0, 4) + "," + Entry("b", 4, 6, 10), 10 },
        { "gap or overlap", Entry("a", 4, 2, 6), 6 },
        { "within the 4", Entry("a", 8, 0, 8), 4 },
        { "bytes of values", Entry("a", 4, 0, 4), 9 },
        { "'a' again", Entry("a", 4, 0, 4) + "," + Entry("a", 4, 4, 8), 8 },
        { "span the 4 bytes", Entry("a", 4, 0, 3), 3 },
        { "2^62 bytes", "\"a\":{\"dtype\":\"U8\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}", 4 },
        { "a dtype", "\"a\":{\"dtype\":\"U9\",\"shape\":[4],\"data_offsets\":[0,4]}", 4 },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void AMappedFileIsCheckedAsStrictly(string message, string entries, int values)
    {
        using var scratch = new Scratch();
        byte[] json = Encoding.UTF8.GetBytes("{" + entries + "}");
        byte[] bytes = [.. Length((ulong)json.Length), .. json, .. new byte[values]];
        File.WriteAllBytes(scratch.File("x.safetensors"), bytes);
        Assert.Contains(message, Assert.Throws<ModelFileException>(() => MappedSafetensors.Open(scratch.File("x.safetensors"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(100_000_001UL)]
    [InlineData(9UL)]
    public void AGiganticHeaderIsRefusedBeforeItCostsMemory(ulong length)
    {
        using var scratch = new Scratch();
        File.WriteAllBytes(scratch.File("x.safetensors"), [.. Length(length), .. "{}      "u8]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ModelFileException>(() => MappedSafetensors.Open(scratch.File("x.safetensors")));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void AFileOfTwoGigabytesOpensAtOnceAndIsPagedIn()
    {
        const long Values = 2_200_000_000;
        using var scratch = new Scratch();
        string path = scratch.File("large.safetensors");
        using (FileStream stream = File.Create(path))
        {
            byte[] json = Encoding.UTF8.GetBytes("{" + Entry("a", Values - 8, 0, Values - 8) + "," + "\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[" + (Values - 8) + "," + Values + "]}}");
            stream.Write([.. Length((ulong)json.Length), .. json]);
            stream.SetLength(8 + json.Length + Values);
            stream.Position = stream.Length - 8;
            stream.Write(Length(42));
        }

        long memory = Environment.WorkingSet, allocated = GC.GetAllocatedBytesForCurrentThread();
        long fastest = long.MaxValue;
        for (int attempt = 0; attempt < 5; attempt++)
        {
            long begin = Stopwatch.GetTimestamp();
            using MappedSafetensors file = MappedSafetensors.Open(path);
            fastest = Math.Min(fastest, Stopwatch.GetTimestamp() - begin);
            Assert.Equal(42, BinaryPrimitives.ReadInt64LittleEndian(file.Bytes(file.Entries["b"], 0, 8)));
            Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes(file.Entries["b"], 1, 8).Length);
        }

        Assert.InRange(Stopwatch.GetElapsedTime(0, fastest).TotalMilliseconds, 0, 100);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 10_000_000);
        Assert.InRange(Environment.WorkingSet - memory, long.MinValue, 300_000_000);
    }

    [Fact]
    public void AMappedFileHasTheValuesOfTheFile()
    {
        string path = Path.Combine(Published.Folder("resnet"), "model.safetensors");
        using MappedSafetensors mapped = MappedSafetensors.Open(path);
        SafetensorsFile read = Safetensors.Read(path);
        Assert.Equal(read.Tensors.Keys, mapped.Entries.Keys);
        Assert.All(read.Tensors, t => Assert.True(t.Value.AsBytes().SequenceEqual(mapped.Bytes(mapped.Entries[t.Key], 0, (int)t.Value.Type.ByteCount))));
        mapped.Dispose();
        Assert.Throws<ObjectDisposedException>(() => mapped.Bytes(mapped.Entries.Values.First(), 0, 1).Length);
    }

    private static string Entry(string name, long extent, long begin, long end) =>
        FormattableString.Invariant($"\"{name}\":{{\"dtype\":\"U8\",\"shape\":[{extent}],\"data_offsets\":[{begin},{end}]}}");

    private static byte[] Length(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
