using System.Globalization;

namespace Anneal.Onnx;

/// <summary>
/// One node, as the rule of its operator meets it: inputs and attributes. It remembers which attributes were asked for, so that none is silently ignored.
/// </summary>
internal sealed class OnnxCall(OnnxInterpreter interpreter, OnnxNode node, OnnxValue?[] inputs, OnnxScope scope, long opset)
{
    private readonly HashSet<string> _asked = [];

    internal OnnxNode Node => node;

    internal OnnxInterpreter Interpreter => interpreter;

    internal OnnxScope Scope => scope;

    /// <summary>The version of the operators of the node's domain.</summary>
    internal long Opset => opset;

    internal int Count => inputs.Length;

    internal OnnxValue?[] Inputs => inputs;

    /// <summary>Whether an output is used under some name.</summary>
    internal bool HasOutput(int index) => index < node.Outputs.Count && node.Outputs[index].Length > 0;

    internal bool Has(int index) => index < inputs.Length && inputs[index] is not null;

    internal OnnxValue Value(int index) => Has(index) ? inputs[index]! : throw Fail($"input {index} is missing.");

    /// <summary>An input as a tensor.</summary>
    internal Tensor this[int index] => Value(index).Tensor;

    internal Tensor? Optional(int index) => Has(index) ? this[index] : null;

    /// <summary>An input whose values must be known before anything runs.</summary>
    internal TensorData Known(int index, string what) => Value(index).Known
        ?? throw Fail($"{what} is computed from the model's inputs, but Anneal's shapes are known before a program runs.");

    /// <summary>Whole numbers that must be known before anything runs.</summary>
    internal long[] Integers(int index, string what)
    {
        TensorData data = Known(index, what);
        if (data.DType is not (DType.Int64 or DType.Int32) || data.Shape.Rank > 1)
            throw Fail($"{what} must be a list of whole numbers, but is {data.Type}.");
        return data.DType == DType.Int64 ? data.ToArray<long>() : Array.ConvertAll(data.ToArray<int>(), i => (long)i);
    }

    /// <summary>One number that must be known before anything runs.</summary>
    internal double KnownNumber(int index, string what)
    {
        TensorData data = Known(index, what);
        return data.Shape.ElementCount == 1 ? data.GetDouble(0) : throw Fail($"{what} must be one number, but is {data.Type}.");
    }

    /// <summary>Whole numbers of an attribute or, in later versions of the operator, of an input; null where there is neither.</summary>
    internal long[]? IntegersOrInput(string name, int index) => Has(index) ? Integers(index, name) : OptionalIntegers(name);

    internal bool HasAttribute(string name)
    {
        _asked.Add(name);
        return node.Attributes.Exists(a => a.Name == name);
    }

    internal long Integer(string name, long absent) => Find(name, OnnxAttributeType.Int)?.Integer ?? absent;

    internal long Integer(string name) => Find(name, OnnxAttributeType.Int)?.Integer ?? throw Missing(name);

    internal bool Flag(string name, bool absent = false) => Integer(name, absent ? 1 : 0) != 0;

    internal double Number(string name, double absent) => Find(name, OnnxAttributeType.Float)?.Number ?? absent;

    internal string Text(string name, string absent) => Find(name, OnnxAttributeType.String)?.Text ?? absent;

    internal long[]? OptionalIntegers(string name) => Find(name, OnnxAttributeType.Ints)?.Integers.ToArray();

    internal double[]? OptionalNumbers(string name) => Find(name, OnnxAttributeType.Floats)?.Numbers.ToArray();

    internal List<string>? OptionalTexts(string name) => Find(name, OnnxAttributeType.Strings)?.Texts;

    internal OnnxGraph Graph(string name) => Find(name, OnnxAttributeType.Graph)?.Graph ?? throw Missing(name);

    internal OnnxTensor? OptionalTensor(string name) => Find(name, OnnxAttributeType.Tensor)?.Tensor;

    /// <summary>An attribute that says nothing about the values, such as how memory is laid out.</summary>
    internal void Ignore(string name) => _asked.Add(name);

    /// <summary>An axis, counted from the first.</summary>
    internal int Axis(long axis, int rank) =>
        axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : throw Fail(FormattableString.Invariant($"there is no axis {axis} among {rank}."));

    /// <summary>Different axes, counted from the first, in order.</summary>
    internal int[] Axes(long[] axes, int rank)
    {
        int[] sorted = [.. axes.Select(a => Axis(a, rank)).Order()];
        return sorted.Distinct().Count() == sorted.Length ? sorted : throw Fail($"an axis is named twice in [{string.Join(", ", axes)}].");
    }

    /// <summary>A list of extents as a shape.</summary>
    internal Shape ShapeOf(long[] extents) => extents.Length <= 64 && extents.All(e => e >= 0)
        ? new Shape(extents)
        : throw Fail($"[{string.Join(", ", extents.Take(64))}] is no shape.");

    internal DType TypeOf(long number) => OnnxTypes.Find(number) ?? throw Fail($"Anneal has no type {OnnxTypes.NameOf(number)}.");

    internal OnnxOperatorException Fail(string message, Exception? inner = null) => new(interpreter.File, node, message, inner);

    /// <summary>Fails where the node has an attribute that its rule did not look at.</summary>
    internal void RequireAllAsked()
    {
        if (node.Attributes.Find(a => !_asked.Contains(a.Name)) is { } other)
            throw Fail($"the attribute {ModelFileException.Quote(other.Name)} is not supported.");
    }

    private OnnxAttribute? Find(string name, OnnxAttributeType type)
    {
        _asked.Add(name);
        OnnxAttribute? found = node.Attributes.Find(a => a.Name == name);
        if (found is null)
            return null;
        if (found.Reference.Length > 0)
            throw Fail($"the attribute {name} refers to {ModelFileException.Quote(found.Reference)} of a function, but the node is in none.");
        bool fits = found.Type == type || (found.Type == OnnxAttributeType.Undefined && Holds(found, type));
        return fits ? found : throw Fail(string.Create(CultureInfo.InvariantCulture, $"the attribute {name} must be of the kind {type}, but is {found.Type}."));
    }

    // Files of the first versions of the format do not say what kind an attribute is.
    private static bool Holds(OnnxAttribute attribute, OnnxAttributeType type) => type switch
    {
        OnnxAttributeType.Tensor => attribute.Tensor is not null,
        OnnxAttributeType.Graph => attribute.Graph is not null,
        _ => true,
    };

    private OnnxOperatorException Missing(string name) => Fail($"the attribute {name} is missing.");
}
