namespace Anneal.Data;

/// <summary>Whether both parts of a split have the same share of every label.</summary>
public enum SplitBalance
{
    /// <summary>Chance alone decides.</summary>
    Random,

    /// <summary>Every label has the same share of both parts, to the nearest whole example.</summary>
    Stratified,
}

/// <summary>How to split data for training and testing.</summary>
public sealed record TrainTestSplitOptions
{
    /// <summary>The share of the test part, between 0 and 1.</summary>
    public double TestFraction { get; init; } = 0.2;

    /// <summary>Chooses which example goes where.</summary>
    public long Seed { get; init; }

    /// <summary>Whether both parts have the same share of every label.</summary>
    public SplitBalance Balance { get; init; } = SplitBalance.Random;

    /// <summary>Which target holds the labels of a stratified split, one integer an example.</summary>
    public int Target { get; init; }
}

/// <summary>Splits examples in a part to train on and a part to test on.</summary>
public static class TrainTestSplit
{
    /// <summary>Splits a data set at random; the same seed gives the same split everywhere. Nothing is copied.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="DatasetException">A part would be empty, or a stratified split has no integer labels.</exception>
    public static (Dataset Train, Dataset Test) Of(Dataset data, TrainTestSplitOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        options ??= new TrainTestSplitOptions();

        // The test part is the first, so that its size is the rounded one.
        (Dataset test, Dataset train) = options.Balance switch
        {
            SplitBalance.Random => data.Split(options.TestFraction, options.Seed),
            SplitBalance.Stratified => data.SplitStratified(options.TestFraction, options.Seed, options.Target),
            _ => throw new OptionException($"{options.Balance} is not a way to balance a split."),
        };
        return (train, test);
    }

    /// <summary>Splits a list at random in two parts that share nothing.</summary>
    /// <param name="items">What is split.</param>
    /// <param name="testFraction">The share of the test part, between 0 and 1.</param>
    /// <param name="seed">Chooses what goes where; the same everywhere.</param>
    /// <exception cref="DatasetException">A part would be empty, or the fraction is not between 0 and 1.</exception>
    public static (T[] Train, T[] Test) Of<T>(IReadOnlyList<T> items, double testFraction, long seed)
    {
        ArgumentNullException.ThrowIfNull(items);
        int[] places = [.. Enumerable.Range(0, items.Count)];
        (Dataset test, Dataset train) = Dataset.From(TensorData.From(places)).Split(testFraction, seed);
        return (Items(train), Items(test));

        T[] Items(Dataset part)
        {
            Batch batch = part.CreateBatch(part.Count);
            part.Fill([.. Enumerable.Range(0, part.Count)], batch);
            return Array.ConvertAll(batch.Inputs[0].ToArray<int>(), p => items[p]);
        }
    }
}
