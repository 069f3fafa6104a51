namespace Anneal.Models.Tests;

/// <summary>Texts continued with a cache of fixed capacity against recomputing the whole text, and what the generator refuses.</summary>
public sealed class CausalGeneratorTests
{
    public static TheoryData<string> Decoders => [.. Published.Names.Where(n => Published.Load(n) is CausalLanguageModel)];

    public static TheoryData<string> Continued => [.. Published.Names.Where(n => Published.Load(n) is CausalLanguageModel && HasGreedy(n))];

    [Fact]
    public void ThereAreContinuations() => Assert.NotEmpty(Continued);

    [Theory]
    [MemberData(nameof(Continued))]
    public void TheGreedyContinuationIsThatOfThePublisher(string name)
    {
        int[] greedy = Row(Published.Array(name, "greedy"), 0), prompt = Row(Published.Array(name, "input_ids"), 0);
        var options = new GenerationOptions { MaximumNewTokens = greedy.Length - prompt.Length, ForbiddenTokens = Ends(name) };
        Assert.Equal(greedy[prompt.Length..], new CausalGenerator(Load(name)).Generate(prompt, options));
    }

    [Theory]
    [MemberData(nameof(Decoders))]
    public void TheCacheGivesWhatTheWholeTextGives(string name)
    {
        CausalLanguageModel model = Load(name);
        TensorData ids = Published.Array(name, "input_ids");
        var generator = new CausalGenerator(model, Math.Min(model.MaximumPositions, 48));

        // A longer text between two shorter ones: nothing of it may be left in the cache.
        foreach ((int row, int length, int count) in new[] { (0, 3, 20), (1, (int)ids.Shape[1], 0), (0, 1, 24) })
        {
            int[] prompt = Row(ids, row)[..length];
            int[] found = generator.Generate(prompt, new GenerationOptions { MaximumNewTokens = count == 0 ? null : count });
            Assert.Equal(count == 0 ? generator.ContextLength - length : count, found.Length);
            Assert.Equal(Recomputed(model, prompt, found.Length, generator.ContextLength), found);
        }
    }

    [Fact]
    public void AWindowShorterThanThePromptIsKept()
    {
        using Scratch narrow = Scratch.Copy("mistral", c => c["sliding_window"] = 3), wide = Scratch.Copy("mistral", c => c["sliding_window"] = null);
        int[] prompt = Row(Published.Array("mistral", "input_ids"), 1);
        var options = new GenerationOptions { MaximumNewTokens = 40 };
        var model = (CausalLanguageModel)PretrainedModel.Load(narrow.Path);
        int[] found = new CausalGenerator(model).Generate(prompt, options);
        Assert.Equal(Recomputed(model, prompt, 40, model.MaximumPositions), found);
        Assert.NotEqual(new CausalGenerator((CausalLanguageModel)PretrainedModel.Load(wide.Path)).Generate(prompt, options), found);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(35)]
    public void PromptsOfAllLengthsAreReadWhole(int length)
    {
        CausalLanguageModel model = Load("llama");
        int[] prompt = [.. Enumerable.Range(0, length).Select(i => (7 * i + 3) % model.VocabularySize)];
        var generator = new CausalGenerator(model, 36);
        Assert.Equal(Recomputed(model, prompt, 36 - length, 36), generator.Generate(prompt));
    }

    [Fact]
    public void AnEndTokenIsTheLastOne()
    {
        var generator = new CausalGenerator(Load("gpt2"));
        int[] all = generator.Generate([5, 6, 7], new GenerationOptions { MaximumNewTokens = 12 });
        int[] ended = generator.Generate([5, 6, 7], new GenerationOptions { MaximumNewTokens = 12, EndTokens = [all[4]] });
        Assert.Equal(all[..(Array.IndexOf(all, all[4]) + 1)], ended);
    }

    [Fact]
    public async Task AStreamGivesTheSameTokens()
    {
        var generator = new CausalGenerator(Load("qwen3"));
        var options = new GenerationOptions { MaximumNewTokens = 10, Temperature = 0.9, Seed = 3 };
        var streamed = new List<int>();
        await foreach (int token in generator.StreamAsync([4, 5], options))
            streamed.Add(token);
        Assert.Equal(generator.Generate([4, 5], options), streamed);
    }

