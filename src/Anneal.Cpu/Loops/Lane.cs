namespace Anneal.Cpu;

/// <summary>What the lanes of a vector register hold. Every lane has 32 bits.</summary>
internal enum Lane
{
    /// <summary>A float32.</summary>
    Float,

    /// <summary>A truth value: all bits set, or none.</summary>
    Mask,

    /// <summary>An int32.</summary>
    Int32,

    /// <summary>A uint8, held as the equal float32.</summary>
    Byte,

    /// <summary>A bfloat16, held as the equal float32.</summary>
    BFloat16,
}

/// <summary>How data types meet lanes.</summary>
internal static class Lanes
{
    /// <summary>The lane that holds values of a data type, or null where vectors do not serve it.</summary>
    internal static Lane? Of(DType type) => type switch
    {
        DType.Float32 => Lane.Float,
        DType.Bool => Lane.Mask,
        DType.Int32 => Lane.Int32,
        DType.UInt8 => Lane.Byte,
        DType.BFloat16 => Lane.BFloat16,
        _ => null,
    };

    internal static int SizeInMemory(this Lane lane) => lane switch
    {
        Lane.Mask or Lane.Byte => 1,
        Lane.BFloat16 => 2,
        _ => 4,
    };
}
