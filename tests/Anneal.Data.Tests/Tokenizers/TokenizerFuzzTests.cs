using System.Text;
using Xunit.Abstractions;

namespace Anneal.Data.Tests;

/// <summary>
/// Damaged files of every kind: a reader gives a tokenizer that works, or an error that says what is wrong, with bounded memory and time.
/// </summary>
public sealed class TokenizerFuzzTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. TokenizerFiles.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void DamageNeverDoesMoreThanThrow(string name)
    {
        byte[] seed = Shorten(name);
        TokenizerLoadOptions? options = TokenizerFiles.OptionsFor(name);
        Tokenizer.Read(seed, name, options);
        FuzzCount count = Fuzzing.Run(name, number => FileDamage.Of([seed], number), bytes => Use(Tokenizer.Read(bytes, name, options)));
        output.WriteLine($"{name}: {count}");
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);
    }

    [Fact]
    public void RandomBytesAreRefused()
    {
        FuzzCount count = Fuzzing.Run("random bytes", RandomBytes, bytes => Use(Tokenizer.Read(bytes, "random")));
        output.WriteLine($"random bytes: {count}");
        Assert.Equal(count.Inputs, count.Refused);
    }

    private static byte[] RandomBytes(int number)
    {
        var random = new Random(number);
        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        if (bytes.Length > 0 && number % 3 != 0)
            bytes[0] = number % 3 == 1 ? (byte)'{' : (byte)0x0A;
        return bytes;
    }

    private static void Use(Tokenizer tokenizer)
    {
        foreach (string text in (string[])["The cat's  12\u4e2d\u6587 na\u00efve\U0001F600 <s>[MASK]\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\ud800 e\u0301"])
        {
            TokenizedText encoded = tokenizer.Encode(text);
            Assert.Equal(encoded.Count, encoded.Tokens.Count);
            tokenizer.Decode(encoded.Ids);
        }
    }

    /// <summary>A small file of the same kind, so that damage often hits what matters and many inputs are tried.</summary>
    private static byte[] Shorten(string name)
    {
        byte[] whole = TokenizerFiles.Bytes(name);
        if (name.EndsWith(".tiktoken", StringComparison.Ordinal))
        {
            string[] lines = Encoding.ASCII.GetString(whole).Split('\n');
            return Encoding.ASCII.GetBytes(string.Join('\n', lines.Take(290)));
        }

        return name.EndsWith(".json", StringComparison.Ordinal) ? ShortJson(whole) : ShortModel(whole);
    }

    // Long members of the vocabulary go, with the merges that make them.
    private static byte[] ShortJson(byte[] whole)
    {
        var root = System.Text.Json.Nodes.JsonNode.Parse(whole)!;
        var model = root["model"]!;
        if (model["vocab"] is System.Text.Json.Nodes.JsonObject vocabulary)
        {
            if (model["merges"] is System.Text.Json.Nodes.JsonArray merges)
            {
                while (merges.Count > 25)
                    merges.RemoveAt(merges.Count - 1);
                var needed = merges.SelectMany(m => m!.AsArray().Select(t => t!.GetValue<string>()).Append(string.Concat(m!.AsArray().Select(t => t!.GetValue<string>())))).ToHashSet();
                foreach (string token in vocabulary.Select(v => v.Key).Where(t => t.Length > 1 && t[0] != '<' && !needed.Contains(t)).ToArray())
                    vocabulary.Remove(token);
            }
            else
            {
                foreach (string token in vocabulary.Select(v => v.Key).Skip(80).ToArray())
                    vocabulary.Remove(token);
            }
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    // The map of characters, which is nearly all of the file, gives way to a small one.
    private static byte[] ShortModel(byte[] whole)
    {
        var kept = new List<byte>();
        for (int at = 0; at < whole.Length;)
        {
            int start = at;
            ulong tag = Varint(whole, ref at), length = Varint(whole, ref at);
            at += (int)length;
            if (tag >> 3 != 3)
                kept.AddRange(whole[start..at]);
        }

        // A normalizer with a map of one key, from a to b: a unit for the root, one for the key with its leaf, one for the value.
        byte[] map = MakeMap();
        byte[] normalizer = [0x12, .. TwoByteLength(map), .. map, 0x18, 1, 0x20, 1, 0x28, 1];
        kept.AddRange([0x1A, .. TwoByteLength(normalizer), .. normalizer]);
        return [.. kept];

        static byte[] TwoByteLength(byte[] message) => [(byte)(message.Length | 0x80), (byte)(message.Length >> 7)];
    }

    private static byte[] MakeMap()
    {
        // Root at 0 with offset 2; 'a' leads to (0 ^ 2) ^ 'a' = 0x63, beyond a short trie, so units up to there are empty.
        var units = new uint[0x66];
        units[0] = 2u << 10;
        units[0x63] = 1u << 10 | 1u << 8 | 'a';
        units[0x62] = 0x8000_0000;
        byte[] bytes = [.. BitConverter.GetBytes((uint)(4 * units.Length)), .. units.SelectMany(BitConverter.GetBytes), (byte)'b', 0];
        return bytes;
    }

    private static ulong Varint(byte[] bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = bytes[at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
    }
}
