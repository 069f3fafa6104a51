using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>Models in GGUF files: what is written and loaded again computes the same, and files from elsewhere are read as they are meant.</summary>
public sealed class GgufModelTests
{
    private static readonly string[] Names = ["glm", "glm4", "gpt2", "llama", "llama_sharded_bf16", "mistral", "qwen2", "qwen3"];

    public static TheoryData<string> Models => [.. Names];

    /// <summary>The published models as other software writes them, tensor by tensor, with the rows of Llama's queries and keys in the order of its converter.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void AModelInSinglePrecisionIsTheSameToTheBit(string name)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.gguf");
        CausalLanguageModel model = Load(name);
        ParityCertificate certificate = Gguf.Save(model, path, new GgufSaveOptions { Type = GgufTensorType.F32 });
        Assert.True(certificate.Passed);
        Assert.Equal(0, certificate.LargestDifference);
        Assert.Equal(["model.gguf", "model.gguf.parity.json"], Directory.GetFiles(folder.Path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        CausalLanguageModel again = Gguf.LoadModel(path);
        Assert.Equal(model.GetType(), again.GetType());
        Assert.Equal(model.Predict(Published.Inputs(name)).ToArray<float>(), again.Predict(Published.Inputs(name)).ToArray<float>());
        Assert.Equal(model.ParameterCount, again.ParameterCount);
        if (model.Config is DecoderConfig expected && again.Config is DecoderConfig found)
            Assert.Equal((expected.Rope, expected.NormEpsilon, expected.MaximumPositions, expected.PaddingId, expected.HeadDimension), (found.Rope, found.NormEpsilon, found.MaximumPositions, found.PaddingId, found.HeadDimension));
        Assert.Equal(Ends(model), Ends(again));
        AssertTensors(name, path);
    }

    [Theory]
    [InlineData("llama", GgufTensorType.F16, 0.01, 1)]
    [InlineData("gpt2", GgufTensorType.F16, 0.01, 1)]
    [InlineData("qwen3", GgufTensorType.Q8_0, 0.1, 7)]
    [InlineData("mistral", GgufTensorType.Q8_0, 0.1, 7)]
    [InlineData("llama", GgufTensorType.Q4_0, 1, 2)]
    [InlineData("gpt2", GgufTensorType.Q4_0, 1, 2)]
    public void FewerBitsStayWithinATolerance(string name, GgufTensorType type, double tolerance, long fileType)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.gguf");
        CausalLanguageModel model = Load(name);
        var options = new GgufSaveOptions { Type = type, Tolerance = new ParityTolerance { Top1Agreement = 0.3, LargestDifference = tolerance, MeanDivergence = 3 }, Samples = [Sample(name)] };
        ParityCertificate certificate = Gguf.Save(model, path, options);
        Assert.InRange(certificate.LargestDifference, double.Epsilon, tolerance * certificate.LargestLogit);
        using (GgufFile file = GgufFile.Open(path))
        {
            Assert.Equal(fileType, file.Metadata["general.file_type"].Whole);
            Assert.Equal(type, file.Tensors["blk.1.ffn_up.weight"].Type);
            Assert.Equal(GgufTensorType.F32, file.Tensors["output_norm.weight"].Type);

            // Rows of 48 are no whole blocks of 32; the matrix of the logits keeps 8 bits.
            Assert.Equal(type is GgufTensorType.Q4_0 or GgufTensorType.Q8_0 && file.Tensors["blk.1.ffn_down.weight"].Shape[1] % 32 != 0 ? GgufTensorType.F16 : type, file.Tensors["blk.1.ffn_down.weight"].Type);
            Assert.Equal(type == GgufTensorType.Q4_0 ? GgufTensorType.Q8_0 : type, file.Tensors[file.Tensors.ContainsKey("output.weight") ? "output.weight" : "token_embd.weight"].Type);
        }

        // What is loaded has the values that the blocks tell, and is written again without a further loss.
        string second = folder.File("second.gguf");
        Gguf.Save(Gguf.LoadModel(path), second, options with { Type = GgufTensorType.F32, Tolerance = null });
        Assert.Equal(Gguf.LoadModel(path).Predict(Published.Inputs(name)).ToArray<float>(), Gguf.LoadModel(second).Predict(Published.Inputs(name)).ToArray<float>());
    }

