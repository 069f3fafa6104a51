using System.Globalization;
using System.Text;

namespace Anneal.Data;

/// <summary>Values as text: as Python's <c>str</c> and <c>repr</c> write them, and as JSON.</summary>
internal static class TemplateWriter
{
    /// <summary>A value as it stands where it is put into text.</summary>
    internal static string ToText(TemplateRun run, TemplateValue value)
    {
        switch (value)
        {
            case TemplateString text:
                return text.Value;
            case TemplateUndefined:
                return "";
            default:
                var result = new StringBuilder();
                WriteRepr(run, result, value);
                return result.ToString();
        }
    }

    private static void WriteRepr(TemplateRun run, StringBuilder to, TemplateValue value)
    {
        run.Step();
        int before = to.Length;
        switch (value)
        {
            case TemplateString text:
                WriteQuoted(to, text.Value);
                break;
            case TemplateNone or TemplateBoolean or TemplateInteger or TemplateFloat:
                to.Append(Simple(value));
                break;
            case TemplateUndefined:
                to.Append("Undefined");
                break;
            case TemplateSequence { Kind: SequenceKind.List or SequenceKind.Tuple } sequence:
                WriteSequence(run, to, sequence);
                return;
            case TemplateMap map:
                to.Append('{');
                foreach ((int index, (TemplateValue key, TemplateValue item)) in map.Entries.Index())
                {
                    to.Append(index > 0 ? ", " : "");
                    WriteRepr(run, to, key);
                    to.Append(": ");
                    WriteRepr(run, to, item);
                }

                to.Append('}');
                return;
            default:
                throw run.Fail($"a {value.TypeName} cannot be written as text{(value is TemplateIterator or TemplateSequence ? "; the filter 'list' makes a list of it" : "")}");
        }

        run.Charge(to.Length - before);
    }

    private static void WriteSequence(TemplateRun run, StringBuilder to, TemplateSequence sequence)
    {
        bool isList = sequence.Kind == SequenceKind.List;
        to.Append(isList ? '[' : '(');
        for (int i = 0; i < sequence.Items.Length; i++)
        {
            to.Append(i > 0 ? ", " : "");
            WriteRepr(run, to, sequence.Items[i]);
        }

        to.Append(isList ? "]" : sequence.Items.Length == 1 ? ",)" : ")");
    }

    private static string Simple(TemplateValue value) => value switch
    {
        TemplateBoolean truth => truth.Value ? "True" : "False",
        TemplateInteger whole => whole.Value.ToString(CultureInfo.InvariantCulture),
        TemplateFloat number => TemplateStrings.Of(number.Value),
        _ => "None",
    };

