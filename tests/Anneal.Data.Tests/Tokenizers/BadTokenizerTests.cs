using System.Text;

namespace Anneal.Data.Tests;

/// <summary>Files that are damaged or ask for what is not there: errors that name file and place.</summary>
public sealed class BadTokenizerTests
{
    private const string Model = "'model': {'type': 'WordLevel', 'unk_token': '<unk>', 'vocab': {'<unk>': 0, 'a': 1}}";

    [Theory]
    [InlineData("{}", "a member 'model'")]
    [InlineData("{'model': 3}", "in model: expected an object")]
    [InlineData("{'model': {'type': 'Nonsense'}}", "in model.type: expected a model that is supported")]
    [InlineData("{'model': {'type': 'WordLevel', 'unk_token': '?', 'vocab': {'a': 0}}}", "'?'")]
    [InlineData("{'model': {'type': 'WordLevel', 'unk_token': 'a', 'vocab': {'a': 0, 'a': 1}}}", "'a' twice")]
    [InlineData("{'model': {'type': 'WordLevel', 'unk_token': 'a', 'vocab': {'a': 0, 'b': 0}}}", "0 twice")]
    [InlineData("{'model': {'type': 'WordLevel', 'unk_token': 'a', 'vocab': {'a': 4294967295}}}", "4294967295")]
    [InlineData("{'model': {'type': 'WordLevel', 'unk_token': 'a', 'vocab': {'a': -1}}}", "in model.vocab")]
    [InlineData("{'model': {'type': 'WordLevel', 'unk_token': 'a', 'vocab': {'a': 1.5}}}", "in model.vocab")]
    [InlineData("{'model': {'type': 'BPE', 'vocab': {'a': 0, 'b': 1}, 'merges': ['a b']}}", "'ab', which is none")]
    [InlineData("{'model': {'type': 'BPE', 'vocab': {'a': 0, 'b': 1}, 'merges': [['a', 'c']]}}", "'c', which is none")]
    [InlineData("{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': ['a']}}", "two tokens with a space")]
    [InlineData("{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': [['a']]}}", "a merge: two tokens")]
    [InlineData("{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': [], 'dropout': 0.1}}", "in model.dropout")]
    [InlineData("{'model': {'type': 'Unigram', 'vocab': [['a', 0.5]], 'unk_id': 1}}", "in model.unk_id")]
    [InlineData("{'model': {'type': 'Unigram', 'vocab': [['a', 1e999]]}}", "too large")]
    [InlineData("{'model': {'type': 'Unigram', 'vocab': [['a', 0], ['a', 1]]}}", "'a' twice")]
    [InlineData("{'version': '2.0', " + Model + "}", "in version")]
    [InlineData("{'normalizer': {'type': 'Magic'}, " + Model + "}", "in normalizer.type: expected a normalizer that is supported")]
    [InlineData("{'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'NFC'}, {'type': 'Magic'}]}, " + Model + "}", "in normalizer.normalizers[1].type")]
    [InlineData("{'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': '!'}, " + Model + "}", "base 64")]
    [InlineData("{'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': 'AAAA'}, " + Model + "}", "at least 4 bytes")]
    [InlineData("{'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': '/////w=='}, " + Model + "}", "a multiple of 4")]
    [InlineData("{'pre_tokenizer': {'type': 'Split', 'pattern': {'Regex': '(a'}, 'behavior': 'Isolated'}, " + Model + "}", "in pre_tokenizer.pattern")]
    [InlineData("{'pre_tokenizer': {'type': 'Split', 'pattern': {'String': 'a'}, 'behavior': 'Sideways'}, " + Model + "}", "one of Isolated")]
    [InlineData("{'pre_tokenizer': {'type': 'Metaspace', 'replacement': 'ab'}, " + Model + "}", "one character")]
    [InlineData("{'post_processor': {'type': 'BertProcessing', 'sep': ['a'], 'cls': ['a', 1]}, " + Model + "}", "in post_processor.sep")]
    [InlineData("{'post_processor': {'type': 'TemplateProcessing', 'single': [], 'pair': [], 'special_tokens': {}}, " + Model + "}", "the text A once")]
    [InlineData("{'decoder': {'type': 'Sequence', 'decoders': [{'type': 'Magic'}]}, " + Model + "}", "in decoder.decoders[0].type")]
    [InlineData("{'added_tokens': [{'id': 0, 'content': 'x'}], " + Model + "}", "an id of its own")]
    [InlineData("{'added_tokens': [{'id': 7, 'content': 'a'}], " + Model + "}", "the id that the model gives 'a'")]
    [InlineData("{'added_tokens': [{'id': 7, 'content': ''}], " + Model + "}", "an empty one")]
    [InlineData("{'truncation': {'max_length': 'x'}, " + Model + "}", "in truncation.max_length")]
    [InlineData("{'padding': {'strategy': 'Sometimes'}, " + Model + "}", "in padding.strategy")]
    public void ABadJsonFileIsRefused(string json, string part)
    {
        ModelFileException error = Assert.Throws<ModelFileException>(() => TokenizerFiles.FromJson(json));
        Assert.StartsWith(TokenizerFiles.File + ": byte ", error.Message);
        Assert.Contains(part, error.Message);
    }

