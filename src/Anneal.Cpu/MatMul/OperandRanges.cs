using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>Two ranges of memory that are walked over one behind the other, in floats.</summary>
internal readonly unsafe struct OperandRanges(float* first, long firstLength, float* second, long secondLength)
{
    private readonly float* _first = first;
    private readonly float* _second = second;
    private readonly long _firstLength = firstLength;

    internal long Length { get; } = firstLength + secondLength;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal float* At(long position) => position < _firstLength ? _first + position : _second + (position - _firstLength);

    /// <summary>From a position to the end of its range.</summary>
    internal long LengthFrom(long position) => position < _firstLength ? _firstLength - position : Length - position;
}
