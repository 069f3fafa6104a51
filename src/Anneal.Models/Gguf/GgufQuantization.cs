using System.Runtime.CompilerServices;

namespace Anneal.Models;

/// <summary>Numbers in single precision become blocks of few bits, rounded as ggml's reference rounds.</summary>
internal static unsafe class GgufQuantization
{
    /// <summary>Writes values in a type.</summary>
    /// <param name="type">One of <see cref="GgufTypes.Writable"/>.</param>
    /// <param name="from">The values.</param>
    /// <param name="to">Receives the bytes.</param>
    /// <param name="count">How many: whole blocks.</param>
    internal static void Run(GgufTensorType type, float* from, byte* to, long count)
    {
        switch (type)
        {
            case GgufTensorType.F32: Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float)); break;
            case GgufTensorType.F16: Half16(from, to, count); break;
            case GgufTensorType.Q8_0: Q80(from, to, count / 32); break;
            case GgufTensorType.Q4_0: Q40(from, to, count / 32); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "No type that is written.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Half16(float* from, byte* to, long count)
    {
        for (long i = 0; i < count; i++)
            Unsafe.WriteUnaligned(to + 2 * i, (Half)from[i]);
    }

    /// <summary>The scale makes the largest magnitude 127; quotients are rounded to the nearest whole number, halves away from zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q80(float* from, byte* to, long blocks)
    {
        for (long b = 0; b < blocks; b++, from += 32, to += 34)
        {
            float largest = 0;
            for (int i = 0; i < 32; i++)
                largest = MathF.Max(largest, MathF.Abs(from[i]));
            float scale = largest / 127, inverse = scale == 0 ? 0 : 1 / scale;
            Unsafe.WriteUnaligned(to, (Half)scale);
            var values = (sbyte*)(to + 2);
            for (int i = 0; i < 32; i++)
                values[i] = (sbyte)MathF.Round(from[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    /// <summary>
    /// The scale makes the first value of the largest magnitude -8, whatever its sign; quotients, plus 8, are rounded to the nearest whole number from 0 to 15,
    /// halves upwards.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q40(float* from, byte* to, long blocks)
    {
        for (long b = 0; b < blocks; b++, from += 32, to += 18)
        {
            float largest = 0, extreme = 0;
            for (int i = 0; i < 32; i++)
            {
                if (MathF.Abs(from[i]) > largest)
                    (largest, extreme) = (MathF.Abs(from[i]), from[i]);
            }

            float scale = extreme / -8, inverse = scale == 0 ? 0 : 1 / scale;
            Unsafe.WriteUnaligned(to, (Half)scale);
            byte* values = to + 2;
            for (int i = 0; i < 16; i++)
                values[i] = (byte)(Quantum(from[i] * inverse) | Quantum(from[i + 16] * inverse) << 4);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Quantum(float quotient) => Math.Clamp((int)(quotient + 8.5f), 0, 15);
}
