namespace Anneal.Data;

/// <summary>
/// Text that is being rewritten step by step, and for each of its code units the range of the original text that it came from. As long as nothing
/// was inserted, removed or moved the ranges are implied.
/// </summary>
internal sealed class AlignedText
{
    private const int SmallestCapacity = 256;

    // What a pooled text keeps at most; larger buffers are dropped after use.
    private const int LargestKept = 1 << 20;

    private char[] _chars = new char[SmallestCapacity], _newChars = [];
    private int[] _starts = [], _ends = [], _newStarts = [], _newEnds = [];
    private int _newLength;
    private bool _isIdentity = true;

    /// <summary>How many code units there are.</summary>
    internal int Length { get; private set; }

    /// <summary>Where in the original text this part begins.</summary>
    internal int Origin { get; private set; }

    internal ReadOnlySpan<char> Chars => _chars.AsSpan(0, Length);

    /// <summary>The units, to be replaced by others from the same place.</summary>
    internal Span<char> MutableChars => _chars.AsSpan(0, Length);

    /// <summary>Begins with a part of the original text; halves of surrogate pairs become U+FFFD.</summary>
    /// <param name="part">The part.</param>
    /// <param name="origin">Where it stands in the whole.</param>
    internal void Reset(ReadOnlySpan<char> part, int origin)
    {
        (Length, Origin, _isIdentity) = (part.Length, origin, true);
        if (_chars.Length < part.Length || _chars.Length > LargestKept)
            _chars = new char[Math.Max(part.Length, SmallestCapacity)];
        if (_newChars.Length > LargestKept)
            _newChars = [];
        if (_starts.Length > LargestKept)
            _starts = _ends = [];
        if (_newStarts.Length > LargestKept)
            _newStarts = _newEnds = [];
        part.CopyTo(_chars);
        CodePoints.RepairSurrogates(MutableChars);
    }

    /// <summary>Where the unit at an index begins in the original text.</summary>
    internal int StartOf(int index) => _isIdentity ? Origin + index : _starts[index];

    /// <summary>Where the unit at an index ends in the original text.</summary>
    internal int EndOf(int index) => _isIdentity ? Origin + index + 1 : _ends[index];

    /// <summary>Begins to write the text that takes this one's place.</summary>
    internal void BeginRewrite()
    {
        _newLength = 0;
        EnsureNew(Length + 16);
    }

    /// <summary>How many units were written since <see cref="BeginRewrite"/>.</summary>
    internal int Written => _newLength;

    /// <summary>Writes a code point that stands for the units from one index up to another.</summary>
    internal void Write(int codePoint, int from, int to)
    {
        EnsureNew(_newLength + 2);
        int start = StartOf(from), end = EndOf(to - 1);
        int count = CodePoints.Write(codePoint, _newChars.AsSpan(_newLength));
        for (int i = 0; i < count; i++)
            (_newStarts[_newLength + i], _newEnds[_newLength + i]) = (start, end);
        _newLength += count;
    }

    /// <summary>Writes text of which every unit stands for the units from one index up to another.</summary>
    internal void Write(ReadOnlySpan<char> text, int from, int to)
    {
        EnsureNew(_newLength + text.Length);
        text.CopyTo(_newChars.AsSpan(_newLength));
        _newStarts.AsSpan(_newLength, text.Length).Fill(StartOf(from));
        _newEnds.AsSpan(_newLength, text.Length).Fill(EndOf(to - 1));
        _newLength += text.Length;
    }

    /// <summary>Writes text that stands for nothing, at an index.</summary>
    internal void WriteInserted(ReadOnlySpan<char> text, int at = 0)
    {
        int position = at < Length ? StartOf(at) : Length > 0 ? EndOf(Length - 1) : Origin;
        EnsureNew(_newLength + text.Length);
        text.CopyTo(_newChars.AsSpan(_newLength));
        _newStarts.AsSpan(_newLength, text.Length).Fill(position);
        _newEnds.AsSpan(_newLength, text.Length).Fill(position);
        _newLength += text.Length;
    }

