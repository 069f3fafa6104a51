using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Anneal.Data;

/// <summary>Reads the rank files of tiktoken: a line for each token, its bytes in base 64 and its rank.</summary>
internal static class RankFile
{
    /// <summary>Tokens of more bytes are refused: to find their merges takes time that grows with the square.</summary>
    internal const int LongestToken = 1024;

    /// <summary>Reads a file.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="options">The pattern and the special tokens, which the file does not hold.</param>
    /// <exception cref="ModelFileException">It is not sound.</exception>
    /// <exception cref="OptionException">There is no pattern, or it or a special token cannot be used.</exception>
    internal static TokenizerParts Read(byte[] bytes, string file, TokenizerLoadOptions options)
    {
        if (options.Pattern is not { } pattern)
        {
            throw new OptionException(
                $"{file} holds ranks but no pattern that cuts text into words. Give the one that belongs to it as TokenizerLoadOptions.Pattern, for example TiktokenPatterns.Cl100k.");
        }

        Dictionary<string, int> ranks = ReadRanks(bytes, file);
        for (int b = 0; b < 256; b++)
        {
            if (!ranks.ContainsKey(ByteAlphabet.CharOf((byte)b).ToString()))
                throw new ModelFileException(file, "the whole file", "a token for each single byte", $"none for 0x{b:X2}");
        }

        PreTokenizer words = new SplitPreTokenizer(RegexPattern.Create(pattern, RegexDialect.Rust), SplitBehavior.Removed, invert: true);
        var vocabulary = new Vocabulary(ranks);
        return new TokenizerParts(new BpeModel(vocabulary, [], MakePairs(ranks), new BpeSettings { IgnoreMerges = true }))
        {
            PreTokenizer = new PreTokenizerSequence([words, new ByteLevelPreTokenizer(addPrefixSpace: false, trimOffsets: false, useRegex: false)]),
            Decoder = new ByteLevelDecoder(addPrefixSpace: false, trimOffsets: false, useRegex: false),
            AddedTokens = ReadSpecial(options.SpecialTokens, vocabulary),
            WhyNotJson = "tiktoken's ranks are not written as tokenizer.json; keep the rank file",
        };
    }

    private static Dictionary<string, int> ReadRanks(byte[] bytes, string file)
    {
        var ranks = new Dictionary<string, int>();
        var taken = new HashSet<int>();
        for (int start = 0, line = 1; start < bytes.Length; line++)
        {
            ReadOnlySpan<byte> rest = bytes.AsSpan(start);
            int end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> text = end < 0 ? rest : rest[..end];
            if (text.EndsWith((byte)'\r'))
                text = text[..^1];
            string where = string.Create(CultureInfo.InvariantCulture, $"line {line}, byte {start}");
            start += end < 0 ? rest.Length : end + 1;
            if (text.Length == 0)
                continue;
            int space = text.IndexOf((byte)' ');
            if (space <= 0 || !Utf8Parser.TryParse(text[(space + 1)..], out int rank, out int read) || read != text.Length - space - 1 || rank < 0 || rank == int.MaxValue)
                throw new ModelFileException(file, where, "a token in base 64, a space and a rank from 0 to 2^31 - 2", ModelFileException.Quote(Encoding.Latin1.GetString(text)));
            string token = Token(text[..space]) ?? throw new ModelFileException(
                file, where, $"1 to {LongestToken} bytes in base 64", ModelFileException.Quote(Encoding.Latin1.GetString(text[..space])));
            if (!taken.Add(rank))
                throw new ModelFileException(file, where, "each rank once", $"{rank} twice");
            if (!ranks.TryAdd(token, rank))
                throw new ModelFileException(file, where, "each token once", ModelFileException.Quote(token) + " twice");
        }

        return ranks;
    }

    private static string? Token(ReadOnlySpan<byte> base64)
    {
        if (base64.Length > 2 * LongestToken)
            return null;
        var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (Base64.DecodeFromUtf8(base64, decoded, out int consumed, out int written) != System.Buffers.OperationStatus.Done || consumed != base64.Length)
            return null;
        return written is > 0 and <= LongestToken ? string.Create(written, decoded, static (chars, bytes) =>
        {
            for (int i = 0; i < chars.Length; i++)
                chars[i] = ByteAlphabet.CharOf(bytes[i]);
        }) : null;
    }

    // Two neighbours merge when their bytes together are a token, whichever way the token was first made.
    private static PairTable MakePairs(Dictionary<string, int> ranks)
    {
        var lookup = ranks.GetAlternateLookup<ReadOnlySpan<char>>();
        var found = new List<(int Left, int Right, int Rank)>();
        foreach ((string token, int rank) in ranks)
        {
            for (int cut = 1; cut < token.Length; cut++)
            {
                if (lookup.TryGetValue(token.AsSpan(0, cut), out int left) && lookup.TryGetValue(token.AsSpan(cut), out int right))
                    found.Add((left, right, rank));
            }
        }

        var pairs = new PairTable(found.Count);
        foreach ((int left, int right, int rank) in found)
            pairs.Set(left, right, rank, rank);
        return pairs;
    }

    private static List<(AddedToken, int)> ReadSpecial(IReadOnlyDictionary<string, int> special, Vocabulary vocabulary)
    {
        var tokens = new List<(AddedToken, int)>();
        foreach ((string content, int id) in special.OrderBy(s => s.Value))
        {
            if (content.Length == 0 || id < 0 || vocabulary.TryGetToken(id, out _) || tokens.Any(t => t.Item2 == id))
                throw new OptionException($"The special token '{content}' has the id {id}, which is negative or that of another token, or no text.");
            tokens.Add((AddedToken.Special(content), id));
        }

        return tokens;
    }
}
