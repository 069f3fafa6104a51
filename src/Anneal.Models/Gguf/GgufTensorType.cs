using System.Globalization;

namespace Anneal.Models;

/// <summary>How the values of a tensor are stored in a GGUF file. Anneal reads F32, F16, BF16, Q8_0, Q4_0, Q4_K and Q6_K, and writes F32, F16, Q8_0 and Q4_0.</summary>
public enum GgufTensorType
{
    /// <summary>Single precision.</summary>
    F32 = 0,

    /// <summary>Half precision.</summary>
    F16 = 1,

    /// <summary>4 bits and a scale for 32 values.</summary>
    Q4_0 = 2,

    /// <summary>4 bits, a scale and a least value for 32 values.</summary>
    Q4_1 = 3,

    /// <summary>5 bits and a scale for 32 values.</summary>
    Q5_0 = 6,

    /// <summary>5 bits, a scale and a least value for 32 values.</summary>
    Q5_1 = 7,

    /// <summary>8 bits and a scale for 32 values.</summary>
    Q8_0 = 8,

    /// <summary>8 bits, a scale and a sum for 32 values.</summary>
    Q8_1 = 9,

    /// <summary>2 bits with scales of scales for 256 values.</summary>
    Q2_K = 10,

    /// <summary>3 bits with scales of scales for 256 values.</summary>
    Q3_K = 11,

    /// <summary>4 bits with scales of scales for 256 values.</summary>
    Q4_K = 12,

    /// <summary>5 bits with scales of scales for 256 values.</summary>
    Q5_K = 13,

    /// <summary>6 bits with scales of scales for 256 values.</summary>
    Q6_K = 14,

    /// <summary>8 bits and a scale for 256 values.</summary>
    Q8_K = 15,

    /// <summary>2.06 bits from a codebook.</summary>
    IQ2_XXS = 16,

    /// <summary>2.31 bits from a codebook.</summary>
    IQ2_XS = 17,

    /// <summary>3.06 bits from a codebook.</summary>
    IQ3_XXS = 18,

    /// <summary>1.56 bits from a codebook.</summary>
    IQ1_S = 19,

    /// <summary>4 bits of unequal steps for 32 values.</summary>
    IQ4_NL = 20,

    /// <summary>3.44 bits from a codebook.</summary>
    IQ3_S = 21,

    /// <summary>2.56 bits from a codebook.</summary>
    IQ2_S = 22,

    /// <summary>4.25 bits of unequal steps.</summary>
    IQ4_XS = 23,

    /// <summary>Whole numbers of 8 bits.</summary>
    I8 = 24,

    /// <summary>Whole numbers of 16 bits.</summary>
    I16 = 25,

    /// <summary>Whole numbers of 32 bits.</summary>
    I32 = 26,

    /// <summary>Whole numbers of 64 bits.</summary>
    I64 = 27,

    /// <summary>Double precision.</summary>
    F64 = 28,

    /// <summary>1.75 bits from a codebook.</summary>
    IQ1_M = 29,

    /// <summary>The upper half of single precision.</summary>
    BF16 = 30,

    /// <summary>1.69 bits: three values.</summary>
    TQ1_0 = 34,

    /// <summary>2.06 bits: three values.</summary>
    TQ2_0 = 35,

    /// <summary>4-bit floating point with a shared exponent for 32 values.</summary>
    MXFP4 = 39,
}

/// <summary>What is published of the types: how many values a block has, and how many bytes.</summary>
internal static class GgufTypes
{
    private static readonly (GgufTensorType Type, int Values, int Bytes)[] Table =
    [
        (GgufTensorType.F32, 1, 4), (GgufTensorType.F16, 1, 2), (GgufTensorType.Q4_0, 32, 18), (GgufTensorType.Q4_1, 32, 20), (GgufTensorType.Q5_0, 32, 22),
        (GgufTensorType.Q5_1, 32, 24), (GgufTensorType.Q8_0, 32, 34), (GgufTensorType.Q8_1, 32, 36), (GgufTensorType.Q2_K, 256, 84), (GgufTensorType.Q3_K, 256, 110),
        (GgufTensorType.Q4_K, 256, 144), (GgufTensorType.Q5_K, 256, 176), (GgufTensorType.Q6_K, 256, 210), (GgufTensorType.Q8_K, 256, 292),
        (GgufTensorType.IQ2_XXS, 256, 66), (GgufTensorType.IQ2_XS, 256, 74), (GgufTensorType.IQ3_XXS, 256, 98), (GgufTensorType.IQ1_S, 256, 50),
        (GgufTensorType.IQ4_NL, 32, 18), (GgufTensorType.IQ3_S, 256, 110), (GgufTensorType.IQ2_S, 256, 82), (GgufTensorType.IQ4_XS, 256, 136),
        (GgufTensorType.I8, 1, 1), (GgufTensorType.I16, 1, 2), (GgufTensorType.I32, 1, 4), (GgufTensorType.I64, 1, 8), (GgufTensorType.F64, 1, 8),
        (GgufTensorType.IQ1_M, 256, 56), (GgufTensorType.BF16, 1, 2), (GgufTensorType.TQ1_0, 256, 54), (GgufTensorType.TQ2_0, 256, 66), (GgufTensorType.MXFP4, 32, 17),
    ];

    /// <summary>The types whose values can be read.</summary>
    internal static IReadOnlyList<GgufTensorType> Readable { get; } =
        [GgufTensorType.F32, GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.Q8_0, GgufTensorType.Q4_0, GgufTensorType.Q4_K, GgufTensorType.Q6_K];

    /// <summary>The types that can be written.</summary>
    internal static IReadOnlyList<GgufTensorType> Writable { get; } = [GgufTensorType.F32, GgufTensorType.F16, GgufTensorType.Q8_0, GgufTensorType.Q4_0];

    /// <summary>The values and bytes of a block; null for a number that no type has.</summary>
    internal static (int Values, int Bytes)? Find(uint number)
    {
        foreach ((GgufTensorType type, int values, int bytes) in Table)
        {
            if ((uint)type == number)
                return (values, bytes);
        }

        return null;
    }

    internal static (int Values, int Bytes) BlockOf(GgufTensorType type) =>
        Find((uint)type) ?? throw new ArgumentOutOfRangeException(nameof(type), type, "No such type.");

    /// <summary>The bytes of as many values, which are whole blocks.</summary>
    internal static long ByteCount(GgufTensorType type, long values)
    {
        (int blockValues, int blockBytes) = BlockOf(type);
        return checked(values / blockValues * blockBytes);
    }

    internal static string Names(IEnumerable<GgufTensorType> types) => string.Join(", ", types.Select(t => t.ToString()));

    internal static string Number(uint number) => string.Create(CultureInfo.InvariantCulture, $"the type {number}, which is not known");
}
