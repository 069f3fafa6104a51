namespace Anneal.Data;

/// <summary>A value while a template is rendered. They behave as those of Python do, for which templates are written.</summary>
internal abstract class TemplateValue
{
    /// <summary>What Python calls such a value, for messages.</summary>
    internal abstract string TypeName { get; }

    /// <summary>Whether it counts as true.</summary>
    internal abstract bool IsTrue { get; }

    /// <summary>How deep it is nested; that of what holds other values is bounded, so that walks over them may recurse.</summary>
    internal virtual int Depth => 0;
}

/// <summary>What a name or a field stands for that does not exist. It is empty where it is written, and an error where it is used.</summary>
internal sealed class TemplateUndefined(string reason) : TemplateValue
{
    /// <summary>What does not exist, as a sentence without its point.</summary>
    internal string Reason { get; } = reason;

    internal override string TypeName => "undefined";

    internal override bool IsTrue => false;
}

internal sealed class TemplateNone : TemplateValue
{
    internal static readonly TemplateNone Instance = new();

    private TemplateNone()
    {
    }

    internal override string TypeName => "NoneType";

    internal override bool IsTrue => false;
}

internal sealed class TemplateBoolean : TemplateValue
{
    internal static readonly TemplateBoolean True = new(true), False = new(false);

    private TemplateBoolean(bool value) => Value = value;

    internal bool Value { get; }

    internal override string TypeName => "bool";

    internal override bool IsTrue => Value;

    internal static TemplateBoolean Of(bool value) => value ? True : False;
}

internal sealed class TemplateInteger(long value) : TemplateValue
{
    internal long Value { get; } = value;

    internal override string TypeName => "int";

    internal override bool IsTrue => Value != 0;
}

internal sealed class TemplateFloat(double value) : TemplateValue
{
    internal double Value { get; } = value;

    internal override string TypeName => "float";

    internal override bool IsTrue => Value != 0;
}

internal sealed class TemplateString(string value) : TemplateValue
{
    internal static readonly TemplateString Empty = new("");

    internal string Value { get; } = value;

    internal override string TypeName => "str";

    internal override bool IsTrue => Value.Length > 0;
}

/// <summary>What kind of row of values it is.</summary>
internal enum SequenceKind
{
    List,
    Tuple,

    /// <summary>The keys, values or pairs of a mapping.</summary>
    View,
    Range,
}

/// <summary>A row of values.</summary>
internal sealed class TemplateSequence : TemplateValue
{
    internal TemplateSequence(TemplateValue[] items, SequenceKind kind)
    {
        (Items, Kind) = (items, kind);
        int depth = 0;
        foreach (TemplateValue item in items)
            depth = Math.Max(depth, item.Depth);
        Depth = depth + 1;
    }

    /// <summary>The values, which nobody changes.</summary>
    internal TemplateValue[] Items { get; }

    internal SequenceKind Kind { get; }

    internal override string TypeName => Kind switch
    {
        SequenceKind.List => "list",
        SequenceKind.Tuple => "tuple",
        SequenceKind.View => "dict view",
        _ => "range",
    };

    internal override bool IsTrue => Items.Length > 0;

    internal override int Depth { get; }
}

/// <summary>
/// What filters such as <c>select</c> give: its values are there once, and it counts as true even where there are none. (The values are computed
/// at once, in Python when they are asked for.)
/// </summary>
internal sealed class TemplateIterator(TemplateSequence values) : TemplateValue
{
    private int _next;

    internal override string TypeName => "generator";

    internal override bool IsTrue => true;

    internal override int Depth => values.Depth + 1;

    internal TemplateValue? TakeOne() => _next < values.Items.Length ? values.Items[_next++] : null;

    internal TemplateValue[] TakeRest()
    {
        TemplateValue[] rest = values.Items[_next..];
        _next = values.Items.Length;
        return rest;
    }
}

/// <summary>A mapping in the order of its entries.</summary>
internal sealed class TemplateMap : TemplateValue
{
    internal TemplateMap(OrderedDictionary<TemplateValue, TemplateValue> entries)
    {
        Entries = entries;
        int depth = 0;
        foreach ((_, TemplateValue value) in entries)
            depth = Math.Max(depth, value.Depth);
        Depth = depth + 1;
    }

