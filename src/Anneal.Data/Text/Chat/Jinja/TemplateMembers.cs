using System.Globalization;

namespace Anneal.Data;

/// <summary>What stands behind a point or in brackets: fields, items, slices and methods.</summary>
internal static class TemplateMembers
{
    /// <summary><c>value.name</c>: a method or attribute before a field of this name, as in Jinja.</summary>
    internal static TemplateValue Attribute(TemplateRun run, TemplateValue value, string name)
    {
        if (Own(run, value, name) is { } member)
            return member;
        if (value is TemplateMap map && map.Entries.TryGetValue(new TemplateString(name), out TemplateValue? field))
            return field;
        return Missing(value, name);
    }

    /// <summary><c>value[index]</c>: an item or field before a method of this name, as in Jinja.</summary>
    internal static TemplateValue Item(TemplateRun run, TemplateValue value, TemplateValue index)
    {
        switch (value)
        {
            case TemplateUndefined:
                throw run.FailUndefined(value);
            case TemplateMap map when TemplateKeys.CanBeKey(index):
                if (map.Entries.TryGetValue(run.Key(index), out TemplateValue? field))
                    return field;
                break;
            case TemplateSequence { Kind: not SequenceKind.View } sequence when TemplateOperators.Whole(index) is { } at:
                at = at < 0 ? at + sequence.Items.Length : at;
                return at >= 0 && at < sequence.Items.Length ? sequence.Items[at] : new TemplateUndefined($"the {sequence.TypeName} has no such item");
            case TemplateString text when TemplateOperators.Whole(index) is { } at:
                return Character(run, text.Value, at);
        }

        return index is TemplateString name ? Own(run, value, name.Value) ?? Missing(value, name.Value) : new TemplateUndefined($"the {value.TypeName} has no such item");
    }

    internal static TemplateValue Slice(TemplateRun run, TemplateValue value, long? start, long? stop, long step)
    {
        if (step == 0 && value is TemplateString or TemplateSequence { Kind: not SequenceKind.View })
            throw run.Fail("a slice goes on by 0");
        switch (value)
        {
            case TemplateString text when !TemplateStrings.HasPairs(text.Value):
                if (step != 1)
                    return run.Text(string.Concat(Indices(text.Value.Length, start, stop, step).Select(i => text.Value[i])));
                (int from, int to) = Range(text.Value.Length, start, stop);
                return run.Text(text.Value[from..to]);
            case TemplateString text:
                run.Charge(16L * text.Value.Length);
                string[] characters = TemplateStrings.Characters(text.Value);
                return run.Text(string.Concat(Indices(characters.Length, start, stop, step).Select(i => characters[i])));
            case TemplateSequence { Kind: not SequenceKind.View } sequence:
                run.Charge(8L * sequence.Items.Length);
                return run.List([.. Indices(sequence.Items.Length, start, stop, step).Select(i => sequence.Items[i])], sequence.Kind);
            case TemplateUndefined:
                throw run.FailUndefined(value);
            default:
                return new TemplateUndefined($"a {value.TypeName} has no slices");
        }
    }

    /// <summary>A field behind points, such as <c>function.name</c>, as filters are given it.</summary>
    internal static TemplateValue Path(TemplateRun run, TemplateValue value, TemplateValue path)
    {
        if (path is TemplateInteger)
            return Item(run, value, path);
        if (path is not TemplateString text)
            throw run.Fail($"an attribute is named by a string, found {path.TypeName}");
        foreach (string part in text.Value.Split('.'))
        {
            run.Step();
            value = Item(run, value, long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long index)
                ? new TemplateInteger(index)
                : new TemplateString(part));
        }

