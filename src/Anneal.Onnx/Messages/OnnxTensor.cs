using System.Globalization;

namespace Anneal.Onnx;

/// <summary>The types of elements, numbered as in the format.</summary>
internal static class OnnxTypes
{
    /// <summary>The number of a data type.</summary>
    internal static int Of(DType dtype) => dtype switch
    {
        DType.Float32 => 1,
        DType.UInt8 => 2,
        DType.Int8 => 3,
        DType.Int32 => 6,
        DType.Int64 => 7,
        DType.Bool => 9,
        DType.Float16 => 10,
        DType.Float64 => 11,
        DType.BFloat16 => 16,
        _ => throw new DTypeException($"ONNX has no type {dtype.Name()}."),
    };

    /// <summary>The data type of a number, or null where Anneal has none.</summary>
    internal static DType? Find(long number) => number switch
    {
        1 => DType.Float32,
        2 => DType.UInt8,
        3 => DType.Int8,
        6 => DType.Int32,
        7 => DType.Int64,
        9 => DType.Bool,
        10 => DType.Float16,
        11 => DType.Float64,
        16 => DType.BFloat16,
        _ => null,
    };

    /// <summary>The format's name of a type, for messages.</summary>
    internal static string NameOf(long number)
    {
        string[] names =
        [
            "undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "double", "uint32", "uint64", "complex64", "complex128",
            "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
        ];
        return number >= 0 && number < names.Length ? names[number] : number.ToString(CultureInfo.InvariantCulture);
    }
}

/// <summary>Values that are part of a file: <c>TensorProto</c>. They lie in the file's bytes until they are asked for.</summary>
internal sealed class OnnxTensor
{
    internal string Name { get; set; } = "";

    internal List<long> Dimensions { get; } = [];

    /// <summary>The type of the elements, numbered as in the format.</summary>
    internal long ElementType { get; set; }

    /// <summary>The elements as they lie in memory; null where they come as numbers or lie in another file.</summary>
    internal ReadOnlyMemory<byte>? Raw { get; set; }

    internal List<long> Integers { get; } = [];

    internal List<double> Numbers { get; } = [];

    /// <summary>The values themselves, where a graph is made rather than read.</summary>
    internal TensorData? Data { get; init; }

    /// <summary>Where the values lie in another file, or null.</summary>
    internal Dictionary<string, string>? External { get; set; }

    /// <summary>The place in the file where the tensor is described, for messages.</summary>
    internal int Position { get; set; }

    /// <summary>Whether there are values, here or in another file.</summary>
    internal bool HasValues => Data is not null || Raw is not null || External is not null || Integers.Count > 0 || Numbers.Count > 0;

    /// <summary>The data type and shape.</summary>
    /// <exception cref="ModelFileException">Anneal has no such type, or the extents are none.</exception>
    internal TensorType TypeIn(string file)
    {
        DType dtype = OnnxTypes.Find(ElementType)
            ?? throw Fail(file, "elements of float, double, float16, bfloat16, int8, uint8, int32, int64 or bool", OnnxTypes.NameOf(ElementType));
        if (Dimensions.Exists(d => d < 0) || Dimensions.Count > MostAxes)
            throw Fail(file, FormattableString.Invariant($"at most {MostAxes} extents of at least 0"), $"[{string.Join(", ", Dimensions.Take(MostAxes))}]");
        try
        {
            return new TensorType(dtype, [.. Dimensions]);
        }
        catch (ShapeException mistake)
        {
            throw Fail(file, "extents whose product is a number of elements", mistake.Message);
        }
    }

    /// <summary>The values. Memory is taken only for what the file really holds.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="external">Finds bytes of another file; null where there is none, as for bytes in memory.</param>
    internal TensorData Read(string file, ExternalFiles? external)
    {
        if (Data is not null)
            return Data;
        TensorType type = TypeIn(file);
        ReadOnlyMemory<byte>? raw = Raw;
        if (External is not null)
            raw = (external ?? throw Fail(file, "values within the file", "a reference to another file, which bytes in memory do not have")).Find(this, type, file);
        if (raw is { } bytes)
            return OfBytes(type, bytes.Span, file);
        int count = Math.Max(Integers.Count, Numbers.Count);
        if (type.Shape.ElementCount != count || (Integers.Count > 0 && Numbers.Count > 0))
            throw Fail(file, FormattableString.Invariant($"{type.Shape.ElementCount} values for {type}"), FormattableString.Invariant($"{count}"));
        var data = new TensorData(type);
        for (int i = 0; i < count; i++)
            Store(data, i);
        return data;
    }

    private const int MostAxes = 64;

    private unsafe void Store(TensorData data, int i)
    {
        if (Numbers.Count > 0)
        {
            data.SetDouble(i, Numbers[i]);
        }
        else if (data.DType == DType.Int64)
        {
            data.AsSpan<long>()[i] = Integers[i];
        }
        else if (data.DType is DType.Float16 or DType.BFloat16)
        {
            // The format writes the bits of halves as whole numbers.
            ((ushort*)data.Pointer)[i] = (ushort)Integers[i];
            GC.KeepAlive(data);
        }
        else
        {
            data.SetDouble(i, Integers[i]);
        }
    }

    private TensorData OfBytes(TensorType type, ReadOnlySpan<byte> bytes, string file)
    {
        if (type.ByteCount != bytes.Length)
            throw Fail(file, FormattableString.Invariant($"{type.ByteCount} bytes for {type}"), FormattableString.Invariant($"{bytes.Length}"));
        var data = new TensorData(type);
        bytes.CopyTo(data.AsBytes());
        if (type.DType == DType.Bool)
        {
            foreach (ref byte truth in data.AsBytes())
                truth = truth == 0 ? (byte)0 : (byte)1;
        }

        return data;
    }

    internal ModelFileException Fail(string file, string expected, string found) =>
        new(file, FormattableString.Invariant($"byte {Position}, tensor {ModelFileException.Quote(Name)}"), expected, found);

    /// <summary>Values as a tensor of a file.</summary>
    internal static OnnxTensor Of(string name, TensorData data)
    {
        var tensor = new OnnxTensor { Name = name, ElementType = OnnxTypes.Of(data.DType), Data = data };
        tensor.Dimensions.AddRange(data.Shape);
        return tensor;
    }
}