    /// <summary>The entries, which nobody changes.</summary>
    internal OrderedDictionary<TemplateValue, TemplateValue> Entries { get; }

    internal override string TypeName => "dict";

    internal override bool IsTrue => Entries.Count > 0;

    internal override int Depth { get; }

    internal static OrderedDictionary<TemplateValue, TemplateValue> NewEntries(int capacity = 0) => new(capacity, TemplateKeys.Instance);
}

/// <summary>Attributes that a template changes: the only values that change.</summary>
internal sealed class TemplateNamespace : TemplateValue
{
    internal Dictionary<string, TemplateValue> Attributes { get; } = new(StringComparer.Ordinal);

    internal override string TypeName => "namespace";

    internal override bool IsTrue => true;
}

/// <summary>What a call does.</summary>
internal delegate TemplateValue TemplateCall(TemplateRun run, CallArguments arguments);

/// <summary>Something that is called: a function, a method of a value, a macro.</summary>
internal sealed class TemplateFunction(string name, TemplateCall call) : TemplateValue
{
    internal string Name { get; } = name;

    internal override string TypeName => "function";

    internal override bool IsTrue => true;

    internal TemplateCall Call { get; } = call;
}

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class TemplateLoop(TemplateValue[] items) : TemplateValue
{
    private TemplateValue? _changed;

    /// <summary>Which item it is, counted from 0.</summary>
    internal int Index { get; set; }

    internal override string TypeName => "loop";

    internal override bool IsTrue => true;

    internal TemplateValue? Attribute(string name) => name switch
    {
        "index" => new TemplateInteger(Index + 1),
        "index0" => new TemplateInteger(Index),
        "revindex" => new TemplateInteger(items.Length - Index),
        "revindex0" => new TemplateInteger(items.Length - Index - 1),
        "first" => TemplateBoolean.Of(Index == 0),
        "last" => TemplateBoolean.Of(Index == items.Length - 1),
        "length" => new TemplateInteger(items.Length),

        // Of loops that call themselves, which are not supported.
        "depth" => new TemplateInteger(1),
        "depth0" => new TemplateInteger(0),
        "previtem" => Index > 0 ? items[Index - 1] : new TemplateUndefined("there is no previous item"),
        "nextitem" => Index + 1 < items.Length ? items[Index + 1] : new TemplateUndefined("there is no next item"),
        "cycle" => new TemplateFunction("loop.cycle", (run, arguments) => arguments.All.Length > 0 ? arguments.All[Index % arguments.All.Length] : throw run.Fail("loop.cycle has nothing to choose from")),
        "changed" => new TemplateFunction("loop.changed", (run, arguments) => TemplateBoolean.Of(HasChanged(run, run.List(arguments.All, SequenceKind.Tuple)))),
        _ => null,
    };

    private bool HasChanged(TemplateRun run, TemplateValue value)
    {
        bool same = _changed is not null && TemplateOperators.AreEqual(run, _changed, value);
        _changed = value;
        return !same;
    }
}

/// <summary>Keys of mappings: equal numbers are one key whatever their type, as in Python.</summary>
internal sealed class TemplateKeys : IEqualityComparer<TemplateValue>
{
    internal static readonly TemplateKeys Instance = new();

    internal static bool CanBeKey(TemplateValue value) => value is TemplateString or TemplateInteger or TemplateBoolean or TemplateNone or TemplateFloat;

    public bool Equals(TemplateValue? x, TemplateValue? y) => (x, y) switch
    {
        (TemplateString a, TemplateString b) => string.Equals(a.Value, b.Value, StringComparison.Ordinal),
        (TemplateNone, TemplateNone) => true,
        _ => x is not null && y is not null && TemplateOperators.AreEqualNumbers(x, y),
    };

    public int GetHashCode(TemplateValue obj) => obj switch
    {
        TemplateString text => string.GetHashCode(text.Value, StringComparison.Ordinal),
        TemplateNone => 0,
        _ => TemplateOperators.Number(obj).GetHashCode(),
    };
}
