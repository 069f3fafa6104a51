using System.Text.Json.Nodes;

namespace Anneal.Models.Tests;

/// <summary>Every field that changes the computation is honoured or refused, and what is not known is kept.</summary>
public sealed class FieldTests
{
    public static TheoryData<string, string, string> Changes => new()
    {
        { "gpt2", "activation_function", "\"relu\"" },
        { "gpt2", "layer_norm_epsilon", "0.1" },
        { "gpt2", "scale_attn_weights", "false" },
        { "gpt2", "scale_attn_by_inverse_layer_idx", "true" },
        { "llama", "rms_norm_eps", "0.01" },
        { "llama", "hidden_act", "\"gelu\"" },
        { "llama", "rope_parameters", "{\"rope_type\":\"default\",\"rope_theta\":100.0}" },
        { "llama", "rope_parameters", "{\"rope_type\":\"linear\",\"rope_theta\":10000.0,\"factor\":2.0}" },
        { "llama", "rope_parameters", "{\"rope_type\":\"yarn\",\"rope_theta\":10000.0,\"factor\":4.0,\"original_max_position_embeddings\":16}" },
        { "llama", "rope_parameters", "{\"rope_type\":\"llama3\",\"rope_theta\":10000.0,\"factor\":4.0,\"low_freq_factor\":1,\"high_freq_factor\":4,\"original_max_position_embeddings\":16}" },
        { "mistral", "sliding_window", "3" },
        { "mistral", "sliding_window", "null" },
        { "qwen3", "rms_norm_eps", "0.01" },
        { "glm", "rope_parameters", "{\"rope_type\":\"default\",\"rope_theta\":10000.0,\"partial_rotary_factor\":1.0}" },
        { "glm4", "hidden_act", "\"relu\"" },
        { "bert", "hidden_act", "\"silu\"" },
        { "bert", "layer_norm_eps", "0.01" },
        { "bert_mlm", "hidden_act", "\"relu\"" },
        { "distilbert", "activation", "\"relu\"" },
        { "roberta", "pad_token_id", "2" },
        { "t5", "feed_forward_proj", "\"silu\"" },
        { "t5", "scale_decoder_outputs", "false" },
        { "t5", "relative_attention_max_distance", "20" },
        { "t5", "layer_norm_epsilon", "0.01" },
        { "vit", "hidden_act", "\"relu\"" },
        { "vit", "layer_norm_eps", "0.01" },
        { "resnet", "hidden_act", "\"silu\"" },
        { "resnet", "downsample_in_bottleneck", "true" },
        { "resnet", "downsample_in_first_stage", "true" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void AFieldThatChangesTheComputationIsHonoured(string name, string field, string value)
    {
        using Scratch changed = Scratch.Copy(name, c => c[field] = JsonNode.Parse(value));
        Dataset inputs = Published.Inputs(name);
        float[] before = Published.Load(name).Predict(inputs).ToArray<float>(), after = PretrainedModel.Load(changed.Path).Predict(inputs).ToArray<float>();
        Assert.Equal(before.Length, after.Length);
        Assert.All(after, v => Assert.True(float.IsFinite(v)));
        Assert.True(before.Zip(after, (a, b) => Math.Abs(a - b)).Max() > 1e-4, $"{field} changes nothing.");
    }

    public static TheoryData<string, string, string, string> Refused => new()
    {
        { "llama", "hidden_act", "\"quick_gelu\"", "hidden_act" },
        { "llama", "rope_parameters", "{\"rope_type\":\"longrope\",\"rope_theta\":10000.0}", "rope_type" },
        { "llama", "rope_parameters", "{\"rope_type\":\"linear\",\"rope_theta\":10000.0}", "factor" },
        { "llama", "rope_parameters", "{\"full_attention\":{\"rope_type\":\"default\"}}", "rope_parameters" },
        { "llama", "rope_parameters", "{\"rope_type\":\"default\",\"partial_rotary_factor\":0.5}", "partial_rotary_factor" },
        { "llama", "num_key_value_heads", "3", "num_key_value_heads" },
        { "llama", "hidden_size", "\"32\"", "hidden_size" },
        { "llama", "num_hidden_layers", "1.5", "num_hidden_layers" },
        { "llama", "num_hidden_layers", "4000", "the number of layers" },
        { "llama", "num_hidden_layers", "-1", "num_hidden_layers" },
        { "llama", "vocab_size", "1e300", "vocab_size" },
        { "llama", "model_type", "\"bert\"", "model_type" },
        { "llama", "architectures", "null", "architectures" },
        { "llama", "head_dim", "7", "head_dim" },
        { "llama", "pad_token_id", "97", "pad_token_id" },
        { "qwen2", "layer_types", "[\"full_attention\",\"sliding_attention\"]", "layer_types" },
        { "qwen2", "layer_types", "[\"full_attention\"]", "layer_types" },
        { "qwen2", "layer_types", "[\"full_attention\",\"chunked_attention\"]", "layer_types" },
        { "gpt2", "n_head", "5", "n_head" },
        { "gpt2", "add_cross_attention", "true", "add_cross_attention" },
        { "gpt2", "attn_pdrop", "1.0", "attn_pdrop" },
        { "bert", "num_attention_heads", "5", "num_attention_heads" },
        { "bert", "is_decoder", "true", "is_decoder" },
        { "bert", "position_embedding_type", "\"relative_key\"", "position_embedding_type" },
        { "bert", "id2label", "{\"0\":\"a\",\"2\":\"b\"}", "id2label" },
        { "roberta", "pad_token_id", "null", "pad_token_id" },
        { "distilbert", "n_heads", "3", "n_heads" },
        { "t5", "feed_forward_proj", "\"gated-quick\"", "feed_forward_proj" },
        { "t5", "relative_attention_num_buckets", "3", "relative_attention_num_buckets" },
        { "vit", "patch_size", "5", "patch_size" },
        { "resnet", "depths", "[1]", "depths" },
        { "resnet", "layer_type", "\"wide\"", "layer_type" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void AFieldThatIsWrongOrNotSupportedIsNamed(string name, string field, string value, string named)
    {
        using Scratch changed = Scratch.Copy(name, c => c[field] = JsonNode.Parse(value));
        var error = Assert.Throws<ModelConfigException>(() => PretrainedModel.Load(changed.Path));
        Assert.Equal(named, error.Field);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WindowsOfSingleLayersAreHonoured()
    {
        using Scratch half = Scratch.Copy("qwen2", Slide(c => c["layer_types"] = new JsonArray("full_attention", "sliding_attention")));
        using Scratch all = Scratch.Copy("qwen2", Slide(c => c["layer_types"] = new JsonArray("sliding_attention", "sliding_attention")));
        using Scratch byNumber = Scratch.Copy("qwen2", Slide(c =>
        {
            c.Remove("layer_types");
            c["max_window_layers"] = 1;
        }));
        Dataset inputs = Published.Inputs("qwen2");
        float[] none = Published.Load("qwen2").Predict(inputs).ToArray<float>(), one = Predict(half), both = Predict(all);
        Assert.NotEqual(none, one);
        Assert.NotEqual(one, both);
        Assert.Equal(one, Predict(byNumber));

        float[] Predict(Scratch folder) => PretrainedModel.Load(folder.Path).Predict(inputs).ToArray<float>();

        static Action<JsonObject> Slide(Action<JsonObject> more) => c =>
        {
            (c["use_sliding_window"], c["sliding_window"]) = (true, 3);
            more(c);
        };
    }

    [Fact]
    public void TheOlderFormOfRotaryPositionsIsRead()
    {
        using Scratch older = Scratch.Copy("llama", c =>
        {
            c.Remove("rope_parameters");
            (c["rope_theta"], c["rope_scaling"]) = (500.0, new JsonObject { ["type"] = "linear", ["factor"] = 2.0 });
        });
        using Scratch current = Scratch.Copy("llama", c => c["rope_parameters"] = new JsonObject { ["rope_type"] = "linear", ["rope_theta"] = 500.0, ["factor"] = 2.0 });
        LlamaForCausalLM a = LlamaForCausalLM.Load(older.Path), b = LlamaForCausalLM.Load(current.Path);
        Assert.Equal(a.Config.Rope, b.Config.Rope);
        Dataset inputs = Published.Inputs("llama");
        Assert.Equal(a.Predict(inputs).ToArray<float>(), b.Predict(inputs).ToArray<float>());
    }

    [Fact]
    public void UnknownFieldsAreKeptAndChangedOnesWrittenAnew()
    {
        using Scratch source = Scratch.Copy("llama_sharded_bf16", c => c["something_new"] = new JsonObject { ["a"] = 1 });
        LlamaConfig read = LlamaForCausalLM.Load(source.Path).Config;
        JsonObject same = read.ToJson();
        Assert.True(JsonNode.DeepEquals(Published.Config(source.Path), same));
        JsonObject changed = (read with { Rope = read.Rope with { Theta = 7000 }, NormEpsilon = 1e-5 }).ToJson();
        Assert.Equal(1, (int)changed["something_new"]!["a"]!);
        Assert.Equal(1e-5, (double)changed["rms_norm_eps"]!);
        Assert.Equal(7000.0, (double)changed["rope_parameters"]!["rope_theta"]!);
        Assert.False(changed.ContainsKey("rope_theta") || changed.ContainsKey("rope_scaling"));
        Assert.Equal("4.43.0", (string?)changed["transformers_version"]);
    }

    [Fact]
    public void ContradictionsInCodeAreNamedToo()
    {
        Assert.Equal("num_attention_heads", Assert.Throws<ModelConfigException>(() => new BertForMaskedLM(new BertConfig { HiddenSize = 30, HeadCount = 4 })).Field);
        Assert.Equal("vocab_size", Assert.Throws<ModelConfigException>(() => new Gpt2LMHeadModel(new Gpt2Config { VocabularySize = 0 })).Field);
        Assert.Equal("depths", Assert.Throws<ModelConfigException>(() => new ResNetForImageClassification(new ResNetConfig { Depths = [1] })).Field);
    }
}