    /// <summary>Takes back the last units that were written.</summary>
    internal void Unwrite(int count) => _newLength -= count;

    /// <summary>Whether the last unit that was written is this one.</summary>
    internal bool EndsWith(char unit) => _newLength > 0 && _newChars[_newLength - 1] == unit;

    /// <summary>Turns places in this text into places in the original one.</summary>
    internal void ToOriginal(Span<int> starts, Span<int> ends)
    {
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = StartOf(starts[i]);
            ends[i] = EndOf(ends[i] - 1);
        }
    }

    /// <summary>Writes the units from one index up to another as they are.</summary>
    internal void Copy(int from, int to)
    {
        int count = to - from;
        EnsureNew(_newLength + count);
        _chars.AsSpan(from, count).CopyTo(_newChars.AsSpan(_newLength));
        if (_isIdentity)
        {
            Span<int> starts = _newStarts.AsSpan(_newLength, count), ends = _newEnds.AsSpan(_newLength, count);
            for (int i = 0; i < starts.Length; i++)
            {
                starts[i] = Origin + from + i;
                ends[i] = Origin + from + i + 1;
            }

            WidenPairs(_newChars.AsSpan(_newLength, count), starts, ends);
        }
        else
        {
            _starts.AsSpan(from, count).CopyTo(_newStarts.AsSpan(_newLength));
            _ends.AsSpan(from, count).CopyTo(_newEnds.AsSpan(_newLength));
        }

        _newLength += count;
    }

    /// <summary>What was written takes the place of the text.</summary>
    internal void EndRewrite()
    {
        (_chars, _newChars) = (_newChars, _chars);
        (_starts, _newStarts) = (_newStarts, _starts);
        (_ends, _newEnds) = (_newEnds, _ends);
        (Length, _isIdentity) = (_newLength, false);
    }

    /// <summary>
    /// Replaces the text by code points each of which stands for one of the old ones in order (change 0), for one and as many after it as are
    /// removed (negative), or for nothing and so shares the range of the one before (positive).
    /// </summary>
    internal void Replace(ReadOnlySpan<(int CodePoint, int Change)> points)
    {
        BeginRewrite();
        WriteChanged(points, 0);
        EndRewrite();
    }

    /// <summary>Writes code points with their changes, as <see cref="Replace"/> does, beginning with the old text at an index.</summary>
    internal void WriteChanged(ReadOnlySpan<(int CodePoint, int Change)> points, int from)
    {
        ReadOnlySpan<char> old = Chars;
        int index = from, previous = from;
        Span<char> units = stackalloc char[2];
        foreach ((int point, int change) in points)
        {
            if (change > 0 || index >= old.Length)
            {
                if (index > previous)
                    Write(point, previous, index);
                else
                    WriteInserted(units[..CodePoints.Write(point, units)]);
                continue;
            }

            CodePoints.At(old, index, out int length);
            Write(point, index, index + length);
            for (int left = -change; ; left--)
            {
                previous = index;
                index += length;
                if (left == 0 || index >= old.Length)
                    break;
                CodePoints.At(old, index, out length);
            }
        }
    }

    // Both halves of a pair stand for the whole of it.
    private static void WidenPairs(ReadOnlySpan<char> chars, Span<int> starts, Span<int> ends)
    {
        for (int i = chars.IndexOfAnyInRange('\uD800', '\uDBFF'); i >= 0;)
        {
            ends[i] = ends[i + 1];
            starts[i + 1] = starts[i];
            int next = chars[(i + 2)..].IndexOfAnyInRange('\uD800', '\uDBFF');
            i = next < 0 ? -1 : i + 2 + next;
        }
    }

    private void EnsureNew(int length)
    {
        if (_newChars.Length < length)
            Array.Resize(ref _newChars, Grow(_newChars.Length, length));
        if (_newStarts.Length < length)
        {
            Array.Resize(ref _newStarts, Grow(_newStarts.Length, length));
            Array.Resize(ref _newEnds, _newStarts.Length);
        }
    }

    private static int Grow(int now, int needed) => Math.Max(needed, (int)Math.Min(2L * now, Array.MaxLength));
}