    private static void WriteQuoted(StringBuilder to, string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        to.Append(quote);
        for (int i = 0; i < text.Length;)
        {
            bool isPair = char.IsSurrogatePair(text, i);
            int point = isPair ? char.ConvertToUtf32(text, i) : text[i];
            if (point == quote || point == '\\')
                to.Append('\\').Append((char)point);
            else if (point is '\n' or '\r' or '\t')
                to.Append(point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t");
            else if (IsPrintable(point))
                to.Append(text, i, isPair ? 2 : 1);
            else
                to.Append(CultureInfo.InvariantCulture, $"{(point < 0x100 ? "\\x" : point < 0x10000 ? "\\u" : "\\U")}{point.ToString(point < 0x100 ? "x2" : point < 0x10000 ? "x4" : "x8", CultureInfo.InvariantCulture)}");
            i += isPair ? 2 : 1;
        }

        to.Append(quote);
    }

    private static bool IsPrintable(int point) => point == ' ' || CharUnicodeInfo.GetUnicodeCategory(point) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    /// <summary>A value as JSON, as Python's <c>json.dumps</c> writes it.</summary>
    internal static string ToJson(TemplateRun run, TemplateValue value, JsonForm form)
    {
        var result = new StringBuilder();
        WriteJson(run, result, value, form, 0);
        return result.ToString();
    }

    private static void WriteJson(TemplateRun run, StringBuilder to, TemplateValue value, JsonForm form, int depth)
    {
        run.Step();
        int before = to.Length;
        switch (value)
        {
            case TemplateString text:
                WriteJsonString(to, text.Value, form.OnlyAscii);
                break;
            case TemplateNone:
                to.Append("null");
                break;
            case TemplateBoolean truth:
                to.Append(truth.Value ? "true" : "false");
                break;
            case TemplateInteger whole:
                to.Append(whole.Value);
                break;
            case TemplateFloat number:
                to.Append(double.IsFinite(number.Value) ? TemplateStrings.Of(number.Value) : double.IsNaN(number.Value) ? "NaN" : number.Value > 0 ? "Infinity" : "-Infinity");
                break;
            case TemplateSequence { Kind: SequenceKind.List or SequenceKind.Tuple } sequence:
                WriteItems(run, to, "[]", sequence.Items.Length, form, depth, i => WriteJson(run, to, sequence.Items[i], form, depth + 1));
                return;
            case TemplateMap map:
                WriteMap(run, to, map, form, depth);
                return;
            default:
                throw value is TemplateUndefined ? run.FailUndefined(value) : run.Fail($"a {value.TypeName} cannot be written as JSON");
        }

        run.Charge(to.Length - before);
    }

    private static void WriteMap(TemplateRun run, StringBuilder to, TemplateMap map, JsonForm form, int depth)
    {
        KeyValuePair<TemplateValue, TemplateValue>[] entries = [.. map.Entries];
        if (form.SortKeys)
            entries = [.. TemplateOperators.Sorted(run, [.. map.Entries.Keys], reverse: false).Select(i => entries[i])];
        WriteItems(run, to, "{}", entries.Length, form, depth, i =>
        {
            string key = entries[i].Key switch
            {
                TemplateString text => text.Value,
                TemplateBoolean truth => truth.Value ? "true" : "false",
                TemplateNone => "null",
                _ => Simple(entries[i].Key),
            };
            run.Charge(key.Length);
            WriteJsonString(to, key, form.OnlyAscii);
            to.Append(form.KeySeparator);
            WriteJson(run, to, entries[i].Value, form, depth + 1);
        });
    }

    private static void WriteItems(TemplateRun run, StringBuilder to, string brackets, int count, JsonForm form, int depth, Action<int> write)
    {
        to.Append(brackets[0]);
        for (int i = 0; i < count; i++)
        {
            to.Append(i > 0 ? form.ItemSeparator : "");
            NewLine(run, to, form, depth + 1);
            write(i);
        }

        if (count > 0)
            NewLine(run, to, form, depth);
        to.Append(brackets[1]);
    }

    private static void NewLine(TemplateRun run, StringBuilder to, JsonForm form, int depth)
    {
        if (form.Indent is null)
            return;
        run.Charge(1 + (long)depth * form.Indent.Length);
        to.Append('\n');
        for (int i = 0; i < depth; i++)
            to.Append(form.Indent);
    }

    private static void WriteJsonString(StringBuilder to, string text, bool onlyAscii)
    {
        to.Append('"');
        foreach (char c in text)
        {
            string? escape = c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\f' => "\\f",
                '\b' => "\\b",
                _ => null,
            };
            if (escape is not null)
                to.Append(escape);
            else if (c < ' ' || (onlyAscii && c > '~'))
                to.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                to.Append(c);
        }

        to.Append('"');
    }
}

/// <summary>How JSON is laid out.</summary>
/// <param name="Indent">What each level is indented by; null is all in one line.</param>
/// <param name="ItemSeparator">What stands between items.</param>
/// <param name="KeySeparator">What stands between key and value.</param>
/// <param name="OnlyAscii">Whether all else is escaped.</param>
/// <param name="SortKeys">Whether keys are in order.</param>
internal sealed record JsonForm(string? Indent, string ItemSeparator, string KeySeparator, bool OnlyAscii, bool SortKeys);
