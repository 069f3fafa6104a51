using System.Text;
using CsCheck;

namespace Anneal.Data.Tests;

public sealed class WordTests
{
    [Theory]
    [InlineData("Don't panic: it's 1,987.5 pct!", "don't|panic|it's|1,987.5|pct")]
    [InlineData("白日依山盡，黃河入海流。Hello", "白|日|依|山|盡|黃|河|入|海|流|hello")]
    [InlineData("𠀀x𠀁 ÉTÉ naïve Straße Ωmega", "𠀀|x|𠀁|été|naïve|straße|ωmega")]
    [InlineData("e\u0301t हिन्दी カナ a_b x-y 'q' 5' 3. .5", "e\u0301t|हिन्दी|カ|ナ|a_b|x|y|q|5|3|5")]
    [InlineData(" \t\u00A0\u200B\uFEFF\uD800 ", "")]
    [InlineData("a\uDC00b", "a|b")]
    public void WordsFollowUnicode(string text, string words) => Assert.Equal(words.Length == 0 ? [] : words.Split('|'), WordSplitter.Split(text));

    [Fact]
    public void OptionsChangeWords()
    {
        const string Text = "The price: $1,987 (up 5%) for 山、水";
        Assert.Equal(["The", "price", "1,987", "up", "5", "for", "山", "水"], WordSplitter.Split(Text, new WordOptions { Lowercase = false }));
        Assert.Equal(["the", "price", "0,000", "up", "0", "for", "山", "水"], WordSplitter.Split(Text, new WordOptions { Digits = DigitHandling.Mask }));
        Assert.Equal(
            ["the", "price", ":", "$", "1,987", "(", "up", "5", "%", ")", "for", "山", "、", "水"],
            WordSplitter.Split(Text, new WordOptions { Punctuation = PunctuationHandling.Keep }));
        Assert.Equal(["price", "1,987", "5", "山", "水"], WordSplitter.Split(Text, new WordOptions { StopWords = StopWords.English }));
        Assert.Throws<OptionException>(() => WordSplitter.Split(Text, new WordOptions { Digits = (DigitHandling)7 }));
    }

    [Fact]
    public void LongWordsTakeLinearTime()
    {
        Assert.Equal(1 << 20, Assert.Single(WordSplitter.Split(new string('a', 1 << 20))).Length);
        Assert.Empty(WordSplitter.Split(new string('\'', 1 << 20)));
    }

    [Fact]
    public void PiecesPutTogetherAreTheVisibleText() => Gen.String.Sample(text =>
    {
        var options = new WordOptions { Lowercase = false, Punctuation = PunctuationHandling.Keep };
        string joined = string.Concat(WordSplitter.Split(text, options));
        string visible = string.Concat(joined.EnumerateRunes());
        Assert.Equal(joined, visible);
        Assert.True(IsSubsequence(joined, text));
        Assert.Equal(text.Where(char.IsLetterOrDigit), joined.Where(char.IsLetterOrDigit));
    });

    [Fact]
    public void AVocabularyIsInTheOrderOfCounts()
    {
        string[][] texts = [["b", "a", "c"], ["c", "b", "d"], ["c", "山"]];
        WordVocabulary all = WordVocabulary.Build(texts);
        Assert.Equal(["c", "b", "a", "d", "山"], all.Words);
        Assert.Equal(7, all.Size);
        Assert.Equal([2, 1, 6, 1], all.Encode(["c", "C", "山", ""]));
        Assert.Equal(["c", "b"], WordVocabulary.Build(texts, new() { MinimumCount = 2 }).Words);
        Assert.Equal(["c"], WordVocabulary.Build(texts, new() { MaximumSize = 3 }).Words);
        Assert.Throws<OptionException>(() => WordVocabulary.Build(texts, new() { MaximumSize = 1 }));
        Assert.Throws<OptionException>(() => WordVocabulary.Build(texts, new() { MinimumCount = 0 }));
        foreach (string[] bad in (string[][])[["a", "a"], [""], ["a\nb"], ["\uD800"], ["x\uDC00y"]])
            Assert.Throws<OptionException>(() => new WordVocabulary(bad));
    }

    [Fact]
    public void AVocabularyIsReadAsItWasWritten()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("words.txt");
        var vocabulary = new WordVocabulary(["the", "山", "𠀀", "don't", "two words", "#"]);
        vocabulary.Save(path);
        Assert.Equal(vocabulary.Words, WordVocabulary.Load(path).Words);
        Assert.Equal("anneal-words 1\nthe\n", File.ReadAllText(path)[..19]);
        new WordVocabulary([]).Save(path);
        Assert.Equal(2, WordVocabulary.Load(path).Size);
        Assert.Throws<DataFileException>(() => WordVocabulary.Load(folder.File("none.txt")));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("the\n", 1)]
    [InlineData("anneal-words 2\nthe\n", 1)]
    [InlineData("anneal-words 1\nthe\n\na\n", 3)]
    [InlineData("anneal-words 1\nthe\na\nthe\n", 4)]
    [InlineData("anneal-words 1\nthe\tx\n", 2)]
    public void DamagedVocabulariesNameTheLine(string text, long line) =>
        Assert.Equal(line, Assert.Throws<TextFileException>(() => ReadWords(Encoding.UTF8.GetBytes(text))).Line);

    [Fact]
    public void StopWordsAreWordsAndCanBeOnesOwn()
    {
        Assert.All(StopWords.English, w => Assert.Equal(w, Assert.Single(WordSplitter.Split(w))));
        Assert.Contains("the", StopWords.English);
        Assert.DoesNotContain("price", StopWords.English);
        using var folder = new TemporaryFolder();
        string path = folder.File("stop.txt");
        File.WriteAllText(path, "# my own words\r\nfoo\r\n\r\n 之 \r\n");
        Assert.Equal(["foo", "之"], StopWords.Load(path).Order(StringComparer.Ordinal));
        File.WriteAllText(path, "foo\nfoo bar\n");
        Assert.Equal(2, Assert.Throws<TextFileException>(() => StopWords.Load(path)).Line);
    }

    [Fact]
    public void NGramsAreNeighbours()
    {
        Assert.Equal(["a", "b", "c", "a b", "b c"], NGrams.OfWords(["a", "b", "c"], 1, 2));
        Assert.Equal(["a b c"], NGrams.OfWords(["a", "b", "c"], 3, 5));
        Assert.Empty(NGrams.OfWords(["a"], 2, 2));
        Assert.Equal(["𝄞é", "é山"], NGrams.OfCharacters("𝄞é山", 2, 2));
        Assert.Throws<OptionException>(() => NGrams.OfWords(["a"], 0, 1));
        Assert.Throws<OptionException>(() => NGrams.OfCharacters("a", 2, 1));
    }

    private static WordVocabulary ReadWords(byte[] bytes) => WordVocabulary.Read(StrictTextReader.Of(new MemoryStream(bytes), "words.txt"), "words.txt");

    private static bool IsSubsequence(string part, string whole)
    {
        int found = 0;
        foreach (char c in whole)
            found += found < part.Length && part[found] == c ? 1 : 0;
        return found == part.Length;
    }
}
