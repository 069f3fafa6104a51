namespace Anneal.Models.Tests;

/// <summary>Beam search against all texts, against the definition written out over whole texts without any cache, and what follows from it.</summary>
public sealed class BeamSearchTests
{
    private const int Vocabulary = 5;

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.0)]
    [InlineData(2.5)]
    [InlineData(-1.0)]
    public void WideBeamsFindTheBestOfAllTexts(double lengthPenalty)
    {
        const int Length = 4, End = 2;
        var scorer = new Scorer(Tiny(1));
        int[] prompt = [1, 3];
        var best = new List<BeamHypothesis>();
        Extend([], 0);

        var options = new GenerationOptions
        {
            MaximumNewTokens = Length,
            EndTokens = [End],
            BeamCount = 700,
            LengthPenalty = lengthPenalty,
            BeamStopping = BeamStopping.Never,
            ReturnedSequences = 20,
        };
        IReadOnlyList<BeamHypothesis> found = new CausalGenerator(Tiny(1)).SearchBeams(prompt, options);
        AssertSame([.. best.OrderByDescending(b => b.Score).Take(20)], found);

        void Extend(int[] made, double sum)
        {
            double[] next = scorer.LogProbabilities([.. prompt, .. made]);
            for (int token = 0; token < Vocabulary; token++)
            {
                int[] longer = [.. made, token];
                if (token == End || longer.Length == Length)
                    best.Add(new BeamHypothesis(longer, (sum + next[token]) / Math.Pow(longer.Length, lengthPenalty)));
                else
                    Extend(longer, sum + next[token]);
            }
        }
    }

    public static TheoryData<string, int, double, BeamStopping, int[]> Cases => new()
    {
        { "llama", 3, 1, BeamStopping.Heuristic, [] },
        { "gpt2", 4, 1, BeamStopping.Heuristic, [5, 17, 40, 60, 80] },
        { "mistral", 2, 0.5, BeamStopping.WhenFull, [8, 9, 30, 31] },
        { "glm4", 3, 2, BeamStopping.Never, [1, 20, 22, 50, 70] },
        { "qwen3", 3, -0.5, BeamStopping.Never, [1, 20, 22, 50, 70] },
        { "qwen2", 5, 0, BeamStopping.Heuristic, [3, 6, 9, 12, 15, 18] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void BeamsFollowTheDefinition(string name, int beams, double lengthPenalty, BeamStopping stopping, int[] ends)
    {
        var model = (CausalLanguageModel)Published.Load(name);
        var options = new GenerationOptions
        {
            MaximumNewTokens = 9,
            BeamCount = beams,
            LengthPenalty = lengthPenalty,
            BeamStopping = stopping,
            EndTokens = ends,
            ReturnedSequences = beams,
            RepetitionPenalty = 1.1,
            NoRepeatSize = 3,
        };
        var generator = new CausalGenerator(model, 40);
        int[][] prompts = [[4, 8, 15], [16], [23, 42, 4, 8, 15, 16, 23, 42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]];
        var scorer = new Scorer(model);
        BeamHypothesis[][] expected = Array.ConvertAll(prompts, p => Definition.Search(options, p, made => scorer.LogProbabilities([.. p, .. made]), 9));
        for (int i = 0; i < prompts.Length; i++)
            AssertSame(expected[i], generator.SearchBeams(prompts[i], options));
        Assert.Equal(expected.Select(e => e[0].Tokens), generator.GenerateBatch(prompts, options with { ReturnedSequences = 1 }));
        Assert.Equal(expected[2][0].Tokens, generator.Generate(prompts[2], options with { ReturnedSequences = 1 }));
    }

    [Fact]
    public void OneBeamIsGreedy()
    {
        var generator = new CausalGenerator((CausalLanguageModel)Published.Load("llama"), 40);
        var options = new GenerationOptions { MaximumNewTokens = 12, BeamStopping = BeamStopping.WhenFull };
        int[] greedy = generator.Generate([9, 8, 7], new() { MaximumNewTokens = 12 });
        Assert.Equal(greedy, Assert.Single(generator.SearchBeams([9, 8, 7], options)).Tokens);
        GenerationOptions ended = options with { EndTokens = [greedy[5]] };
        Assert.Equal(greedy[..(Array.IndexOf(greedy, greedy[5]) + 1)], Assert.Single(generator.SearchBeams([9, 8, 7], ended)).Tokens);
    }

    [Fact]
    public void MoreBeamsFindWhatIsNoWorse()
    {
        for (int seed = 0; seed < 4; seed++)
        {
            var generator = new CausalGenerator(Tiny(seed));
            double before = double.NegativeInfinity;

            // One beam, and as many as there are texts of each length, which is certain to be no worse.
            foreach (int beams in new[] { 1, 125 })
            {
                double score = generator.SearchBeams([seed], new() { MaximumNewTokens = 4, BeamCount = beams })[0].Score;
                Assert.True(score >= before - 1e-6);
                before = score;
            }
        }
    }

    [Fact]
    public void ForbiddenTokensAndLeastLengthsHold()
    {
        var generator = new CausalGenerator(Tiny(3));
        IReadOnlyList<BeamHypothesis> found = generator.SearchBeams([1], new() { MaximumNewTokens = 6, BeamCount = 4, ReturnedSequences = 4, ForbiddenTokens = [0], EndTokens = [2], MinimumNewTokens = 3 });
        Assert.Equal(4, found.Count);
        Assert.All(found, f => Assert.True(!f.Tokens.Contains(0) && f.Tokens.Take(3).All(t => t != 2)));
        Assert.Equal(found.OrderByDescending(f => f.Score), found);

        // Only one text is possible, however many beams there are.
        BeamHypothesis only = Assert.Single(generator.SearchBeams([1], new() { MaximumNewTokens = 5, BeamCount = 3, ReturnedSequences = 3, ForbiddenTokens = [0, 1, 2, 3] }));
        Assert.Equal([4, 4, 4, 4, 4], only.Tokens);
    }

    [Fact]
    public void WhatMakesNoSenseIsRefused()
    {
        var generator = new CausalGenerator(Tiny(0));
        Assert.Contains("SearchBeams", Assert.Throws<OptionException>(() => generator.Generate([1], new() { BeamCount = 3, ReturnedSequences = 2 })).Message, StringComparison.Ordinal);
        Assert.Contains("LengthPenalty", Assert.Throws<OptionException>(() => generator.Generate([1], new() { LengthPenalty = 2 })).Message, StringComparison.Ordinal);
        Assert.Contains("BeamStopping", Assert.Throws<OptionException>(() => generator.Generate([1], new() { BeamStopping = BeamStopping.Never })).Message, StringComparison.Ordinal);
        Assert.Contains("BeamCount", Assert.Throws<OptionException>(() => { generator.StreamAsync([1], new() { BeamCount = 2 }); }).Message, StringComparison.Ordinal);
        Assert.Contains("Temperature", Assert.Throws<OptionException>(() => generator.SearchBeams([1], new() { Temperature = 1, Seed = 1 })).Message, StringComparison.Ordinal);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => generator.SearchBeams([1], new() { BeamCount = 2 }, source.Token));
        Assert.Equal(3, generator.Generate([1], new() { BeamCount = 2, MaximumNewTokens = 3 }).Length);
    }

    internal static void AssertSame(IReadOnlyList<BeamHypothesis> expected, IReadOnlyList<BeamHypothesis> found)
    {
        Assert.Equal(expected.Select(e => string.Join(' ', e.Tokens)), found.Select(f => string.Join(' ', f.Tokens)));
        Assert.All(expected.Zip(found), pair => Assert.InRange(pair.Second.Score, pair.First.Score - 1e-4, pair.First.Score + 1e-4));
    }

    private static LlamaForCausalLM Tiny(int seed)
    {
        var model = new LlamaForCausalLM(new LlamaConfig
        {
            VocabularySize = Vocabulary,
            HiddenSize = 16,
            IntermediateSize = 24,
            LayerCount = 1,
            HeadCount = 2,
            KeyValueHeadCount = 1,
            HeadDimension = 8,
            MaximumPositions = 16,
            InitializerRange = 0.6,
        });
        model.RestoreSeed(seed);
        return model;
    }

    /// <summary>Logarithmic probabilities of the token behind a whole text.</summary>
    private sealed class Scorer(CausalLanguageModel model)
    {
        internal double[] LogProbabilities(int[] tokens)
        {
            // Tokens on the right change nothing on their left, so that one program serves all lengths.
            var ids = new TensorData(DType.Int64, [1, Math.Min(32, model.MaximumPositions)]);
            for (int i = 0; i < tokens.Length; i++)
                ids.AsSpan<long>()[i] = tokens[i];
            int width = model.VocabularySize;
            return Definition.LogSoftmax(model.Predict(ids).AsSpan<float>().Slice((tokens.Length - 1) * width, width));
        }
    }
}

