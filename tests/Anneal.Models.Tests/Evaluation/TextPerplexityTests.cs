namespace Anneal.Models.Tests;

/// <summary>Perplexity over windows against the probabilities of each window alone.</summary>
public sealed class TextPerplexityTests
{
    private static readonly int[] Text = [.. Enumerable.Range(0, 61).Select(i => (i * i * 7 + 3 * i + 5) % 97)];

    [Theory]
    [InlineData(16, 8)]
    [InlineData(16, 1)]
    [InlineData(16, 15)]
    [InlineData(16, 16)]
    [InlineData(10, 7)]
    [InlineData(64, 32)]
    [InlineData(61, 3)]
    public void EachTokenIsJudgedOnceInItsWindow(int window, int stride)
    {
        var model = (CausalLanguageModel)Published.Load("llama");
        double sum = 0;
        int count = 0;
        var judged = new HashSet<int> { 0 };
        for (int begin = 0; begin < Text.Length; begin += stride)
        {
            int end = Math.Min(begin + window, Text.Length);
            for (int at = begin + 1; at < end; at++)
            {
                if (!judged.Add(at))
                    continue;
                sum -= LogProbability(model, Text[begin..at], Text[at]);
                count++;
            }

            judged.UnionWith(Enumerable.Range(begin, end - begin));
            if (end == Text.Length)
                break;
        }

        PerplexityResult found = TextPerplexity.Of(model, Text, new() { ContextLength = window, Stride = stride });
        Assert.Equal(count, found.TokenCount);
        Assert.Equal(stride == window ? 57 : 60, count);
        Assert.InRange(found.MeanNegativeLogLikelihood, sum / count - 1e-5, sum / count + 1e-5);
        Assert.Equal(Math.Exp(found.MeanNegativeLogLikelihood), found.Value);
    }

    [Fact]
    public void AModelThatKnowsNothingIsAsPerplexedAsItHasTokens()
    {
        var model = (CausalLanguageModel)Published.Load("gpt2");
        foreach (Parameter parameter in model.Parameters)
            parameter.Value = new TensorData(parameter.Type);
        Assert.Equal(model.VocabularySize, TextPerplexity.Of(model, [1, 2, 3]).Value, 1e-3);
    }

    [Fact]
    public void WhatMakesNoSenseIsRefused()
    {
        var model = (CausalLanguageModel)Published.Load("llama");
        Assert.Throws<InputException>(() => TextPerplexity.Of(model, [1]));
        Assert.Contains("Token 1", Assert.Throws<InputException>(() => TextPerplexity.Of(model, [1, 97])).Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => TextPerplexity.Of(model, Text, new() { ContextLength = 65 }));
        Assert.Throws<OptionException>(() => TextPerplexity.Of(model, Text, new() { ContextLength = 1 }));
        Assert.Throws<OptionException>(() => TextPerplexity.Of(model, Text, new() { ContextLength = 10, Stride = 11 }));
        Assert.Throws<OptionException>(() => TextPerplexity.Of(model, Text, new() { Stride = 0 }));
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => TextPerplexity.Of(model, Text, null, source.Token));
    }

    private static double LogProbability(CausalLanguageModel model, int[] context, int token)
    {
        var ids = new TensorData(DType.Int64, [1, 64]);
        for (int i = 0; i < context.Length; i++)
            ids.AsSpan<long>()[i] = context[i];
        int width = model.VocabularySize;
        return Definition.LogSoftmax(model.Predict(ids).AsSpan<float>().Slice((context.Length - 1) * width, width))[token];
    }
}
