namespace Anneal.Data;

/// <summary>Cuts sequences that are too long.</summary>
internal static class TokenTruncation
{
    /// <summary>Cuts a text or a pair.</summary>
    /// <param name="texts">The tokens of one or two texts.</param>
    /// <param name="options">How.</param>
    /// <param name="added">How many tokens will be added.</param>
    /// <returns>What is kept, and behind it what was cut off in parts as long.</returns>
    internal static List<List<TokenPiece>> Cut(List<TokenPiece> texts, TruncationOptions options, int added)
    {
        if (options.MaxLength < added)
        {
            throw new TokenizationException(
                $"Sequences of at most {options.MaxLength} tokens have no room for the {added} that are added around the text. Raise MaxLength, or turn AddSpecialTokens off.");
        }

        if (options.Stride < 0)
            throw new OptionException($"The stride of a truncation is {options.Stride}, which is negative.");
        int most = options.MaxLength - added, total = texts.Sum(t => t.Ids.Length);
        if (total <= most)
            return [texts];

        // Where there is room for nothing, every strategy leaves nothing.
        int[] lengths = most == 0 ? new int[texts.Count] : Lengths(texts, options, most, total - most);
        List<TokenPiece>[] windows = [.. texts.Select((text, i) => Windows(text, lengths[i], options))];
        return windows.Length == 1 ? [.. windows[0].Select(w => (List<TokenPiece>)[w])] : Pairs(windows[0], windows[1]);
    }

    /// <summary>
    /// Each part of the one goes with each part of the other: first what is kept of both, then what was cut off the first text with all of the second, then
    /// what is kept of the first with what was cut off the second.
    /// </summary>
    private static List<List<TokenPiece>> Pairs(List<TokenPiece> firsts, List<TokenPiece> seconds)
    {
        var pairs = new List<List<TokenPiece>> { new() { firsts[0], seconds[0] } };
        foreach (TokenPiece first in firsts.Skip(1))
            pairs.AddRange(seconds.Select(second => (List<TokenPiece>)[first, second]));
        pairs.AddRange(seconds.Skip(1).Select(second => (List<TokenPiece>)[firsts[0], second]));
        return pairs;
    }

    private static int[] Lengths(List<TokenPiece> texts, TruncationOptions options, int most, int removed)
    {
        int[] lengths = [.. texts.Select(t => t.Ids.Length)];
        if (texts.Count == 1 && options.Strategy == TruncationStrategy.LongestFirst)
            return [most];
        if (options.Strategy == TruncationStrategy.LongestFirst)
        {
            int shorter = Math.Min(lengths[0], lengths[1]), longer = shorter > most ? shorter : Math.Max(shorter, most - shorter);
            if (shorter + longer > most)
            {
                shorter = most / 2;
                longer = shorter + most % 2;
            }

            return lengths[0] <= lengths[1] ? [shorter, longer] : [longer, shorter];
        }

        int target = options.Strategy == TruncationStrategy.OnlyFirst ? 0 : 1;
        if (target >= texts.Count)
            throw new TokenizationException("Only the second text is to be cut, but there is only one.");
        if (lengths[target] <= removed)
        {
            throw new TokenizationException(
                $"{removed} tokens are too many, but the text that may be cut has only {lengths[target]}. Use TruncationStrategy.LongestFirst.");
        }

        lengths[target] -= removed;
        return lengths;
    }

    private static List<TokenPiece> Windows(TokenPiece text, int length, TruncationOptions options)
    {
        int count = text.Ids.Length;
        if (count <= length)
            return [text];
        if (length == 0)
            return [text.Slice(0, 0), text];
        if (options.Stride >= length)
            throw new TokenizationException($"The stride of a truncation, {options.Stride}, is not smaller than the {length} tokens of each part.");
        var windows = new List<TokenPiece>();
        for (int at = 0; ; at += length - options.Stride)
        {
            bool isLast = at + length >= count;
            int end = isLast ? count : at + length;
            windows.Add(options.Side == SequenceSide.Right ? text.Slice(at, end) : text.Slice(count - end, count - at));
            if (isLast)
                return windows;
        }
    }
}
