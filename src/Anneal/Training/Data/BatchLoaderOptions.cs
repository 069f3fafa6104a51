namespace Anneal;

/// <summary>The order in which the examples of an epoch come.</summary>
public enum BatchOrder
{
    /// <summary>A new random order for every epoch, which follows from the seed and the number of the epoch alone.</summary>
    Shuffled,

    /// <summary>The order of the data set, in every epoch.</summary>
    Sequential,
}

/// <summary>What happens to the examples that do not fill a last batch.</summary>
public enum Remainder
{
    /// <summary>They come as a smaller batch.</summary>
    Keep,

    /// <summary>They are left out of this epoch.</summary>
    Drop,
}

/// <summary>How a <see cref="BatchLoader"/> goes through a data set.</summary>
public sealed record BatchLoaderOptions
{
    /// <summary>The number of examples in a batch; at least 1 and at most the number of examples.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The order of the examples.</summary>
    public BatchOrder Order { get; init; } = BatchOrder.Shuffled;

    /// <summary>Chooses the orders of a shuffled run.</summary>
    public long Seed { get; init; }

    /// <summary>What happens to a last batch that is smaller.</summary>
    public Remainder Remainder { get; init; } = Remainder.Keep;

    /// <summary>
    /// How many batches are prepared ahead on another thread; 0 prepares each when it is asked for, on the thread that asks. The
    /// batches are the same either way.
    /// </summary>
    public int Prefetch { get; init; } = 2;

    /// <summary>The number of epochs after which there is nothing more to load, counted from epoch 0; null for no end.</summary>
    public int? Epochs { get; init; }

    /// <summary>The epoch to begin with, to go on where an earlier run stopped.</summary>
    public int FirstEpoch { get; init; }

    /// <summary>The batch of the first epoch to begin with, to go on where an earlier run stopped.</summary>
    public int FirstBatch { get; init; }
}
