using System.Globalization;
using System.Text;

namespace Anneal.Data;

/// <summary>Whose regular expressions are meant, where they differ.</summary>
internal enum RegexDialect
{
    /// <summary>Those of <c>tokenizer.json</c>: lines begin and end at ^ and $, and {1,2}+ repeats the interval.</summary>
    Oniguruma,

    /// <summary>Those of tiktoken: ^ and $ are the ends of the text, and {1,2}+ gives nothing back.</summary>
    Rust,
}

/// <summary>
/// Writes a regular expression of the field in the runtime's own syntax, for a text of one unit a code point (see <see cref="StandIns"/>). What has
/// no counterpart is an error, never another meaning.
/// </summary>
internal ref struct RegexTranslator
{
    private const int LongestPattern = 10_000, DeepestGroup = 50, MostRepetitions = 1000;
    private const uint Word = CodePoints.Letter | CodePoints.Mark | CodePoints.Nd | CodePoints.Nl | CodePoints.Pc, All = (1u << 30) - 1;

    // What is a word character beside letters, marks, decimal digits and connectors: circled letters; in Rust what joins letters; and
    // outside of brackets in Oniguruma the small numbers of Latin-1.
    private const string CircledLetters = @"\u24B6-\u24E9", Joiners = @"\u200C\u200D", LatinNumbers = @"\u00B2\u00B3\u00B9\u00BC-\u00BE";

    private readonly string _source;
    private readonly RegexDialect _dialect;
    private int _at;

    private RegexTranslator(string source, RegexDialect dialect) => (_source, _dialect) = (source, dialect);

    /// <summary>Translates an expression.</summary>
    /// <exception cref="OptionException">It is not sound or uses what is not supported.</exception>
    internal static string Translate(string source, RegexDialect dialect)
    {
        if (source.Length > LongestPattern)
            throw new OptionException($"A regular expression has {source.Length} characters; at most {LongestPattern} are allowed.");
        var translator = new RegexTranslator(source, dialect);
        string translated = translator.Alternatives(new Flags(false, false), 0);
        if (translator._at < source.Length)
            throw translator.Fail("a ) without its (");
        return translated;
    }

    private readonly string WordClass => StandIns.ClassOf(Word) + CircledLetters + (_dialect == RegexDialect.Oniguruma ? LatinNumbers : Joiners);

    private readonly bool IsAtEnd => _at >= _source.Length;

    private string Alternatives(Flags flags, int depth)
    {
        if (depth > DeepestGroup)
            throw Fail($"groups nested deeper than {DeepestGroup}");
        var text = new StringBuilder();
        while (!IsAtEnd && _source[_at] != ')')
        {
            if (_source[_at] == '|')
            {
                text.Append('|');
                _at++;
                continue;
            }

            if (TryFlags(out Flags changed, flags))
            {
                // They hold up to the end of the group, alternatives included.
                text.Append("(?:").Append(Alternatives(changed, depth + 1)).Append(')');
                break;
            }

            text.Append(Repeated(Atom(flags, depth)));
        }

        return text.ToString();
    }

    // (?i) without a colon.
    private bool TryFlags(out Flags changed, Flags flags)
    {
        changed = flags;
        int close = _source.IndexOf(')', _at);
        if (!_source.AsSpan(_at).StartsWith("(?") || close < 0 || _source.AsSpan(_at + 2, close - _at - 2).IndexOfAnyExcept("imsx-") >= 0 || close == _at + 2)
            return false;
        changed = FlagsOf(_source[(_at + 2)..close], flags);
        _at = close + 1;
        return true;
    }

    private readonly Flags FlagsOf(string letters, Flags flags)
    {
        bool on = true;
        foreach (char c in letters)
        {
            switch (c)
            {
                case '-': on = false; break;
                case 'i': flags = flags with { IgnoresCase = on }; break;
                case 'm' when _dialect == RegexDialect.Oniguruma: flags = flags with { DotIsAll = on }; break;
                case 's' when _dialect == RegexDialect.Rust: flags = flags with { DotIsAll = on }; break;
                default: throw Fail($"the option {c}");
            }
        }

        return flags;
    }

    private string Atom(Flags flags, int depth)
    {
        char c = _source[_at];
        switch (c)
        {
            case '(': return Group(flags, depth);
            case '[': return Class(flags);
            case '\\': return Escape(flags);
            case '.':
                _at++;
                return flags.DotIsAll ? @"[\s\S]" : @"[^\n]";
            case '^':
                _at++;
                return _dialect == RegexDialect.Oniguruma ? "(?m:^)" : @"\A";
            case '$':
                _at++;
                return _dialect == RegexDialect.Oniguruma ? "(?m:$)" : @"\z";
            case '*' or '+' or '?': throw Fail($"a {c} that repeats nothing");
            default:
                _at++;
                return Literal(Point(c), flags);
        }
    }

    private string Group(Flags flags, int depth)
    {
        int start = _at++;
        string open = "(?:";
        if (!IsAtEnd && _source[_at] == '?')
        {
            ReadOnlySpan<char> rest = _source.AsSpan(_at);
            string? known = rest.StartsWith("?:") ? "?:" : rest.StartsWith("?=") ? "?=" : rest.StartsWith("?!") ? "?!" : rest.StartsWith("?>") ? "?>"
                : rest.StartsWith("?<=") ? "?<=" : rest.StartsWith("?<!") ? "?<!" : null;
            int colon = rest.IndexOf(':');
            if (known is not null)
            {
                open = "(" + known;
                _at += known.Length;
            }
            else if (colon > 1 && rest[1..colon].IndexOfAnyExcept("imsx-") < 0)
            {
                flags = FlagsOf(rest[1..colon].ToString(), flags);
                _at += colon + 1;
            }
            else
            {
                throw Fail("a group of this kind");
            }
        }

        string inside = Alternatives(flags, depth + 1);
        if (IsAtEnd)
        {
            _at = start;
            throw Fail("a ( without its )");
        }

        _at++;
        return open + inside + ")";
    }

    private string Repeated(string atom)
    {
        while (!IsAtEnd && TryQuantifier(out string quantifier, out bool isInterval))
        {
            char next = IsAtEnd ? '\0' : _source[_at];
            if (next == '?')
            {
                _at++;
                atom = $"(?:{atom}{quantifier}?)";
            }
            else if (next == '+' && !(isInterval && _dialect == RegexDialect.Oniguruma))
            {
                _at++;
                atom = $"(?>{atom}{quantifier})";
            }
            else
            {
                atom = $"(?:{atom}{quantifier})";
            }
        }

        return atom;
    }

    private bool TryQuantifier(out string quantifier, out bool isInterval)
    {
        (quantifier, isInterval) = ("", false);
        char c = _source[_at];
        if (c is '*' or '+' or '?')
        {
            quantifier = c.ToString();
            _at++;
            return true;
        }

        int close = c == '{' ? _source.IndexOf('}', _at) : -1;
        if (close < 0 || close == _at + 1 || _source.AsSpan(_at + 1, close - _at - 1).IndexOfAnyExcept("0123456789,") >= 0)
            return false;
        string[] bounds = _source[(_at + 1)..close].Split(',');
        if (bounds.Length > 2 || bounds.All(b => b.Length == 0))
            return false;
        int least = bounds[0].Length == 0 ? 0 : Bound(bounds[0]);
        string most = bounds.Length == 1 ? "" : bounds[1].Length == 0 ? "," : "," + Bound(bounds[1]).ToString(CultureInfo.InvariantCulture);
        quantifier = string.Create(CultureInfo.InvariantCulture, $"{{{least}{most}}}");
        isInterval = true;
        _at = close + 1;
        return true;
    }

    private readonly int Bound(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int bound) && bound <= MostRepetitions ? bound : throw Fail($"more than {MostRepetitions} repetitions");

    private string Escape(Flags flags)
    {
        if (_at + 1 < _source.Length && _source[_at + 1] is 'w' or 'W')
        {
            _at += 2;
            return (_source[_at - 1] == 'w' ? "[" : "[^") + WordClass + "]";
        }

        if (TryCategories(out uint categories, out string? script, out bool isNegative))
            return script is not null ? (isNegative ? "[^" : "[") + script + "]" : "[" + StandIns.ClassOf(isNegative ? All & ~categories : categories) + "]";
        switch (_source[_at + 1])
        {
            case 's' or 'S' or 'A' or 'z' or 'Z':
                _at += 2;
                return _source[(_at - 2).._at];
            case 'b' or 'B':
                _at += 2;
                string word = "[" + WordClass + "]";
                return _source[_at - 1] == 'b' ? $"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))" : $"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))";
            default:
                return Literal(EscapedPoint(), flags);
        }
    }

    // \p{..}, \P{..}, \p{^..}, \pL, \d, \D, \w and \W.
    private bool TryCategories(out uint categories, out string? script, out bool isNegative)
    {
        (categories, script, isNegative) = (0, null, false);
        if (_at + 1 >= _source.Length)
            throw Fail(@"a \ at the end");
        char c = _source[_at + 1];
        if (c is 'd' or 'D' or 'w' or 'W')
        {
            _at += 2;
            (categories, isNegative) = (c is 'd' or 'D' ? CodePoints.Nd : Word, c is 'D' or 'W');
            return true;
        }

        if (c is not ('p' or 'P'))
            return false;
        isNegative = c == 'P';
        string name;
        int end;
        if (_at + 2 < _source.Length && _source[_at + 2] == '{')
        {
            end = _source.IndexOf('}', _at);
            if (end < 0)
                throw Fail("a { without its }");
            name = _source[(_at + 3)..end];
        }
        else
        {
            end = _at + 2;
            name = end < _source.Length ? _source[end].ToString() : throw Fail("a property without a name");
        }

        if (name.StartsWith('^'))
            (isNegative, name) = (!isNegative, name[1..]);
        int equals = name.IndexOf('=');
        string value = equals >= 0 ? name[(equals + 1)..] : name;
        categories = StandIns.CategoriesOf(value);
        if (categories == 0 && (script = StandIns.ClassOfScript(value)) is null)
            throw Fail("a property of this name");
        _at = end + 1;
        return true;
    }

    private string Class(Flags flags)
    {
        int start = _at++;
        var text = new StringBuilder(flags.IgnoresCase ? "(?i:[" : "[");
        if (!IsAtEnd && _source[_at] == '^')
        {
            text.Append('^');
            _at++;
        }

        for (bool isFirst = true; ; isFirst = false)
        {
            if (IsAtEnd)
            {
                _at = start;
                throw Fail("a [ without its ]");
            }

            char c = _source[_at];
            if (c == ']' && !isFirst)
                break;
            if (c == '[' || c == '&' && _source.AsSpan(_at).StartsWith("&&"))
                throw Fail("a class inside of a class");
            if (c != '\\' || !TryClassEscape(text))
                Range(text, flags);
        }

        _at++;
        return text.Append(flags.IgnoresCase ? "])" : "]").ToString();
    }

    private bool TryClassEscape(StringBuilder text)
    {
        if (_at + 1 < _source.Length && _source[_at + 1] is 's' or 'S')
        {
            text.Append(_source.AsSpan(_at, 2));
            _at += 2;
            return true;
        }

        if (!TryCategories(out uint categories, out string? script, out bool isNegative))
            return false;
        if (script is not null && isNegative)
            throw Fail("all scripts but one in a class");
        text.Append(script ?? StandIns.ClassOf(isNegative ? All & ~categories : categories));
        if (categories == Word && !isNegative)
            text.Append(CircledLetters).Append(_dialect == RegexDialect.Rust ? Joiners : "");
        return true;
    }

    private void Range(StringBuilder text, Flags flags)
    {
        int first = ClassPoint(), last = first;
        bool isRange = _at + 1 < _source.Length && _source[_at] == '-' && _source[_at + 1] != ']' && !_source.AsSpan(_at + 1).StartsWith(@"\p");
        if (isRange)
        {
            _at++;
            last = ClassPoint();
        }

        if (last < first || StandIns.Collides(first, last) || last > char.MaxValue)
            throw Fail("a range with code points beyond the first plane or for private use");
        text.Append(CultureInfo.InvariantCulture, $@"\u{first:X4}-\u{last:X4}");
        if (flags.IgnoresCase && (first <= 's' && last >= 's' || first <= 'S' && last >= 'S'))
            text.Append('\u017F');
    }

    private int ClassPoint() => _source[_at] == '\\' ? EscapedPoint() : Point(_source[_at++]);

    private int EscapedPoint()
    {
        if (_at + 1 >= _source.Length)
            throw Fail(@"a \ at the end");
        char c = _source[_at + 1];
        _at += 2;
        switch (c)
        {
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'a': return '\a';
            case 'e': return 0x1B;
            case 'x' or 'u': return Hexadecimal(c == 'x' ? 2 : 4);
            default: return char.IsAsciiLetterOrDigit(c) ? throw Fail($@"\{c}") : Point(c);
        }
    }

    private int Hexadecimal(int digits)
    {
        int start = _at, end = Math.Min(_at + digits, _source.Length);
        if (!IsAtEnd && _source[_at] == '{')
        {
            start++;
            end = _source.IndexOf('}', _at);
            if (end < 0)
                throw Fail("a { without its }");
        }

        if (!int.TryParse(_source.AsSpan(start, end - start), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point))
            throw Fail("a code point that is not hexadecimal");
        _at = start > _at ? end + 1 : end;
        return point is >= 0 and <= UnicodeData.Last ? point : throw Fail("a code point that does not exist");
    }

    private readonly int Point(char c) =>
        char.IsSurrogate(c) || StandIns.Collides(c, c) ? throw Fail("a character beyond the first plane or for private use") : c;

    private readonly string Literal(int point, Flags flags)
    {
        if (point > char.MaxValue || StandIns.Collides(point, point))
            throw Fail("a character beyond the first plane or for private use");
        string unit = string.Create(CultureInfo.InvariantCulture, $@"\u{point:X4}");

        // Without regard to case the long s is an s, which the runtime does not know.
        return !flags.IgnoresCase ? unit : point is 's' or 'S' or 0x17F ? "[sS\u017F]" : $"(?i:{unit})";
    }

    private readonly OptionException Fail(string found) =>
        new(string.Create(CultureInfo.InvariantCulture, $"The regular expression {_source} has at character {_at} {found}, which is not supported."));

    private readonly record struct Flags(bool IgnoresCase, bool DotIsAll);
}
