using System.Text.Json.Nodes;

namespace Anneal.Models.Tests;

/// <summary>Options of generation in <c>generation_config.json</c> and, where there is none, in <c>config.json</c>.</summary>
public sealed class GenerationOptionsFileTests
{
    public static TheoryData<string> Generating => [.. Published.Names.Where(n => File.Exists(Path.Combine(Published.Folder(n), "generation_config.json")))];

    [Fact]
    public void AllFieldsAreRead()
    {
        using Scratch folder = With("""
            { "max_new_tokens": 12, "max_length": 99, "min_new_tokens": 2, "min_length": 5, "eos_token_id": [2, 7], "bos_token_id": 1, "pad_token_id": 0,
              "suppress_tokens": [9, 4], "bad_words_ids": [[5], [4]], "repetition_penalty": 1.2, "no_repeat_ngram_size": 3, "do_sample": true, "temperature": 0.6,
              "top_k": 20, "top_p": 0.9, "min_p": 0.05, "typical_p": 1.0, "penalty_alpha": null, "stop_strings": [], "num_beams": 1, "use_cache": true, "unknown_field": {} }
            """);
        GenerationOptions options = GenerationOptions.Load(folder.Path);
        Assert.Equal((12, null, 2, 5), (options.MaximumNewTokens, options.MaximumLength, options.MinimumNewTokens, options.MinimumLength));
        Assert.Equal(([2, 7], [4, 5, 9], 1), (options.EndTokens.ToArray(), options.ForbiddenTokens.ToArray(), options.BeginToken), new TokensAlike());
        Assert.Equal((1.2, 3, 0.6, 20, 0.9, 0.05), (options.RepetitionPenalty, options.NoRepeatSize, options.Temperature, options.TopK, options.TopP, options.MinP));
        (options with { Seed = 1 }).Check(10);
        Assert.Contains("Seed", Assert.Throws<OptionException>(() => options.Check(10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BeamsAndDefaultsAreRead()
    {
        using Scratch beams = With("""{ "num_beams": 4, "length_penalty": 2.0, "early_stopping": true, "num_return_sequences": 2, "max_length": 150, "eos_token_id": 1, "decoder_start_token_id": 0, "temperature": 0.0 }""");
        GenerationOptions options = GenerationOptions.Load(beams.Path);
        Assert.Equal((4, 2.0, BeamStopping.WhenFull, 2, 150, 0, null), (options.BeamCount, options.LengthPenalty, options.BeamStopping, options.ReturnedSequences, options.MaximumLength, options.DecoderStartToken, options.Temperature));
        using Scratch never = With("""{ "num_beams": 4, "early_stopping": "never" }""");
        Assert.Equal(BeamStopping.Never, GenerationOptions.Load(never.Path).BeamStopping);

        // As transformers has it: draws are from the 50 most probable tokens unless 0 is written, and one beam has no length penalty.
        using Scratch draws = With("""{ "do_sample": true, "length_penalty": 2.0, "early_stopping": true }""");
        options = GenerationOptions.Load(draws.Path);
        Assert.Equal((1.0, 50, null, 1.0, BeamStopping.Heuristic), (options.Temperature, options.TopK, options.TopP, options.LengthPenalty, options.BeamStopping));
        using Scratch all = With("""{ "do_sample": true, "top_k": 0, "top_p": 1.0 }""");
        options = GenerationOptions.Load(all.Path);
        Assert.Equal(((int?)null, (double?)null), (options.TopK, options.TopP));
        using Scratch greedy = With("""{ "temperature": 0.6, "top_k": 20, "top_p": 0.9 }""");
        options = GenerationOptions.Load(greedy.Path);
        Assert.Equal(((double?)null, (int?)null, (double?)null), (options.Temperature, options.TopK, options.TopP));
    }

    [Theory]
    [InlineData("eos_token_id", "\"two\"")]
    [InlineData("eos_token_id", "[1, -2]")]
    [InlineData("eos_token_id", "1.5")]
    [InlineData("max_new_tokens", "0")]
    [InlineData("temperature", "-1")]
    [InlineData("temperature", "0")]
    [InlineData("temperature", "\"hot\"")]
    [InlineData("top_p", "1.5")]
    [InlineData("top_p", "0")]
    [InlineData("top_k", "-1")]
    [InlineData("min_p", "2")]
    [InlineData("repetition_penalty", "0")]
    [InlineData("do_sample", "1")]
    [InlineData("num_beams", "2")]
    [InlineData("num_return_sequences", "2")]
    [InlineData("early_stopping", "\"sometimes\"")]
    [InlineData("no_repeat_ngram_size", "-3")]
    [InlineData("bad_words_ids", "[[1, 2]]")]
    [InlineData("penalty_alpha", "0.6")]
    [InlineData("typical_p", "0.5")]
    [InlineData("guidance_scale", "3")]
    [InlineData("forced_bos_token_id", "3")]
    [InlineData("stop_strings", "[\"end\"]")]
    [InlineData("renormalize_logits", "true")]
    public void WrongAndUnsupportedValuesAreRefusedByName(string field, string value)
    {
        using Scratch folder = With(field == "do_sample" ? "{ \"do_sample\": 1 }" : $"{{ \"do_sample\": true, \"{field}\": {value} }}");
        ModelConfigException wrong = Assert.Throws<ModelConfigException>(() => GenerationOptions.Load(folder.Path));
        Assert.Equal(field, wrong.Field);
        Assert.EndsWith("generation_config.json", wrong.File, StringComparison.Ordinal);
    }

    [Fact]
    public void FilesThatAreNoConfigurationsAreRefused()
    {
        foreach (string text in new[] { "", "[]", "{", "{\"a\": 1, \"a\": 2}", "\u0000\u0001" })
        {
            using Scratch folder = With(text);
            Assert.Throws<ModelFileException>(() => GenerationOptions.Load(folder.Path));
        }

        using var empty = new Scratch();
        Assert.Throws<ModelFileException>(() => GenerationOptions.Load(empty.Path));
    }

    [Fact]
    public void WithoutTheFileTheConfigurationSpeaks()
    {
        using Scratch folder = Scratch.Copy("llama", c => c["eos_token_id"] = new JsonArray(2, 5));
        File.Delete(folder.File("generation_config.json"));
        Assert.Equal([2, 5], GenerationOptions.Load(folder.Path).EndTokens);
        Assert.Equal([2, 5], ((LlamaForCausalLM)PretrainedModel.Load(folder.Path)).GenerationOptions.EndTokens);
        var made = new LlamaForCausalLM(new LlamaConfig { VocabularySize = 20, HiddenSize = 8, IntermediateSize = 8, LayerCount = 1, HeadCount = 1, KeyValueHeadCount = 1, HeadDimension = 8, EndIds = [3] });
        Assert.Equal([3], made.GenerationOptions.EndTokens);
        using var saved = new Scratch();
        made.SavePretrained(saved.Path);
        Assert.Equal([3], GenerationOptions.Load(saved.Path).EndTokens);
    }

    [Theory]
    [MemberData(nameof(Generating))]
    public void TheFileOfAModelIsWrittenAgain(string name)
    {
        using var scratch = new Scratch();
        Published.Load(name).SavePretrained(scratch.Path);
        Assert.True(JsonNode.DeepEquals(Json(Published.Folder(name)), Json(scratch.Path)));
    }

    [Fact]
    public void ChangedOptionsAreWrittenAndOthersKept()
    {
        using Scratch folder = Scratch.Copy("t5");
        using var saved = new Scratch();
        var model = (T5ForConditionalGeneration)PretrainedModel.Load(folder.Path);
        model.GenerationOptions = model.GenerationOptions with { BeamCount = 4, LengthPenalty = 2, BeamStopping = BeamStopping.Never, MaximumNewTokens = 30, EndTokens = [1, 3] };
        model.SavePretrained(saved.Path);
        JsonObject json = Json(saved.Path);
        Assert.Equal((4, 2.0, "never", 30, "[1,3]", 0), ((int)json["num_beams"]!, (double)json["length_penalty"]!, (string?)json["early_stopping"], (int)json["max_new_tokens"]!, json["eos_token_id"]!.ToJsonString(), (int)json["pad_token_id"]!));
        Assert.False(json.ContainsKey("_from_model_config"));
        Assert.Equal("5.17.0", (string?)json["transformers_version"]);
        GenerationOptions again = GenerationOptions.Load(saved.Path);
        Assert.Equal(model.GenerationOptions with { EndTokens = again.EndTokens, ForbiddenTokens = again.ForbiddenTokens, Source = again.Source }, again);
        (again with { BeamCount = 1, LengthPenalty = 1, BeamStopping = BeamStopping.Heuristic }).Save(saved.Path);
        Assert.False(Json(saved.Path).ContainsKey("num_beams"));
    }

    [Fact]
    public void AnnealsOwnFormKeepsThemToo()
    {
        using var own = new Scratch();
        using var published = new Scratch();
        var model = (T5ForConditionalGeneration)Published.Load("t5");
        model.Save(own.Path);
        PretrainedModel.Load(own.Path).SavePretrained(published.Path);
        Assert.True(JsonNode.DeepEquals(Json(Published.Folder("t5")), Json(published.Path)));
        model.GenerationOptions = model.GenerationOptions with { MaximumNewTokens = 9 };
        model.Save(own.Path);
        Assert.Equal(9, ((T5ForConditionalGeneration)PretrainedModel.Load(own.Path)).GenerationOptions.MaximumNewTokens);
    }

    [Fact]
    public void OptionsMadeInCodeComeBack()
    {
        using var folder = new Scratch();
        var draws = new GenerationOptions { Temperature = 0.7, TopP = 0.9, MinP = 0.1, RepetitionPenalty = 1.3, FrequencyPenalty = 0.5, PresencePenalty = -0.5, NoRepeatSize = 4, MaximumLength = 80, MinimumLength = 3, BeginToken = 2 };
        draws.Save(folder.Path);
        GenerationOptions again = GenerationOptions.Load(folder.Path);
        Assert.Equal(draws with { EndTokens = again.EndTokens, ForbiddenTokens = again.ForbiddenTokens, Source = again.Source }, again);
        Assert.Equal(0, (int)Json(folder.Path)["top_k"]!);
    }

    [Fact]
    public void AModelWithOptionsThatAreNotSupportedIsLoadedAndSaved()
    {
        using Scratch folder = Scratch.Copy("gpt2");
        File.WriteAllText(folder.File("generation_config.json"), """{ "penalty_alpha": 0.6, "eos_token_id": 2 }""");
        var model = (Gpt2LMHeadModel)PretrainedModel.Load(folder.Path);
        Assert.Equal("penalty_alpha", Assert.Throws<ModelConfigException>(() => model.GenerationOptions).Field);
        using var saved = new Scratch();
        model.SavePretrained(saved.Path);
        Assert.Equal(0.6, (double)Json(saved.Path)["penalty_alpha"]!);
    }

    private static JsonObject Json(string folder) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "generation_config.json")))!.AsObject();

    private static Scratch With(string text)
    {
        var scratch = new Scratch();
        File.WriteAllText(scratch.File("generation_config.json"), text);
        return scratch;
    }

    private sealed class TokensAlike : IEqualityComparer<(int[] Ends, int[] Forbidden, int? Begin)>
    {
        public bool Equals((int[] Ends, int[] Forbidden, int? Begin) x, (int[] Ends, int[] Forbidden, int? Begin) y) =>
            x.Ends.SequenceEqual(y.Ends) && x.Forbidden.SequenceEqual(y.Forbidden) && x.Begin == y.Begin;

        public int GetHashCode((int[] Ends, int[] Forbidden, int? Begin) obj) => 0;
    }
}
