using System.Collections.Frozen;

namespace Anneal.Data;

/// <summary>The methods of strings, as Python has them.</summary>
internal static class TemplateStringMethods
{
    private delegate TemplateValue Method(TemplateRun run, string text, CallArguments arguments);

    // Those that exist in Python but not here; to ask for another name is no error, but a value that does not exist.
    private static readonly FrozenSet<string> Unsupported = FrozenSet.Create(
        StringComparer.Ordinal,
        "casefold", "encode", "expandtabs", "format", "format_map", "isascii", "isidentifier", "isprintable", "istitle", "maketrans", "swapcase", "translate");

    private static readonly FrozenDictionary<string, Method> Methods = new Dictionary<string, Method>(StringComparer.Ordinal)
    {
        ["strip"] = (run, text, a) => Strip(run, text, a, true, true),
        ["lstrip"] = (run, text, a) => Strip(run, text, a, true, false),
        ["rstrip"] = (run, text, a) => Strip(run, text, a, false, true),
        ["split"] = (run, text, a) => Split(run, text, a, false),
        ["rsplit"] = (run, text, a) => Split(run, text, a, true),
        ["splitlines"] = (run, text, a) => run.Texts(TemplateStrings.Lines(text, a.Single(run, "keepends")?.IsTrue == true)),
        ["partition"] = (run, text, a) => Partition(run, text, a, false),
        ["rpartition"] = (run, text, a) => Partition(run, text, a, true),
        ["startswith"] = (run, text, a) => TemplateBoolean.Of(Affixes(run, a).Any(p => text.StartsWith(p, StringComparison.Ordinal))),
        ["endswith"] = (run, text, a) => TemplateBoolean.Of(Affixes(run, a).Any(p => text.EndsWith(p, StringComparison.Ordinal))),
        ["removeprefix"] = (run, text, a) => Affix(run, a) is var p && text.StartsWith(p, StringComparison.Ordinal) ? run.Text(text[p.Length..]) : new TemplateString(text),
        ["removesuffix"] = (run, text, a) => Affix(run, a) is var p && text.EndsWith(p, StringComparison.Ordinal) ? run.Text(text[..^p.Length]) : new TemplateString(text),
        ["upper"] = (run, text, a) => Map(run, text, a, TemplateStrings.ToUpper),
        ["lower"] = (run, text, a) => Map(run, text, a, TemplateStrings.ToLower),
        ["capitalize"] = (run, text, a) => Map(run, text, a, TemplateStrings.Capitalize),
        ["title"] = (run, text, a) => Map(run, text, a, t => TemplateStrings.Title(t, before => !char.IsLetter(before))),
        ["replace"] = Replace,
        ["find"] = (run, text, a) => new TemplateInteger(Find(run, text, a, false)),
        ["rfind"] = (run, text, a) => new TemplateInteger(Find(run, text, a, true)),
        ["index"] = (run, text, a) => Find(run, text, a, false) is var at and >= 0 ? new TemplateInteger(at) : throw run.Fail("the string does not have what 'index' looks for"),
        ["rindex"] = (run, text, a) => Find(run, text, a, true) is var at and >= 0 ? new TemplateInteger(at) : throw run.Fail("the string does not have what 'rindex' looks for"),
        ["count"] = Count,
        ["join"] = (run, text, a) => Join(run, text, a),
        ["isdigit"] = (run, text, a) => All(run, text, a, char.IsDigit),
        ["isdecimal"] = (run, text, a) => All(run, text, a, char.IsDigit),
        ["isnumeric"] = (run, text, a) => All(run, text, a, char.IsNumber),
        ["isalpha"] = (run, text, a) => All(run, text, a, char.IsLetter),
        ["isalnum"] = (run, text, a) => All(run, text, a, char.IsLetterOrDigit),
        ["isspace"] = (run, text, a) => All(run, text, a, TemplateStrings.IsSpace),
        ["isupper"] = (run, text, a) => All(run, text, a, c => !char.IsLower(c), char.IsUpper),
        ["islower"] = (run, text, a) => All(run, text, a, c => !char.IsUpper(c), char.IsLower),
        ["zfill"] = (run, text, a) => ZeroFill(run, text, a),
        ["ljust"] = (run, text, a) => Pad(run, text, a, 0, 1),
        ["rjust"] = (run, text, a) => Pad(run, text, a, 1, 0),
        ["center"] = (run, text, a) => Pad(run, text, a, 1, 1),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The method of this name, bound to a string; null where strings have none.</summary>
    internal static TemplateFunction? Find(TemplateRun run, string text, string name)
    {
        if (Unsupported.Contains(name))
            throw run.Fail($"the method '{name}' of a string is not supported");
        return Methods.TryGetValue(name, out Method? method) ? new TemplateFunction(name, (r, arguments) =>
        {
            r.Work(text.Length);
            return method(r, text, arguments);
        }) : null;
    }

    private static TemplateString Map(TemplateRun run, string text, CallArguments arguments, Func<string, string> map)
    {
        arguments.None(run);
        run.Charge(text.Length);
        return new TemplateString(map(text));
    }

    private static TemplateString Strip(TemplateRun run, string text, CallArguments arguments, bool left, bool right)
    {
        TemplateValue? given = arguments.Single(run, "chars");
        string? characters = given is null or TemplateNone ? null : arguments.Text(run, given);
        run.Search(text.Length, characters?.Length ?? 1);
        return run.Text(TemplateStrings.Strip(text, characters, left, right));
    }

    private static TemplateSequence Split(TemplateRun run, string text, CallArguments arguments, bool fromRight)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "sep", "maxsplit");
        long most = bound[1] is null ? -1 : arguments.Whole(run, bound[1]!);
        if (bound[0] is null or TemplateNone)
        {
            run.Charge(16L * text.Length);
            if (fromRight && most >= 0)
                throw run.Fail("'rsplit' at white space with a bound is not supported");
            return run.Texts(TemplateStrings.SplitSpace(text, most));
        }

