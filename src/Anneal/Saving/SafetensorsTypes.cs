namespace Anneal.Saving;

/// <summary>The names of data types in safetensors files.</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, DType Type)[] Table =
    [
        ("F32", DType.Float32),
        ("F64", DType.Float64),
        ("F16", DType.Float16),
        ("BF16", DType.BFloat16),
        ("U8", DType.UInt8),
        ("I8", DType.Int8),
        ("I32", DType.Int32),
        ("I64", DType.Int64),
        ("BOOL", DType.Bool),
    ];

    /// <summary>All names, for messages.</summary>
    internal static string All { get; } = string.Join(", ", Table.Select(t => t.Name));

    /// <summary>The data type of a name, or null where there is none.</summary>
    internal static DType? Find(string name)
    {
        foreach ((string known, DType type) in Table)
        {
            if (known == name)
                return type;
        }

        return null;
    }

    /// <summary>The name of a data type.</summary>
    internal static string NameOf(DType type) => Array.Find(Table, t => t.Type == type).Name;
}
