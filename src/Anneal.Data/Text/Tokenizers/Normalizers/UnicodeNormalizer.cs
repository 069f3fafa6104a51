using System.Runtime.InteropServices;
using System.Text.Json;

namespace Anneal.Data;

/// <summary>The four normalization forms of Unicode.</summary>
internal enum NormalizationKind
{
    /// <summary>Canonical composition.</summary>
    Nfc,

    /// <summary>Canonical decomposition.</summary>
    Nfd,

    /// <summary>Compatibility composition.</summary>
    Nfkc,

    /// <summary>Compatibility decomposition.</summary>
    Nfkd,
}

/// <summary>Normalization as Unicode Standard Annex 15 defines it.</summary>
internal sealed class UnicodeNormalizer(NormalizationKind kind) : Normalizer
{
    private readonly bool _composes = kind is NormalizationKind.Nfc or NormalizationKind.Nfkc;
    private readonly bool _isCompatible = kind is NormalizationKind.Nfkc or NormalizationKind.Nfkd;

    // Everything below is a starter that no form changes and that no composition takes as its second part.
    private readonly char _firstChanged = kind switch
    {
        NormalizationKind.Nfc => '\u0300',
        NormalizationKind.Nfd => '\u00C0',
        _ => '\u00A0',
    };

    internal override void Apply(AlignedText text)
    {
        ReadOnlySpan<char> chars = text.Chars;
        if (chars.IndexOfAnyExceptInRange('\0', (char)(_firstChanged - 1)) < 0)
            return;
        var points = new List<(int CodePoint, int Change)>();
        text.BeginRewrite();
        for (int i = 0; i < chars.Length;)
        {
            int unsafeFrom = chars[i..].IndexOfAnyExceptInRange('\0', (char)(_firstChanged - 1));
            if (unsafeFrom < 0)
            {
                text.Copy(i, chars.Length);
                break;
            }

            // The one before may compose with what follows.
            int start = Math.Max(i, i + unsafeFrom - 1);
            int unsafeCount = chars[(i + unsafeFrom)..].IndexOfAnyInRange('\0', (char)(_firstChanged - 1));
            int end = unsafeCount < 0 ? chars.Length : i + unsafeFrom + unsafeCount;
            text.Copy(i, start);
            points.Clear();
            Decompose(chars[start..end], points);
            if (_composes)
                Compose(points);
            text.WriteChanged(CollectionsMarshal.AsSpan(points), start);
            i = end;
        }

        text.EndRewrite();
    }

    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, kind.ToString().ToUpperInvariant());

    private void Decompose(ReadOnlySpan<char> chars, List<(int CodePoint, int Change)> points)
    {
        UnicodeTables tables = UnicodeData.Tables;
        var decompositions = _isCompatible ? tables.Compatibility : tables.Canonical;
        int lastStarter = 0;
        for (int i = 0; i < chars.Length;)
        {
            int point = CodePoints.At(chars, i, out int length);
            i += length;
            if (Hangul.IsSyllable(point))
            {
                Sort(points, lastStarter, tables);
                Hangul.Decompose(point, points);
                lastStarter = points.Count;
            }
            else if (decompositions.TryGetValue(point, out int[]? parts))
            {
                for (int p = 0; p < parts.Length; p++)
                    lastStarter = Append(points, parts[p], p == 0 ? 0 : 1, tables, lastStarter);
            }
            else
            {
                lastStarter = Append(points, point, 0, tables, lastStarter);
            }
        }

        Sort(points, lastStarter, tables);
    }

    // Marks after a starter are sorted when the next one comes.
    private static int Append(List<(int CodePoint, int Change)> points, int point, int change, UnicodeTables tables, int lastStarter)
    {
        bool isStarter = tables.ClassOf(point) == 0;
        if (isStarter)
            Sort(points, lastStarter, tables);
        points.Add((point, change));
        return isStarter ? points.Count : lastStarter;
    }

    // A stable sort by combining class, which takes no more than n log n for a megabyte of marks.
    private static void Sort(List<(int CodePoint, int Change)> points, int from, UnicodeTables tables)
    {
        bool isSorted = true;
        for (int i = from + 1; i < points.Count && isSorted; i++)
            isSorted = tables.ClassOf(points[i - 1].CodePoint) <= tables.ClassOf(points[i].CodePoint);
        if (isSorted)
            return;
        var sorted = points.Skip(from).OrderBy(p => tables.ClassOf(p.CodePoint)).ToList();
        points.RemoveRange(from, points.Count - from);
        points.AddRange(sorted);
    }

    private static void Compose(List<(int CodePoint, int Change)> points)
    {
        UnicodeTables tables = UnicodeData.Tables;
        int written = 0, starter = -1, lastClass = 0;
        foreach ((int point, int change) in CollectionsMarshal.AsSpan(points))
        {
            int combiningClass = tables.ClassOf(point);
            bool isBlocked = written - 1 > starter && lastClass >= combiningClass;
            if (starter >= 0 && !isBlocked && Composite(points[starter].CodePoint, point, tables) is { } composite)
            {
                points[starter] = (composite, points[starter].Change + change - 1);
                continue;
            }

            if (combiningClass == 0)
                starter = written;
            lastClass = combiningClass;
            points[written++] = (point, change);
        }

        points.RemoveRange(written, points.Count - written);
    }

    private static int? Composite(int first, int second, UnicodeTables tables) =>
        Hangul.Compose(first, second) ?? (tables.Compositions.TryGetValue(UnicodeTables.Pair(first, second), out int composite) ? composite : null);
}

/// <summary>Syllables of Korean, whose decompositions are computed (section 3.12 of the standard).</summary>
internal static class Hangul
{
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28, Syllables = Leads * Vowels * Tails;

    internal static bool IsSyllable(int point) => (uint)(point - SyllableBase) < Syllables;

    internal static void Decompose(int syllable, List<(int CodePoint, int Change)> points)
    {
        int index = syllable - SyllableBase;
        points.Add((LeadBase + index / (Vowels * Tails), 0));
        points.Add((VowelBase + index % (Vowels * Tails) / Tails, 1));
        if (index % Tails != 0)
            points.Add((TailBase + index % Tails, 1));
    }

    internal static int? Compose(int first, int second)
    {
        if ((uint)(first - LeadBase) < Leads && (uint)(second - VowelBase) < Vowels)
            return SyllableBase + ((first - LeadBase) * Vowels + (second - VowelBase)) * Tails;
        bool isOpen = IsSyllable(first) && (first - SyllableBase) % Tails == 0;
        return isOpen && second > TailBase && second < TailBase + Tails ? first + second - TailBase : null;
    }
}