        string separator = arguments.Text(run, bound[0]!);
        if (separator.Length == 0)
            throw run.Fail($"'{arguments.Callee}' needs a separator that is not empty");
        run.Search(text.Length, separator.Length);
        run.Charge(16L * (text.Length / separator.Length));
        return run.Texts(TemplateStrings.Split(text, separator, most, fromRight));
    }

    private static TemplateSequence Partition(TemplateRun run, string text, CallArguments arguments, bool fromRight)
    {
        string separator = arguments.Text(run, arguments.Bind(run, 1, "sep")[0]!);
        if (separator.Length == 0)
            throw run.Fail("'partition' needs a separator that is not empty");
        run.Search(text.Length, separator.Length);
        run.Charge(text.Length);
        int at = fromRight ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        string[] parts = at >= 0 ? [text[..at], separator, text[(at + separator.Length)..]] : fromRight ? ["", "", text] : [text, "", ""];
        return run.List([.. parts.Select(p => new TemplateString(p))], SequenceKind.Tuple);
    }

    private static string Affix(TemplateRun run, CallArguments arguments) => arguments.Text(run, arguments.Bind(run, 1, "affix")[0]!);

    private static IEnumerable<string> Affixes(TemplateRun run, CallArguments arguments)
    {
        TemplateValue given = arguments.Bind(run, 1, "affix")[0]!;
        TemplateValue[] all = given is TemplateSequence { Kind: SequenceKind.Tuple } several ? several.Items : [given];
        foreach (TemplateValue affix in all)
        {
            string text = arguments.Text(run, affix);
            run.Work(text.Length);
            yield return text;
        }
    }

    private static TemplateString Replace(TemplateRun run, string text, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 2, "old", "new", "count");
        long most = bound[2] is null or TemplateNone ? -1 : arguments.Whole(run, bound[2]!);
        return Replace(run, text, arguments.Text(run, bound[0]!), arguments.Text(run, bound[1]!), most);
    }

    /// <summary>A text with its first occurrences of something replaced; a negative number is all.</summary>
    internal static TemplateString Replace(TemplateRun run, string text, string old, string with, long most)
    {
        run.Search(text.Length, old.Length);
        if (old.Length == 0)
        {
            // Between all characters, before the first and behind the last.
            string[] characters = TemplateStrings.Characters(text);
            long places = most < 0 ? characters.Length + 1L : Math.Min(most, characters.Length + 1L);
            run.Charge(16L * text.Length + places * with.Length);
            return new TemplateString(string.Concat(characters.Select((c, i) => i < places ? with + c : c)) + (places > characters.Length ? with : ""));
        }

        run.Charge(text.Length);
        long found = 0;
        for (int at = text.IndexOf(old, StringComparison.Ordinal); at >= 0 && (most < 0 || found < most); at = text.IndexOf(old, at + old.Length, StringComparison.Ordinal))
            found++;
        run.Charge(text.Length + found * Math.Max(0, with.Length - old.Length) + 16 * found);
        return found == 0 ? new TemplateString(text) : new TemplateString(string.Join(with, TemplateStrings.Split(text, old, found, fromRight: false)));
    }

    private static long Find(TemplateRun run, string text, CallArguments arguments, bool last)
    {
        string wanted = arguments.Text(run, arguments.Bind(run, 1, "sub")[0]!);
        run.Search(text.Length, wanted.Length);
        int at = last ? text.LastIndexOf(wanted, StringComparison.Ordinal) : text.IndexOf(wanted, StringComparison.Ordinal);
        return at < 0 ? -1 : TemplateStrings.Length(text[..at]);
    }

    private static TemplateInteger Count(TemplateRun run, string text, CallArguments arguments)
    {
        string wanted = arguments.Text(run, arguments.Bind(run, 1, "sub")[0]!);
        if (wanted.Length == 0)
            return new TemplateInteger(TemplateStrings.Length(text) + 1);
        run.Search(text.Length, wanted.Length);
        long count = 0;
        for (int at = text.IndexOf(wanted, StringComparison.Ordinal); at >= 0; at = text.IndexOf(wanted, at + wanted.Length, StringComparison.Ordinal))
            count++;
        return new TemplateInteger(count);
    }

    private static TemplateString Join(TemplateRun run, string separator, CallArguments arguments)
    {
        string[] parts = [.. run.Items(arguments.Bind(run, 1, "iterable")[0]!).Select(item => arguments.Text(run, item))];
        return Join(run, separator, parts);
    }

    internal static TemplateString Join(TemplateRun run, string separator, string[] parts)
    {
        run.Charge(parts.Sum(p => (long)p.Length) + (long)separator.Length * parts.Length);
        return new TemplateString(string.Join(separator, parts));
    }

    private static TemplateBoolean All(TemplateRun run, string text, CallArguments arguments, Func<char, bool> each, Func<char, bool>? one = null)
    {
        arguments.None(run);
        return TemplateBoolean.Of(text.Length > 0 && text.All(each) && (one is null || text.Any(one)));
    }

    private static TemplateString ZeroFill(TemplateRun run, string text, CallArguments arguments)
    {
        long zeros = arguments.Whole(run, arguments.Bind(run, 1, "width")[0]!) - TemplateStrings.Length(text);
        run.Charge(Math.Max(0, zeros) + text.Length);
        int sign = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        return zeros <= 0 ? new TemplateString(text) : new TemplateString(text[..sign] + new string('0', (int)zeros) + text[sign..]);
    }

    private static TemplateString Pad(TemplateRun run, string text, CallArguments arguments, int left, int right)
    {
        TemplateValue?[] bound = arguments.Bind(run, 1, "width", "fillchar");
        string fill = bound[1] is null ? " " : arguments.Text(run, bound[1]!);
        if (fill.Length != 1)
            throw run.Fail($"'{arguments.Callee}' fills with one character");
        return Pad(run, text, arguments.Whole(run, bound[0]!), left, right, fill[0]);
    }

    /// <summary>A text made so wide on one side or both; what cannot be halved stands where Python puts it.</summary>
    internal static TemplateString Pad(TemplateRun run, string text, long width, int left, int right, char fill)
    {
        long missing = Math.Max(0, width - TemplateStrings.Length(text));
        run.Charge(missing + text.Length);
        int before = left == 0 ? 0 : right == 0 ? (int)missing : (int)(missing / 2 + (missing & width & 1));
        return new TemplateString(new string(fill, before) + text + new string(fill, (int)missing - before));
    }
}
