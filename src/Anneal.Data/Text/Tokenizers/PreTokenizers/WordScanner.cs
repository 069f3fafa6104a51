using System.Runtime.CompilerServices;

namespace Anneal.Data;

/// <summary>
/// Finds the words of the well-known patterns without a regular expression engine. At every place of a text one of a pattern's alternatives
/// matches, so a match begins where the one before it ended.
/// </summary>
internal abstract class WordScanner
{
    /// <summary>The pattern of GPT-2 (Radford et al., 2019).</summary>
    internal const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>The pattern of cl100k_base and Llama 3.</summary>
    internal const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The pattern of cl100k_base as tiktoken spells it today, where white space at the end stays one piece.</summary>
    internal const string Cl100k =
        @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";

    /// <summary>The pattern of Qwen2: that of Llama 3 with each digit apart.</summary>
    internal const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The pattern of o200k_base.</summary>
    internal const string O200k =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The scanner of a pattern, or null where it is none of the well-known ones.</summary>
    internal static WordScanner? For(string pattern, RegexDialect dialect) => pattern switch
    {
        Gpt2 => Gpt2Scanner.Instance,
        Llama3 => new Llama3Scanner(mostDigits: 3, keepsEnd: false),
        Qwen2 => new Llama3Scanner(mostDigits: 1, keepsEnd: false),
        O200k => O200kScanner.Instance,

        // Oniguruma takes the + behind an interval for a repetition of it.
        Cl100k when dialect == RegexDialect.Rust => new Llama3Scanner(mostDigits: 3, keepsEnd: true),
        _ => null,
    };

    /// <summary>Where the match that begins at a place of a text ends.</summary>
    internal abstract int MatchEnd(ReadOnlySpan<char> text, int start);

    /// <summary>The end of the run of code points with one of the given bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static int RunOf(ReadOnlySpan<char> text, int i, uint mask)
    {
        for (; i < text.Length; i++)
        {
            uint bits = CodePoints.BitsOf(text[i]);
            if ((bits & mask) != 0)
                continue;
            if (bits != 0 || (CodePoints.BitsOf(CodePoints.At(text, i, out int length)) & mask) == 0)
                break;
            i += length - 1;
        }

        return i;
    }

    /// <summary>The end of the run of code points with none of the given bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static int RunWithout(ReadOnlySpan<char> text, int i, uint mask)
    {
        for (; i < text.Length; i++)
        {
            uint bits = CodePoints.BitsOf(text[i]);
            if ((bits & mask) != 0)
                break;
            if (bits != 0)
                continue;
            if ((CodePoints.BitsOf(CodePoints.At(text, i, out int length)) & mask) != 0)
                break;
            i += length - 1;
        }

        return i;
    }

    /// <summary>The bits and the length of the code point at a place; none at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static uint BitsAt(ReadOnlySpan<char> text, int i, out int length)
    {
        length = 1;
        if (i >= text.Length)
            return 0;
        uint bits = CodePoints.BitsOf(text[i]);
        return bits != 0 ? bits : CodePoints.BitsOf(CodePoints.At(text, i, out length));
    }

    /// <summary>White space that nothing else took: all of it at the end of the text, otherwise without the last, which the next word may take.</summary>
    protected static int WhiteSpaceEnd(ReadOnlySpan<char> text, int start)
    {
        int end = RunOf(text, start, CodePoints.Space);
        return end == text.Length || end - start == 1 ? end : end - 1;
    }

