using System.Text.Json;

namespace Anneal.Data.Tests;

public sealed class TrainerTests
{
    private static readonly string[] Corpus = MakeCorpus();

    /// <summary>Merges, ids and all are those that other software learned from the same texts.</summary>
    [Fact]
    public void BytePairsAreLearnedAsElsewhere()
    {
        Tokenizer golden = TokenizerFiles.Load("bytelevel_bpe_gpt2.json");
        Tokenizer trained = BpeTrainer.Train(Corpus, new BpeTrainingOptions { VocabularySize = golden.IdCount, SpecialTokens = [AddedToken.Special("<|endoftext|>")] });
        Assert.Equal(Enumerable.Range(0, golden.IdCount).Select(golden.TokenOf), Enumerable.Range(0, trained.IdCount).Select(trained.TokenOf));
        TokenizerTests.Same(golden, trained, seed: 7);
    }

    [Fact]
    public void CharactersAreTokens()
    {
        var options = new CharacterTrainingOptions { BeginToken = "<s>", SpecialTokens = [AddedToken.Special("</s>")], VocabularySize = 9 };
        Tokenizer tokenizer = CharacterTrainer.Train(["山山山\n水水水", "𠀀𠀀人 ab"], options);

        // Three special tokens, the three most frequent characters, and of those that occur once the first three code points; all in the order of their code points.
        Assert.Equal(["<unk>", "</s>", "<s>", "\n", " ", "a", "山", "水", "𠀀"], Enumerable.Range(0, 9).Select(tokenizer.TokenOf));
        Assert.Equal(["<s>", "水", "<unk>", "𠀀", "\n"], [.. tokenizer.Encode("水b𠀀\n").Ids.ToArray().Select(id => tokenizer.TokenOf(id)!)]);
        Assert.Equal("水𠀀\n", tokenizer.Decode(tokenizer.Encode("水b𠀀\n").Ids));
        Tokenizer again = Tokenizer.Read(tokenizer.ToJson(), "tokenizer.json");
        Assert.Equal(tokenizer.Encode("山</s>\n x").Ids.ToArray(), again.Encode("山</s>\n x").Ids.ToArray());
        Assert.Equal(2, again.IdOf("<s>"));
        Assert.Equal([0], CharacterTrainer.Train(["a"]).Encode("b").Ids.ToArray());
        Assert.Null(CharacterTrainer.Train(["aab"], new() { MinFrequency = 2 }).IdOf("b"));
        Assert.Throws<OptionException>(() => CharacterTrainer.Train(["a"], new() { MinFrequency = 0 }));
        Assert.Throws<OptionException>(() => CharacterTrainer.Train(["a"], options with { VocabularySize = 3 }));
    }

    [Fact]
    public void ATokenizerKeepsHowItCutsAndFills()
    {
        Tokenizer tokenizer = CharacterTrainer.Train(["abc"], new() { BeginToken = "<s>" });
        Tokenizer cutting = tokenizer.With(new TruncationOptions(3), new PaddingOptions { Length = 3, Token = "<unk>" });
        foreach (Tokenizer each in (Tokenizer[])[cutting, Tokenizer.Read(cutting.ToJson(), "tokenizer.json")])
        {
            Assert.Equal(3, each.Encode("abc").Count);
            Assert.Equal(1, each.Encode("abc").TruncatedTokens);
            Assert.Equal([1, 1, 0], each.Encode("a").AttentionMask.ToArray());
        }

        Assert.Equal(4, cutting.With(null, null).Encode("abc").Count);
        Assert.Equal(4, cutting.With(TruncationOptions.None, PaddingOptions.None).Encode("abc").Count);
        Assert.Equal(4, tokenizer.Encode("abc").Count);
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("characters")]
    [InlineData("wordpiece")]
    [InlineData("unigram")]
    public void TheSameCorpusGivesTheSameTokenizer(string kind)
    {
        byte[] first = Train(kind, Corpus, 1).ToJson();
        Assert.Equal(first, Train(kind, Corpus, 3).ToJson());
        Assert.Equal(first, Train(kind, Corpus.Reverse(), 2).ToJson());
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("characters")]
    [InlineData("wordpiece")]
    [InlineData("unigram")]
    public void ASavedOneIsTheSame(string kind)
    {
        Tokenizer trained = Train(kind, Corpus, null);
        Assert.InRange(trained.VocabularySize, 100, 350);
        TokenizerTests.Same(trained, Tokenizer.Read(trained.ToJson(), "trained"), seed: 8);
        Assert.True(trained.IsSpecial(0));
        foreach (string text in Corpus.Take(12))
        {
            TokenizedText encoded = trained.Encode(text);
            Assert.InRange(encoded.Count, 1, 3 * text.Length + 1);
            Assert.DoesNotContain(trained.IdOf("<unk>") ?? -1, encoded.Ids.ToArray());
        }

        if (kind == "bytes")
            Assert.Equal("\u00e9\U0001F600 x", trained.Decode(trained.Encode("\u00e9\U0001F600 x").Ids));
    }

