using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>Copies a small matrix whose rows and columns lie anywhere; strides are in bytes.</summary>
internal static unsafe class StridedCopy
{
    private static bool CanZip => Sse2.IsSupported || AdvSimd.Arm64.IsSupported;

    internal static void Copy(
        int size, byte* source, long sourceRow, long sourceColumn, byte* target, long targetRow, long targetColumn, long rows, long columns)
    {
        if (size == sizeof(float))
            CopyWords(source, sourceRow, sourceColumn, target, targetRow, targetColumn, rows, columns);
        else if (size == sizeof(short))
            CopyElements<short>(source, sourceRow, sourceColumn, target, targetRow, targetColumn, rows, columns);
        else
            CopyElements<byte>(source, sourceRow, sourceColumn, target, targetRow, targetColumn, rows, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyWords(
        byte* source, long sourceRow, long sourceColumn, byte* target, long targetRow, long targetColumn, long rows, long columns)
    {
        long doneRows = 0, doneColumns = 0;
        bool transposes = CanZip && sourceRow == sizeof(float) && targetColumn == sizeof(float);
        bool transposesBack = CanZip && sourceColumn == sizeof(float) && targetRow == sizeof(float);
        if (transposes || transposesBack)
        {
            doneRows = rows & ~3L;
            doneColumns = columns & ~3L;
            // Down the rows first: there the large memory is contiguous, and each of its cache lines is used up before the next.
            long stepIn = transposes ? sourceColumn : sourceRow, stepOut = transposes ? targetRow : targetColumn;
            for (long column = 0; column < doneColumns; column += 4)
            {
                byte* from = source + (column * sourceColumn), to = target + (column * targetColumn);
                for (long row = 0; row < doneRows; row += 4)
                {
                    Transpose(from, stepIn, to, stepOut);
                    from += 4 * sourceRow;
                    to += 4 * targetRow;
                }
            }
        }

        if (doneColumns < columns)
        {
            CopyElements<int>(
                source + (doneColumns * sourceColumn), sourceRow, sourceColumn,
                target + (doneColumns * targetColumn), targetRow, targetColumn, doneRows, columns - doneColumns);
        }

        CopyElements<int>(
            source + (doneRows * sourceRow), sourceRow, sourceColumn,
            target + (doneRows * targetRow), targetRow, targetColumn, rows - doneRows, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(byte* source, long sourceStride, byte* target, long targetStride)
    {
        Vector128<float> a = Vector128.Load((float*)source), b = Vector128.Load((float*)(source + sourceStride));
        Vector128<float> c = Vector128.Load((float*)(source + (2 * sourceStride)));
        Vector128<float> d = Vector128.Load((float*)(source + (3 * sourceStride)));
        Vector128<double> lowAb = Zip(a, b).AsDouble(), lowCd = Zip(c, d).AsDouble();
        Vector128<double> highAb = ZipHigh(a, b).AsDouble(), highCd = ZipHigh(c, d).AsDouble();
        Zip(lowAb, lowCd).Store((double*)target);
        ZipHigh(lowAb, lowCd).Store((double*)(target + targetStride));
        Zip(highAb, highCd).Store((double*)(target + (2 * targetStride)));
        ZipHigh(highAb, highCd).Store((double*)(target + (3 * targetStride)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Zip(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Zip(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipHigh(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyElements<T>(
        byte* source, long sourceRow, long sourceColumn, byte* target, long targetRow, long targetColumn, long rows, long columns)
        where T : unmanaged
    {
        for (long row = 0; row < rows; row++)
        {
            byte* from = source + (row * sourceRow), to = target + (row * targetRow);
            for (long column = 0; column < columns; column++)
            {
                *(T*)to = *(T*)from;
                from += sourceColumn;
                to += targetColumn;
            }
        }
    }
}
