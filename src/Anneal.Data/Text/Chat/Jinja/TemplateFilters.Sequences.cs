namespace Anneal.Data;

/// <content>Rows of values and mappings.</content>
internal static partial class TemplateFilters
{
    private static TemplateValue[] Bare(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        arguments.None(run);
        return run.Items(value);
    }

    private static TemplateInteger Length(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        arguments.None(run);
        switch (value)
        {
            case TemplateString text:
                run.Work(text.Value.Length);
                return new TemplateInteger(TemplateStrings.Length(text.Value));
            case TemplateSequence sequence:
                return new TemplateInteger(sequence.Items.Length);
            case TemplateMap map:
                return new TemplateInteger(map.Entries.Count);
            case TemplateUndefined:
                return new TemplateInteger(0);
            default:
                throw run.Fail($"a {value.TypeName} has no length{(value is TemplateIterator ? "; the filter 'list' makes a list of it" : "")}");
        }
    }

    private static TemplateValue First(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        arguments.None(run);
        var nothing = new TemplateUndefined("there is no first item");
        if (value is TemplateIterator iterator)
            return iterator.TakeOne() ?? nothing;
        TemplateValue[] items = run.Items(value);
        return items.Length > 0 ? items[0] : nothing;
    }

    private static TemplateValue Last(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        if (value is TemplateIterator)
            throw run.Fail("last needs a list, found a generator; the filter 'list' makes a list of it");
        TemplateValue[] items = Bare(run, value, arguments);
        return items.Length > 0 ? items[^1] : new TemplateUndefined("there is no last item");
    }

