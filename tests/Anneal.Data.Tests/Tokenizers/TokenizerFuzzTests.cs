using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit.Abstractions;

namespace Anneal.Data.Tests;

/// <summary>
/// Damaged files of every kind: a reader gives a tokenizer that works, or an error that says what is wrong, with bounded memory and time. By default
/// some thousand inputs; <c>ANNEAL_FUZZ_INPUTS=1000000</c> tries that many for each reader.
/// </summary>
public sealed class TokenizerFuzzTests(ITestOutputHelper output)
{
    private const int ShortRun = 3000;
    private const long MostBytes = 64 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private static int Inputs =>
        int.TryParse(Environment.GetEnvironmentVariable("ANNEAL_FUZZ_INPUTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int inputs) ? inputs : ShortRun;

    public static TheoryData<string> Names => [.. TokenizerFiles.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void DamageNeverDoesMoreThanThrow(string name)
    {
        byte[] seed = Shorten(name);
        TokenizerLoadOptions? options = TokenizerFiles.OptionsFor(name);
        Tokenizer.Read(seed, name, options);
        int refused = 0, inputs = Inputs;
        Parallel.For(0, inputs, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            if (!Survives(FileDamage.Of(seed, i), name, options, i))
                Interlocked.Increment(ref refused);
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {inputs} damaged files, {refused} refused."));
        Assert.InRange(refused, inputs / 10, inputs - 1);
    }

    [Fact]
    public void RandomBytesAreRefused()
    {
        int inputs = Inputs;
        for (int i = 0; i < inputs; i++)
        {
            var random = new Random(i);
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && i % 3 != 0)
                bytes[0] = i % 3 == 1 ? (byte)'{' : (byte)0x0A;
            Assert.False(Survives(bytes, "random", null, i), $"Random bytes of seed {i} were taken for a tokenizer.");
        }
    }

    private static bool Survives(byte[] file, string name, TokenizerLoadOptions? options, int seed)
    {
        long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        bool isSound = false;
        try
        {
            Tokenizer tokenizer = Tokenizer.Read(file, name, options);
            isSound = true;
            foreach (string text in (string[])["The cat's  12\u4e2d\u6587 na\u00efve\U0001F600 <s>[MASK]\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\ud800 e\u0301"])
            {
                TokenizedText encoded = tokenizer.Encode(text);
                Assert.Equal(encoded.Count, encoded.Tokens.Count);
                tokenizer.Decode(encoded.Ids);
            }
        }
        catch (Exception e) when (e is ModelFileException or OptionException or TokenizationException)
        {
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{name}, seed {seed}: {e.GetType().Name} {e.Message}", e);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before <= MostBytes + 200L * file.Length, $"{name}, seed {seed} took {GC.GetAllocatedBytesForCurrentThread() - before} bytes.");
        Assert.True(Stopwatch.GetElapsedTime(start) < Longest, $"{name}, seed {seed} took {Stopwatch.GetElapsedTime(start)}.");
        return isSound;
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

/// <summary>Damage that knows what the files are made of: bytes, but also numbers, names and parts that move.</summary>
internal static class FileDamage
{
    private static readonly string[] Words =
    [
        "null", "true", "-1", "99999999999999999999", "1e400", "{}", "[]", "\"\"", "\"\\ud800\"", "4294967295", "{\"type\":\"Sequence\"}", "\"BPE\"", "\"Unigram\"", "\"ByteLevel\"", "\"<unk>\"", "[[", "}}", ",", ":",
        "\"Regex\":\"(a+)+$\"", "\"\\u2581\"", "\u0000", "\u00ff",
    ];

    internal static byte[] Of(byte[] seed, int number)
    {
        var random = new Random(number);
        var bytes = new List<byte>(seed);
        for (int change = random.Next(4); change >= 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count), count = Math.Min(1 + random.Next(random.Next(2) == 0 ? 4 : 60), bytes.Count - at);
            switch (random.Next(9))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, count); break;
                case 3: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, count)); break;
                case 4 when random.Next(8) == 0: bytes.RemoveRange(at, bytes.Count - at); break;
                case 5: bytes.InsertRange(at, Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)])); break;
                case 6: Replace(bytes, at, random); break;
                case 7: bytes[at] = (byte)"0123456789\"{}[],: abt"[random.Next(20)]; break;
                default: bytes[at]++; break;
            }
        }

        return [.. bytes];
    }

    // A whole value of JSON, from a sign that ends one to the next.
    private static void Replace(List<byte> bytes, int at, Random random)
    {
        int start = bytes.FindIndex(at, b => b is (byte)':' or (byte)'[' or (byte)',') + 1;
        int end = start > 0 && start < bytes.Count ? bytes.FindIndex(start, b => b is (byte)',' or (byte)'}' or (byte)']') : -1;
        if (end < start || start == 0)
            return;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)]));
    }
}
