using System.Collections.Frozen;
using System.Globalization;

namespace Anneal.Data;

/// <summary>What a filter does to a value.</summary>
internal delegate TemplateValue TemplateFilter(TemplateRun run, TemplateValue value, CallArguments arguments);

/// <summary>The filters: those of texts and numbers here, those of rows of values in the other part.</summary>
internal static partial class TemplateFilters
{
    private static readonly FrozenDictionary<string, TemplateFilter> All = new Dictionary<string, TemplateFilter>(StringComparer.Ordinal)
    {
        ["abs"] = Abs,
        ["batch"] = Batch,
        ["capitalize"] = (run, value, a) => OfText(run, value, a, TemplateStrings.Capitalize),
        ["center"] = Center,
        ["count"] = Length,
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = SortMap,
        ["e"] = Escape,
        ["escape"] = Escape,
        ["first"] = First,
        ["float"] = ToFloat,
        ["indent"] = Indent,
        ["int"] = ToInteger,
        ["items"] = MapItems,
        ["join"] = Join,
        ["last"] = Last,
        ["length"] = Length,
        ["list"] = (run, value, a) => run.List(Bare(run, value, a)),
        ["lower"] = (run, value, a) => OfText(run, value, a, TemplateStrings.ToLower),
        ["map"] = Map,
        ["max"] = (run, value, a) => Extreme(run, value, a, 1),
        ["min"] = (run, value, a) => Extreme(run, value, a, -1),
        ["reject"] = (run, value, a) => Select(run, value, a, false, false),
        ["rejectattr"] = (run, value, a) => Select(run, value, a, true, false),
        ["replace"] = Replace,
        ["reverse"] = Reverse,
        ["round"] = Round,
        ["safe"] = (run, value, a) => OfText(run, value, a, text => text),
        ["select"] = (run, value, a) => Select(run, value, a, false, true),
        ["selectattr"] = (run, value, a) => Select(run, value, a, true, true),
        ["sort"] = Sort,
        ["string"] = (run, value, a) => OfText(run, value, a, text => text),
        ["sum"] = Sum,
        ["title"] = (run, value, a) => OfText(run, value, a, Title),
        ["tojson"] = ToJson,
        ["trim"] = Trim,
        ["unique"] = Unique,
        ["upper"] = (run, value, a) => OfText(run, value, a, TemplateStrings.ToUpper),
        ["wordcount"] = (run, value, a) => WordCount(run, value, a),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The filter of this name, or null.</summary>
    internal static TemplateFilter? Find(string name) => All.GetValueOrDefault(name);

    private static string Text(TemplateRun run, TemplateValue value) => TemplateWriter.ToText(run, value);

    private static TemplateString OfText(TemplateRun run, TemplateValue value, CallArguments arguments, Func<string, string> map)
    {
        arguments.None(run);
        string text = Text(run, value);
        run.Work(text.Length);
        return run.Text(map(text));
    }

    private static TemplateString Trim(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue? given = arguments.Single(run, "chars");
        string text = Text(run, value);
        string? characters = given is null or TemplateNone ? null : arguments.Text(run, given);
        run.Search(text.Length, characters?.Length ?? 1);
        return run.Text(TemplateStrings.Strip(text, characters, left: true, right: true));
    }

    // Words begin behind white space, hyphens and opening brackets.
    private static string Title(string text) => TemplateStrings.Title(text, before => TemplateStrings.IsSpace(before) || before is '-' or '(' or '{' or '[' or '<');

    private static TemplateString Replace(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 2, "old", "new", "count");
        long most = bound[2] is null or TemplateNone ? -1 : arguments.Whole(run, bound[2]!);
        return TemplateStringMethods.Replace(run, Text(run, value), Text(run, bound[0]!), Text(run, bound[1]!), most);
    }

    private static TemplateString Center(TemplateRun run, TemplateValue value, CallArguments arguments) =>
        TemplateStringMethods.Pad(run, Text(run, value), arguments.Single(run, "width") is { } width ? arguments.Whole(run, width) : 80, 1, 1, ' ');

