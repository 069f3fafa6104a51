using System.Globalization;
using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <summary>
/// A symbolic value: what users compute with. Inside a traced function its operations are recorded into the trace's graph; outside they
/// are recorded lazily, and reading a value (<see cref="ToArray{T}"/>, <see cref="Item{T}"/>) compiles and runs what leads to
/// it. A tensor that has been read keeps its values; the memory of given and returned values is shared, not copied.
/// </summary>
public sealed partial class Tensor
{
    internal Tensor(Node node, int index, TensorType type)
    {
        Node = node;
        Index = index;
        Type = type;
    }

    /// <summary>The data type and shape.</summary>
    public TensorType Type { get; }

    /// <summary>The extents.</summary>
    public Shape Shape => Type.Shape;

    /// <summary>The type of the elements.</summary>
    public DType DType => Type.DType;

    internal Node Node { get; private set; }

    /// <summary>Which of the node's outputs this is.</summary>
    internal int Index { get; private set; }

    /// <summary>The values, where they are known without computing.</summary>
    internal TensorData? Data => (Node.Op as Literal)?.Data;

    /// <summary>A tensor of the given values.</summary>
    public static Tensor From(TensorData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Node.Apply(new Literal(data));
    }

    /// <summary>A tensor of the values of an array, with the given extents.</summary>
    public static Tensor From<T>(T[] values, Shape shape) where T : unmanaged => From(TensorData.From(values, shape));

    /// <summary>A tensor <c>[rows, columns]</c> of the values of an array.</summary>
    public static Tensor From<T>(T[,] values) where T : unmanaged => From(TensorData.From(values));

    /// <summary>A tensor of one axis.</summary>
    public static Tensor From<T>(params T[] values) where T : unmanaged => From(TensorData.From(values));

    /// <summary>A tensor with one number everywhere.</summary>
    public static Tensor Full(Shape shape, double value, DType dtype = DType.Float32) =>
        Node.Apply(new Constant(RoundTo(dtype, value), new TensorType(dtype, shape)));

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape, DType dtype = DType.Float32) => Full(shape, 0, dtype);

    /// <summary>A tensor of ones.</summary>
    public static Tensor Ones(Shape shape, DType dtype = DType.Float32) => Full(shape, 1, dtype);

    /// <summary>0, 1, 2, ... up to but without <paramref name="count"/>, as a tensor <c>[count]</c>.</summary>
    public static Tensor Range(long count, DType dtype = DType.Int32) =>
        Node.Apply(new Iota(0, new TensorType(dtype, count)));

    /// <summary>One number with this tensor's type and shape.</summary>
    internal Tensor FillLike(double value) => Full(Shape, value, DType);

    /// <summary>The values, computed now if they have not been read before.</summary>
    /// <exception cref="TraceException">The tensor belongs to a trace, where values are not known yet.</exception>
    public TensorData Evaluate()
    {
        if (Data is { } known && Node.Trace is null)
            return known;
        TensorData values = LazyRunner.Run(this);

        // What led here is not needed any more: the tensor becomes a leaf, and the chain behind it can be collected.
        (Node, Index) = (Node.OfValues(values, this), 0);
        return values;
    }

    /// <summary>The values as a new array, row-major.</summary>
    public T[] ToArray<T>() where T : unmanaged => Evaluate().ToArray<T>();

    /// <summary>The only value.</summary>
    public T Item<T>() where T : unmanaged => Evaluate().Item<T>();

    /// <summary>The type, and the first values where they are known without computing.</summary>
    public override string ToString()
    {
        if (Data is not { } data)
            return Type.ToString();
        long shown = Math.Min(8, Shape.ElementCount);
        IEnumerable<string> values = Enumerable.Range(0, (int)shown).Select(i => data.GetDouble(i).ToString("G7", CultureInfo.InvariantCulture));
        return $"{Type} {{ {string.Join(", ", values)}{(shown < Shape.ElementCount ? ", ..." : "")} }}";
    }

    internal static Tensor ReadLazily(Variable variable) => Node.Apply(new ReadVariable(variable));

    /// <summary>A constant as the element type stores it, so that every device and the reference compute with the same number.</summary>
    private static double RoundTo(DType dtype, double value)
    {
        if (dtype == DType.Float64)
            return value;
        if (dtype == DType.Float32)
            return (float)value;
        var data = new TensorData(dtype, Shape.Scalar);
        data.SetDouble(0, value);
        double stored = data.GetDouble(0);
        if (!dtype.IsFloating() && stored != value)
            throw new DTypeException($"{dtype.Name()} cannot hold the number {value.ToString("R", CultureInfo.InvariantCulture)}. Hint: Cast the tensor to float32 first.");
        return stored;
    }
}
