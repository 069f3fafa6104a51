using System.Globalization;
using System.Text;

namespace Anneal.Data;

/// <summary>The functions that a template can call by name.</summary>
internal static class TemplateFunctions
{
    // As Jinja's sandbox has it.
    private const long LongestRange = 100_000;

    internal static IReadOnlyList<(string Name, TemplateCall Call)> All { get; } =
    [
        ("range", Range),
        ("dict", (run, arguments) => run.Map(Entries(run, arguments))),
        ("namespace", MakeNamespace),
        ("raise_exception", (run, arguments) => throw new ChatRejectedException(TemplateWriter.ToText(run, arguments.Bind(run, 1, "message")[0]!))),
        ("strftime_now", (run, arguments) => run.Text(FormatTime(run, arguments.Text(run, arguments.Bind(run, 1, "format")[0]!)))),
    ];

    private static TemplateSequence Range(TemplateRun run, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 1, "start", "stop", "step");
        long[] numbers = [.. bound.TakeWhile(b => b is not null).Select(b => arguments.Whole(run, b!))];
        (long start, long stop, long step) = numbers.Length == 1 ? (0, numbers[0], 1) : (numbers[0], numbers[1], numbers.Length == 3 ? numbers[2] : 1);
        if (step == 0)
            throw run.Fail("range goes on by 0");
        Int128 distance = (Int128)stop - start, size = Int128.Max(0, (distance + step + (step > 0 ? -1 : 1)) / step);
        if (size > LongestRange)
            throw run.Fail(FormattableString.Invariant($"range has more than {LongestRange} numbers"));
        run.Charge(24 * (long)size);
        return run.List([.. Enumerable.Range(0, (int)size).Select(i => new TemplateInteger(start + i * step))], SequenceKind.Range);
    }

    private static OrderedDictionary<TemplateValue, TemplateValue> Entries(TemplateRun run, CallArguments arguments)
    {
        OrderedDictionary<TemplateValue, TemplateValue> entries = TemplateMap.NewEntries();
        if (arguments.All.Length > 1)
            throw run.Fail($"{arguments.Callee} takes at most one argument without a name");
        if (arguments.All is [TemplateMap map])
        {
            run.Charge(24L * map.Entries.Count);
            foreach ((TemplateValue key, TemplateValue value) in map.Entries)
                entries[key] = value;
        }
        else if (arguments.All is [var pairs])
        {
            foreach (TemplateValue pair in run.Items(pairs))
            {
                TemplateValue[] both = run.Items(pair);
                if (both.Length != 2)
                    throw run.Fail($"{arguments.Callee} needs pairs of key and value");
                entries[run.Key(both[0])] = both[1];
            }
        }

        foreach ((string name, TemplateValue value) in arguments.Named)
            entries[new TemplateString(name)] = value;
        return entries;
    }

    private static TemplateNamespace MakeNamespace(TemplateRun run, CallArguments arguments)
    {
        var space = new TemplateNamespace();
        foreach ((TemplateValue key, TemplateValue value) in Entries(run, arguments))
        {
            run.Charge(16);
            space.Attributes[arguments.Text(run, key)] = value;
        }

        return space;
    }

    private static string FormatTime(TemplateRun run, string format)
    {
        if (run.Now is not { } now)
            throw run.Fail($"the template asks for the time, which {nameof(ChatRenderOptions)}.{nameof(ChatRenderOptions.Now)} gives");
        run.Charge(16L * format.Length);
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            bool isShort = i + 1 < format.Length && format[i + 1] == '-';
            i += isShort ? 2 : 1;
            string part = (i < format.Length ? Directive(now, format[i]) : null) ?? throw run.Fail($"the format of a time {ModelFileException.Quote(format)} is not supported");
            text.Append(isShort && part.Length > 1 && char.IsAsciiDigit(part[0]) ? part.TrimStart('0').PadLeft(1, '0') : part);
        }

        return text.ToString();
    }

    private static string? Directive(DateTimeOffset now, char letter)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        return letter switch
        {
            'Y' => now.ToString("yyyy", invariant),
            'y' => now.ToString("yy", invariant),
            'm' => now.ToString("MM", invariant),
            'B' => now.ToString("MMMM", invariant),
            'b' or 'h' => now.ToString("MMM", invariant),
            'd' => now.ToString("dd", invariant),
            'e' => now.Day.ToString(invariant).PadLeft(2),
            'A' => now.ToString("dddd", invariant),
            'a' => now.ToString("ddd", invariant),
            'w' => ((int)now.DayOfWeek).ToString(invariant),
            'u' => (now.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)now.DayOfWeek).ToString(invariant),
            'j' => now.DayOfYear.ToString("000", invariant),
            'H' => now.ToString("HH", invariant),
            'I' => now.ToString("hh", invariant),
            'M' => now.ToString("mm", invariant),
            'S' => now.ToString("ss", invariant),
            'f' => now.ToString("ffffff", invariant),
            'p' => now.ToString("tt", invariant),
            'z' => now.ToString("zzz", invariant).Replace(":", "", StringComparison.Ordinal),
            'Z' => now.Offset == TimeSpan.Zero ? "UTC" : "UTC" + now.ToString("zzz", invariant),
            'D' => now.ToString("MM/dd/yy", invariant),
            'F' => now.ToString("yyyy-MM-dd", invariant),
            'T' => now.ToString("HH:mm:ss", invariant),
            'R' => now.ToString("HH:mm", invariant),
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => null,
        };
    }
}
