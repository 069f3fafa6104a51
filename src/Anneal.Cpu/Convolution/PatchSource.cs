using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>
/// Reads the patches under a sliding window straight from an image, as rows of a matrix whose columns are (kernel row, kernel column,
/// channel). Places outside the image read as zero.
/// </summary>
internal readonly unsafe struct PatchSource
{
    private readonly int _height;
    private readonly int _width;
    private readonly int _channels;
    private readonly int _groupChannels;
    private readonly int _kernelHeight;
    private readonly int _kernelWidth;
    private readonly int _positionsHeight;
    private readonly int _positionsWidth;
    private readonly int _strideHeight;
    private readonly int _strideWidth;
    private readonly int _originHeight;
    private readonly int _originWidth;
    private readonly int _dilationHeight;
    private readonly int _dilationWidth;
    private readonly bool _wholeRows;

    /// <summary>The windows of a forward convolution.</summary>
    internal PatchSource(in ConvShape shape)
    {
        _height = shape.Height;
        _width = shape.Width;
        _channels = shape.Channels;
        _groupChannels = shape.GroupChannels;
        _kernelHeight = shape.KernelHeight;
        _kernelWidth = shape.KernelWidth;
        _positionsHeight = shape.OutputHeight;
        _positionsWidth = shape.OutputWidth;
        _strideHeight = shape.StrideHeight;
        _strideWidth = shape.StrideWidth;
        _originHeight = -shape.PaddingTop;
        _originWidth = -shape.PaddingLeft;
        _dilationHeight = shape.DilationHeight;
        _dilationWidth = shape.DilationWidth;
        _wholeRows = shape.Groups == 1 && shape.DilationWidth == 1;
    }

    /// <summary>Windows of stride one over the gradient of a convolution's output, one for each position of the input.</summary>
    internal PatchSource(
        in ConvShape shape, int positionsHeight, int positionsWidth, int kernelHeight, int kernelWidth,
        int originHeight, int originWidth, int dilationHeight, int dilationWidth)
    {
        _height = shape.OutputHeight;
        _width = shape.OutputWidth;
        _channels = shape.OutputChannels;
        _groupChannels = shape.GroupOutputChannels;
        _kernelHeight = kernelHeight;
        _kernelWidth = kernelWidth;
        _positionsHeight = positionsHeight;
        _positionsWidth = positionsWidth;
        _strideHeight = 1;
        _strideWidth = 1;
        _originHeight = originHeight;
        _originWidth = originWidth;
        _dilationHeight = dilationHeight;
        _dilationWidth = dilationWidth;
        _wholeRows = shape.Groups == 1 && dilationWidth == 1;
    }

    /// <summary>
    /// Copies elements <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/> of the patches of consecutive
    /// positions, each patch <paramref name="targetStride"/> behind the one before.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void CopyPatches(float* image, int group, long position, int positions, int start, int count, float* target, int targetStride)
    {
        int perImage = _positionsHeight * _positionsWidth;
        long batch = position / perImage;
        int inImage = (int)(position % perImage);
        int y = inImage / _positionsWidth;
        int x = inImage % _positionsWidth;
        float* plane = image + (batch * _height * _width * _channels) + ((long)group * _groupChannels);
        for (int i = 0; i < positions; i++, target += targetStride)
        {
            CopyPatch(plane, (y * _strideHeight) + _originHeight, (x * _strideWidth) + _originWidth, start, count, target);
            if (++x < _positionsWidth)
                continue;
            x = 0;
            if (++y < _positionsHeight)
                continue;
            y = 0;
            plane += (long)_height * _width * _channels;
        }
    }

    /// <summary>For images of one channel: for each element of the patch, a row of the values at consecutive positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void CopyDepthMajor(float* image, long position, int positions, int start, int count, float* target, int targetStride)
    {
        Debug.Assert(_channels == 1);
        int perImage = _positionsHeight * _positionsWidth;
        int done = 0;
        while (done < positions)
        {
            long batch = (position + done) / perImage;
            int inImage = (int)((position + done) % perImage);
            int y = inImage / _positionsWidth;
            int x = inImage % _positionsWidth;
            int run = Math.Min(positions - done, _positionsWidth - x);
            float* plane = image + (batch * _height * _width);
            for (int element = start; element < start + count; element++)
            {
                int imageY = (y * _strideHeight) + _originHeight + (element / _kernelWidth * _dilationHeight);
                int imageX = (x * _strideWidth) + _originWidth + (element % _kernelWidth * _dilationWidth);
                CopyRun(plane, imageY, imageX, run, target + ((long)(element - start) * targetStride) + done);
            }

            done += run;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CopyRun(float* plane, int y, int x, int run, float* target)
    {
        if ((uint)y >= (uint)_height)
        {
            for (int i = 0; i < run; i++)
                target[i] = 0f;
            return;
        }

        float* row = plane + ((long)y * _width);
        if (_strideWidth == 1 && x >= 0 && x + run <= _width)
        {
            Packing.Copy(row + x, target, run);
            return;
        }

        for (int i = 0; i < run; i++, x += _strideWidth)
            target[i] = (uint)x < (uint)_width ? row[x] : 0f;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CopyPatch(float* plane, int y, int x, int start, int count, float* target)
    {
        int rowLength = _kernelWidth * _groupChannels;
        bool insideWidth = _wholeRows && x >= 0 && x + _kernelWidth <= _width;
        int kernelRow = start / rowLength;
        int offset = start - (kernelRow * rowLength);
        while (count > 0)
        {
            int length = Math.Min(rowLength - offset, count);
            int imageY = y + (kernelRow * _dilationHeight);
            if ((uint)imageY >= (uint)_height)
                Packing.Clear(target, length);
            else if (insideWidth)
                Packing.Copy(plane + ((((long)imageY * _width) + x) * _channels) + offset, target, length);
            else
                CopyTaps(plane + ((long)imageY * _width * _channels), x, offset, length, target);
            target += length;
            count -= length;
            offset = 0;
            kernelRow++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CopyTaps(float* row, int x, int offset, int length, float* target)
    {
        int tap = offset / _groupChannels;
        int channel = offset - (tap * _groupChannels);
        while (length > 0)
        {
            int part = Math.Min(_groupChannels - channel, length);
            int imageX = x + (tap * _dilationWidth);
            if ((uint)imageX < (uint)_width)
                Packing.Copy(row + ((long)imageX * _channels) + channel, target, part);
            else
                Packing.Clear(target, part);
            target += part;
            length -= part;
            channel = 0;
            tap++;
        }
    }
}
