using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Anneal.Data;

/// <summary>Counts the words of a corpus.</summary>
internal static class WordCounter
{
    /// <summary>Counts words as a tokenizer with these components would cut them.</summary>
    /// <returns>Words and how often they occur, the most frequent first and equal ones in the order of their code units: the same for any number of threads.</returns>
    internal static List<(string Word, long Count)> Count(
        IEnumerable<string> corpus, Normalizer? normalizer, PreTokenizer? preTokenizer, IReadOnlyList<AddedToken> special, int? threads)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        var added = new AddedTokens([.. special.Select((token, id) => (token, id))], normalizer);
        var counters = new ConcurrentBag<Counter>();
        try
        {
            Parallel.ForEach(
                corpus, new ParallelOptions { MaxDegreeOfParallelism = threads ?? Environment.ProcessorCount },
                () => counters.TryTake(out Counter? counter) ? counter : new Counter(normalizer, preTokenizer, added),
                (text, _, counter) =>
                {
                    counter.Add(text ?? throw new OptionException("A text of the corpus is null."));
                    return counter;
                },
                counters.Add);
        }
        catch (AggregateException e) when (e.InnerExceptions[0] is AnnealException)
        {
            throw e.InnerExceptions[0];
        }

        var total = new Dictionary<string, long>();
        foreach (Counter counter in counters)
        {
            foreach ((string word, long count) in counter.Words)
                CollectionsMarshal.GetValueRefOrAddDefault(total, word, out _) += count;
        }

        var words = total.Select(pair => (Word: pair.Key, Count: pair.Value)).ToList();
        words.Sort((a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : string.CompareOrdinal(a.Word, b.Word));
        return words;
    }

    /// <summary>One thread's part.</summary>
    private sealed class Counter(Normalizer? normalizer, PreTokenizer? preTokenizer, AddedTokens added)
    {
        private readonly SplitText _split = new();
        private readonly List<TextSplit> _parts = [];

        internal Dictionary<string, long> Words { get; } = [];

        internal void Add(string text)
        {
            // Special tokens in a corpus are no words.
            _parts.Clear();
            added.Find(text, null, new TypedTokenRule(TypedSpecialTokens.Tokens, "", null), _parts);
            var lookup = Words.GetAlternateLookup<ReadOnlySpan<char>>();
            foreach (TextSplit part in _parts)
            {
                if (part.TokenId != TextSplit.NoToken)
                    continue;
                _split.Reset(text.AsSpan(part.Start, part.Length), part.Start);
                normalizer?.Apply(_split.Text);
                _split.ResetSplits();
                preTokenizer?.Apply(_split);
                foreach (TextSplit split in _split.Splits)
                    CollectionsMarshal.GetValueRefOrAddDefault(lookup, _split.Text.Chars[split.Start..split.End], out _)++;
            }
        }
    }
}
