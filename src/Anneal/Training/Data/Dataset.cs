using System.Globalization;

namespace Anneal;

/// <summary>
/// Examples to learn from or to judge by, each with one or more inputs and any number of targets, read by index. Derive from it to
/// read examples from anywhere; <see cref="ArrayDataset"/> holds them in memory.
/// </summary>
/// <remarks>A data set does not change, and <see cref="FillCore"/> must be safe to call from several threads at once.</remarks>
public abstract class Dataset
{
    private readonly TensorType[] _inputs, _targets;

    /// <summary>Describes the examples.</summary>
    /// <param name="count">The number of examples.</param>
    /// <param name="inputs">The type of each input of one example, without a batch axis; at least one.</param>
    /// <param name="targets">The type of each target of one example, without a batch axis; none where there is nothing to learn.</param>
    /// <param name="hasWeights">Whether every example has a weight.</param>
    /// <exception cref="DatasetException">The count is negative, or there is no input.</exception>
    protected Dataset(int count, IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> targets, bool hasWeights = false)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        if (count < 0)
            throw new DatasetException($"A data set cannot have {count} examples.");
        if (inputs.Count == 0)
            throw new DatasetException("A data set needs at least one input, but none was given.");
        (Count, HasWeights) = (count, hasWeights);
        (_inputs, _targets) = ([.. inputs], [.. targets]);
    }

    /// <summary>The number of examples.</summary>
    public int Count { get; }

    /// <summary>The type of each input of one example, without a batch axis.</summary>
    public IReadOnlyList<TensorType> Inputs => _inputs;

    /// <summary>The type of each target of one example, without a batch axis.</summary>
    public IReadOnlyList<TensorType> Targets => _targets;

    /// <summary>Whether every example has a weight, by which its loss is multiplied.</summary>
    public bool HasWeights { get; }

    /// <summary>Makes a data set of one input and one target held in memory.</summary>
    /// <param name="x">The inputs, <c>[n, ...]</c>.</param>
    /// <param name="y">The targets, <c>[n, ...]</c>.</param>
    /// <param name="weights">The weight of each example, <c>float32[n]</c>, or null.</param>
    /// <exception cref="DatasetException">The numbers of examples differ.</exception>
    public static ArrayDataset From(TensorData x, TensorData y, TensorData? weights = null) => new([x], [y], weights);

    /// <summary>Makes a data set of one input and no target, to predict from.</summary>
    /// <param name="x">The inputs, <c>[n, ...]</c>.</param>
    public static ArrayDataset From(TensorData x) => new([x], []);

    /// <summary>Memory for examples of this data set.</summary>
    /// <param name="count">The number of examples, at least 1.</param>
    public Batch CreateBatch(int count) => new(this, count);

    /// <summary>Copies examples into a batch.</summary>
    /// <param name="indices">Which examples, in which order; one may come more than once.</param>
    /// <param name="batch">Where to; it holds exactly as many examples as there are indices.</param>
    /// <exception cref="DatasetException">An index is out of range, or the batch was made for other examples.</exception>
    public void Fill(ReadOnlySpan<int> indices, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Count != indices.Length)
            throw new DatasetException($"The batch has room for {batch.Count} examples, but {indices.Length} were asked for.");
        if (!batch.Fits(this))
        {
            throw new DatasetException(
                "The batch was made for a data set with other inputs, targets or weights. Make it with CreateBatch of this data set.");
        }

        foreach (int index in indices)
        {
            if ((uint)index >= (uint)Count)
                throw new DatasetException($"Example {index} does not exist: the data set has examples 0 to {Count - 1}.");
        }

        batch.SetIndices(indices);
        FillCore(indices, batch);
    }

    /// <summary>Writes the examples of these indices into the rows of a batch. The arguments have been checked.</summary>
    /// <param name="indices">Which example goes into each row.</param>
    /// <param name="batch">Where to; every input, target and weight of every row must be written.</param>
    protected abstract void FillCore(ReadOnlySpan<int> indices, Batch batch);

    /// <summary>The integer label of every example, read from a target that is one integer.</summary>
    /// <param name="target">Which target holds the labels.</param>
    /// <exception cref="DatasetException">There is no such target, or it is not one integer an example.</exception>
    public virtual long[] Labels(int target = 0)
    {
        RequireLabels(target);
        var labels = new long[Count];
        Batch one = CreateBatch(1);
        for (int i = 0; i < labels.Length; i++)
        {
            Fill([i], one);
            labels[i] = LabelAt(one.Targets[target], 0);
        }

        return labels;
    }

    /// <summary>A view of chosen examples. Nothing is copied.</summary>
    /// <param name="indices">Which examples, in which order.</param>
    /// <exception cref="DatasetException">An index is out of range.</exception>
    public Dataset Subset(ReadOnlySpan<int> indices) => SubsetDataset.Of(this, indices);

    /// <summary>A view of the first examples.</summary>
    /// <param name="count">How many, from 0 to <see cref="Count"/>.</param>
    /// <exception cref="DatasetException">There are fewer.</exception>
    public Dataset Take(int count) => Range(0, RequireAtMostCount(count));

    /// <summary>A view without the first examples.</summary>
    /// <param name="count">How many to leave out, from 0 to <see cref="Count"/>.</param>
    /// <exception cref="DatasetException">There are fewer.</exception>
    public Dataset Skip(int count) => Range(RequireAtMostCount(count), Count - count);

    /// <summary>A view of all examples in another order, the same for the same seed everywhere.</summary>
    /// <param name="seed">Chooses the order.</param>
    public Dataset Shuffle(long seed)
    {
        var order = new int[Count];
        Permutation.Fill(order, seed, PermutationUse.Shuffle);
        return Subset(order);
    }

    /// <summary>Splits the examples at random in two parts that share none.</summary>
    /// <param name="fraction">The share of the first part, between 0 and 1.</param>
    /// <param name="seed">Chooses which example goes where.</param>
    /// <exception cref="DatasetException">One part would be empty.</exception>
    public (Dataset First, Dataset Second) Split(double fraction, long seed)
    {
        int first = FirstCount(fraction);
        var order = new int[Count];
        Permutation.Fill(order, seed, PermutationUse.Split);
        return (Subset(order.AsSpan(0, first)), Subset(order.AsSpan(first)));
    }

    /// <summary>
    /// Splits the examples at random in two parts that share none, so that every label has the same share of both, to the nearest
    /// whole example.
    /// </summary>
    /// <param name="fraction">The share of the first part, between 0 and 1.</param>
    /// <param name="seed">Chooses which example goes where.</param>
    /// <param name="target">Which target holds the labels, one integer an example.</param>
    /// <exception cref="DatasetException">One part would be empty, or the target is not one integer an example.</exception>
    public (Dataset First, Dataset Second) SplitStratified(double fraction, long seed, int target = 0)
    {
        int first = FirstCount(fraction);
        long[] labels = Labels(target);
        Dictionary<long, int> quota = Stratify(labels, first);
        var order = new int[Count];
        Permutation.Fill(order, seed, PermutationUse.Split);

        var firstPart = new List<int>(first);
        var secondPart = new List<int>(Count - first);
        foreach (int index in order)
        {
            bool toFirst = quota[labels[index]] > 0;
            if (toFirst)
                quota[labels[index]]--;
            (toFirst ? firstPart : secondPart).Add(index);
        }

        return (Subset(firstPart.ToArray()), Subset(secondPart.ToArray()));
    }

    /// <summary>The same examples with an input turned into normalized float32. Nothing is copied.</summary>
    /// <param name="normalization">What to do with each value; it comes after a normalization that is already there.</param>
    /// <param name="input">Which input.</param>
    /// <exception cref="DTypeException">The input is not float32 (examples in memory may have any type of number).</exception>
    /// <exception cref="ShapeException">The normalization has another number of features than the last axis of the input.</exception>
    public virtual Dataset Normalize(Normalization normalization, int input = 0) => new NormalizedDataset(this, normalization, input);

    internal void RequireInput(int input)
    {
        if ((uint)input >= (uint)_inputs.Length)
            throw new DatasetException($"The data set has no input {input}: it has {_inputs.Length}.");
    }

    private protected void RequireLabels(int target)
    {
        if ((uint)target >= (uint)_targets.Length)
            throw new DatasetException($"The data set has no target {target}: it has {_targets.Length}.");
        TensorType type = _targets[target];
        if (!type.DType.IsInteger() || type.Shape.ElementCount != 1)
            throw new DatasetException($"Labels are one integer for each example, but target {target} is {type}.");
    }

    // A double holds every integer of up to 32 bits, but not every one of 64.
    private protected static unsafe long LabelAt(TensorData data, long index) =>
        data.DType == DType.Int64 ? ((long*)data.Pointer)[index] : (long)data.GetDouble(index);

    private Dataset Range(int start, int count)
    {
        var indices = new int[count];
        for (int i = 0; i < count; i++)
            indices[i] = start + i;
        return Subset(indices);
    }

    private int RequireAtMostCount(int count)
    {
        if (count < 0 || count > Count)
            throw new DatasetException($"Cannot take or skip {count} examples: the data set has {Count}.");
        return count;
    }

    private int FirstCount(double fraction)
    {
        // Written so that NaN fails too.
        if (!(fraction > 0 && fraction < 1))
        {
            throw new DatasetException(
                string.Create(CultureInfo.InvariantCulture, $"A split needs a fraction between 0 and 1, but got {fraction}."));
        }

        int first = (int)Math.Round(fraction * Count, MidpointRounding.AwayFromZero);
        if (first == 0 || first == Count)
        {
            throw new DatasetException(string.Create(CultureInfo.InvariantCulture,
                $"A split of {Count} examples at {fraction} leaves one part empty: {first} and {Count - first} examples."));
        }

        return first;
    }

    /// <summary>How many examples of each label go to the first part: largest remainders, ties to the smaller label.</summary>
    private static Dictionary<long, int> Stratify(long[] labels, int first)
    {
        var counts = new SortedDictionary<long, int>();
        foreach (long label in labels)
            counts[label] = counts.GetValueOrDefault(label) + 1;

        var quota = new Dictionary<long, int>();
        var remainders = new List<(long Remainder, long Label)>();
        int left = first;
        foreach ((long label, int count) in counts)
        {
            (long whole, long remainder) = Math.DivRem((long)count * first, labels.Length);
            quota[label] = (int)whole;
            left -= (int)whole;
            remainders.Add((remainder, label));
        }

        foreach ((_, long label) in remainders.OrderByDescending(r => r.Remainder).ThenBy(r => r.Label).Take(left))
            quota[label]++;
        return quota;
    }
}
