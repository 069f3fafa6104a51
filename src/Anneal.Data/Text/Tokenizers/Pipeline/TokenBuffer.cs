namespace Anneal.Data;

/// <summary>Tokens as they are found: their ids and the code units that they stand for.</summary>
internal sealed class TokenBuffer
{
    private const int LargestKept = 1 << 18;
    private int[] _ids = new int[64], _starts = new int[64], _ends = new int[64];

    internal int Count { get; private set; }

    internal Span<int> Ids => _ids.AsSpan(0, Count);

    internal Span<int> Starts => _starts.AsSpan(0, Count);

    internal Span<int> Ends => _ends.AsSpan(0, Count);

    /// <summary>The texts of tokens whose text is not that of their id: what a model does not know.</summary>
    internal List<(int Index, string Text)> Surfaces { get; } = [];

    internal void Clear()
    {
        Count = 0;
        Surfaces.Clear();
        if (_ids.Length > LargestKept)
            (_ids, _starts, _ends) = (new int[64], new int[64], new int[64]);
    }

    internal void Add(int id, int start, int end)
    {
        if (Count == _ids.Length)
            Grow(Count + 1);
        (_ids[Count], _starts[Count], _ends[Count]) = (id, start, end);
        Count++;
    }

    /// <summary>Adds tokens whose places are relative to a word's.</summary>
    internal void Add(ReadOnlySpan<WordToken> tokens, int offset)
    {
        if (Count + tokens.Length > _ids.Length)
            Grow(Count + tokens.Length);
        int at = Count;
        foreach (ref readonly WordToken token in tokens)
        {
            (_ids[at], _starts[at], _ends[at]) = (token.Id, offset + token.Start, offset + token.End);
            at++;
        }

        Count = at;
    }

    /// <summary>The last token reaches further.</summary>
    internal void ExtendLast(int end) => _ends[Count - 1] = end;

    private void Grow(int least)
    {
        int length = Math.Max(least, 2 * _ids.Length);
        Array.Resize(ref _ids, length);
        Array.Resize(ref _starts, length);
        Array.Resize(ref _ends, length);
    }
}

/// <summary>A token of a word and the code units of the word that it stands for.</summary>
internal readonly record struct WordToken(int Id, int Start, int End);
