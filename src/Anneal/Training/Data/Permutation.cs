namespace Anneal;

/// <summary>What an order of examples is made for; different uses of one seed give unrelated orders.</summary>
internal enum PermutationUse : uint
{
    Epoch = 1,
    Shuffle = 2,
    Split = 3,
    Fold = 4,
}

/// <summary>Seeded orders of examples.</summary>
internal static class Permutation
{
    /// <summary>Fills <paramref name="order"/> with 0, 1, 2 ... in an order that follows from seed, use and epoch alone.</summary>
    internal static void Fill(Span<int> order, long seed, PermutationUse use, long epoch = 0)
    {
        Identity(order);
        var random = new RandomWords(seed, (uint)use, epoch);
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = (int)random.NextBelow((uint)i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
    }

    /// <summary>Fills <paramref name="order"/> with 0, 1, 2 and so on.</summary>
    internal static void Identity(Span<int> order)
    {
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
    }
}
