using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>Copies of floats into panels. Short ones are the rule here, so they avoid the call of a general copy.</summary>
internal static unsafe class Packing
{
    /// <summary>Copies between ranges that do not overlap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Copy(float* source, float* target, int count)
    {
        if (count >= 16 && count <= 128)
            CopyMedium(source, target, count);
        else if (count > 128)
            Buffer.MemoryCopy(source, target, (long)count * sizeof(float), (long)count * sizeof(float));
        else
            CopyShort(source, target, count);
    }

    internal static void Clear(float* target, long count) => Unsafe.InitBlockUnaligned(target, 0, checked((uint)(count * sizeof(float))));

    /// <summary>Columns of a row-major matrix as one panel: <paramref name="width"/> floats for each depth, zero beyond the last column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void PackRows(float* source, long sourceStride, int depth, int columns, int width, float* panel)
    {
        Debug.Assert(columns <= width);
        if (columns < width)
        {
            for (int k = 0; k < depth; k++, source += sourceStride, panel += width)
            {
                Copy(source, panel, columns);
                for (int column = columns; column < width; column++)
                    panel[column] = 0f;
            }
        }
        else if (width == 48)
        {
            for (int k = 0; k < depth; k++, source += sourceStride, panel += 48)
                Unsafe.CopyBlockUnaligned(panel, source, 48 * sizeof(float));
        }
        else if (width == 32)
        {
            for (int k = 0; k < depth; k++, source += sourceStride, panel += 32)
                Unsafe.CopyBlockUnaligned(panel, source, 32 * sizeof(float));
        }
        else if (width == 16)
        {
            for (int k = 0; k < depth; k++, source += sourceStride, panel += 16)
                Unsafe.CopyBlockUnaligned(panel, source, 16 * sizeof(float));
        }
        else
        {
            for (int k = 0; k < depth; k++, source += sourceStride, panel += width)
                Copy(source, panel, width);
        }
    }

    /// <summary>As <see cref="PackRows"/>, from a matrix whose rows are the panel's columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void PackTransposed(float* source, long sourceStride, int depth, int columns, int width, float* panel)
    {
        Debug.Assert(columns <= width);
        int column = 0;
        if (Avx.IsSupported && Vector256.IsHardwareAccelerated)
        {
            for (; column <= columns - 8; column += 8)
                TransposeEight(source + (column * sourceStride), sourceStride, depth, panel + column, width);
        }

        for (; column < columns; column++)
        {
            float* row = source + (column * sourceStride);
            float* target = panel + column;
            for (int k = 0; k < depth; k++, target += width)
                *target = row[k];
        }

        for (; column < width; column++)
        {
            float* target = panel + column;
            for (int k = 0; k < depth; k++, target += width)
                *target = 0f;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeEight(float* source, long sourceStride, int depth, float* target, int targetStride)
    {
        int k = 0;
        for (; k <= depth - 8; k += 8, target += 8 * targetStride)
            TransposeBlock(source + k, sourceStride, target, targetStride);
        for (; k < depth; k++, target += targetStride)
        {
            for (int row = 0; row < 8; row++)
                target[row] = source[(row * sourceStride) + k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeBlock(float* source, long stride, float* target, int targetStride)
    {
        // Rows i and i + 4 share a register: what remains are two 4x4 transpositions side by side, with no shuffle across halves.
        Vector256<float> a0 = Pair(source, source + (4 * stride));
        Vector256<float> a1 = Pair(source + stride, source + (5 * stride));
        Vector256<float> a2 = Pair(source + (2 * stride), source + (6 * stride));
        Vector256<float> a3 = Pair(source + (3 * stride), source + (7 * stride));
        StoreFour(a0, a1, a2, a3, target, targetStride);
        a0 = Pair(source + 4, source + 4 + (4 * stride));
        a1 = Pair(source + 4 + stride, source + 4 + (5 * stride));
        a2 = Pair(source + 4 + (2 * stride), source + 4 + (6 * stride));
        a3 = Pair(source + 4 + (3 * stride), source + 4 + (7 * stride));
        StoreFour(a0, a1, a2, a3, target + (4 * targetStride), targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Pair(float* low, float* high) =>
        Avx.InsertVector128(Vector256.Create(Vector128.Load(low), Vector128<float>.Zero), Vector128.Load(high), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour(
        Vector256<float> a0, Vector256<float> a1, Vector256<float> a2, Vector256<float> a3, float* target, int stride)
    {
        Vector256<double> b0 = Avx.UnpackLow(a0, a1).AsDouble();
        Vector256<double> b1 = Avx.UnpackHigh(a0, a1).AsDouble();
        Vector256<double> b2 = Avx.UnpackLow(a2, a3).AsDouble();
        Vector256<double> b3 = Avx.UnpackHigh(a2, a3).AsDouble();
        Avx.UnpackLow(b0, b2).AsSingle().Store(target);
        Avx.UnpackHigh(b0, b2).AsSingle().Store(target + stride);
        Avx.UnpackLow(b1, b3).AsSingle().Store(target + (2 * stride));
        Avx.UnpackHigh(b1, b3).AsSingle().Store(target + (3 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyMedium(float* source, float* target, int count)
    {
        // The last vector overlaps the one before it, so that no scalar rest remains.
        int last = count - 8;
        for (int i = 0; i < last; i += 8)
            Unsafe.CopyBlockUnaligned(target + i, source + i, 8 * sizeof(float));
        Unsafe.CopyBlockUnaligned(target + last, source + last, 8 * sizeof(float));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyShort(float* source, float* target, int count)
    {
        if (count >= 4)
        {
            int last = count - 4;
            for (int i = 0; i < last; i += 4)
                Vector128.Store(Vector128.Load(source + i), target + i);
            Vector128.Store(Vector128.Load(source + last), target + last);
            return;
        }

        for (int i = 0; i < count; i++)
            target[i] = source[i];
    }
}
