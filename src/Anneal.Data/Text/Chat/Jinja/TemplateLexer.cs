using System.Globalization;
using System.Text;

namespace Anneal.Data;

/// <summary>
/// Cuts a template into tokens. White space around tags goes as Jinja takes it with <c>trim_blocks</c> and <c>lstrip_blocks</c>, which is how chat
/// templates are meant: one line end behind a block or comment is dropped, as is the indentation before one that begins a line.
/// </summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Signs =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly TemplateSource _source;
    private readonly string _text;
    private readonly List<TemplateLexeme> _tokens = [];
    private int _at;

    // Whether what was read last ended a line, so that white space from here on is indentation.
    private bool _isLineStart = true;

    private TemplateLexer(TemplateSource source) => (_source, _text) = (source, source.Text);

    internal static List<TemplateLexeme> Read(TemplateSource source)
    {
        var lexer = new TemplateLexer(source);
        while (lexer.Next())
        {
        }

        lexer._tokens.Add(new TemplateLexeme(TokenKind.End, "", lexer._text.Length));
        return lexer._tokens;
    }

    /// <summary>Reads text up to a tag, and the tag.</summary>
    private bool Next()
    {
        int tag = FindTag(_at);
        if (tag < 0)
        {
            AddText(_at, _text.Length);
            return false;
        }

        bool isOutput = _text[tag + 1] == '{';
        char strip = tag + 2 < _text.Length && _text[tag + 2] is '-' or '+' ? _text[tag + 2] : ' ';
        AddText(_at, EndOfText(_at, tag, strip, isOutput));
        int inside = tag + (strip == ' ' ? 2 : 3);
        if (_text[tag + 1] == '#')
            SkipComment(tag, inside);
        else if (!isOutput && EndOfRawTag(inside, "raw", out _) is var begin and >= 0)
            ReadRaw(tag, begin);
        else
            ReadTag(tag, inside, isOutput);
        return true;
    }

    private int FindTag(int from)
    {
        for (int i = _text.IndexOf('{', from); i >= 0 && i + 1 < _text.Length; i = _text.IndexOf('{', i + 1))
        {
            if (_text[i + 1] is '{' or '%' or '#')
                return i;
        }

        return -1;
    }

    /// <summary>Where the text before a tag ends that strips white space, or not.</summary>
    private int EndOfText(int start, int tag, char strip, bool isOutput)
    {
        int end = tag;
        if (strip == '-')
        {
            while (end > start && TemplateStrings.IsSpace(_text[end - 1]))
                end--;
        }
        else if (strip != '+' && !isOutput)
        {
            while (end > start && _text[end - 1] != '\n' && TemplateStrings.IsSpace(_text[end - 1]))
                end--;
            if (end > start ? _text[end - 1] != '\n' : !_isLineStart)
                end = tag;
        }

        return end;
    }

    private void AddText(int start, int end)
    {
        if (end > start)
            _tokens.Add(new TemplateLexeme(TokenKind.Text, _text[start..end], start));
    }

    private void SkipComment(int tag, int inside)
    {
        int end = _text.IndexOf("#}", inside, StringComparison.Ordinal);
        if (end < 0)
            throw _source.Fail(tag, "the comment that begins here does not end");
        Continue(end + 2, end > inside ? _text[end - 1] : ' ', trims: true);
    }

    /// <summary>Goes on behind a tag.</summary>
    private void Continue(int end, char strip, bool trims)
    {
        _at = end;
        if (strip == '-')
        {
            while (_at < _text.Length && TemplateStrings.IsSpace(_text[_at]))
                _at++;
        }
        else if (strip != '+' && trims && _at < _text.Length && _text[_at] == '\n')
        {
            _at++;
        }

        _isLineStart = _text[_at - 1] == '\n';
    }

    /// <summary>Where a tag with nothing but a word ends, or -1.</summary>
    private int EndOfRawTag(int inside, string word, out char strip)
    {
        int i = SkipSpace(inside);
        strip = ' ';
        if (string.CompareOrdinal(_text, i, word, 0, word.Length) != 0)
            return -1;
        i = SkipSpace(i + word.Length);
        if (i < _text.Length && _text[i] is '-' or '+')
            strip = _text[i++];
        return string.CompareOrdinal(_text, i, "%}", 0, 2) == 0 ? i + 2 : -1;
    }

    private void ReadRaw(int tag, int begin)
    {
        EndOfRawTag(tag + (_text[tag + 2] is '-' or '+' ? 3 : 2), "raw", out char strip);
        Continue(begin, strip, trims: false);
        int start = _at;
        for (int i = _text.IndexOf("{%", start, StringComparison.Ordinal); i >= 0; i = _text.IndexOf("{%", i + 2, StringComparison.Ordinal))
        {
            char sign = i + 2 < _text.Length && _text[i + 2] is '-' or '+' ? _text[i + 2] : ' ';
            int end = EndOfRawTag(i + (sign == ' ' ? 2 : 3), "endraw", out char after);
            if (end < 0)
                continue;
            AddText(start, EndOfText(start, i, sign, isOutput: false));
            Continue(end, after, trims: true);
            return;
        }

        throw _source.Fail(tag, "the raw block that begins here does not end");
    }

    private void ReadTag(int tag, int inside, bool isOutput)
    {
        _tokens.Add(new TemplateLexeme(isOutput ? TokenKind.OutputBegin : TokenKind.BlockBegin, "", tag));
        string close = isOutput ? "}}" : "%}";
        var open = new Stack<char>();
        for (int i = SkipSpace(inside); i < _text.Length; i = SkipSpace(i))
        {
            int sign = _text[i] == '-' || (_text[i] == '+' && !isOutput) ? 1 : 0;
            if (open.Count == 0 && string.CompareOrdinal(_text, i + sign, close, 0, 2) == 0)
            {
                _tokens.Add(new TemplateLexeme(isOutput ? TokenKind.OutputEnd : TokenKind.BlockEnd, "", i));
                Continue(i + sign + 2, sign == 1 ? _text[i] : ' ', trims: !isOutput);
                return;
            }

            i = ReadToken(i, open);
        }

        throw _source.Fail(tag, "the tag that begins here does not end");
    }

    private int ReadToken(int i, Stack<char> open)
    {
        char c = _text[i];
        if (c == '_' || char.IsLetter(c))
        {
            int end = i + 1;
            while (end < _text.Length && (_text[end] == '_' || char.IsLetterOrDigit(_text[end])))
                end++;
            _tokens.Add(new TemplateLexeme(TokenKind.Name, _text[i..end], i));
            return end;
        }

        if (char.IsAsciiDigit(c))
            return ReadNumber(i);
        if (c is '\'' or '"')
            return ReadString(i);
        string sign = Array.Find(Signs, s => string.CompareOrdinal(_text, i, s, 0, s.Length) == 0) ?? throw _source.Fail(i, $"{ModelFileException.Quote(c.ToString())} is not a part of the language");
        Balance(i, sign, open);
        _tokens.Add(new TemplateLexeme(TokenKind.Operator, sign, i));
        return i + sign.Length;
    }

    // An end of the tag counts only where all brackets are closed.
    private void Balance(int i, string sign, Stack<char> open)
    {
        if (sign is "(" or "[" or "{")
        {
            open.Push(sign[0] == '(' ? ')' : sign[0] == '[' ? ']' : '}');
        }
        else if (sign is ")" or "]" or "}")
        {
            if (open.Count == 0 || open.Pop() != sign[0])
                throw _source.Fail(i, $"'{sign}' closes nothing");
        }
    }

    private int ReadNumber(int i)
    {
        int end = Digits(i);
        bool isFloat = false, follows = i > 0 && _text[i - 1] == '.';
        if (!follows && end + 1 < _text.Length && _text[end] == '.' && char.IsAsciiDigit(_text[end + 1]))
        {
            end = Digits(end + 1);
            isFloat = true;
        }

        if (!follows && end < _text.Length && _text[end] is 'e' or 'E')
        {
            int exponent = end + (end + 1 < _text.Length && _text[end + 1] is '+' or '-' ? 2 : 1);
            if (exponent < _text.Length && char.IsAsciiDigit(_text[exponent]))
            {
                end = Digits(exponent);
                isFloat = true;
            }
        }

        if (end < _text.Length && (_text[end] == '_' || char.IsLetter(_text[end])))
            throw _source.Fail(i, "a number with letters in it is not supported");
        _tokens.Add(new TemplateLexeme(isFloat ? TokenKind.Float : TokenKind.Integer, _text[i..end].Replace("_", "", StringComparison.Ordinal), i));
        return end;
    }

    private int Digits(int i)
    {
        while (i < _text.Length && (char.IsAsciiDigit(_text[i]) || (_text[i] == '_' && i + 1 < _text.Length && char.IsAsciiDigit(_text[i + 1]))))
            i++;
        return i;
    }

    private int ReadString(int start)
    {
        var value = new StringBuilder();
        char quote = _text[start];
        for (int i = start + 1; i < _text.Length;)
        {
            if (_text[i] == quote)
            {
                _tokens.Add(new TemplateLexeme(TokenKind.String, value.ToString(), start));
                return i + 1;
            }

            if (_text[i] == '\\' && i + 1 < _text.Length)
                i = ReadEscape(i, value);
            else
                value.Append(_text[i++]);
        }

        throw _source.Fail(start, "the string that begins here does not end");
    }

    private int ReadEscape(int i, StringBuilder value)
    {
        const string Letters = "\\'\"nrtabfv", Meanings = "\\'\"\n\r\t\a\b\f\v";
        char c = _text[i + 1];
        if (Letters.IndexOf(c, StringComparison.Ordinal) is var index and >= 0)
        {
            value.Append(Meanings[index]);
            return i + 2;
        }

        switch (c)
        {
            case '\n':
                return i + 2;
            case 'x' or 'u' or 'U':
                return ReadCode(i, c == 'x' ? 2 : c == 'u' ? 4 : 8, value);
            case >= '0' and <= '7':
                int end = i + 2;
                while (end < _text.Length && end < i + 4 && _text[end] is >= '0' and <= '7')
                    end++;
                value.Append((char)_text[(i + 1)..end].Aggregate(0, (code, digit) => code * 8 + digit - '0'));
                return end;
            case 'N':
                throw _source.Fail(i, "a character by its name (\\N) is not supported");
            default:
                value.Append('\\').Append(c);
                return i + 2;
        }
    }

    private int ReadCode(int i, int digits, StringBuilder value)
    {
        ReadOnlySpan<char> code = _text.AsSpan(i + 2, Math.Min(digits, _text.Length - i - 2));
        if (code.Length < digits || !uint.TryParse(code, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint point) || point > UnicodeData.Last)
            throw _source.Fail(i, "the escape stands for no character");
        if (point <= char.MaxValue)
            value.Append((char)point);
        else
            value.Append(char.ConvertFromUtf32((int)point));
        return i + 2 + digits;
    }

    private int SkipSpace(int i)
    {
        while (i < _text.Length && TemplateStrings.IsSpace(_text[i]))
            i++;
        return i;
    }
}
