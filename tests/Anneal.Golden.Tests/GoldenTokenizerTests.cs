using System.Globalization;
using System.Text.Json;
using Anneal.Data;

namespace Anneal.Golden.Tests;

/// <summary>Every tokenizer of the folder gives the ids, tokens, offsets and decoded text that the software it came from gave.</summary>
public sealed class GoldenTokenizerTests
{
    private static readonly Lazy<JsonElement> Encodings = new(() =>
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "encodings.json")));
        return file.RootElement.Clone();
    });

    public static TheoryData<string> Names => [.. Encodings.Value.EnumerateObject().Select(p => p.Name)];

    private static string Folder => Path.Combine(GoldenFolder.Root, "models", "tokenizers");

    [Fact]
    public void AllKindsAreThere() => Assert.Equal(8, Names.Count);

    [Theory]
    [MemberData(nameof(Names))]
    public void EncodesAndDecodes(string name)
    {
        Tokenizer tokenizer = Load(name);

        // tiktoken was told to take special tokens as text.
        var options = new EncodeOptions
        {
            OffsetUnit = OffsetUnit.CodePoint,
            TypedSpecialTokens = name == "tiktoken" ? TypedSpecialTokens.Text : TypedSpecialTokens.Tokens,
        };
        int cases = 0;
        foreach (JsonElement golden in Encodings.Value.GetProperty(name).EnumerateArray())
        {
            string text = golden.GetProperty("text").GetString()!, at = $"{name}, '{text}'";
            int[] ids = [.. golden.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
            TokenizedText encoded = tokenizer.Encode(text, options);
            Assert.True(ids.AsSpan().SequenceEqual(encoded.Ids), $"{at}: ids {Join(encoded.Ids)}, expected {Join(ids)}");
            if (golden.TryGetProperty("tokens", out JsonElement tokens))
                Assert.True(encoded.Tokens.SequenceEqual(tokens.EnumerateArray().Select(t => t.GetString()!)), $"{at}: tokens {string.Join(' ', encoded.Tokens)}");
            if (golden.TryGetProperty("offsets", out JsonElement offsets))
            {
                TextRange[] ranges = [.. offsets.EnumerateArray().Select(o => new TextRange(o[0].GetInt32(), o[1].GetInt32()))];
                Assert.True(ranges.AsSpan().SequenceEqual(encoded.Offsets), $"{at}: offsets {string.Join(' ', encoded.Offsets.ToArray())}, expected {string.Join(' ', ranges)}");
            }

            Assert.Equal(golden.GetProperty("decoded").GetString(), tokenizer.Decode(ids));
            Assert.Equal(ids.Length, tokenizer.Count(text, options));
            cases++;
        }

        Assert.True(cases >= 31, $"{name} has {cases} texts.");
    }

    /// <summary>What a stream of tokens gives, joined, is what decoding all of them gives.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void StreamsWhatItDecodes(string name)
    {
        Tokenizer tokenizer = Load(name);
        foreach (JsonElement golden in Encodings.Value.GetProperty(name).EnumerateArray())
        {
            StreamingDecoder stream = tokenizer.CreateStreamingDecoder();
            string text = "";
            foreach (JsonElement id in golden.GetProperty("ids").EnumerateArray())
            {
                string part = stream.Push(id.GetInt32());
                Assert.DoesNotContain('\uFFFD', part);
                text += part;
            }

            Assert.Equal(golden.GetProperty("decoded").GetString(), text + stream.Flush());
        }
    }

    private static Tokenizer Load(string name)
    {
        string json = Path.Combine(Folder, name + ".json"), model = Path.Combine(Folder, name + ".model");
        if (File.Exists(json))
            return Tokenizer.Load(json);
        if (File.Exists(model))
            return Tokenizer.Load(model);
        using JsonDocument pattern = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "ranks.tiktoken.json")));
        return Tokenizer.Load(Path.Combine(Folder, "ranks.tiktoken"), new TokenizerLoadOptions { Pattern = pattern.RootElement.GetProperty("pattern").GetString() });
    }

    private static string Join(ReadOnlySpan<int> ids) => string.Join(' ', ids.ToArray().Select(i => i.ToString(CultureInfo.InvariantCulture)));
}