        return value;
    }

    private static TemplateUndefined Missing(TemplateValue value, string name) => new($"the {value.TypeName} has no {ModelFileException.Quote(name)}");

    private static TemplateValue? Own(TemplateRun run, TemplateValue value, string name) => value switch
    {
        TemplateUndefined => throw run.FailUndefined(value),
        TemplateNamespace space => space.Attributes.GetValueOrDefault(name),
        TemplateLoop loop => loop.Attribute(name),
        TemplateString text => TemplateStringMethods.Find(run, text.Value, name),
        TemplateMap map => MapMethod(run, map, name),
        TemplateSequence sequence => SequenceMethod(run, sequence, name),
        TemplateFunction function when name == "name" => new TemplateString(function.Name),
        _ => null,
    };

    private static TemplateFunction? MapMethod(TemplateRun run, TemplateMap map, string name)
    {
        TemplateCall? method = name switch
        {
            "items" => (r, arguments) => NoArguments(r, arguments, () => Pairs(r, map)),
            "keys" => (r, arguments) => NoArguments(r, arguments, () => r.List([.. map.Entries.Keys], SequenceKind.View)),
            "values" => (r, arguments) => NoArguments(r, arguments, () => r.List([.. map.Entries.Values], SequenceKind.View)),
            "copy" => (r, arguments) => NoArguments(r, arguments, () => map),
            "get" => (r, arguments) =>
            {
                TemplateValue?[] bound = arguments.Bind(r, 1, "key", "default");
                return map.Entries.TryGetValue(r.Key(bound[0]!), out TemplateValue? value) ? value : bound[1] ?? TemplateNone.Instance;
            }
            ,
            "pop" or "popitem" or "clear" or "update" or "setdefault" or "fromkeys" => throw run.Fail($"the method '{name}' of a mapping is not supported: values do not change"),
            _ => null,
        };
        return method is null ? null : new TemplateFunction(name, method);
    }

    internal static TemplateSequence Pairs(TemplateRun run, TemplateMap map)
    {
        run.Charge(24L * map.Entries.Count);
        return run.List([.. map.Entries.Select(e => new TemplateSequence([e.Key, e.Value], SequenceKind.Tuple))], SequenceKind.View);
    }

    private static TemplateFunction? SequenceMethod(TemplateRun run, TemplateSequence sequence, string name)
    {
        TemplateCall? method = name switch
        {
            _ when sequence.Kind == SequenceKind.View => null,
            "count" => (r, arguments) =>
            {
                TemplateValue wanted = arguments.Bind(r, 1, "value")[0]!;
                return new TemplateInteger(sequence.Items.LongCount(item => TemplateOperators.AreEqual(r, item, wanted)));
            }
            ,
            "index" => (r, arguments) =>
            {
                TemplateValue wanted = arguments.Bind(r, 1, "value")[0]!;
                int index = Array.FindIndex(sequence.Items, item => TemplateOperators.AreEqual(r, item, wanted));
                return index >= 0 ? new TemplateInteger(index) : throw r.Fail("the list does not have the value that 'index' looks for");
            }
            ,
            "copy" when sequence.Kind == SequenceKind.List => (r, arguments) => NoArguments(r, arguments, () => sequence),
            "append" or "extend" or "insert" or "pop" or "remove" or "reverse" or "sort" or "clear" when sequence.Kind == SequenceKind.List =>
                throw run.Fail($"the method '{name}' of a list is not supported: values do not change; '+' makes a longer list"),
            _ => null,
        };
        return method is null ? null : new TemplateFunction(name, method);
    }

    private static TemplateValue NoArguments(TemplateRun run, CallArguments arguments, Func<TemplateValue> get)
    {
        arguments.None(run);
        return get();
    }

    private static TemplateValue Character(TemplateRun run, string text, long at)
    {
        run.Work(text.Length);
        bool hasPairs = TemplateStrings.HasPairs(text);
        int length = hasPairs ? TemplateStrings.Length(text) : text.Length;
        at = at < 0 ? at + length : at;
        if (at < 0 || at >= length)
            return new TemplateUndefined("the str has no such character");
        if (!hasPairs)
            return new TemplateString(text[(int)at].ToString());
        run.Charge(16L * text.Length);
        return new TemplateString(TemplateStrings.Characters(text)[at]);
    }

    private static (int From, int To) Range(int length, long? start, long? stop)
    {
        int from = Clamp(start ?? 0), to = Clamp(stop ?? length);
        return (from, Math.Max(from, to));

        int Clamp(long bound) => (int)Math.Clamp(bound < 0 ? Math.Max(bound, -length) + length : bound, 0, length);
    }

    private static List<int> Indices(int length, long? start, long? stop, long step)
    {
        // As slice.indices of Python: a backward slice begins at the end and may pass the beginning.
        long low = step > 0 ? 0 : -1, high = step > 0 ? length : length - 1;
        long from = start is { } s ? Clamp(s) : step > 0 ? low : high, to = stop is { } e ? Clamp(e) : step > 0 ? high : low;
        var indices = new List<int>();
        for (long i = from; step > 0 ? i < to : i > to; i += Math.Clamp(step, -int.MaxValue, int.MaxValue))
            indices.Add((int)i);
        return indices;

        long Clamp(long bound) => Math.Clamp(bound < 0 ? Math.Max(bound, -(long)int.MaxValue) + length : bound, low, high);
    }
}
