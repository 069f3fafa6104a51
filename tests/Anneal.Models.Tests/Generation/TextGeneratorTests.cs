using Anneal.Data;
using CsCheck;

namespace Anneal.Models.Tests;

/// <summary>Text that comes in pieces, and ends before a stop string.</summary>
public sealed class TextGeneratorTests
{
    private const string Prompt = "One text";

    private static readonly Tokenizer Tokenizer = Tokenizer.Load(Path.Combine(Published.Root, "tokenizers", "bytelevel_bpe_gpt2.json"));

    // Only tokens that are whole characters alone: bytes at random spell nothing that can be compared.
    private static readonly GenerationOptions Options = new()
    {
        MaximumNewTokens = 24,
        Temperature = 1,
        Seed = 4,
        ForbiddenTokens = [.. Enumerable.Range(0, Tokenizer.IdCount).Where(i => Tokenizer.Decode([i]).Contains('\uFFFD', StringComparison.Ordinal))],
    };

    [Fact]
    public async Task PiecesJoinedAreTheText()
    {
        CausalGenerator tokens = Generator(Tokenizer.IdCount);
        var generator = new TextGenerator(tokens, Tokenizer);
        string text = generator.Generate(Prompt, Options);
        int[] prompt = [.. Tokenizer.Encode(Prompt).Ids];
        Assert.Equal(Tokenizer.Decode([.. prompt, .. tokens.Generate(prompt, Options)])[Prompt.Length..], text);
        List<string> pieces = await Stream(generator, Options);
        Assert.Equal(text, string.Concat(pieces));
        Assert.True(pieces.Count > 5);
        Assert.DoesNotContain("", pieces);
    }

    [Fact]
    public async Task AStopStringEndsTheText()
    {
        var generator = new TextGenerator(Generator(Tokenizer.IdCount), Tokenizer);
        string text = generator.Generate(Prompt, Options);
        for (int start = 0; start + 4 < text.Length; start += 5)
        {
            string stop = text.Substring(start, 4), expected = text[..text.IndexOf(stop, StringComparison.Ordinal)];
            Assert.Equal(expected, generator.Generate(Prompt, Options, ["never there", stop]));
            Assert.Equal(expected, string.Concat(await Stream(generator, Options, stop)));
        }

        Assert.Equal(text, generator.Generate(Prompt, Options, [text + "!"]));
    }

    [Fact]
    public void AnEndTokenIsNoText()
    {
        CausalGenerator tokens = Generator(Tokenizer.IdCount);
        int[] prompt = [.. Tokenizer.Encode(Prompt).Ids], made = tokens.Generate(prompt, Options);
        int at = Array.IndexOf(made, made[6]);
        string expected = Tokenizer.Decode([.. prompt, .. made[..at]])[Prompt.Length..];
        Assert.Equal(expected, new TextGenerator(tokens, Tokenizer).Generate(Prompt, Options with { EndTokens = [made[6]] }));
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        CausalGenerator tokens = Generator(Tokenizer.IdCount);
        Assert.Contains("do not belong together", Assert.Throws<VocabularyException>(() => new TextGenerator(Generator(Tokenizer.IdCount - 1), Tokenizer)).Message, StringComparison.Ordinal);
        var generator = new TextGenerator(tokens, Tokenizer);
        Assert.Throws<OptionException>(() => generator.Generate(Prompt, Options, [""]));
        Assert.Throws<OptionException>(() => { generator.StreamAsync(Prompt, Options with { Seed = null }); });
        Assert.Throws<InputException>(() => generator.Generate(""));
        Assert.Throws<ContextLengthException>(() => generator.Generate(string.Concat(Enumerable.Repeat("many words ", 100)), Options));
    }

    [Fact]
    public void StopStringsAreFoundHoweverTheTextIsCut() => Gen.Select(Gen.Char['a', 'c'].Array[0, 30], Gen.Char['a', 'c'].Array[1, 4].Array[0, 3], Gen.Int[1, 5].Array[30]).Sample(
        (characters, stopCharacters, cuts) =>
        {
            string text = new(characters);
            string[] stops = Array.ConvertAll(stopCharacters, s => new string(s));
            string expected = text;
            bool isStopped = false;
            for (int end = 1; end <= text.Length && !isStopped; end++)
            {
                foreach (string stop in stops.OrderBy(s => s.Length).Where(s => text[..end].EndsWith(s, StringComparison.Ordinal)))
                    (expected, isStopped) = (text[..(end - stop.Length)], true);
            }

            var filter = new StopFilter(stops);
            string found = "";
            for (int at = 0, piece = 0; at < text.Length; at += cuts[piece++])
                found += filter.Push(text[at..Math.Min(text.Length, at + cuts[piece])]);
            Assert.Equal(isStopped, filter.IsStopped);
            Assert.Equal(expected, found + filter.Flush());
        },
        iter: 2000, threads: 1);

    private static async Task<List<string>> Stream(TextGenerator generator, GenerationOptions options, params string[] stops)
    {
        var pieces = new List<string>();
        await foreach (string piece in generator.StreamAsync(Prompt, options, stops))
            pieces.Add(piece);
        return pieces;
    }

    private static CausalGenerator Generator(int vocabulary) => new(new LlamaForCausalLM(new LlamaConfig
    {
        VocabularySize = vocabulary,
        HiddenSize = 16,
        IntermediateSize = 24,
        LayerCount = 1,
        HeadCount = 2,
        KeyValueHeadCount = 1,
        HeadDimension = 8,
        MaximumPositions = 64,
        InitializerRange = 0.3,
    }));
}
