using System.Text;

namespace Anneal.Data.Tests;

/// <summary>The scanners of well-known patterns find what the regular expressions find.</summary>
public sealed class WordScannerTests
{
    private static readonly string[] Patterns = [WordScanner.Gpt2, WordScanner.Llama3, WordScanner.Qwen2, WordScanner.O200k, WordScanner.Cl100k];

    public static TheoryData<int> Indices => [.. Enumerable.Range(0, Patterns.Length)];

    [Theory]
    [MemberData(nameof(Indices))]
    public void AScannerIsItsExpression(int index)
    {
        RegexDialect dialect = Patterns[index] == WordScanner.Cl100k ? RegexDialect.Rust : RegexDialect.Oniguruma;
        RegexPattern scanner = RegexPattern.Create(Patterns[index], dialect), regex = RegexPattern.Create(Patterns[index], dialect, useScanners: false);
        Assert.NotNull(scanner.Scanner);
        Assert.Null(regex.Scanner);
        var random = new Random(index);
        for (int round = 0; round < 3000; round++)
        {
            string text = Repair(TokenizerFiles.RandomText(random, 14));
            List<TextSplit> found = [], expected = [];
            scanner.Find(text, found);
            regex.Find(text, expected);
            Assert.True(expected.SequenceEqual(found), $"'{text}': {Show(text, found)}, expected {Show(text, expected)}");
        }
    }

    /// <summary>All texts of four signs of an alphabet with one of each class that the patterns tell apart.</summary>
    [Theory]
    [MemberData(nameof(Indices))]
    public void ShortTextsAreCutAlike(int index)
    {
        const string Alphabet = "aA1 '\n/.\u0301\u4e2ds";
        RegexDialect dialect = Patterns[index] == WordScanner.Cl100k ? RegexDialect.Rust : RegexDialect.Oniguruma;
        RegexPattern scanner = RegexPattern.Create(Patterns[index], dialect), regex = RegexPattern.Create(Patterns[index], dialect, useScanners: false);
        Span<char> text = stackalloc char[4];
        for (int code = 0; code < Alphabet.Length * Alphabet.Length * Alphabet.Length * Alphabet.Length; code++)
        {
            for (int i = 0, rest = code; i < text.Length; i++, rest /= Alphabet.Length)
                text[i] = Alphabet[rest % Alphabet.Length];
            List<TextSplit> found = [], expected = [];
            scanner.Find(text, found);
            regex.Find(text, expected);
            Assert.True(expected.SequenceEqual(found), $"'{text}': {Show(text.ToString(), found)}, expected {Show(text.ToString(), expected)}");
        }
    }

    /// <summary>Expressions see code points, not halves of them. Expected values: Oniguruma and fancy-regex.</summary>
    [Theory]
    [InlineData(@"\p{L}+", "a\U0001D518b 1", "a\U0001D518b")]
    [InlineData(@".", "\U0001F600a", "\U0001F600|a")]
    [InlineData(@"\P{L}{2}", "\U0001F600\U0001F601\U0001F602", "\U0001F600\U0001F601")]
    [InlineData(@"[^\p{L}\s]+", "x\U0001F600! \ue000", "\U0001F600!|\ue000")]
    [InlineData(@"\p{Han}+", "\u4e2d\U00020BB7a\u3042", "\u4e2d\U00020BB7")]
    [InlineData(@"a++b|a", "aab aaa", "aab|a|a|a")]
    [InlineData(@"(?i:s)x", "sx Sx SX \u017fx", "sx|Sx|\u017fx")]
    [InlineData(@"\w+", "\u00bda \u2460b _c", "\u00bda|b|_c")]
    [InlineData(@"^a|b$", "a b\na b", "a|b|a|b")]
    [InlineData(@"(?<=a)b|(?<!a)c", "ab ac c", "b|c")]
    [InlineData(@"a+?b{,2}", "aabbb", "a|abb")]
    [InlineData(@" ?[^(\s|.)]+", "over (the) dog.", "over|the| dog")]
    public void ExpressionsMeanWhatTheyMeanElsewhere(string pattern, string text, string expected)
    {
        RegexPattern regex = RegexPattern.Create(pattern, RegexDialect.Oniguruma);
        var matches = new List<TextSplit>();
        regex.Find(text, matches);
        Assert.Equal(expected, Show(text, matches));
    }

    [Theory]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData("[a")]
    [InlineData("*a")]
    [InlineData(@"\p{NoSuchThing}")]
    [InlineData(@"\1(a)")]
    [InlineData("[a[b]]")]
    [InlineData("[a&&b]")]
    [InlineData("(?<name>a)")]
    [InlineData(@"\X")]
    [InlineData("a{2000}")]
    [InlineData("\ue000")]
    [InlineData(@"[\x{1F600}-\x{1F64F}]")]
    [InlineData("\\")]
    [InlineData("[b-a]")]
    [InlineData("((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))")]
    public void WhatHasNoCounterpartIsRefused(string pattern) => Assert.Throws<OptionException>(() => PreTokenizer.Split(pattern, SplitBehavior.Isolated));

    [Fact]
    public void AnExpressionThatTakesTooLongIsStopped()
    {
        PreTokenizer slow = PreTokenizer.Split("(?:a|aa)+[0-9b]", SplitBehavior.Isolated);
        Assert.Contains("too long", Assert.Throws<TokenizationException>(() => slow.PreTokenize(new string('a', 80))).Message);
    }

    [Theory]
    [InlineData(SplitBehavior.Isolated, "the|-|final|-|-|count")]
    [InlineData(SplitBehavior.Removed, "the|final|count")]
    [InlineData(SplitBehavior.MergedWithPrevious, "the-|final-|-|count")]
    [InlineData(SplitBehavior.MergedWithNext, "the|-final|-|-count")]
    [InlineData(SplitBehavior.Contiguous, "the|-|final|--|count")]
    public void EveryBehaviorIsAsDefined(SplitBehavior behavior, string expected) =>
        Assert.Equal(expected, string.Join('|', PreTokenizer.Split("-", behavior).PreTokenize("the-final--count")));

    private static string Show(string text, List<TextSplit> matches) => string.Join('|', matches.Select(m => text[m.Start..m.End]));

    private static string Repair(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
