using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Anneal.Testing;

/// <summary>
/// Seeded damage to files, which knows what they are made of: bytes and bits, but also lines, numbers, and whole values of JSON that are
/// removed, exchanged, repeated or replaced, so that many damaged files get past a parser to what reads their meaning.
/// </summary>
public static class FileDamage
{
    private static readonly string[] Words =
    [
        "null", "true", "-1", "0", "1.5", "99999999999999999999", "1e400", "4294967295", "9223372036854775807", "{}", "[]", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "\"x\"", "[[1]]", "{\"a\":1}",
        "{\"type\":\"Sequence\"}", "\"BPE\"", "\"Unigram\"", "\"ByteLevel\"", "\"<unk>\"", "{\"Regex\":\"(a+)+$\"}", "\"\\u2581\"", "\"rope_type\"", "\"F64\"", "\"model.safetensors\"",
    ];

    private static readonly string[] Fragments = [.. Words, "[[", "}}", "[[[[[[[[", "{\"a\":", ",", ":", "\u0000", "\u00ff", "\u2028", "\r", "\t\t", "\"", "\uFEFF"];

    /// <summary>Damages a file; the same for the same number.</summary>
    /// <param name="seeds">Sound files of one kind, of which one is taken.</param>
    /// <param name="number">The number of the damage.</param>
    public static byte[] Of(IReadOnlyList<byte[]> seeds, int number)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        return Of(seeds[number % seeds.Count], new Random(number));
    }

    /// <summary>Damages a file.</summary>
    public static byte[] Of(byte[] seed, Random random)
    {
        ArgumentNullException.ThrowIfNull(seed);
        ArgumentNullException.ThrowIfNull(random);
        if (random.Next(2) == 0 && IsJson(seed))
            return Values(seed, random);
        return random.Next(4) == 0 ? Overwritten(seed, random) : Bytes(seed, random);
    }

    /// <summary>Damages JSON by whole values, so that what comes out is JSON again.</summary>
    public static byte[] Values(ReadOnlyMemory<byte> seed, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        List<Part> parts = PartsOf(seed.Span);
        var edits = new List<(int Start, int End, byte[] With)>();
        for (int change = random.Next(3); change >= 0; change--)
            edits.Add(Edit(seed.Span, parts, random));

        // From the last to the first, so that places stay right; those that lie in an earlier one are left out.
        edits.Sort((a, b) => b.Start.CompareTo(a.Start));
        var bytes = new List<byte>(seed.ToArray());
        int next = int.MaxValue;
        foreach ((int start, int end, byte[] with) in edits.Where(e => e.End >= e.Start))
        {
            if (end > next)
                continue;
            bytes.RemoveRange(start, end - start);
            bytes.InsertRange(start, with);
            next = start;
        }

        return [.. bytes];
    }

    /// <summary>Damages a safetensors file: mostly its header as JSON, whose length is set right again, else any of its bytes.</summary>
    /// <param name="seeds">Sound files, of which one is taken.</param>
    /// <param name="number">The number of the damage.</param>
    public static byte[] OfSafetensors(IReadOnlyList<byte[]> seeds, int number)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        byte[] seed = seeds[number % seeds.Count];
        var random = new Random(number);
        if (random.Next(4) == 0)
            return Of(seed, random);
        int end = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(seed);
        byte[] header = Of(seed[8..end], random);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        return [.. length, .. header, .. seed[end..]];
    }

    /// <summary>Some other bytes in their places, so that lengths within the file stay right.</summary>
    public static byte[] Overwritten(byte[] seed, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        byte[] bytes = [.. seed];
        for (int change = random.Next(4); change >= 0 && bytes.Length > 0; change--)
        {
            int at = random.Next(bytes.Length);
            bytes[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => (byte)(bytes[at] ^ (1 << random.Next(8))), _ => (byte)(bytes[at] + 1 - 2 * random.Next(2)) };
        }

        return bytes;
    }

    private static byte[] Bytes(byte[] seed, Random random)
    {
        var bytes = new List<byte>(seed);
        for (int change = random.Next(4); change >= 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count), count = Math.Min(1 + random.Next(random.Next(2) == 0 ? 4 : 60), bytes.Count - at);
            switch (random.Next(10))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, count); break;
                case 3: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, count)); break;
                case 4 when random.Next(8) == 0: bytes.RemoveRange(at, bytes.Count - at); break;
                case 5: bytes.InsertRange(at, Encoding.UTF8.GetBytes(Fragments[random.Next(Fragments.Length)])); break;
                case 6: Number(bytes, at, random); break;
                case 7: bytes[at] = (byte)"0123456789\"{}[],: abt\n"[random.Next(22)]; break;
                case 8: Line(bytes, at, random); break;
                default: bytes.Insert(at, (byte)random.Next(256)); break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Another value in the place of the next number.</summary>
    private static void Number(List<byte> bytes, int at, Random random)
    {
        int start = bytes.FindIndex(at, b => char.IsAsciiDigit((char)b));
        if (start < 0)
            return;
        int end = bytes.FindIndex(start, b => !char.IsAsciiDigit((char)b));
        bytes.RemoveRange(start, (end < 0 ? bytes.Count : end) - start);
        string number = random.Next(3) == 0 ? Words[random.Next(Words.Length)] : random.Next(200).ToString(CultureInfo.InvariantCulture);
        bytes.InsertRange(start, Encoding.UTF8.GetBytes(number));
    }

    /// <summary>A line goes, or comes twice.</summary>
    private static void Line(List<byte> bytes, int at, Random random)
    {
        int start = at == 0 ? 0 : bytes.LastIndexOf((byte)'\n', at - 1) + 1, end = bytes.IndexOf((byte)'\n', at) + 1;
        if (end == 0)
            end = bytes.Count;
        List<byte> line = bytes.GetRange(start, end - start);
        if (random.Next(2) == 0)
            bytes.RemoveRange(start, end - start);
        else
            bytes.InsertRange(random.Next(2) == 0 ? start : random.Next(bytes.Count + 1), line);
    }

    private static (int Start, int End, byte[] With) Edit(ReadOnlySpan<byte> seed, List<Part> parts, Random random)
    {
        Part part = parts[random.Next(parts.Count)], other = parts[random.Next(parts.Count)];
        ReadOnlySpan<byte> value = seed[part.Start..part.End];
        switch (random.Next(7))
        {
            case 0: return (part.Start, part.End, Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)]));
            case 1: return (part.Start, part.End, seed[other.Start..other.End].ToArray());
            case 2: return (part.Start, part.End, Encoding.UTF8.GetBytes(random.Next(-2, 100).ToString(CultureInfo.InvariantCulture)));

            // A member or element once more, beside itself.
            case 3: return (part.End, part.End, [(byte)',', .. seed[part.Outer..part.End]]);

            // A member or element goes, with the comma that belongs to it.
            case 4: return Removal(seed, part);
            case 5 when value.Length > 2 && value[0] == '"': return (part.Start + 1, part.Start + 2, random.Next(2) == 0 ? [] : "\\u2581"u8.ToArray());
            case 6 when part.Outer < part.Start: return (part.Outer + 1, part.Outer + 1, "x"u8.ToArray());
            default: return (part.Start, part.Start, random.Next(2) == 0 ? " "u8.ToArray() : "-"u8.ToArray());
        }
    }

    private static (int Start, int End, byte[] With) Removal(ReadOnlySpan<byte> seed, Part part)
    {
        int before = part.Outer - 1, after = part.End;
        while (before >= 0 && seed[before] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            before--;
        while (after < seed.Length && seed[after] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            after++;
        if (before >= 0 && seed[before] == ',')
            return (before, part.End, []);
        return after < seed.Length && seed[after] == ',' ? (part.Outer, after + 1, []) : (part.Outer, part.End, []);
    }

    /// <summary>A value of JSON; where it is a member's, the member begins before it.</summary>
    private readonly record struct Part(int Outer, int Start, int End);

    private static List<Part> PartsOf(ReadOnlySpan<byte> json)
    {
        var parts = new List<Part>();
        var open = new Stack<(int Outer, int Start)>();
        var reader = new Utf8JsonReader(json);
        int outer = -1;
        while (reader.Read())
        {
            int start = (int)reader.TokenStartIndex;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    outer = start;
                    continue;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    open.Push((outer < 0 ? start : outer, start));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    (int first, int begin) = open.Pop();
                    parts.Add(new Part(first, begin, (int)reader.BytesConsumed));
                    break;
                default:
                    parts.Add(new Part(outer < 0 ? start : outer, start, (int)reader.BytesConsumed));
                    break;
            }

            outer = -1;
        }

        return parts;
    }

    private static bool IsJson(byte[] seed)
    {
        if (seed.Length == 0 || seed[0] is not ((byte)'{' or (byte)'['))
            return false;
        try
        {
            var reader = new Utf8JsonReader(seed);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
