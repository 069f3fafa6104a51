namespace Anneal.Models.Tests;

/// <summary>What T5 writes with its keys and values kept, against what it writes when everything is computed again for each token.</summary>
public sealed class EncoderDecoderGeneratorTests
{
    private const int Context = 24;

    private static readonly int[][] Prompts = [[5, 9, 3], [11], [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]];

    private readonly T5ForConditionalGeneration _model = (T5ForConditionalGeneration)Published.Load("t5");

    [Fact]
    public void TheGreedyAnswersAreThoseOfThePublisher()
    {
        TensorData greedy = Published.Array("t5", "greedy"), ids = Published.Array("t5", "input_ids");
        int[][] prompts = Rows(ids), expected = Rows(greedy);
        var options = new GenerationOptions { MaximumNewTokens = expected[0].Length - 1, ForbiddenTokens = [.. _model.Config.EndIds] };
        Assert.Equal(expected.Select(e => e[1..]), new EncoderDecoderGenerator(_model).GenerateBatch(prompts, options));
    }

    [Fact]
    public void KeptKeysAndValuesGiveWhatAllTokensGive()
    {
        var generator = new EncoderDecoderGenerator(_model, Context);
        int[][] expected = Array.ConvertAll(Prompts, p => Recomputed(p, Context - 1));
        for (int i = 0; i < Prompts.Length; i++)
            Assert.Equal(expected[i], generator.Generate(Prompts[i]));
        Assert.Equal(expected, generator.GenerateBatch(Prompts));

        // Texts that end at different steps, in any order.
        var ended = new GenerationOptions { EndTokens = [expected[0][3], expected[2][9]] };
        int[][] alone = Array.ConvertAll(Prompts, p => generator.Generate(p, ended));
        Assert.True(alone.Select(a => a.Length).Distinct().Count() > 1);
        Assert.Equal(alone, generator.GenerateBatch(Prompts, ended));
        Assert.Equal([alone[2], alone[1]], generator.GenerateBatch([Prompts[2], Prompts[1]], ended));
    }

    [Fact]
    public async Task DrawsAndStreamsAreThoseOfTheBatch()
    {
        var generator = new EncoderDecoderGenerator(_model, Context);
        var options = new GenerationOptions { Temperature = 1, TopK = 20, Seed = 4, RepetitionPenalty = 1.2 };
        int[][] all = generator.GenerateBatch(Prompts, options);
        Assert.Equal(all[..2], generator.GenerateBatch(Prompts[..2], options));
        var streamed = new List<int>();
        await foreach (int token in generator.StreamAsync(Prompts[0], options))
            streamed.Add(token);
        Assert.Equal(all[0], streamed);
    }

    [Fact]
    public void BeamsFollowTheDefinition()
    {
        var generator = new EncoderDecoderGenerator(_model, Context);
        var options = new GenerationOptions { MaximumNewTokens = 8, BeamCount = 3, ReturnedSequences = 3, EndTokens = [2, 30, 50, 70], LengthPenalty = 0.7 };
        foreach (int[] prompt in Prompts)
        {
            BeamHypothesis[] expected = Definition.Search(options, [0], made => Definition.LogSoftmax(Logits(prompt, [0, .. made])), 8);
            BeamSearchTests.AssertSame(expected, generator.SearchBeams(prompt, options));
        }
    }

    [Fact]
    public void AnotherStartGivesAnotherAnswer()
    {
        var generator = new EncoderDecoderGenerator(_model, Context);
        int[] found = generator.Generate(Prompts[0], new() { DecoderStartToken = 6, MaximumNewTokens = 5 });
        Assert.Equal(Recomputed(Prompts[0], 5, start: 6), found);
        Assert.NotEqual(generator.Generate(Prompts[0], new() { MaximumNewTokens = 5 }), found);
        Assert.Equal(4, generator.Generate(Prompts[2], new() { MaximumLength = 5 }).Length);
    }

    [Fact]
    public void LengthsAreCheckedOnBothSides()
    {
        var generator = new EncoderDecoderGenerator(_model, Context);
        ContextLengthException tooLong = Assert.Throws<ContextLengthException>(() => generator.GenerateBatch([new int[3], new int[Context + 5]]));
        Assert.Equal((1, 5L), (tooLong.PromptIndex, tooLong.Excess));
        Assert.Contains("MaximumNewTokens", Assert.Throws<OptionException>(() => generator.Generate([1], new() { MaximumNewTokens = Context })).Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => new EncoderDecoderGenerator(_model, 1));
        Assert.Throws<InputException>(() => generator.Generate([97]));
    }

    private int[] Recomputed(int[] prompt, int count, int start = 0)
    {
        var made = new List<int> { start };
        for (int i = 0; i < count; i++)
        {
            float[] logits = Logits(prompt, [.. made]);
            made.Add(Array.IndexOf(logits, logits.Max()));
        }

        return [.. made.Skip(1)];
    }

    private float[] Logits(int[] prompt, int[] written)
    {
        var ids = new TensorData(DType.Int64, [1, prompt.Length]);
        var ours = new TensorData(DType.Int64, [1, Context]);
        for (int i = 0; i < prompt.Length; i++)
            ids.AsSpan<long>()[i] = prompt[i];
        for (int i = 0; i < written.Length; i++)
            ours.AsSpan<long>()[i] = written[i];
        int width = _model.Config.VocabularySize;
        return _model.Predict(new ArrayDataset([ids, ours], [])).AsSpan<float>().Slice((written.Length - 1) * width, width).ToArray();
    }

    private static int[][] Rows(TensorData ids)
    {
        int length = (int)ids.Shape[1];
        int[] all = Array.ConvertAll(ids.ToArray<long>(), i => (int)i);
        return [.. all.Chunk(length)];
    }
}
