using System.Runtime.InteropServices;

namespace Anneal.Data;

/// <summary>A part of a text: from one code unit up to another, and the id of the added token that it is, or -1.</summary>
internal readonly record struct TextSplit(int Start, int End, int TokenId = TextSplit.NoToken)
{
    internal const int NoToken = -1;

    internal int Length => End - Start;
}

/// <summary>Text and the parts that it is cut into before a model sees them, in order, with gaps where text was removed.</summary>
internal sealed class SplitText
{
    private const int LargestKept = 1 << 18;
    private List<TextSplit> _splits = [], _next = [];

    internal AlignedText Text { get; } = new();

    internal ReadOnlySpan<TextSplit> Splits => CollectionsMarshal.AsSpan(_splits);

    /// <summary>Begins with a part of the original text as one split.</summary>
    internal void Reset(ReadOnlySpan<char> part, int origin)
    {
        Text.Reset(part, origin);
        if (_splits.Capacity > LargestKept)
            _splits = [];
        if (_next.Capacity > LargestKept)
            _next = [];
        _next.Clear();
        ResetSplits();
    }

    /// <summary>The whole of the text is one split again.</summary>
    internal void ResetSplits()
    {
        _splits.Clear();
        if (Text.Length > 0)
            _splits.Add(new TextSplit(0, Text.Length));
    }

    /// <summary>Adds a split to the next list; empty ones are left out.</summary>
    internal void Add(int start, int end)
    {
        if (end > start)
            _next.Add(new TextSplit(start, end));
    }

    /// <summary>Adds a split to the next list.</summary>
    internal void Add(TextSplit split) => _next.Add(split);

    /// <summary>The list that was added to takes the place of the present one.</summary>
    internal void Commit()
    {
        (_splits, _next) = (_next, _splits);
        _next.Clear();
    }
}
