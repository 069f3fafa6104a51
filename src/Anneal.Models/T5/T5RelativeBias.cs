namespace Anneal.Models;

/// <summary>
/// A learned bias of the scores for each head and bucket of distances. Short distances have a bucket each; longer ones share buckets that grow
/// with the logarithm. Where tokens look both ways, half of the buckets are for keys behind the query.
/// </summary>
internal sealed class T5RelativeBias : Layer
{
    private readonly int _buckets, _heads, _longest;
    private readonly int[] _bucketOf;
    private Parameter? _table;

    internal T5RelativeBias(T5Config config, bool bothWays, string name) : base(name)
    {
        (_buckets, _heads, _longest) = (config.BucketCount, config.HeadCount, config.MaximumDistance);
        _bucketOf = new int[2 * _longest + 1];
        for (int distance = -_longest; distance <= _longest; distance++)
            _bucketOf[distance + _longest] = Bucket(distance, bothWays, config.BucketCount, config.MaximumDistance);
    }

    internal Parameter Table => _table!;

    /// <summary>The bias <c>[1, heads, queries, keys]</c>.</summary>
    /// <param name="positions">The positions of the queries, whole numbers <c>[queries]</c>.</param>
    /// <param name="keys">The number of keys, which stand at 0 and on.</param>
    internal Tensor Between(Tensor positions, long keys) => ApplyAll([positions], inputs => [Bias(inputs[0], keys)])[0];

    /// <summary>The bucket of a key's distance from the query, in the float32 arithmetic of published models.</summary>
    internal static int Bucket(int distance, bool bothWays, int buckets, int longest)
    {
        int first = 0, size = buckets, away = Math.Max(-distance, 0);
        if (bothWays)
        {
            size /= 2;
            first = distance > 0 ? size : 0;
            away = Math.Abs(distance);
        }

        int exact = size / 2;
        if (away < exact)
            return first + away;
        float share = MathF.Log(away / (float)exact) / (float)Math.Log(longest / (double)exact) * (size - exact);
        return first + Math.Min(exact + (int)share, size - 1);
    }

    protected override void Build(Shape inputShape) => _table = AddParameter("bias", [_buckets, _heads], new RandomNormal(0, 0.05));

    protected override Tensor Call(Tensor input) => Bias(input, input.Shape[0]);

    private Tensor Bias(Tensor positions, long keys)
    {
        Tensor distance = Tensor.Range(keys, DType.Int64) - positions.Cast(DType.Int64).ExpandAxis(-1);
        Tensor limit = Tensor.Full([], _longest, DType.Int64);
        Tensor place = Tensor.Minimum(Tensor.Maximum(distance, -limit), limit) + limit;
        Tensor bias = ((Tensor)_table!).Gather(Tensor.From(_bucketOf).Gather(place));
        return bias.Transpose(2, 0, 1).ExpandAxis(0);
    }
}
