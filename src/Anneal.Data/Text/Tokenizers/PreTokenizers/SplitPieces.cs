namespace Anneal.Data;

/// <summary>Gathers the matches of a text and what stands between them, in order, and makes splits of them.</summary>
internal ref struct SplitPieces(SplitText text, SplitBehavior behavior)
{
    private int _start, _end;
    private bool _isMatch, _hasPending;

    /// <summary>Adds the next piece; empty ones do not count.</summary>
    internal void Add(int start, int end, bool isMatch)
    {
        if (end <= start)
            return;
        switch (behavior)
        {
            case SplitBehavior.Isolated:
                text.Add(start, end);
                break;
            case SplitBehavior.Removed:
                if (!isMatch)
                    text.Add(start, end);
                break;
            case SplitBehavior.Contiguous:
                Join(start, end, isMatch, _isMatch == isMatch);
                break;
            case SplitBehavior.MergedWithPrevious:
                Join(start, end, isMatch, isMatch && !_isMatch);
                break;
            case SplitBehavior.MergedWithNext:
                Join(start, end, isMatch, !isMatch && _isMatch);
                break;
            default:
                throw new OptionException($"{behavior} is not a way to split.");
        }
    }

    internal void End()
    {
        if (_hasPending)
            text.Add(_start, _end);
        _hasPending = false;
    }

    private void Join(int start, int end, bool isMatch, bool joins)
    {
        if (_hasPending && joins)
        {
            _end = end;
        }
        else
        {
            End();
            (_start, _end, _hasPending) = (start, end, true);
        }

        _isMatch = isMatch;
    }
}
