using System.Globalization;

namespace Anneal.Models;

/// <summary>The kinds of values in the metadata of a GGUF file, numbered as in the file.</summary>
public enum GgufValueKind
{
    /// <summary>A whole number of 8 bits without sign.</summary>
    UInt8 = 0,

    /// <summary>A whole number of 8 bits.</summary>
    Int8 = 1,

    /// <summary>A whole number of 16 bits without sign.</summary>
    UInt16 = 2,

    /// <summary>A whole number of 16 bits.</summary>
    Int16 = 3,

    /// <summary>A whole number of 32 bits without sign.</summary>
    UInt32 = 4,

    /// <summary>A whole number of 32 bits.</summary>
    Int32 = 5,

    /// <summary>Single precision.</summary>
    Float32 = 6,

    /// <summary>True or false.</summary>
    Boolean = 7,

    /// <summary>A text.</summary>
    Text = 8,

    /// <summary>A list of values of one kind.</summary>
    Array = 9,

    /// <summary>A whole number of 64 bits without sign.</summary>
    UInt64 = 10,

    /// <summary>A whole number of 64 bits.</summary>
    Int64 = 11,

    /// <summary>Double precision.</summary>
    Float64 = 12,
}

/// <summary>A value in the metadata of a GGUF file.</summary>
public sealed class GgufValue
{
    // A long, double, bool or string; of an array long[], double[], bool[] or string[].
    private readonly object _value;

    private GgufValue(GgufValueKind kind, GgufValueKind? elementKind, object value) => (Kind, ElementKind, _value) = (kind, elementKind, value);

    /// <summary>The kind.</summary>
    public GgufValueKind Kind { get; }

    /// <summary>The kind of the elements of an array; null for other values.</summary>
    public GgufValueKind? ElementKind { get; }

    /// <summary>A whole number; null where the value is none.</summary>
    public long? Whole => _value as long?;

    /// <summary>A number, whole or not; null where the value is none.</summary>
    public double? Number => _value is long whole ? whole : _value as double?;

    /// <summary>True or false; null where the value is neither.</summary>
    public bool? Truth => _value as bool?;

    /// <summary>A text; null where the value is none.</summary>
    public string? Text => _value as string;

    /// <summary>The whole numbers of an array; null where the value is no array of such.</summary>
    public IReadOnlyList<long>? Wholes => _value as long[];

    /// <summary>The numbers of an array that are not whole; null where the value is no array of such.</summary>
    public IReadOnlyList<double>? Numbers => _value as double[];

    /// <summary>The truth values of an array; null where the value is no array of such.</summary>
    public IReadOnlyList<bool>? Truths => _value as bool[];

    /// <summary>The texts of an array; null where the value is no array of such.</summary>
    public IReadOnlyList<string>? Texts => _value as string[];

    /// <summary>What the value is, shortly, for people.</summary>
    public override string ToString() => _value switch
    {
        string text => ModelFileException.Quote(text),
        Array array => string.Create(CultureInfo.InvariantCulture, $"{array.Length} values of the kind {ElementKind}"),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Truth == true ? "true" : "false",
    };

    internal static GgufValue Of(GgufValueKind kind, object value) => new(kind, null, value);

    internal static GgufValue OfArray(GgufValueKind elementKind, Array values) => new(GgufValueKind.Array, elementKind, values);

    internal static GgufValue Of(int value) => Of(GgufValueKind.UInt32, (long)value);

    internal static GgufValue Of(double value) => Of(GgufValueKind.Float32, value);

    internal static GgufValue Of(bool value) => Of(GgufValueKind.Boolean, value);

    internal static GgufValue Of(string value) => Of(GgufValueKind.Text, value);

    internal static GgufValue Of(IEnumerable<string> values) => OfArray(GgufValueKind.Text, values.ToArray());

    internal object Content => _value;
}
