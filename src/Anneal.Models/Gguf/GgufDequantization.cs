using System.Runtime.CompilerServices;

namespace Anneal.Models;

/// <summary>Blocks of few bits become numbers in single precision, as ggml defines its types.</summary>
internal static unsafe class GgufDequantization
{
    // Tensors from this size on are shared out among threads, in pieces of so many values: whole blocks of every type.
    private const int Piece = 1 << 18;

    /// <summary>Multiplies values out.</summary>
    /// <param name="type">One of <see cref="GgufTypes.Readable"/>.</param>
    /// <param name="from">The blocks; they need not be aligned.</param>
    /// <param name="to">Receives the values.</param>
    /// <param name="count">How many: whole blocks.</param>
    internal static void Run(GgufTensorType type, byte* from, float* to, long count)
    {
        if (count <= Piece)
        {
            RunPiece(type, from, to, count);
            return;
        }

        long pieceBytes = GgufTypes.ByteCount(type, Piece);
        nint source = (nint)from, target = (nint)to;
        Parallel.For(0, (count + Piece - 1) / Piece, p => RunPiece(type, (byte*)source + p * pieceBytes, (float*)target + p * Piece, Math.Min(Piece, count - p * Piece)));
    }

    private static void RunPiece(GgufTensorType type, byte* from, float* to, long count)
    {
        switch (type)
        {
            case GgufTensorType.F32: Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float)); break;
            case GgufTensorType.F16: Half16(from, to, count); break;
            case GgufTensorType.BF16: Brain16(from, to, count); break;
            case GgufTensorType.Q8_0: Q80(from, to, count / 32); break;
            case GgufTensorType.Q4_0: Q40(from, to, count / 32); break;
            case GgufTensorType.Q4_K: Q4K(from, to, count / 256); break;
            case GgufTensorType.Q6_K: Q6K(from, to, count / 256); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "No type that is read.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float HalfAt(byte* at) => (float)Unsafe.ReadUnaligned<Half>(at);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Half16(byte* from, float* to, long count)
    {
        for (long i = 0; i < count; i++)
            to[i] = HalfAt(from + 2 * i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Brain16(byte* from, float* to, long count)
    {
        for (long i = 0; i < count; i++)
            to[i] = BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(from + 2 * i) << 16);
    }

    /// <summary>A scale in half precision, then 32 whole numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q80(byte* from, float* to, long blocks)
    {
        for (long b = 0; b < blocks; b++, from += 34, to += 32)
        {
            float scale = HalfAt(from);
            var values = (sbyte*)(from + 2);
            for (int i = 0; i < 32; i++)
                to[i] = values[i] * scale;
        }
    }

    /// <summary>A scale in half precision, then 16 bytes: their lower halves are the first 16 values, the upper ones the others, each less 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q40(byte* from, float* to, long blocks)
    {
        for (long b = 0; b < blocks; b++, from += 18, to += 32)
        {
            float scale = HalfAt(from);
            byte* values = from + 2;
            for (int i = 0; i < 16; i++)
            {
                to[i] = ((values[i] & 15) - 8) * scale;
                to[i + 16] = ((values[i] >> 4) - 8) * scale;
            }
        }
    }

    /// <summary>
    /// Scales of scales and of least values in half precision, then eight of each in 6 bits, packed in 12 bytes, then four times 32 bytes, whose lower halves
    /// are one group of 32 values and whose upper ones the next.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q4K(byte* from, float* to, long blocks)
    {
        for (long b = 0; b < blocks; b++, from += 144, to += 256)
        {
            float scale = HalfAt(from), least = HalfAt(from + 2);
            byte* packed = from + 4;
            for (int group = 0; group < 8; group += 2)
            {
                (float firstScale, float firstLeast) = Unpack(packed, group, scale, least);
                (float nextScale, float nextLeast) = Unpack(packed, group + 1, scale, least);
                byte* values = from + 16 + 16 * group;
                float* first = to + 32 * group, next = first + 32;
                for (int i = 0; i < 32; i++)
                {
                    first[i] = firstScale * (values[i] & 15) - firstLeast;
                    next[i] = nextScale * (values[i] >> 4) - nextLeast;
                }
            }
        }
    }

    /// <summary>
    /// The scale and the least value of a group: of the first four in the lower 6 bits of bytes of their own; of the others 4 bits lie in a common byte, the
    /// upper two above those of the first four.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float Scale, float Least) Unpack(byte* packed, int group, float scale, float least)
    {
        int s, l;
        if (group < 4)
        {
            (s, l) = (packed[group] & 63, packed[group + 4] & 63);
        }
        else
        {
            s = (packed[group + 4] & 15) | (packed[group - 4] >> 6) << 4;
            l = (packed[group + 4] >> 4) | (packed[group] >> 6) << 4;
        }

        return (scale * s, least * l);
    }

    /// <summary>
    /// 128 bytes with 4 lower bits, 64 bytes with 2 upper bits, 16 scales of 8 bits and their scale in half precision. Each half of a block has 64 bytes and 32:
    /// byte i of the lower bits belongs to the values i and i + 64, byte i + 32 to i + 32 and i + 96, and byte i of the upper bits to all four.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q6K(byte* from, float* to, long blocks)
    {
        for (long b = 0; b < blocks; b++, from += 210)
        {
            float scale = HalfAt(from + 208);
            for (int half = 0; half < 2; half++, to += 128)
            {
                byte* low = from + 64 * half, high = from + 128 + 32 * half;
                var scales = (sbyte*)(from + 192 + 8 * half);
                for (int i = 0; i < 32; i++)
                {
                    int group = i / 16;
                    to[i] = scale * scales[group] * (((low[i] & 15) | (high[i] & 3) << 4) - 32);
                    to[i + 32] = scale * scales[group + 2] * (((low[i + 32] & 15) | (high[i] >> 2 & 3) << 4) - 32);
                    to[i + 64] = scale * scales[group + 4] * (((low[i] >> 4) | (high[i] >> 4 & 3) << 4) - 32);
                    to[i + 96] = scale * scales[group + 6] * (((low[i + 32] >> 4) | (high[i] >> 6) << 4) - 32);
                }
            }
        }
    }
}