    private static TemplateString Escape(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        arguments.None(run);
        string text = Text(run, value);
        run.Charge(5L * text.Length);
        return new TemplateString(text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal));
    }

    private static TemplateString Indent(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "width", "first", "blank");
        if (value is not TemplateString text)
            throw value is TemplateUndefined ? run.FailUndefined(value) : run.Fail($"indent needs a string, found {value.TypeName}");
        long width = bound[0] is null or TemplateString ? 4 : Math.Max(0, arguments.Whole(run, bound[0]!));
        List<string> lines = TemplateStrings.Lines(text.Value + "\n");
        long indentLength = bound[0] is TemplateString given ? given.Value.Length : width;
        run.Charge(text.Value.Length + (indentLength + 16) * lines.Count);
        string indent = bound[0] is TemplateString own ? own.Value : new string(' ', (int)width);
        bool first = bound[1]?.IsTrue == true, blank = bound[2]?.IsTrue == true;
        return run.Text(string.Join('\n', lines.Select((line, i) => (i == 0 ? first : blank || line.Length > 0) ? indent + line : line)));
    }

    private static TemplateInteger WordCount(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        // Words are runs of letters, numbers and underlines.
        arguments.None(run);
        string text = Text(run, value);
        run.Work(text.Length);
        int words = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (IsWord(text[i]) && (i == 0 || !IsWord(text[i - 1])))
                words++;
        }

        return new TemplateInteger(words);

        static bool IsWord(char unit) => unit == '_' || char.IsLetter(unit) || char.IsNumber(unit);
    }

    private static TemplateString ToJson(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = bound[1] switch
        {
            null or TemplateNone => null,
            TemplateString text => text.Value,
            _ => Spaces(run, arguments.Whole(run, bound[1]!)),
        };
        (string item, string key) = (indent is null ? ", " : ",", ": ");
        if (bound[2] is TemplateSequence { Items: [TemplateString between, TemplateString behind] })
            (item, key) = (between.Value, behind.Value);
        else if (bound[2] is not (null or TemplateNone))
            throw run.Fail("the separators of tojson are two strings");
        var form = new JsonForm(indent, item, key, bound[0]?.IsTrue == true, bound[3]?.IsTrue == true);
        return new TemplateString(TemplateWriter.ToJson(run, value, form));
    }

    private static string Spaces(TemplateRun run, long width)
    {
        run.Charge(Math.Max(0, width));
        return new string(' ', (int)Math.Max(0, width));
    }

    private static TemplateValue Default(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "default_value", "boolean");
        return value is TemplateUndefined || (bound[1]?.IsTrue == true && !value.IsTrue) ? bound[0] ?? TemplateString.Empty : value;
    }

    private static TemplateValue Abs(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        arguments.None(run);
        return value is TemplateFloat number ? new TemplateFloat(Math.Abs(number.Value))
            : arguments.Whole(run, value) >= 0 ? TemplateOperators.Positive(run, value) : TemplateOperators.Negate(run, value);
    }

    private static TemplateValue ToInteger(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "default", "base");
        if (bound[1] is not null && arguments.Whole(run, bound[1]!) != 10)
            throw run.Fail("int with another base than 10 is not supported");
        if (value is TemplateUndefined)
            throw run.FailUndefined(value);
        if (TemplateOperators.Whole(value) is { } whole)
            return new TemplateInteger(whole);
        double number = double.NaN;
        if (value is TemplateFloat floating)
        {
            number = floating.Value;
        }
        else if (value is TemplateString text)
        {
            run.Work(text.Value.Length);
            string digits = TemplateStrings.Strip(text.Value, null, left: true, right: true);
            if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long parsed))
                return new TemplateInteger(parsed);
            number = ParseFloat(text.Value) ?? double.NaN;
        }

        if (!double.IsFinite(number))
            return bound[0] ?? new TemplateInteger(0);
        return Math.Abs(number) < 9.2e18 ? new TemplateInteger((long)number) : throw run.Fail("the number is too large for a whole number");
    }

    private static TemplateValue ToFloat(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue? fallback = arguments.Single(run, "default");
        if (value is TemplateUndefined)
            throw run.FailUndefined(value);
        double? number = value is TemplateString text ? ParseFloat(text.Value) : TemplateOperators.Number(value);
        return number is { } found ? new TemplateFloat(found) : fallback ?? new TemplateFloat(0);
    }

    private static double? ParseFloat(string text) => double.TryParse(
        TemplateStrings.Strip(text, null, left: true, right: true), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value)
        ? value
        : null;

    private static TemplateValue Round(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "precision", "method");
        long precision = bound[0] is null ? 0 : arguments.Whole(run, bound[0]!);
        string method = bound[1] is null ? "common" : arguments.Text(run, bound[1]!);
        if (TemplateOperators.Number(value) is not { } number)
            throw run.Fail($"round needs a number, found {value.TypeName}");
        if (precision is < 0 or > 15)
            throw run.Fail("round is supported for 0 to 15 digits");
        double scale = Math.Pow(10, precision);
        return method switch
        {
            "common" when TemplateOperators.Whole(value) is { } whole => new TemplateInteger(whole),
            "common" => new TemplateFloat(TemplateStrings.Round(number, (int)precision)),
            "ceil" => new TemplateFloat(Math.Ceiling(number * scale) / scale),
            "floor" => new TemplateFloat(Math.Floor(number * scale) / scale),
            _ => throw run.Fail("the method of round is common, ceil or floor"),
        };
    }
}