/// <summary>
/// Beam search as transformers defines it, over whole texts: beams that are not there have a score of -10^9, and a text that is not finished has none
/// better.
/// </summary>
internal static class Definition
{
    private const double Never = -1e9;

    internal static double[] LogSoftmax(ReadOnlySpan<float> logits)
    {
        double[] values = Array.ConvertAll(logits.ToArray(), l => (double)l);
        double shift = values.Max() + Math.Log(values.Sum(v => Math.Exp(v - values.Max())));
        return Array.ConvertAll(values, v => v - shift);
    }

    internal static BeamHypothesis[] Search(GenerationOptions options, int[] prompt, Func<int[], double[]> score, int most)
    {
        int beams = options.BeamCount, kept = Math.Max(2, 1 + options.EndTokens.Count) * beams;
        var running = Enumerable.Range(0, beams).Select(i => (Made: Array.Empty<int>(), Score: i == 0 ? 0 : Never)).ToArray();
        var finished = Enumerable.Range(0, beams).Select(_ => (Made: Array.Empty<int>(), Score: Never, IsThere: false)).ToArray();
        bool canImprove = true;
        for (int length = 1; ; length++)
        {
            var candidates = new List<(int[] Made, double Score)>();
            foreach ((int[] made, double before) in running)
            {
                double[] scores = Ruled(options, [.. prompt, .. made], score(made));
                candidates.AddRange(scores.Select((s, token) => ((int[])[.. made, token], before + s)));
            }

            (int[] Made, double Score)[] top = [.. candidates.OrderByDescending(c => c.Score).Take(kept)];
            bool[] stops = Array.ConvertAll(top, c => c.Made.Length == most || options.EndTokens.Contains(c.Made[^1]));
            running = [.. top.Select((c, i) => (c.Made, Score: c.Score + (stops[i] ? Never : 0))).OrderByDescending(c => c.Score).Take(beams)];
            bool isFull = finished.All(f => f.IsThere) && options.BeamStopping == BeamStopping.WhenFull;
            var ended = top.Select((c, i) => (c.Made, Score: c.Score / Math.Pow(length, options.LengthPenalty) + (isFull ? Never : 0) + (canImprove ? 0 : Never) + (stops[i] && i < beams ? 0 : Never), IsThere: stops[i] && i < beams));
            finished = [.. finished.Concat(ended).OrderByDescending(f => f.Score).Take(beams)];
            int reached = options.BeamStopping == BeamStopping.Never && options.LengthPenalty > 0 ? most : length;
            double worst = finished.Min(f => f.Score);
            canImprove &= finished.Any(f => running[0].Score / Math.Pow(reached, options.LengthPenalty) > (f.IsThere ? worst : Never));
            if (!canImprove || (finished.All(f => f.IsThere) && options.BeamStopping == BeamStopping.WhenFull) || stops.All(s => s))
                return [.. finished.Select(f => new BeamHypothesis(f.Made, f.Score))];
        }
    }

    private static double[] Ruled(GenerationOptions options, int[] text, double[] scores)
    {
        foreach (int token in text.Distinct())
            scores[token] *= options.RepetitionPenalty;
        int size = options.NoRepeatSize ?? text.Length + 1;
        for (int i = 0; i + size <= text.Length; i++)
        {
            if (text[i..(i + size - 1)].SequenceEqual(text[(text.Length - size + 1)..]))
                scores[text[i + size - 1]] = double.NegativeInfinity;
        }

        return scores;
    }
}
