namespace Anneal.Models.Tests;

/// <summary>Several texts at once: each gets what it gets alone.</summary>
public sealed class BatchTests
{
    private static readonly int[][] Prompts = [[5], [7, 8, 9, 10, 11], [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20], [21, 22]];

    public static TheoryData<string> Decoders => [.. Published.Names.Where(n => Published.Load(n) is CausalLanguageModel)];

    [Theory]
    [MemberData(nameof(Decoders))]
    public void EachTextIsWhatItIsAlone(string name)
    {
        var generator = new CausalGenerator(Load(name), 48);
        var options = new GenerationOptions { MaximumNewTokens = 20 };
        int[][] alone = Array.ConvertAll(Prompts, p => generator.Generate(p, options));
        Assert.Equal(alone, generator.GenerateBatch(Prompts, options));

        // Some end early, at different steps, and others go on; then another order and number of rows.
        GenerationOptions varied = options with { NoRepeatSize = 1 };
        GenerationOptions ended = varied with { EndTokens = [generator.Generate(Prompts[0], varied)[4], generator.Generate(Prompts[2], varied)[11]] };
        int[][] expected = Array.ConvertAll(Prompts, p => generator.Generate(p, ended));
        Assert.True(expected.Select(e => e.Length).Distinct().Count() > 1);
        Assert.Equal(expected, generator.GenerateBatch(Prompts, ended));
        Assert.Equal([expected[2], expected[0]], generator.GenerateBatch([Prompts[2], Prompts[0]], ended));
    }

    [Fact]
    public void PenaltiesSeeTheirOwnTextOnly()
    {
        var generator = new CausalGenerator(Load("llama"), 48);
        var options = new GenerationOptions { MaximumNewTokens = 16, RepetitionPenalty = 1.5, NoRepeatSize = 2, FrequencyPenalty = 0.2 };
        Assert.Equal(Array.ConvertAll(Prompts, p => generator.Generate(p, options)), generator.GenerateBatch(Prompts, options));
    }

    [Fact]
    public void DrawsDependOnSeedAndIndexAlone()
    {
        var generator = new CausalGenerator(Load("gpt2"), 48);
        var options = new GenerationOptions { MaximumNewTokens = 16, Temperature = 1.2, TopP = 0.95, Seed = 8 };
        int[][] all = generator.GenerateBatch(Prompts, options);
        Assert.Equal(all[..2], generator.GenerateBatch(Prompts[..2], options));
        Assert.Equal(all[0], generator.Generate(Prompts[0], options));
        int[] others = generator.GenerateBatch([[1], [2, 3], Prompts[2]], options)[2];
        Assert.Equal(all[2], others);
        Assert.Equal(all, generator.GenerateBatch(Prompts, options));
        Assert.NotEqual(all, generator.GenerateBatch(Prompts, options with { Seed = 9 }));
        int[][] same = generator.GenerateBatch([Prompts[1], Prompts[1], Prompts[1]], options);
        Assert.Equal(3, same.Select(s => string.Join(' ', s)).Distinct().Count());
    }

    [Fact]
    public void TheLongestPromptIsNamed()
    {
        var generator = new CausalGenerator(Load("gpt2"), 20);
        ContextLengthException tooLong = Assert.Throws<ContextLengthException>(() => generator.GenerateBatch([new int[21], new int[27], new int[3]]));
        Assert.Equal((1, 27, 20), (tooLong.PromptIndex, tooLong.PromptTokens, tooLong.ContextLength));
        Assert.Contains("Prompt 1, the longest one, has 27 tokens, 7 more than the context of 20", tooLong.Message, StringComparison.Ordinal);
        ContextLengthException sum = Assert.Throws<ContextLengthException>(() => generator.GenerateBatch([new int[3], new int[15]], new() { MaximumNewTokens = 9 }));
        Assert.Equal((1, 4L), (sum.PromptIndex, sum.Excess));
        Assert.Contains("Prompt 1: token 0", Assert.Throws<InputException>(() => generator.GenerateBatch([[0], [-1]])).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => generator.GenerateBatch([]));
        Assert.Throws<InputException>(() => generator.GenerateBatch([[1], []]));
    }

    [Fact]
    public void LengthsAreLimitedByPromptAndContext()
    {
        var generator = new CausalGenerator(Load("gpt2"), 24);
        Assert.Equal([23, 19, 6, 22], generator.GenerateBatch(Prompts).Select(t => t.Length));
        Assert.Equal([19, 15, 2, 18], generator.GenerateBatch(Prompts, new() { MaximumLength = 20 }).Select(t => t.Length));
        Assert.Equal([4, 4, 2, 4], generator.GenerateBatch(Prompts, new() { MaximumLength = 20, MaximumNewTokens = 4 }).Select(t => t.Length));
        Assert.Equal([23, 19, 6, 22], generator.GenerateBatch(Prompts, new() { MaximumLength = 1000 }).Select(t => t.Length));
        Assert.Contains("MaximumLength", Assert.Throws<OptionException>(() => generator.Generate(Prompts[2], new() { MaximumLength = 18 })).Message, StringComparison.Ordinal);
        Assert.Contains("DecoderStartToken", Assert.Throws<OptionException>(() => generator.Generate([1], new() { DecoderStartToken = 1 })).Message, StringComparison.Ordinal);
        Assert.Equal(generator.Generate([7]), generator.Generate([], new() { BeginToken = 7 }));
    }

    [Fact]
    public void ABatchThatIsCancelledFreesTheGenerator()
    {
        var generator = new CausalGenerator(Load("gpt2"), 48);
        using var source = new CancellationTokenSource();
        (GeneratedText[] texts, GenerationOptions options) = generator.Prepare(Prompts, null);
        int seen = 0;
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (GeneratedText text in generator.Run(texts, options, source.Token))
            {
                if (++seen == 6)
                    source.Cancel();
            }
        });
        Assert.Equal(8, seen);
        Assert.Throws<OperationCanceledException>(() => generator.GenerateBatch(Prompts, null, source.Token));
        Assert.Equal(4, generator.GenerateBatch(Prompts, new() { MaximumNewTokens = 2 }).Length);
    }

    private static CausalLanguageModel Load(string name) => (CausalLanguageModel)Published.Load(name);
}
