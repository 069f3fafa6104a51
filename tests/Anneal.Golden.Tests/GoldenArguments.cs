using System.Globalization;
using System.Text.Json;

namespace Anneal.Golden.Tests;

/// <summary>
/// What a runner is given: inputs and attributes by name. It remembers which were used, so that no option of a case is silently ignored.
/// </summary>
internal sealed class GoldenArguments(GoldenCase golden, IReadOnlyDictionary<string, Tensor> inputs)
{
    private readonly HashSet<string> _used = [];

    internal Tensor this[string name]
    {
        get
        {
            _used.Add("input " + name);
            return inputs[name];
        }
    }

    internal Tensor[] All => [.. golden.Inputs.Select(name => this[name])];

    internal double Number(string name) => Attribute(name).GetDouble();

    internal int Integer(string name) => Whole(Attribute(name));

    internal bool Flag(string name) => Attribute(name).GetBoolean();

    internal string Text(string name) => Attribute(name).GetString()!;

    internal long[] Integers(string name) => [.. Attribute(name).EnumerateArray().Select(e => e.GetInt64())];

    internal double[] Numbers(string name) => [.. Attribute(name).EnumerateArray().Select(e => e.GetDouble())];

    /// <summary>Axes to fold, as a list or one number; none where the attribute is null, which means all.</summary>
    internal int[] Axes(string name) => Attribute(name) switch
    {
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(Whole)],
        { ValueKind: JsonValueKind.Number } axis => [Whole(axis)],
        _ => [],
    };

    /// <summary>An attribute for rows and columns: one number for both, or two; PyTorch's default where it is absent.</summary>
    internal (int Height, int Width) Pair(string name, int absent)
    {
        if (!golden.Attributes.TryGetProperty(name, out _))
            return (absent, absent);
        JsonElement value = Attribute(name);
        return value.ValueKind == JsonValueKind.Array ? (Whole(value[0]), Whole(value[value.GetArrayLength() - 1])) : (Whole(value), Whole(value));
    }

    internal bool Has(string name) => golden.Attributes.TryGetProperty(name, out _);

    /// <summary>An attribute, or PyTorch's default where it is absent.</summary>
    internal int Integer(string name, int absent) => golden.Attributes.TryGetProperty(name, out _) ? Integer(name) : absent;

    /// <summary>An attribute that Anneal has fixed: another value is another operation.</summary>
    internal void Require(string name, string value)
    {
        string found = Attribute(name).ToString();
        bool isEqual = double.TryParse(value, CultureInfo.InvariantCulture, out double number) && Attribute(name).ValueKind == JsonValueKind.Number
            ? Attribute(name).GetDouble() == number
            : found == value;
        if (!isEqual)
            throw new NotSupportedException($"{golden.Name}: {name} is {found}; only {value} is supported.");
    }

    /// <summary>Fails where the case has an input or attribute that was not looked at.</summary>
    internal void RequireAllUsed()
    {
        string[] ignored =
        [
            .. golden.Inputs.Select(n => "input " + n).Concat(golden.Attributes.EnumerateObject().Select(a => "attribute " + a.Name)).Except(_used),
        ];
        if (ignored.Length > 0)
            throw new NotSupportedException($"{golden.Name}: ignored {string.Join(", ", ignored)}.");
    }

    /// <summary>A whole number, which may be written as 2.0.</summary>
    private static int Whole(JsonElement number) => checked((int)number.GetDecimal()) is var whole && whole == number.GetDecimal()
        ? whole
        : throw new NotSupportedException($"{number} is no whole number.");

    private JsonElement Attribute(string name)
    {
        _used.Add("attribute " + name);
        return golden.Attributes.GetProperty(name);
    }
}
