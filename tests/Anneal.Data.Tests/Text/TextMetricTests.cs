namespace Anneal.Data.Tests;

/// <summary>Exact match and token F1 against values computed by hand.</summary>
public sealed class TextMetricTests
{
    [Theory]
    [InlineData("The Cat sat.", "cat  sat", true)]
    [InlineData("an answer, a theme", "answer theme", true)]
    [InlineData("a.b the-end", "ab theend", true)]
    [InlineData("U.S.A.", "usa", true)]
    [InlineData("«the» end", "« » end", true)]
    [InlineData("ÄRGER\u00A0Über\u3000x", "ärger über x", true)]
    [InlineData("the2 cats", "2 cats", false)]
    [InlineData("theатр", "атр", false)]
    [InlineData("", "The a an!", true)]
    [InlineData("one", "two", false)]
    [InlineData("x\u001Cy", "x y", true)]
    public void AnswersAreNormalizedAsSquadIs(string hypothesis, string reference, bool isSame)
    {
        Assert.Equal(isSame ? 1 : 0, new ExactMatch(AnswerNormalization.Squad).Of([hypothesis], (string[])[reference]));
        if (isSame)
            Assert.Equal(1, new TokenF1(AnswerNormalization.Squad).Of([hypothesis], (string[])[reference]));
        Assert.Equal(0, new ExactMatch().Of([hypothesis], (string[])[reference]));
    }

    [Fact]
    public void WordsThatAreSharedCountAsOftenAsBothHaveThem()
    {
        // Shared: b, b, c of 4 and 5 words.
        Assert.Equal(2.0 * 3 / 9, new TokenF1().Of(["b b c d"], (string[])["c b b b e"]), 1e-15);
        Assert.Equal(0, new TokenF1().Of(["B"], (string[])["b"]));
        Assert.Equal(0, new TokenF1().Of(["x"], (string[])["y z"]));
        Assert.Equal(1, new TokenF1().Of([" "], (string[])[""]));
        Assert.Equal(0, new TokenF1().Of(["x"], (string[])[""]));
    }

    [Fact]
    public void TheBestReferenceCountsAndTextsAreAveraged()
    {
        string[] hypotheses = ["in the year 1889", "Paris", "a blue whale"];
        string[][] references = [["1889", "the year 1890"], ["paris"], ["the whale", "blue whales"]];

        // Without articles: "in year 1889" shares 1 with "1889" (2/4) and 1 with "year 1890" (2/5); 1; "blue whale" shares 1 with "whale" (2/3), 1 with "blue whales" (2/4).
        Assert.Equal((0.5 + 1 + 2.0 / 3) / 3, new TokenF1(AnswerNormalization.Squad).Of(hypotheses, references), 1e-15);
        Assert.Equal(1.0 / 3, new ExactMatch(AnswerNormalization.Squad).Of(hypotheses, references), 1e-15);
        Assert.Equal(0, new ExactMatch().Of(hypotheses, references));
    }

    [Fact]
    public void TextsComeOneByOneToo()
    {
        var metric = new ExactMatch();
        Assert.Throws<UndefinedMetricException>(() => metric.Result);
        metric.Update("a", "a");
        metric.Update("b", ["c", "d"]);
        Assert.Equal((2L, 0.5), (metric.Count, metric.Result));
        Assert.Equal(1, metric.Of(["x"], (string[])["x"]));
        Assert.Equal(0.5, metric.Result);
        metric.Reset();
        metric.Update("b", "c");
        Assert.Equal((1L, 0.0), (metric.Count, metric.Result));
        Assert.Throws<InputException>(() => metric.Update("a", []));
        Assert.Throws<InputException>(() => metric.Of(["a"], (string[])[]));
        Assert.Throws<UndefinedMetricException>(() => metric.Of([], (string[])[]));
        Assert.Throws<OptionException>(() => new TokenF1((AnswerNormalization)2));
    }
}
