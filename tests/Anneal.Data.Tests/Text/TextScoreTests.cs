using CsCheck;

namespace Anneal.Data.Tests;

/// <summary>BLEU, chrF and ROUGE-L against values computed by hand, and what is true of them for any texts.</summary>
public sealed class TextScoreTests
{
    private static readonly string[] Vocabulary = ["a", "bb", "the", "cat", "sat", "don't", "3.5", "山", "é", "x,", "😀"];
    private static readonly Gen<string> Words = Gen.Int[0, Vocabulary.Length - 1].List[0, 9].Select(words => string.Join(' ', words.Select(i => Vocabulary[i])));

    private static TextMetric[] All => [new Bleu(), new ChrF(), new RougeL(), new Bleu(new BleuOptions { EffectiveOrder = true }), new ChrF(new ChrFOptions { WordOrder = 2 })];

    [Fact]
    public void BleuByHand()
    {
        // Shared with either reference: 5 of 6 words (the once more than it may), 3 of 5 pairs, 1 of 4 triples, 0 of 3 fours, of which the first 0 counts as half.
        BleuScore score = Bleu.OfSentence("the the cat sat on mats", ["the cat sat on the mat", "the cats sat on mats"]);
        Assert.Equal((6L, 6L, 1.0), (score.Words, score.ReferenceWords, score.BrevityPenalty));
        Assert.Equal([100.0, 100.0 * 4 / 5, 100.0 * 3 / 4, 100.0 * 1 / 3], score.Precisions.Select(p => Math.Round(p, 10)), new Near());
        Assert.Equal(100 * Math.Pow(1.0 * 4 / 5 * 3 / 4 * 1 / 3, 0.25), score.Score, 1e-9);
    }

    [Fact]
    public void BleuSmoothsAndPunishesBrevity()
    {
        // 2 of 2 words, 0 of 1 pairs; the reference has 4 words.
        BleuScore score = Bleu.OfSentence("b a", ["a b c d"]);
        Assert.Equal(Math.Exp(1 - 4.0 / 2), score.BrevityPenalty, 1e-15);
        Assert.Equal([100.0, 50.0, 0, 0], score.Precisions);
        Assert.Equal(score.BrevityPenalty * 100 * Math.Sqrt(0.5), score.Score, 1e-9);
        Assert.Equal(0, new Bleu().Of(["b a"], (string[])["a b c d"]));
        Assert.Equal(0, Bleu.OfSentence("b a", ["a b c d"], new BleuOptions { Smoothing = BleuSmoothing.None }).Score);

        // Of two references that are equally far from the length, the shorter one counts.
        Assert.Equal(2, Bleu.OfSentence("a b c", ["a b c d", "a b"]).ReferenceWords);
        Assert.Equal(0, Bleu.OfSentence("", ["a"]).Score);
    }

    [Theory]
    [InlineData("Hello, world.", "Hello|,|world|.")]
    [InlineData("1,000.5 costs $3-4 (a-b)", "1,000.5|costs|$|3|-|4|(|a-b|)")]
    [InlineData("it's a &quot;test&quot; &amp; more <skipped>x", "it's|a|\"|test|\"|&|more|x")]
    [InlineData("cut-\nhere and\nthere.", "cuthere|and|there|.")]
    [InlineData("U.S. a..b .5 5.", "U|.|S|.|a|.|.|b|.|5|5|.")]
    [InlineData("山,水。 😀. x@y/z", "山|,|水。|😀|.|x|@|y|/|z")]
    public void WordsAreThoseOfMteval(string text, string words) => Assert.Equal(words.Split('|'), Mteval13a.Words(text));

    [Fact]
    public void ChrFByHand()
    {
        // "abc" and "abd": 2 of 3 characters, 1 of 2 pairs, 0 of 1 triples; the longer ones exist on neither side.
        double mean = (2.0 / 3 + 1.0 / 2 + 0) / 3;
        Assert.Equal(100 * mean, ChrF.OfSentence("a bc", ["ab d"]), 1e-9);

        // "ab" and "abab": precision 2/2, 1/1; recall 2/4, 1/3.
        double precision = 1, recall = (2.0 / 4 + 1.0 / 3) / 2;
        Assert.Equal(100 * 5 * precision * recall / (4 * precision + recall), ChrF.OfSentence("ab", ["abab"]), 1e-9);
        Assert.Equal(100 * 2 * precision * recall / (precision + recall), ChrF.OfSentence("ab", ["abab"], new ChrFOptions { Beta = 1 }), 1e-9);
        Assert.Equal(0, ChrF.OfSentence("", ["a"]));
        Assert.Equal(100, ChrF.OfSentence("😀", ["😀"]));
        Assert.Equal(0, ChrF.OfSentence("😀", ["😁"]));
        Assert.True(ChrF.OfSentence("a b", ["ab"], new ChrFOptions { KeepsWhiteSpace = true }) < 100);
    }

