using System.Collections.Frozen;
using System.Globalization;

namespace Anneal.Data;

/// <summary>
/// Properties of code points that must be the same on every machine. The runtime's normalization and case mapping come from the operating
/// system's library, or are left out, so the tables are the project's own; general categories are in the runtime itself.
/// </summary>
internal static class UnicodeData
{
    /// <summary>The largest code point of Unicode.</summary>
    internal const int Last = 0x10FFFF;

    /// <summary>The only lower case of more than one code point: that of I with a dot above.</summary>
    internal const int CapitalIWithDot = 0x130, DotAbove = 0x307;

    private static readonly Lazy<UnicodeTables> LazyTables = new(UnicodeTables.Read);
    private static readonly Lazy<(int First, int Last, string Name)[]> LazyScripts = new(ReadScripts);

    // Simple lower case of the first plane; the few code points beyond are in the dictionary.
    private static readonly Lazy<char[]> LazyLower = new(() =>
    {
        var lower = new char[char.MaxValue + 1];
        for (int c = 0; c < lower.Length; c++)
            lower[c] = (char)c;
        foreach ((int from, int to) in LazyTables.Value.Lower)
        {
            if (from <= char.MaxValue)
                lower[from] = (char)to;
        }

        return lower;
    });

    internal static UnicodeTables Tables => LazyTables.Value;

    /// <summary>The simple lower case of a code point, which for <see cref="CapitalIWithDot"/> is i alone.</summary>
    internal static int ToLower(int codePoint)
    {
        if (codePoint <= char.MaxValue)
            return LazyLower.Value[codePoint];
        return LazyTables.Value.Lower.TryGetValue(codePoint, out int lower) ? lower : codePoint;
    }

    /// <summary>The names of the scripts that code points can have, <c>Common</c> and <c>Inherited</c> among them.</summary>
    internal static IReadOnlyList<(int First, int Last, string Name)> Scripts => LazyScripts.Value;

    /// <summary>The script of a code point; <c>Unknown</c> where it has none.</summary>
    internal static string ScriptOf(int codePoint)
    {
        (int First, int Last, string Name)[] scripts = LazyScripts.Value;
        int low = 0, high = scripts.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (codePoint < scripts[middle].First)
                high = middle - 1;
            else if (codePoint > scripts[middle].Last)
                low = middle + 1;
            else
                return scripts[middle].Name;
        }

        return "Unknown";
    }

    internal static StreamReader Open(string name) =>
        new(typeof(UnicodeData).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The assembly has no resource {name}."));

    internal static int Hexadecimal(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static (int First, int Last, string Name)[] ReadScripts()
    {
        var scripts = new List<(int, int, string)>();
        using StreamReader reader = Open("Anneal.Data.scripts.txt");
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            string[] parts = line.Split(' ');
            scripts.Add((Hexadecimal(parts[0]), Hexadecimal(parts[1]), string.Intern(parts[2])));
        }

        return [.. scripts];
    }
}

/// <summary>What normalization needs, read from the embedded table.</summary>
internal sealed class UnicodeTables
{
    private readonly byte[] _classes = new byte[UnicodeData.Last + 1];

    private UnicodeTables(
        FrozenDictionary<int, int[]> canonical, FrozenDictionary<int, int[]> compatibility, FrozenDictionary<long, int> compositions, FrozenDictionary<int, int> lower) =>
        (Canonical, Compatibility, Compositions, Lower) = (canonical, compatibility, compositions, lower);

    /// <summary>Full canonical decompositions, without those of Hangul, which are computed.</summary>
    internal FrozenDictionary<int, int[]> Canonical { get; }

    /// <summary>Full compatibility decompositions of all code points that have either kind.</summary>
    internal FrozenDictionary<int, int[]> Compatibility { get; }

    /// <summary>Primary composites by the pair that they are made of.</summary>
    internal FrozenDictionary<long, int> Compositions { get; }

    internal FrozenDictionary<int, int> Lower { get; }

    internal int ClassOf(int codePoint) => _classes[codePoint];

    internal static long Pair(int first, int second) => (long)first << 32 | (uint)second;

    internal static UnicodeTables Read()
    {
        var canonical = new Dictionary<int, int[]>();
        var both = new Dictionary<int, int[]>();
        var lower = new Dictionary<int, int>();
        var excluded = new HashSet<int>();
        var classes = new List<(int, byte)>();
        using StreamReader reader = UnicodeData.Open("Anneal.Data.normalization.txt");
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            string[] parts = line.Split(' ');
            int code = UnicodeData.Hexadecimal(parts[1]);
            switch (line[0])
            {
                case 'D': canonical.Add(code, Rest(parts)); both.Add(code, canonical[code]); break;
                case 'K': both.Add(code, Rest(parts)); break;
                case 'C': classes.Add((code, byte.Parse(parts[2], CultureInfo.InvariantCulture))); break;
                case 'L': lower.Add(code, UnicodeData.Hexadecimal(parts[2])); break;
                case 'X': excluded.Add(code); break;
                default: throw new InvalidOperationException($"The table of Unicode has the line '{line}'.");
            }
        }

        var compositions = canonical.Where(d => !excluded.Contains(d.Key)).ToFrozenDictionary(d => Pair(d.Value[0], d.Value[1]), d => d.Key);
        var tables = new UnicodeTables(Expand(canonical, canonical), Expand(both, both), compositions, lower.ToFrozenDictionary());
        foreach ((int code, byte value) in classes)
            tables._classes[code] = value;
        return tables;
    }

    private static FrozenDictionary<int, int[]> Expand(Dictionary<int, int[]> roots, Dictionary<int, int[]> steps)
    {
        return roots.ToFrozenDictionary(d => d.Key, d => (int[])[.. d.Value.SelectMany(Full)]);

        IEnumerable<int> Full(int code) => steps.TryGetValue(code, out int[]? parts) ? parts.SelectMany(Full) : [code];
    }

    private static int[] Rest(string[] parts) => [.. parts.Skip(2).Select(UnicodeData.Hexadecimal)];
}
