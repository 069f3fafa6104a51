namespace Anneal.Data;

/// <content>Making values within the bounds, and errors at the place that is being evaluated.</content>
internal sealed partial class TemplateRun
{
    // Of the tree, through macros: what is deeper calls itself without end. And of lists in lists, over which walks recurse.
    private const int MostDepth = 1500, MostNestedValues = 100;

    /// <summary>Counts a step.</summary>
    internal void Step()
    {
        if (++_steps > _limits.MaximumSteps)
            throw _source.Exceeded(_at, FormattableString.Invariant($"rendering takes more than {_limits.MaximumSteps} steps ({nameof(ChatTemplateLimits)}.{nameof(ChatTemplateLimits.MaximumSteps)})"));
    }

    /// <summary>Counts what is done to each of so many characters as steps.</summary>
    internal void Work(long characters)
    {
        const int CharactersOfAStep = 64;
        _steps += characters / CharactersOfAStep;
        Step();
    }

    /// <summary>Counts a search for so many characters in so many, which takes the product of both at worst.</summary>
    internal void Search(long length, long wanted) => Work(length * Math.Max(wanted, 1));

    /// <summary>Counts memory, in characters.</summary>
    internal void Charge(long characters)
    {
        _characters += characters;
        if (_characters > _limits.MaximumCharacters)
            throw _source.Exceeded(_at, FormattableString.Invariant($"rendering makes more than {_limits.MaximumCharacters} characters ({nameof(ChatTemplateLimits)}.{nameof(ChatTemplateLimits.MaximumCharacters)})"));
    }

    internal TemplateString Text(string value)
    {
        Charge(value.Length);
        return new TemplateString(value);
    }

    internal TemplateString Text(string left, string right)
    {
        Charge((long)left.Length + right.Length);
        return new TemplateString(left + right);
    }

    internal TemplateSequence Texts(IReadOnlyCollection<string> values)
    {
        Charge(values.Sum(v => v.Length + 16L));
        return new TemplateSequence([.. values.Select(v => new TemplateString(v))], SequenceKind.List);
    }

    internal TemplateSequence List(TemplateValue[] items, SequenceKind kind = SequenceKind.List)
    {
        Charge(8L * items.Length + 8);
        var list = new TemplateSequence(items, kind);
        return list.Depth <= MostNestedValues ? list : throw TooDeep();
    }

    internal TemplateIterator Iterator(TemplateValue[] items) => new(List(items));

    internal TemplateMap Map(OrderedDictionary<TemplateValue, TemplateValue> entries)
    {
        Charge(24L * entries.Count + 24);
        var map = new TemplateMap(entries);
        return map.Depth <= MostNestedValues ? map : throw TooDeep();
    }

    /// <summary>A value as a key, which only simple ones can be.</summary>
    internal TemplateValue Key(TemplateValue value)
    {
        if (!TemplateKeys.CanBeKey(value))
            throw Fail($"a {value.TypeName} cannot be a key");
        if (value is TemplateString text)
            Work(text.Value.Length);
        return value;
    }

    /// <summary>What a loop over a value goes through.</summary>
    internal TemplateValue[] Items(TemplateValue value)
    {
        switch (value)
        {
            case TemplateSequence sequence:
                return sequence.Items;
            case TemplateIterator iterator:
                return iterator.TakeRest();
            case TemplateMap map:
                Charge(8L * map.Entries.Count);
                return [.. map.Entries.Keys];
            case TemplateString text:
                Charge(16L * text.Value.Length);
                return [.. TemplateStrings.Characters(text.Value).Select(c => new TemplateString(c))];
            case TemplateUndefined:
                return [];
            default:
                throw Fail($"a {value.TypeName} has no items to go through");
        }
    }

    internal ChatTemplateException Fail(string message) => _source.Fail(_at, message);

    internal ChatTemplateException FailUndefined(TemplateValue value) => _source.Fail(_at, ((TemplateUndefined)value).Reason);

    private ChatTemplateLimitException TooDeep() => _source.Exceeded(_at, FormattableString.Invariant($"lists and mappings are nested deeper than {MostNestedValues}"));
}