    private static TemplateString Join(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "d", "attribute");
        string separator = bound[0] is null ? "" : Text(run, bound[0]!);
        string[] parts = [.. Keyed(run, run.Items(value), bound[1], bound[1] is null).Select(item => Text(run, item))];
        return TemplateStringMethods.Join(run, separator, parts);
    }

    /// <summary>The items, or an attribute of each.</summary>
    private static IEnumerable<TemplateValue> Keyed(TemplateRun run, TemplateValue[] items, TemplateValue? attribute, bool caseSensitive = true)
    {
        foreach (TemplateValue item in items)
        {
            run.Step();
            TemplateValue key = attribute is null or TemplateNone ? item : TemplateMembers.Path(run, item, attribute);
            yield return !caseSensitive && key is TemplateString text ? run.Text(TemplateStrings.ToLower(text.Value)) : key;
        }
    }

    private static TemplateIterator Map(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue[] items = ItemsOrNone(run, value);
        if (arguments.All.Length == 0)
        {
            TemplateValue?[] bound = arguments.Bind(run, 0, "attribute", "default");
            if (bound[0] is null)
                throw run.Fail("map needs a filter or an attribute");
            return run.Iterator([.. Keyed(run, items, bound[0]).Select(found => found is TemplateUndefined && bound[1] is { } other ? other : found)]);
        }

        string name = arguments.Text(run, arguments.All[0]);
        TemplateFilter filter = Find(name) ?? throw run.Fail($"the filter {ModelFileException.Quote(name)} is not supported");
        var rest = new CallArguments(name, arguments.All[1..], arguments.Named);
        var results = new TemplateValue[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            run.Step();
            results[i] = filter(run, items[i], rest);
        }

        return run.Iterator(results);
    }

    // Jinja asks here first whether there is anything, so that none has no items rather than being an error.
    private static TemplateValue[] ItemsOrNone(TemplateRun run, TemplateValue value) => value.IsTrue ? run.Items(value) : [];

    private static TemplateIterator Select(TemplateRun run, TemplateValue value, CallArguments arguments, bool byAttribute, bool keeps)
    {
        TemplateValue[] items = ItemsOrNone(run, value), given = arguments.All;
        if (byAttribute && given.Length == 0)
            throw run.Fail($"{arguments.Callee} needs an attribute");
        TemplateValue? attribute = byAttribute ? given[0] : null;
        given = byAttribute ? given[1..] : given;
        TemplateTest? test = null;
        var rest = new CallArguments(arguments.Callee, [], arguments.Named);
        if (given.Length > 0)
        {
            string name = arguments.Text(run, given[0]);
            test = TemplateTests.Find(name) ?? throw run.Fail($"the test {ModelFileException.Quote(name)} is not supported");
            rest = new CallArguments(name, given[1..], arguments.Named);
        }
        else
        {
            rest.None(run);
        }

        return run.Iterator(Array.FindAll(items, item =>
        {
            run.Step();
            TemplateValue judged = attribute is null ? item : TemplateMembers.Path(run, item, attribute);
            return (test is null ? judged.IsTrue : test(run, judged, rest)) == keeps;
        }));
    }

    private static TemplateSequence Sort(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "reverse", "case_sensitive", "attribute");
        TemplateValue[] items = run.Items(value);
        bool caseSensitive = bound[1]?.IsTrue == true;
        TemplateValue[] keys = [.. Keyed(run, items, bound[2] is TemplateString ? null : bound[2], caseSensitive)];
        if (bound[2] is TemplateString paths)
        {
            // Several attributes are compared as lists are, where equal ones need no order.
            TemplateValue[][] parts = [.. paths.Value.Split(',').Select(path => (TemplateValue[])[.. Keyed(run, items, new TemplateString(path), caseSensitive)])];
            keys = [.. items.Select((_, i) => run.List([.. parts.Select(part => part[i])]))];
        }

        return run.List(Sorted(run, items, keys, bound[0]?.IsTrue == true));
    }

    private static TemplateSequence SortMap(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "case_sensitive", "by", "reverse");
        if (value is not TemplateMap map)
            throw run.Fail($"dictsort needs a mapping, found {value.TypeName}");
        string by = bound[1] is null ? "key" : arguments.Text(run, bound[1]!);
        if (by is not ("key" or "value"))
            throw run.Fail("dictsort sorts by key or value");
        TemplateValue[] items = TemplateMembers.Pairs(run, map).Items;
        TemplateValue[] keys = [.. Keyed(run, items, new TemplateInteger(by == "key" ? 0 : 1), bound[0]?.IsTrue == true)];
        return run.List(Sorted(run, items, keys, bound[2]?.IsTrue == true));
    }

    private static TemplateValue[] Sorted(TemplateRun run, TemplateValue[] items, TemplateValue[] keys, bool reverse) =>
        [.. TemplateOperators.Sorted(run, keys, reverse).Select(i => items[i])];

    private static TemplateValue Extreme(TemplateRun run, TemplateValue value, CallArguments arguments, int sign)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "case_sensitive", "attribute");
        TemplateValue[] items = run.Items(value), keys = [.. Keyed(run, items, bound[1], bound[0]?.IsTrue == true)];
        if (items.Length == 0)
            return new TemplateUndefined("there is no item");
        int best = 0;
        for (int i = 1; i < keys.Length; i++)
        {
            if (TemplateOperators.Order(run, keys[i], keys[best]) * sign > 0)
                best = i;
        }

        return items[best];
    }

    private static TemplateIterator Unique(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "case_sensitive", "attribute");
        TemplateValue[] items = run.Items(value), keys = [.. Keyed(run, items, bound[1], bound[0]?.IsTrue == true)];
        var seen = new HashSet<TemplateValue>(TemplateKeys.Instance);
        return run.Iterator([.. items.Where((_, i) => seen.Add(run.Key(keys[i])))]);
    }

    private static TemplateValue Reverse(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue[] items = Bare(run, value, arguments);
        run.Charge(8L * items.Length);
        TemplateValue[] reversed = [.. items.Reverse()];
        return value is TemplateString ? run.Text(string.Concat(reversed.Select(c => ((TemplateString)c).Value))) : run.Iterator(reversed);
    }

    private static TemplateValue Sum(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 0, "attribute", "start");
        TemplateValue sum = bound[1] ?? new TemplateInteger(0);
        foreach (TemplateValue item in Keyed(run, run.Items(value), bound[0]))
            sum = TemplateOperators.Apply(run, BinaryOperator.Add, sum, item);
        return sum;
    }

    private static TemplateIterator Batch(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        TemplateValue?[] bound = arguments.Bind(run, 1, "linecount", "fill_with");
        long size = arguments.Whole(run, bound[0]!);
        if (size is < 1 or > 100_000)
            throw run.Fail("batch needs a size from 1 to 100000");
        TemplateValue[][] rows = [.. run.Items(value).Chunk((int)size)];
        if (rows.Length > 0 && rows[^1].Length < size && bound[1] is { } fill and not TemplateNone)
            rows[^1] = [.. rows[^1], .. Enumerable.Repeat(fill, (int)size - rows[^1].Length)];
        return run.Iterator([.. rows.Select(row => run.List(row))]);
    }

    private static TemplateValue MapItems(TemplateRun run, TemplateValue value, CallArguments arguments)
    {
        arguments.None(run);
        return value switch
        {
            TemplateUndefined => run.Iterator([]),
            TemplateMap map => run.Iterator(TemplateMembers.Pairs(run, map).Items),
            _ => throw run.Fail($"items needs a mapping, found {value.TypeName}"),
        };
    }
}