    [Fact]
    public void FrequentWordsBecomeOneToken()
    {
        string[] corpus = [.. Enumerable.Repeat("the window of the house", 50), "rare"];
        Assert.Equal(["the", "\u0120window"], BpeTrainer.Train(corpus).Encode("the window").Tokens);
        Assert.Equal(["the", "window"], WordPieceTrainer.Train(corpus).Encode("the window").Tokens);
        Assert.Equal(["\u2581the", "\u2581window"], UnigramTrainer.Train(corpus, new UnigramTrainingOptions { VocabularySize = 40 }).Encode("the window").Tokens);
    }

    [Fact]
    public void LimitsHold()
    {
        Tokenizer few = BpeTrainer.Train(["aaab aab ab xyz"], new BpeTrainingOptions { Unit = BpeUnit.Characters, LimitAlphabet = 2, VocabularySize = 20, MinFrequency = 1 });
        Assert.Null(few.IdOf("z"));
        Assert.NotNull(few.IdOf("a"));
        Tokenizer rare = BpeTrainer.Train(["ab ab cd"], new BpeTrainingOptions { MinFrequency = 2 });
        Assert.NotNull(rare.IdOf("ab"));
        Assert.Null(rare.IdOf("cd"));
        Tokenizer shortOnes = BpeTrainer.Train(Corpus, new BpeTrainingOptions { MaxTokenLength = 2, VocabularySize = 400 });
        Assert.All(Enumerable.Range(0, shortOnes.IdCount), id => Assert.InRange(shortOnes.TokenOf(id)!.Length, 1, 2));
        Assert.Equal(300, BpeTrainer.Train(Corpus, new BpeTrainingOptions { VocabularySize = 300 }).VocabularySize);
        Assert.InRange(UnigramTrainer.Train(Corpus, new UnigramTrainingOptions { VocabularySize = 200 }).VocabularySize, 150, 200);
    }

    [Fact]
    public void ImpossibleOptionsAreRefused()
    {
        Assert.Throws<OptionException>(() => BpeTrainer.Train(Corpus, new BpeTrainingOptions { VocabularySize = 100 }));
        Assert.Throws<OptionException>(() => UnigramTrainer.Train(Corpus, new UnigramTrainingOptions { VocabularySize = 10 }));
        Assert.Throws<OptionException>(() => UnigramTrainer.Train([], new UnigramTrainingOptions()));
        Assert.Throws<OptionException>(() => UnigramTrainer.Train(Corpus, new UnigramTrainingOptions { ShrinkingFactor = 1 }));
        Assert.Throws<OptionException>(() => WordPieceTrainer.Train(Corpus, new WordPieceTrainingOptions { SpecialTokens = [AddedToken.Special("a"), AddedToken.Special("a")] }));
        Assert.Throws<OptionException>(() => BpeTrainer.Train(Corpus, new BpeTrainingOptions { Threads = 0 }));
    }

    private static Tokenizer Train(string kind, IEnumerable<string> corpus, int? threads) => kind switch
    {
        "bytes" => BpeTrainer.Train(corpus, new BpeTrainingOptions { VocabularySize = 350, Threads = threads, SpecialTokens = [AddedToken.Special("<s>")] }),
        "characters" => BpeTrainer.Train(corpus, new BpeTrainingOptions { Unit = BpeUnit.Characters, VocabularySize = 350, Threads = threads, Normalizer = Normalizer.Nfkc }),
        "wordpiece" => WordPieceTrainer.Train(corpus, new WordPieceTrainingOptions { VocabularySize = 350, Threads = threads, Normalizer = Normalizer.Bert() }),
        _ => UnigramTrainer.Train(corpus, new UnigramTrainingOptions { VocabularySize = 250, Threads = threads }),
    };

    private static string[] MakeCorpus()
    {
        using JsonDocument golden = JsonDocument.Parse(TokenizerFiles.Bytes("encodings.json"));
        string[] texts = [.. golden.RootElement.GetProperty("tiktoken").EnumerateArray().Take(12).Select(c => c.GetProperty("text").GetString()!)];
        return [.. Enumerable.Repeat(texts, 30).SelectMany(t => t)];
    }
}
