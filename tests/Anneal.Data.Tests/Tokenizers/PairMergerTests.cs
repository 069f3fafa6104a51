namespace Anneal.Data.Tests;

public sealed class PairMergerTests
{
    /// <summary>Short words are scanned and long ones use a heap; both must do what the definition says.</summary>
    [Fact]
    public void BothWaysFollowTheDefinition()
    {
        var random = new Random(6);
        for (int round = 0; round < 2000; round++)
        {
            int letters = 2 + random.Next(3), next = letters;
            var pairs = new PairTable(40);
            var ranks = new Dictionary<(int, int), (int Rank, int Merged)>();
            for (int rank = 0; rank < 3 + random.Next(30); rank++)
            {
                (int, int) pair = (random.Next(next), random.Next(next));
                if (!ranks.TryAdd(pair, (rank / (1 + round % 3), next)))
                    continue;
                pairs.Set(pair.Item1, pair.Item2, ranks[pair].Rank, next++);
            }

            int[] word = [.. Enumerable.Range(0, 1 + random.Next(80)).Select(_ => random.Next(-1, letters))];
            var merger = new PairMerger(pairs);
            merger.Clear();
            for (int i = 0; i < word.Length; i++)
                merger.Add(word[i], i, i + 1);
            merger.Merge();
            Assert.Equal(Define(word, ranks), merger.Symbols.ToArray().Select(s => (s.Id, s.Start, s.End)));
        }
    }

    private static List<(int Id, int Start, int End)> Define(int[] word, Dictionary<(int, int), (int Rank, int Merged)> ranks)
    {
        List<(int Id, int Start, int End)> symbols = [.. word.Select((id, i) => (id, i, i + 1))];
        while (true)
        {
            int best = -1;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                if (ranks.TryGetValue((symbols[i].Id, symbols[i + 1].Id), out var pair) && (best < 0 || pair.Rank < ranks[(symbols[best].Id, symbols[best + 1].Id)].Rank))
                    best = i;
            }

            if (best < 0)
                return symbols;
            symbols[best] = (ranks[(symbols[best].Id, symbols[best + 1].Id)].Merged, symbols[best].Start, symbols[best + 1].End);
            symbols.RemoveAt(best + 1);
        }
    }
}