    [Fact]
    public void AnExportOutsideItsToleranceDoesNotFinish()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.gguf");
        File.WriteAllText(path, "an earlier file");
        CausalLanguageModel model = Load("llama");
        var strict = new GgufSaveOptions { Type = GgufTensorType.Q4_0, Tolerance = new ParityTolerance { LargestDifference = 1e-6 }, Samples = [Sample("llama")] };
        var error = Assert.Throws<ParityException>(() => Gguf.Save(model, path, strict));
        Assert.False(error.Certificate.Passed);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Equal("an earlier file", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Path));

        // Unless told otherwise, which the certificate tells on.
        ParityCertificate certificate = Gguf.Save(model, path, strict with { AllowsOutsideTolerance = true });
        Assert.False(certificate.Passed);
        Assert.Contains("\"passed\": false", File.ReadAllText(folder.File("model.gguf.parity.json")), StringComparison.Ordinal);
        Assert.IsType<LlamaForCausalLM>(Gguf.LoadModel(path));
    }

    /// <summary>A model in float32 and the same with matrices of 8 bits are two forms that can be compared.</summary>
    [Fact]
    public void EightBitsAreComparedWithFloat32()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.gguf");
        CausalLanguageModel model = Load("qwen3");
        Gguf.Save(model, path, new GgufSaveOptions { Type = GgufTensorType.Q8_0, AllowsOutsideTolerance = true });
        ParityCertificate found = Parity.Check(model, Gguf.LoadModel(path), [Sample("qwen3")], new ParityTolerance { Top1Agreement = 0.9, LargestDifference = 0.05, MeanDivergence = 0.01 });
        Assert.True(found.Passed, string.Join("; ", found.Failures));
        Assert.True(found.LargestDifference > 0 && found.MeanDivergence > 0);
        Assert.NotEmpty((found with { Tolerance = new ParityTolerance() }).Failures);
    }

    [Fact]
    public void AModelWithAnAdapterIsNotWrittenWithoutIt()
    {
        using var folder = new TemporaryFolder();
        CausalLanguageModel model = Load("llama");
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("q_proj", "lora")));
        var options = new GgufSaveOptions { Type = GgufTensorType.F32, AllowsOutsideTolerance = true };
        Assert.Contains("SaveMerged", Assert.Throws<AdapterException>(() => Gguf.Save(model, folder.File("x.gguf"), options)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));
        adapter.Merge();
        float[] merged = Adapted.Logits(model, "llama");
        Gguf.Save(model, folder.File("x.gguf"), options);
        Assert.Equal(merged, Adapted.Logits(Gguf.LoadModel(folder.File("x.gguf")), "llama"));
    }

    public static TheoryData<string, RopeParameters> Ropes => new()
    {
        { "linear", new() { Kind = RopeKind.Linear, Factor = 2.5, Theta = 500000 } },
        { "yarn", new() { Kind = RopeKind.Yarn, Factor = 4, OriginalMaximumPositions = 16 } },
        { "llama3", new() { Kind = RopeKind.Llama3, Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalMaximumPositions = 8192, Theta = 500000 } },
        { "other llama3", new() { Kind = RopeKind.Llama3, Factor = 32, LowFrequencyFactor = 2, HighFrequencyFactor = 5.5, OriginalMaximumPositions = 1000 } },
    };

    [Theory]
    [MemberData(nameof(Ropes))]
    public void RotaryPositionsComeBack(string kind, RopeParameters rope)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File($"{kind}.gguf");
        var model = new LlamaForCausalLM(Small with { Rope = rope, HeadDimension = 64, MaximumPositions = 4096 });
        Gguf.Save(model, path, new GgufSaveOptions { Type = GgufTensorType.F32 });
        Assert.Equal(rope, ((LlamaForCausalLM)Gguf.LoadModel(path)).Config.Rope);
    }

    /// <summary>Files of other software name no original context for Llama 3; it follows from the factors.</summary>
    [Fact]
    public void FactorsAloneTellOfLlama3()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("x.gguf");
        LlamaConfig config = Small with { HeadDimension = 64, Rope = new RopeParameters { Kind = RopeKind.Llama3, Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalMaximumPositions = 5000 } };
        GgufBytes bytes = ByHand(config);
        float[] factors = GgufRotary.FactorsOf(config)!;
        Assert.Contains(1f, factors);
        Assert.Contains(8f, factors);
        File.WriteAllBytes(path, bytes.Tensor("rope_freqs.weight", 0, [32], [.. factors.SelectMany(BitConverter.GetBytes)]).ToArray());
        Assert.Equal(config.Rope, ((LlamaForCausalLM)Gguf.LoadModel(path)).Config.Rope);
        factors[20] *= 1.01f;
        File.WriteAllBytes(path, ByHand(config).Tensor("rope_freqs.weight", 0, [32], [.. factors.SelectMany(BitConverter.GetBytes)]).ToArray());
        Assert.Contains("rope_freqs.weight", Assert.Throws<ModelFileException>(() => Gguf.LoadModel(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAFileCannotSayIsRefusedBeforeItIsWritten()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("x.gguf");
        Assert.Contains("rope_type", Refused(new LlamaForCausalLM(Small with { Rope = new RopeParameters { Kind = RopeKind.Dynamic, Factor = 2 } })), StringComparison.Ordinal);
        Assert.Contains("hidden_act", Refused(new LlamaForCausalLM(Small with { HiddenActivation = Activation.Relu })), StringComparison.Ordinal);
        Assert.Contains("scale_attn_weights", Refused(new Gpt2LMHeadModel(new Gpt2Config { VocabularySize = 9, HiddenSize = 8, HeadCount = 2, LayerCount = 1, MaximumPositions = 8, ScaleAttention = false })), StringComparison.Ordinal);
        var window = new Qwen2Config { VocabularySize = 9, HiddenSize = 8, HeadCount = 2, KeyValueHeadCount = 2, HeadDimension = 4, LayerCount = 1, IntermediateSize = 8, UseSlidingWindow = true, SlidingWindow = 4, MaximumWindowLayers = 0 };
        Assert.Contains("use_sliding_window", Refused(new Qwen2ForCausalLM(window)), StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => Gguf.Save(Load("llama"), path, new GgufSaveOptions { Type = GgufTensorType.Q4_K }));
        Assert.Empty(Directory.GetFiles(folder.Path));

        string Refused(CausalLanguageModel model) => Assert.Throws<ModelConfigException>(() => Gguf.Save(model, path)).Message;
    }

    [Fact]
    public void FilesThatDoNotFitAreTypedErrors()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("x.gguf");
        File.WriteAllBytes(path, new GgufBytes().Value("general.architecture", "mamba").ToArray());
        Assert.Contains("llama", Assert.Throws<UnknownArchitectureException>(() => Gguf.LoadModel(path)).Known);
        File.WriteAllBytes(path, ByHand(Small).Tensor("extra.weight", 1, 1, [1]).ToArray());
        Assert.Equal(["extra.weight"], Assert.Throws<CheckpointException>(() => Gguf.LoadModel(path)).Unexpected);
        File.WriteAllBytes(path, ByHand(Small, leaveOut: "blk.0.ffn_up.weight").ToArray());
        Assert.Equal(["blk.0.ffn_up.weight"], Assert.Throws<CheckpointException>(() => Gguf.LoadModel(path)).Missing);
        File.WriteAllBytes(path, ByHand(Small with { HeadCount = 4 }, heads: 2).ToArray());
        Assert.Contains("attn_q", string.Concat(Assert.Throws<CheckpointException>(() => Gguf.LoadModel(path)).Mismatched), StringComparison.Ordinal);
        File.WriteAllBytes(path, ByHand(Small).Value("llama.expert_count", 8u).ToArray());
        Assert.Contains("expert_count", Assert.Throws<ModelConfigException>(() => Gguf.LoadModel(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, ByHand(Small).Value("llama.rope.scaling.type", "longrope").ToArray());
        Assert.Contains("rope.scaling.type", Assert.Throws<ModelConfigException>(() => Gguf.LoadModel(path)).Message, StringComparison.Ordinal);
        foreach ((string key, float idle, float other) in (ReadOnlySpan<(string, float, float)>)
            [("final_logit_softcapping", 0, 30), ("logit_scale", 1, 0.5f), ("attention.scale", 0, 0.125f), ("rope.scaling.attn_factor", 1, 0.8f), ("rope.scaling.yarn_beta_fast", 32, 16)])
        {
            File.WriteAllBytes(path, ByHand(Small).Value("llama." + key, idle).ToArray());
            Assert.IsType<LlamaForCausalLM>(Gguf.LoadModel(path));
            File.WriteAllBytes(path, ByHand(Small).Value("llama." + key, other).ToArray());
            Assert.Contains(key, Assert.Throws<ModelConfigException>(() => Gguf.LoadModel(path)).Message, StringComparison.Ordinal);
        }

        File.WriteAllBytes(path, ByHand(Small).Value("llama.attention.causal", 7, 0).ToArray());
        Assert.Contains("attention.causal", Assert.Throws<ModelConfigException>(() => Gguf.LoadModel(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, ByHand(Small).Value("split.count", 2u).ToArray());
        Assert.Contains("split.count", Assert.Throws<ModelFileException>(() => Gguf.LoadModel(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, ByHand(Small, kind: 13).ToArray());
        Assert.Contains("Q5_K", Assert.Throws<ModelFileException>(() => Gguf.LoadModel(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, ByHand(Small).ToArray());
        Assert.IsType<LlamaForCausalLM>(Gguf.LoadModel(path));
    }

    /// <summary>The fewest extents of a Llama.</summary>
    private static LlamaConfig Small => new() { VocabularySize = 16, HiddenSize = 8, IntermediateSize = 8, LayerCount = 1, HeadCount = 2, KeyValueHeadCount = 1, HeadDimension = 4, MaximumPositions = 32 };

    private static CausalLanguageModel Load(string name) => (CausalLanguageModel)Published.Load(name);

    private static ParitySample Sample(string name) => ParitySample.OfTokens(Published.Array(name, "input_ids"));

    private static IReadOnlyList<int> Ends(CausalLanguageModel model) => model.Config is DecoderConfig decoder ? decoder.EndIds : ((Gpt2Config)model.Config).EndIds;

    /// <summary>A Llama as other software writes it, with numbers of no meaning.</summary>
    private static GgufBytes ByHand(LlamaConfig config, string? leaveOut = null, int? heads = null, uint kind = 0)
    {
        int queries = (heads ?? config.HeadCount) * config.HeadDimension, keys = config.KeyValueHeadCount * config.HeadDimension;
        GgufBytes bytes = new GgufBytes().Value("general.architecture", "llama").Value("llama.context_length", (uint)config.MaximumPositions).Value("llama.embedding_length", (uint)config.HiddenSize)
            .Value("llama.block_count", (uint)config.LayerCount).Value("llama.feed_forward_length", (uint)config.IntermediateSize).Value("llama.attention.head_count", (uint)config.HeadCount)
            .Value("llama.attention.head_count_kv", (uint)config.KeyValueHeadCount).Value("llama.attention.key_length", (uint)config.HeadDimension)
            .Value("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        if (kind != 0)
            return bytes.Tensor("token_embd.weight", kind, [256, 16], new byte[16 * 176]).Tensor("output.weight", 16, 8, new float[128]);
        (string Name, int Rows, int Columns)[] tensors =
        [
            ("token_embd.weight", config.VocabularySize, config.HiddenSize), ("blk.0.attn_q.weight", queries, config.HiddenSize), ("blk.0.attn_k.weight", keys, config.HiddenSize),
            ("blk.0.attn_v.weight", keys, config.HiddenSize), ("blk.0.attn_output.weight", config.HiddenSize, queries), ("blk.0.ffn_gate.weight", config.IntermediateSize, config.HiddenSize),
            ("blk.0.ffn_up.weight", config.IntermediateSize, config.HiddenSize), ("blk.0.ffn_down.weight", config.HiddenSize, config.IntermediateSize),
        ];
        foreach ((string name, int rows, int columns) in tensors.Where(t => t.Name != leaveOut))
            bytes.Tensor(name, rows, columns, new float[rows * columns]);
        foreach (string norm in (string[])["blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight"])
            bytes.Tensor(norm, 0, [(ulong)config.HiddenSize], new byte[4 * config.HiddenSize]);
        return bytes;
    }

    /// <summary>Values of a file against the published tensors: names, and the orders of rows and axes.</summary>
    private static void AssertTensors(string name, string path)
    {
        using GgufFile file = GgufFile.Open(path);
        SortedDictionary<string, TensorData> published = Published.Tensors(Published.Folder(name));
        Assert.Equal(published.Count + (name == "llama_sharded_bf16" ? 1 : 0), file.Tensors.Count);
        if (name == "gpt2")
        {
            // [inputs, outputs] becomes [outputs, inputs].
            double[] kernel = Matrix.Values(published["transformer.h.1.attn.c_attn.weight"]);
            float[] found = file.Read("blk.1.attn_qkv.weight").ToArray<float>();
            (int inputs, int outputs) = ((int)published["transformer.h.1.attn.c_attn.weight"].Shape[0], (int)published["transformer.h.1.attn.c_attn.weight"].Shape[1]);
            Assert.Equal(Enumerable.Range(0, inputs * outputs).Select(i => (float)kernel[i % inputs * outputs + i / inputs]), found);
            Assert.Equal(published["transformer.wpe.weight"].ToArray<float>(), file.Read("position_embd.weight").ToArray<float>());
            return;
        }

        Assert.Equal(Values("model.layers.1.self_attn.v_proj.weight"), file.Read("blk.1.attn_v.weight").ToArray<float>());
        Assert.Equal(Values("model.layers.0.mlp.down_proj.weight"), file.Read("blk.0.ffn_down.weight").ToArray<float>());
        Assert.Equal(Values("lm_head.weight"), file.Read("output.weight").ToArray<float>());
        var config = (DecoderConfig)Load(name).Config;
        bool isPaired = config is LlamaConfig or MistralConfig;
        foreach ((string part, string short_, int heads) in new[] { ("q_proj", "attn_q", config.HeadCount), ("k_proj", "attn_k", config.KeyValueHeadCount) })
        {
            // The converter takes rows as [heads, 2, half] and writes them as [heads, half, 2].
            float[] rows = Values($"model.layers.1.self_attn.{part}.weight"), found = file.Read($"blk.1.{short_}.weight").ToArray<float>();
            int width = config.HiddenSize, half = config.HeadDimension / 2;
            for (int row = 0; row < heads * 2 * half; row++)
            {
                int head = row / (2 * half), i = row % (2 * half) / 2, side = row % 2;
                int from = isPaired ? (head * 2 + side) * half + i : row;
                Assert.Equal(rows[(from * width)..((from + 1) * width)], found[(row * width)..((row + 1) * width)]);
            }
        }

        float[] Values(string tensor) => [.. Matrix.Values(published[tensor]).Select(v => (float)v)];
    }
}