    [Fact]
    public async Task AStreamThatIsCancelledOrLeftFreesTheGenerator()
    {
        var generator = new CausalGenerator(Load("gpt2"));
        using var source = new CancellationTokenSource();
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (int token in generator.StreamAsync([4, 5], null, CancellationToken.None).WithCancellation(source.Token))
            {
                if (++seen == 3)
                    await source.CancelAsync();
            }
        });
        Assert.Equal(3, seen);
        await foreach (int token in generator.StreamAsync([4, 5]))
            break;
        Assert.Throws<OperationCanceledException>(() => generator.Generate([4, 5], null, source.Token));
        Assert.Equal(4, generator.Generate([4, 5], new GenerationOptions { MaximumNewTokens = 4 }).Length);
    }

    [Fact]
    public async Task OneTextAtATime()
    {
        var generator = new CausalGenerator(Load("gpt2"));
        await foreach (int token in generator.StreamAsync([4, 5], new GenerationOptions { MaximumNewTokens = 2 }))
            Assert.Contains("another text", Assert.Throws<ModelException>(() => generator.Generate([1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATextLongerThanTheContextSaysByHowMuch()
    {
        var generator = new CausalGenerator(Load("gpt2"), 20);
        ContextLengthException longer = Assert.Throws<ContextLengthException>(() => generator.Generate(new int[27]));
        Assert.Contains("7 more than the context of 20", longer.Message, StringComparison.Ordinal);
        ContextLengthException sum = Assert.Throws<ContextLengthException>(() => { generator.StreamAsync(new int[15], new GenerationOptions { MaximumNewTokens = 9 }); });
        Assert.Equal((15, 9, 20, 4L), (sum.PromptTokens, sum.NewTokens, sum.ContextLength, sum.Excess));
        Assert.Equal(1, Assert.Throws<ContextLengthException>(() => generator.Generate(new int[20])).Excess);
        Assert.Single(generator.Generate(new int[19]));
    }

    [Fact]
    public void WrongPromptsAndContextsAreRefused()
    {
        CausalLanguageModel model = Load("gpt2");
        var generator = new CausalGenerator(model);
        Assert.Throws<InputException>(() => generator.Generate([]));
        Assert.Contains("token 1 of the prompt", Assert.Throws<InputException>(() => generator.Generate([0, model.VocabularySize])).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => generator.Generate([-1]));
        Assert.Throws<OptionException>(() => new CausalGenerator(model, 0));
        Assert.Throws<OptionException>(() => new CausalGenerator(model, model.MaximumPositions + 1));
    }

    [Fact]
    public void AModelMadeInCodeIsBuiltAndItsCurrentWeightsAreUsed()
    {
        var model = new LlamaForCausalLM(new LlamaConfig
        {
            VocabularySize = 30,
            HiddenSize = 16,
            IntermediateSize = 24,
            LayerCount = 1,
            HeadCount = 2,
            KeyValueHeadCount = 1,
            HeadDimension = 8,
            MaximumPositions = 32,
            InitializerRange = 0.5,
        });
        var generator = new CausalGenerator(model);
        int[] before = generator.Generate([1, 2, 3]);
        Assert.Equal(Recomputed(model, [1, 2, 3], before.Length, 32), before);
        foreach (Parameter parameter in model.Parameters)
            parameter.Value = (Tensor.From(parameter.Value) * -1.5).Evaluate();
        int[] after = generator.Generate([1, 2, 3]);
        Assert.Equal(Recomputed(model, [1, 2, 3], after.Length, 32), after);
        Assert.NotEqual(before, after);
    }

    /// <summary>The greedy continuation from the logits of the whole text; tokens on the right change nothing on their left.</summary>
    private static int[] Recomputed(CausalLanguageModel model, int[] prompt, int count, int length)
    {
        var ids = new TensorData(DType.Int64, [1, length]);
        for (int i = 0; i < prompt.Length; i++)
            ids.AsSpan<long>()[i] = prompt[i];
        var chosen = new int[count];
        for (int i = 0; i < count; i++)
        {
            int width = model.VocabularySize, at = prompt.Length + i;
            float[] row = model.Predict(ids).AsSpan<float>().Slice((at - 1) * width, width).ToArray();
            chosen[i] = Array.IndexOf(row, row.Max());
            ids.AsSpan<long>()[at] = chosen[i];
        }

        return chosen;
    }

    private static CausalLanguageModel Load(string name) => (CausalLanguageModel)Published.Load(name);

    private static bool HasGreedy(string name) => Saving.Safetensors.Read(Path.Combine(Published.Folder(name), "io.safetensors")).Tensors.ContainsKey("greedy");

    private static int[] Row(TensorData ids, int row)
    {
        int length = (int)ids.Shape[1];
        return Array.ConvertAll(ids.ToArray<long>()[(row * length)..((row + 1) * length)], i => (int)i);
    }

    /// <summary>The tokens that end a text, one or several, as the configuration has them.</summary>
    private static int[] Ends(string name) => Published.Config(Published.Folder(name))["eos_token_id"] switch
    {
        System.Text.Json.Nodes.JsonArray several => [.. several.Select(e => e!.GetValue<int>())],
        { } one => [one.GetValue<int>()],
        null => [],
    };
}
