namespace Anneal;

/// <summary>One division of a data set.</summary>
/// <param name="Training">The examples to learn from, in rising order.</param>
/// <param name="Validation">The examples to judge by, in rising order; none of them is among the others.</param>
public sealed record Fold(IReadOnlyList<int> Training, IReadOnlyList<int> Validation)
{
    /// <summary>A fold whose validation part is the examples of a number.</summary>
    internal static Fold Of(int[] numbers, int number) => new(
        [.. Enumerable.Range(0, numbers.Length).Where(i => numbers[i] != number)], [.. Enumerable.Range(0, numbers.Length).Where(i => numbers[i] == number)]);
}

/// <summary>Divides a data set into k parts, each of which judges once what was learned from the others.</summary>
public abstract class FoldSplitter
{
    private protected FoldSplitter(int k, int repeats, long? seed)
    {
        string name = GetType().Name;
        K = k >= 2 ? k : throw new OptionException(FormattableString.Invariant($"{name}: k must be at least 2, but is {k}."));
        Repeats = Require.AtLeastOne(repeats, name, nameof(repeats));
        Seed = seed is null or >= 0 ? seed : throw new OptionException(FormattableString.Invariant($"{name}: seed must be at least 0, or null, but is {seed}."));
        if (seed is null && repeats > 1)
            throw new OptionException($"{name}: {nameof(repeats)} without a seed would give the same folds again.");
    }

    /// <summary>The number of parts.</summary>
    public int K { get; }

    /// <summary>How many times the data set is divided, in another order each time.</summary>
    public int Repeats { get; }

    /// <summary>Chooses which example goes where; null keeps the order of the data set.</summary>
    public long? Seed { get; }

    /// <summary>The folds: <see cref="K"/> for each repetition. They follow from the data set's size or labels and the seed alone.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="warnings">Where to note what is allowed but unwise; null leaves it unsaid.</param>
    /// <exception cref="DatasetException">There are too few examples.</exception>
    public IReadOnlyList<Fold> Split(Dataset data, ICollection<string>? warnings = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Count < K)
            throw new DatasetException(FormattableString.Invariant($"{GetType().Name}: {K} folds need at least {K} examples, but the data set has {data.Count}."));
        var folds = new List<Fold>(K * Repeats);
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            int[] numbers = Number(data, repeat, repeat == 0 ? warnings : null);
            for (int k = 0; k < K; k++)
                folds.Add(Fold.Of(numbers, k));
        }

        return folds;
    }

    /// <summary>The number of the part, from 0 to k - 1, in which each example judges.</summary>
    private protected abstract int[] Number(Dataset data, int repeat, ICollection<string>? warnings);

    /// <summary>0 to count - 1 in the order of a repetition.</summary>
    private protected int[] Order(int count, int repeat)
    {
        var order = new int[count];
        if (Seed is { } seed)
            Permutation.Fill(order, seed, PermutationUse.Fold, repeat);
        else
            Permutation.Identity(order);
        return order;
    }
}

/// <summary>k parts whose sizes differ by at most one; the first ones are larger.</summary>
public sealed class KFold : FoldSplitter
{
    /// <summary>Makes the splitter.</summary>
    /// <param name="k">The number of parts; at least 2.</param>
    /// <param name="seed">Shuffles the examples; null divides them as they lie.</param>
    /// <param name="repeats">How many times to divide; more than one needs a seed.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public KFold(int k = 5, long? seed = 0, int repeats = 1) : base(k, repeats, seed)
    {
    }

    private protected override int[] Number(Dataset data, int repeat, ICollection<string>? warnings)
    {
        int[] order = Order(data.Count, repeat), numbers = new int[data.Count];
        (int size, int larger) = (data.Count / K, data.Count % K);
        for (int i = 0; i < order.Length; i++)
        {
            int inLarger = larger * (size + 1);
            numbers[order[i]] = i < inLarger ? i / (size + 1) : larger + (i - inLarger) / size;
        }

        return numbers;
    }
}

/// <summary>
/// k parts whose sizes differ by at most one, and in which the number of examples of each class differs by at most one too. As in scikit-learn
/// a class with fewer than k examples is a warning, and an error only if every class has fewer.
/// </summary>
public sealed class StratifiedKFold : FoldSplitter
{
    private readonly int _target;

    /// <summary>Makes the splitter.</summary>
    /// <param name="k">The number of parts; at least 2.</param>
    /// <param name="seed">Shuffles the examples of each class; null takes them as they lie.</param>
    /// <param name="repeats">How many times to divide; more than one needs a seed.</param>
    /// <param name="target">Which target of the data set holds the labels, one whole number for each example.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public StratifiedKFold(int k = 5, long? seed = 0, int repeats = 1, int target = 0) : base(k, repeats, seed) => _target = target;

    private protected override int[] Number(Dataset data, int repeat, ICollection<string>? warnings)
    {
        long[] labels = data.Labels(_target);
        (long Label, int[] Examples)[] classes =
            [.. Order(data.Count, repeat).GroupBy(i => labels[i]).OrderBy(g => g.Key).Select(g => (g.Key, g.ToArray()))];
        (long label, int[] fewest) = classes.MinBy(c => c.Examples.Length);
        if (classes.All(c => c.Examples.Length < K))
        {
            throw new DatasetException(FormattableString.Invariant(
                $"{nameof(StratifiedKFold)}: {K} folds need a class of at least {K} examples, but the largest has {classes.Max(c => c.Examples.Length)}."));
        }

        if (fewest.Length < K)
            warnings?.Add(FormattableString.Invariant($"{nameof(StratifiedKFold)}: the class {label} has {fewest.Length} examples, fewer than {K} folds; some folds have none of it."));

        // One class after the other takes the parts in turn, going on where the one before it stopped.
        var numbers = new int[data.Count];
        int next = 0;
        foreach (int example in classes.SelectMany(c => c.Examples))
            numbers[example] = next++ % K;
        return numbers;
    }
}

/// <summary>
/// k parts of whole groups: examples of one group, such as one patient, are never on both sides. The largest groups are dealt first, each to the part that
/// is smallest then, so sizes are near but not equal.
/// </summary>
public sealed class GroupKFold : FoldSplitter
{
    private readonly long[] _groups;

    /// <summary>Makes the splitter.</summary>
    /// <param name="groups">The group of each example.</param>
    /// <param name="k">The number of parts; at least 2.</param>
    /// <exception cref="OptionException">k is out of range.</exception>
    public GroupKFold(ReadOnlySpan<long> groups, int k = 5) : base(k, 1, null) => _groups = groups.ToArray();

    private protected override int[] Number(Dataset data, int repeat, ICollection<string>? warnings)
    {
        if (_groups.Length != data.Count)
            throw new DatasetException(FormattableString.Invariant($"{nameof(GroupKFold)}: expected a group for each of {data.Count} examples, but found {_groups.Length}."));
        (long Group, int Size)[] groups = [.. _groups.GroupBy(g => g).Select(g => (g.Key, g.Count())).OrderByDescending(g => g.Item2).ThenBy(g => g.Key)];
        if (groups.Length < K)
            throw new DatasetException(FormattableString.Invariant($"{nameof(GroupKFold)}: {K} folds need at least {K} groups, but there are {groups.Length}."));
        var sizes = new int[K];
        var parts = new Dictionary<long, int>();
        foreach ((long group, int size) in groups)
        {
            int smallest = Array.IndexOf(sizes, sizes.Min());
            sizes[smallest] += size;
            parts[group] = smallest;
        }

        return Array.ConvertAll(_groups, g => parts[g]);
    }
}
