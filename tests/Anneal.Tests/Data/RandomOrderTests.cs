using Anneal.Ops;

namespace Anneal.Tests.Data;

public sealed class RandomOrderTests
{
    // The known answers of Random123, the generator's first publication.
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void PhiloxGivesThePublishedWords(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint w0, uint w1, uint w2, uint w3)
    {
        Assert.Equal((w0, w1, w2, w3), Philox.Block(c0, c1, c2, c3, k0, k1));
    }

    [Fact]
    public void NumbersBelowABoundAreEquallyLikely()
    {
        var random = new RandomWords(7, 1, 0);
        var counts = new int[6];
        for (int i = 0; i < 60_000; i++)
            counts[random.NextBelow(6)]++;

        // Five standard deviations of a binomial count.
        Assert.All(counts, c => Assert.InRange(c, 10_000 - 457, 10_000 + 457));
    }

    [Fact]
    public void AnOrderNeverChanges()
    {
        // These values are part of the promise that a seed makes: a run of an earlier release can be repeated.
        var order = new int[10];
        Permutation.Fill(order, 42, PermutationUse.Epoch, 3);
        Assert.Equal("8 2 4 3 9 6 1 5 0 7", string.Join(' ', order));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public void AnOrderHoldsEveryIndexOnce(int count)
    {
        var order = new int[count];
        Permutation.Fill(order, -5, PermutationUse.Shuffle);
        Assert.Equal(Enumerable.Range(0, count), order.Order());
    }

    [Fact]
    public void SeedUseAndEpochEachChangeTheOrder()
    {
        int[][] orders = [Make(1, PermutationUse.Epoch, 0), Make(2, PermutationUse.Epoch, 0), Make(1, PermutationUse.Split, 0),
            Make(1, PermutationUse.Epoch, 1), Make(1, PermutationUse.Epoch, 1L << 40), Make(1L << 40, PermutationUse.Epoch, 0)];
        Assert.Equal(orders.Length, orders.Select(o => string.Join(',', o)).Distinct().Count());

        static int[] Make(long seed, PermutationUse use, long epoch)
        {
            var order = new int[100];
            Permutation.Fill(order, seed, use, epoch);
            return order;
        }
    }
}