    [Fact]
    public void RougeByHand()
    {
        // Lin's example: "police the gunman" against "police killed the gunman": 3 of 3 and 3 of 4.
        Assert.Equal(new RougeScore(100, 75, 600.0 / 7), RougeL.OfSentence("Police, the gunman", ["police killed the gunman."]));
        Assert.Equal(50, RougeL.OfSentence("the gunman kill police", ["police kill the gunman"]).Recall);
        Assert.Equal(100.0 * 4 / 6, RougeL.OfSentence("白日山", ["白山日"]).F1, 1e-9);
        Assert.Equal(0, RougeL.OfSentence("白日山", ["白山日"], RougeWords.Ascii).F1);
        Assert.Equal(100, RougeL.OfSentence("Naïve", ["NAÏVE"]).F1);
        Assert.Equal(80, RougeL.OfSentence("na ve x", ["Naïve"], RougeWords.Ascii).F1);
        Assert.Equal(new RougeScore(0, 0, 0), RougeL.OfSentence("", ["a"]));
        Assert.Equal((100 + 600.0 / 7) / 2, new RougeL().Of(["a", "police the gunman"], (string[][])[["b", "a"], ["police killed the gunman"]]), 1e-9);
    }

    /// <summary>The subsequence of many words at a time is that of the table that defines it.</summary>
    [Fact]
    public void LongTextsHaveTheSubsequenceOfTheDefinition()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            string[] left = Draw(random), right = Draw(random);
            var table = new int[left.Length + 1, right.Length + 1];
            for (int i = 1; i <= left.Length; i++)
            {
                for (int j = 1; j <= right.Length; j++)
                    table[i, j] = left[i - 1] == right[j - 1] ? table[i - 1, j - 1] + 1 : Math.Max(table[i - 1, j], table[i, j - 1]);
            }

            Assert.Equal(100.0 * table[left.Length, right.Length] / left.Length, RougeL.OfSentence(string.Join(' ', left), [string.Join(' ', right)]).Precision, 1e-9);
        }

        static string[] Draw(Random random) => [.. Enumerable.Range(0, random.Next(1, 300)).Select(_ => "w" + (char)('a' + random.Next(random.Next(1, 20) + 1)))];
    }

    [Fact]
    public void EqualTextsScoreAHundred() => Words.Where(w => w.Split(' ').Length >= 4).Sample(text =>
    {
        foreach (TextMetric metric in All)
            Assert.Equal(100, metric.Of([text, text], (string[][])[["zz", text], [text, ""]]), 1e-9);
    });

    [Fact]
    public void TextsWithNothingInCommonScoreZero() => Words.Sample(text =>
    {
        foreach (TextMetric metric in All)
            Assert.Equal(0, metric.Of([text], (string[])["QQ! WW! UU! VV!"]));
    });

    [Fact]
    public void TheOrderOfReferencesAndOfTextsDoesNotMatter() => Gen.Select(Words, Words, Words, Words).Sample((a, b, c, d) =>
    {
        foreach (TextMetric metric in All)
        {
            double score = metric.Of([a, b], (string[][])[[b, c, d], [a, d]]);
            Assert.InRange(score, 0, 100 + 1e-9);
            Assert.Equal(score, metric.Of([b, a], (string[][])[[a, d], [b, c, d]]), 1e-9);

            // Of references that fit alike chrF takes the first, as it is defined, whose length counts then.
            if (metric is not ChrF)
                Assert.Equal(score, metric.Of([b, a], (string[][])[[d, a], [d, c, b]]), 1e-9);
        }
    });

    [Fact]
    public void TextsComeOneByOneToo()
    {
        foreach (TextMetric metric in All)
        {
            string[] texts = ["the cat sat on the mat", "a dog"];
            string[][] references = [["the cat sat on a mat"], ["a dog", "the dog"]];
            metric.Update(texts[0], references[0]);
            metric.Update(texts[1], references[1]);
            Assert.Equal(metric.Of(texts, references), metric.Result);
            metric.Reset();
            Assert.Throws<UndefinedMetricException>(() => metric.Result);
            Assert.Throws<InputException>(() => metric.Update("a", []));
        }

        Assert.Throws<UndefinedMetricException>(() => new Bleu().Score);
        Assert.Throws<InputException>(() => RougeL.OfSentence("a", []));
        Assert.Throws<OptionException>(() => new Bleu(new BleuOptions { MaximumOrder = 0 }));
        Assert.Throws<OptionException>(() => new Bleu(new BleuOptions { Tokenization = (BleuTokenization)9 }));
        Assert.Throws<OptionException>(() => new ChrF(new ChrFOptions { CharacterOrder = 0 }));
        Assert.Throws<OptionException>(() => new ChrF(new ChrFOptions { Beta = 0 }));
        Assert.Throws<OptionException>(() => new RougeL((RougeWords)9));
    }

    private sealed class Near : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) < 1e-9;

        public int GetHashCode(double obj) => 0;
    }
}