    [Theory]
    [InlineData("AA== 0\nAA== 1\n", "line 2")]
    [InlineData("AA== 0\nAQ== 0\n", "line 2")]
    [InlineData("AA== x\n", "line 1")]
    [InlineData("AA==\n", "line 1")]
    [InlineData("AA== -1\n", "line 1")]
    [InlineData("AA== 99999999999\n", "line 1")]
    [InlineData("A\u00c4== 1\n", "line 1")]
    [InlineData("AA== 0\n", "a token for each single byte")]
    public void ABadRankFileIsRefused(string ranks, string part)
    {
        var options = new TokenizerLoadOptions { Pattern = TiktokenPatterns.Cl100k };
        ModelFileException error = Assert.Throws<ModelFileException>(() => Tokenizer.Read(Encoding.UTF8.GetBytes(ranks), "ranks", options));
        Assert.Contains(part, error.Message);
    }

    [Fact]
    public void OptionsThatAreMissingOrDoNotFitAreNamed()
    {
        byte[] ranks = TokenizerFiles.Bytes("ranks.tiktoken");
        Assert.Contains("TokenizerLoadOptions.Pattern", Assert.Throws<OptionException>(() => Tokenizer.Read(ranks, "ranks")).Message);
        var special = new TokenizerLoadOptions { Pattern = TiktokenPatterns.Cl100k, SpecialTokens = new Dictionary<string, int> { ["<x>"] = 5 } };
        Assert.Contains("'<x>'", Assert.Throws<OptionException>(() => Tokenizer.Read(ranks, "ranks", special)).Message);
        Assert.Throws<OptionException>(() => Tokenizer.Read(TokenizerFiles.Bytes("sentencepiece_bpe.model"), "m", new TokenizerLoadOptions { Pattern = "a" }));
        Assert.Contains("no such file", Assert.Throws<ModelFileException>(() => Tokenizer.Load("no-such-file.json")).Message);
    }

    [Fact]
    public void AnIdBeyondAllBoundsCostsNoMemory()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Tokenizer tokenizer = TokenizerFiles.FromJson("{'model': {'type': 'WordLevel', 'unk_token': 'a', 'vocab': {'a': 2147483646}}}");
        Assert.Equal(2147483646, tokenizer.Encode("a").Ids[0]);
        Assert.Equal("a", tokenizer.TokenOf(2147483646));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void TextThatIsNotUtf8IsRefusedAtItsByte()
    {
        byte[] json = Encoding.UTF8.GetBytes("{\"model\": \"?\"}");
        json[11] = 0xFF;
        Assert.Contains("byte 11", Assert.Throws<ModelFileException>(() => Tokenizer.Read(json, "x")).Message);
        byte[] half = Encoding.UTF8.GetBytes("{\"version\": \"\\ud800\", \"model\": {}}");
        Assert.Contains("not Unicode", Assert.Throws<ModelFileException>(() => Tokenizer.Read(half, "x")).Message);
    }

    public static TheoryData<string> Names => [.. TokenizerFiles.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void AFileCutOffIsRefused(string name)
    {
        byte[] whole = TokenizerFiles.Bytes(name);
        bool isJson = name.EndsWith(".json", StringComparison.Ordinal);
        for (int length = 0; length < whole.Length; length += 1 + whole.Length / 97)
        {
            try
            {
                // What is left of a file in lines or fields can be whole; of JSON it cannot.
                Tokenizer cut = Tokenizer.Read(whole[..length], name, TokenizerFiles.OptionsFor(name));
                Assert.False(isJson, "Half of a file was taken for a whole one.");
                cut.Encode("a b");
            }
            catch (Exception e) when (e is ModelFileException or OptionException)
            {
            }
        }
    }
}