    /// <summary>The end of an English contraction that begins with an apostrophe, or the start where there is none.</summary>
    protected static int ContractionEnd(ReadOnlySpan<char> text, int start, bool ignoreCase)
    {
        if (start + 1 >= text.Length || text[start] != '\'')
            return start;
        char first = Fold(text[start + 1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
            return start + 2;
        if (start + 2 >= text.Length)
            return start;
        char second = Fold(text[start + 2], ignoreCase);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? start + 3 : start;
    }

    // The long s is the only further character that is equal to one of these letters without regard to case.
    private static char Fold(char c, bool ignoreCase) => !ignoreCase ? c : c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c == '\u017F' ? 's' : c;

    private sealed class Gpt2Scanner : WordScanner
    {
        internal static readonly Gpt2Scanner Instance = new();

        internal override int MatchEnd(ReadOnlySpan<char> text, int start)
        {
            if (text[start] == '\'' && ContractionEnd(text, start, ignoreCase: false) is var end && end > start)
                return end;
            int first = text[start] == ' ' ? start + 1 : start;
            uint bits = BitsAt(text, first, out _);
            if ((bits & CodePoints.Letter) != 0)
                return RunOf(text, first, CodePoints.Letter);
            if ((bits & CodePoints.Number) != 0)
                return RunOf(text, first, CodePoints.Number);
            return bits != 0 && (bits & CodePoints.Space) == 0
                ? RunWithout(text, first, CodePoints.Space | CodePoints.Letter | CodePoints.Number)
                : WhiteSpaceEnd(text, start);
        }
    }

    /// <summary>Digits, signs and white space as cl100k has them, which its successors share.</summary>
    private abstract class Cl100kScanner(int mostDigits, bool keepsEnd) : WordScanner
    {
        /// <summary>The match of one of the alternatives below the letters.</summary>
        protected int RestEnd(ReadOnlySpan<char> text, int start, uint bits, bool takesSlashes)
        {
            if ((bits & CodePoints.Number) != 0)
            {
                int i = start;
                for (int digits = 0; digits < mostDigits && (BitsAt(text, i, out int length) & CodePoints.Number) != 0; digits++)
                    i += length;
                return i;
            }

            int first = text[start] == ' ' ? start + 1 : start;
            int end = RunWithout(text, first, CodePoints.Space | CodePoints.Letter | CodePoints.Number);
            if (end > first)
            {
                while (end < text.Length && (text[end] is '\r' or '\n' || takesSlashes && text[end] == '/'))
                    end++;
                return end;
            }

            end = RunOf(text, start, CodePoints.Space);
            if (keepsEnd && end == text.Length)
                return end;
            int lastNewline = text[start..end].LastIndexOfAny('\r', '\n');
            return lastNewline >= 0 ? start + lastNewline + 1 : end == text.Length || end - start == 1 ? end : end - 1;
        }

        /// <summary>Whether a code point may stand before the letters of a word: no line end, letter or number.</summary>
        protected static bool IsPrefix(char c, uint bits) => (bits & (CodePoints.Letter | CodePoints.Number)) == 0 && c is not ('\r' or '\n');
    }

    private sealed class Llama3Scanner(int mostDigits, bool keepsEnd) : Cl100kScanner(mostDigits, keepsEnd)
    {
        internal override int MatchEnd(ReadOnlySpan<char> text, int start)
        {
            if (text[start] == '\'' && ContractionEnd(text, start, ignoreCase: true) is var end && end > start)
                return end;
            uint bits = BitsAt(text, start, out int length);
            if ((bits & CodePoints.Letter) != 0)
                return RunOf(text, start, CodePoints.Letter);
            if (IsPrefix(text[start], bits) && (BitsAt(text, start + length, out _) & CodePoints.Letter) != 0)
                return RunOf(text, start + length, CodePoints.Letter);
            return RestEnd(text, start, bits, takesSlashes: false);
        }
    }

    private sealed class O200kScanner() : Cl100kScanner(mostDigits: 3, keepsEnd: false)
    {
        internal static readonly O200kScanner Instance = new();

        private const uint Upper = CodePoints.Lu | CodePoints.Lt | CodePoints.Lm | CodePoints.Lo | CodePoints.Mark;
        private const uint Lower = CodePoints.Ll | CodePoints.Lm | CodePoints.Lo | CodePoints.Mark;

        internal override int MatchEnd(ReadOnlySpan<char> text, int start)
        {
            uint bits = BitsAt(text, start, out int length);
            int end = -1;
            if ((bits & Upper) != 0 || (bits & Lower) != 0 || IsPrefix(text[start], bits))
            {
                // A mark can be what stands before the word or its first letter; the first alternative tries both, then the second.
                int prefixed = IsPrefix(text[start], bits) ? start + length : -1;
                end = prefixed >= 0 ? EndsInLower(text, prefixed) : -1;
                end = end >= 0 ? end : EndsInLower(text, start);
                end = end >= 0 || prefixed < 0 ? end : BeginsInUpper(text, prefixed);
                end = end >= 0 ? end : BeginsInUpper(text, start);
            }

            return end >= 0 ? ContractionEnd(text, end, ignoreCase: true) : RestEnd(text, start, bits, takesSlashes: true);
        }

        // Any number of upper ones, then one or more lower ones; many are both, so the upper run may have to give some back.
        private static int EndsInLower(ReadOnlySpan<char> text, int start)
        {
            int upperEnd = RunOf(text, start, Upper);
            if ((BitsAt(text, upperEnd, out _) & Lower) != 0)
                return RunOf(text, upperEnd, Lower);
            for (int i = upperEnd; i > start;)
            {
                int point = CodePoints.Before(text, i, out int length);
                if ((CodePoints.BitsOf(point) & Lower) != 0)
                    return i;
                i -= length;
            }

            return -1;
        }

        private static int BeginsInUpper(ReadOnlySpan<char> text, int start)
        {
            int upperEnd = RunOf(text, start, Upper);
            return upperEnd > start ? RunOf(text, upperEnd, Lower) : -1;
        }
    }
}
