using System.Text;

namespace Anneal.Data.Tests;

/// <summary>The tokenizers that the tests use: those of the golden values, and small ones that are made.</summary>
internal static class TokenizerFiles
{
    internal const string File = "x.json";

    internal static string Folder { get; } = Path.Combine(Repository.Root, "tests", "golden", "models", "tokenizers");

    /// <summary>The names of all files with tokenizers.</summary>
    internal static string[] Names { get; } =
    [
        "wordpiece_bert.json", "bytelevel_bpe_gpt2.json", "bpe_llama3.json", "bpe_llama2_byte_fallback.json", "unigram_t5.json", "sentencepiece_bpe.model",
        "sentencepiece_unigram.model", "ranks.tiktoken",
    ];

    internal static byte[] Bytes(string name) => System.IO.File.ReadAllBytes(Path.Combine(Folder, name));

    internal static TokenizerLoadOptions? OptionsFor(string name) => name.EndsWith(".tiktoken", StringComparison.Ordinal) ? new TokenizerLoadOptions { Pattern = TiktokenPatterns.Llama3 } : null;

    internal static Tokenizer Load(string name) => Tokenizer.Read(Bytes(name), name, OptionsFor(name));

    /// <summary>A tokenizer from JSON, with ' for ".</summary>
    internal static Tokenizer FromJson(string json) => Tokenizer.Read(Encoding.UTF8.GetBytes(json.Replace('\'', '"')), File);

    /// <summary>A tokenizer of whole words with some other members, such as <c>'pre_tokenizer': ...</c>.</summary>
    internal static Tokenizer WordLevel(string members, params ReadOnlySpan<string> words)
    {
        var vocabulary = new List<string> { "'<unk>': 0" };
        foreach (string word in words)
            vocabulary.Add($"'{word}': {vocabulary.Count}");
        return FromJson($"{{{members}{(members.Length > 0 ? "," : "")} 'model': {{'type': 'WordLevel', 'unk_token': '<unk>', 'vocab': {{{string.Join(',', vocabulary)}}}}}}}");
    }

    /// <summary>Random text of pieces that are hard on tokenizers; the same for the same seed.</summary>
    internal static string RandomText(Random random, int most = 30)
    {
        string[] pieces =
        [
            "a", "b", "The", "ing", " ", "  ", "\n", "\r\n", "\t", "\u00e9", "e\u0301", "\u4e2d", "\uff0c", "\U0001F600", "\U0001F468\u200D\U0001F469", "</s>", "[MASK]", "'s", "'LL", "'re", "'", "1", "23",
            "4567", "-", "!?", "/", "\u00a0", "\u200b", "\u00df", "\u0130", "\u03a3", "\ufb01", "\u2167", "\u00bd", "\ud55c", "\u0939\u093f", "\u0e01\u0e33", "\u30fc", "\U0001D518", "\u0301", "\u2028", "\u3000",
            "\u2581", "\u017f", "\u01c5", "X", "Yz", "\ue000", "\ud800", "\udc00", "_", "\U00010400",
        ];
        return string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => pieces[random.Next(pieces.Length)]));
    }
}
