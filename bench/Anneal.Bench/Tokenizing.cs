using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Anneal.Data;

namespace Anneal.Bench;

/// <summary>Measures how fast tokenizers are, on one thread.</summary>
internal static class Tokenizing
{
    private const int Megabyte = 1 << 20, TextBytes = 4 * Megabyte;
    private static readonly string[] Suffixes = [".json", ".model", ".tiktoken"];

    /// <summary>Prints the rate of every tokenizer of a folder on English text, and its time for a megabyte of hostile text of each kind.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="file">A file of text, plain or compressed; null: text is made.</param>
    internal static void Run(string folder, string? file)
    {
        string text = file is null ? MakeText() : ReadText(file);
        string[] lines = [.. Enumerable.Range(0, (text.Length + 1999) / 2000).Select(i => text.Substring(2000 * i, Math.Min(2000, text.Length - 2000 * i)))];
        double megabytes = (double)Encoding.UTF8.GetByteCount(text) / Megabyte;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{megabytes:F1} MB of text"));
        Console.WriteLine($"{"tokenizer",-26} {"MB/s",8} {"at once",8} {"tokens",9}  seconds for a megabyte of: letter a, spaces, combining marks, added tokens cut short, emoji");
        foreach (string path in Directory.EnumerateFiles(folder).Where(p => Suffixes.Any(p.EndsWith)).Order(StringComparer.Ordinal))
        {
            if (Load(path) is not { } tokenizer)
                continue;
            double inLines = Best(() => lines.Sum(line => tokenizer.Encode(line).Count), out int tokens), atOnce = Best(() => tokenizer.Encode(text).Count, out _);
            string added = tokenizer.AddedTokens.Select(t => t.Token.Content).FirstOrDefault() ?? "<s>";
            string[] hostile = [new('a', Megabyte), new(' ', Megabyte), Repeat("\u0301"), Repeat(added[..^1]), Repeat("\U0001F600")];
            IEnumerable<string> seconds = hostile.Select(h => Once(() => tokenizer.Encode(h).Count).ToString("F2", CultureInfo.InvariantCulture));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Path.GetFileName(path),-26} {megabytes / inLines,8:F1} {megabytes / atOnce,8:F1} {tokens,9}  {string.Join("  ", seconds)}"));
        }
    }

    private static Tokenizer? Load(string path)
    {
        if (!path.EndsWith(".json", StringComparison.Ordinal))
            return Tokenizer.Load(path, path.EndsWith(".tiktoken", StringComparison.Ordinal) ? new TokenizerLoadOptions { Pattern = TiktokenPatterns.Llama3 } : null);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        return json.RootElement.TryGetProperty("model", out _) ? Tokenizer.Load(path) : null;
    }

    private static double Best(Func<int> work, out int result)
    {
        double best = double.PositiveInfinity;
        result = 0;
        for (int round = 0; round < 5; round++)
        {
            long start = Stopwatch.GetTimestamp();
            result = work();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static double Once(Func<int> work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static string Repeat(string part) => string.Concat(Enumerable.Repeat(part, Megabyte / part.Length));

    private static string ReadText(string file)
    {
        using Stream stream = File.OpenRead(file);
        using Stream plain = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        var bytes = new byte[TextBytes];
        return Encoding.UTF8.GetString(bytes, 0, plain.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
    }

    // Words with the frequencies of Zipf's law and the lengths and letters of English, in sentences and paragraphs.
    private static string MakeText()
    {
        var random = new Random(1);
        const string Letters = "eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddllllcccuuummmwwfffggyyppbbvk";
        string[] words = [.. Enumerable.Range(0, 30_000).Select(_ => string.Concat(Enumerable.Range(0, 1 + random.Next(3) + random.Next(4) + random.Next(4)).Select(_ => Letters[random.Next(Letters.Length)])))];
        var text = new StringBuilder();
        bool isFirst = true;
        while (text.Length < TextBytes)
        {
            string word = random.Next(50) == 0 ? random.Next(3000).ToString(CultureInfo.InvariantCulture) : words[(int)Math.Exp(random.NextDouble() * Math.Log(words.Length))];
            text.Append(isFirst ? char.ToUpperInvariant(word[0]) + word[1..] : word);
            isFirst = random.Next(14) == 0;
            text.Append(isFirst ? random.Next(6) == 0 ? ".\n" : ". " : random.Next(12) == 0 ? ", " : random.Next(80) == 0 ? "'s " : " ");
        }

        return text.ToString();
    }
}
