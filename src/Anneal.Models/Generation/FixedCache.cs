using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Models;

/// <summary>
/// Keys and values of one text for a fixed number of tokens: a pair of states <c>[1, key heads, capacity, dimension]</c> for each layer, which
/// the programs that read a prompt and a token update in place. What a token may attend to follows from its position, so that what stands behind
/// it does not matter as long as it is finite.
/// </summary>
internal sealed class FixedCache
{
    private readonly State[] _keys, _values;
    private readonly int _capacity;

    internal FixedCache(CacheExtents extents, int capacity)
    {
        _capacity = capacity;
        var shape = new Shape(1, extents.Heads, capacity, extents.Dimension);
        _keys = new State[extents.Layers];
        _values = new State[extents.Layers];
        for (int i = 0; i < extents.Layers; i++)
        {
            _keys[i] = new State(shape, FormattableString.Invariant($"layer_{i}/keys"));
            _values[i] = new State(shape, FormattableString.Invariant($"layer_{i}/values"));
        }
    }

    /// <summary>The cache of a pass over a whole prompt, which begins a new text.</summary>
    /// <param name="time">The tokens of the pass, at most the capacity.</param>
    internal KeyValueCache Prefill(long time) => new PrefillPass(this, time);

    /// <summary>The cache of a pass over one token.</summary>
    /// <param name="position">The token's position, int64 <c>[1]</c>.</param>
    internal KeyValueCache Decode(Tensor position) => new DecodePass(this, position);

    /// <summary>The prompt attends to itself alone; behind it zeros take the place of the text before.</summary>
    private sealed class PrefillPass(FixedCache cache, long time) : KeyValueCache
    {
        internal override (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
        {
            cache._keys[layer].Assign(Filled(keys));
            cache._values[layer].Assign(Filled(values));
            return (keys, values);
        }

        internal override Tensor Mask(int? window) => AttentionMasks.Causal(time, window, null);

        private Tensor Filled(Tensor x) => time == cache._capacity ? x : Tensor.Concat(2, x, Tensor.Zeros([1, x.Shape[1], cache._capacity - time, x.Shape[3]], x.DType));
    }

    /// <summary>The token's keys and values take their place, and it attends to all up to its own.</summary>
    private sealed class DecodePass(FixedCache cache, Tensor position) : KeyValueCache
    {
        internal override (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values) => (Put(cache._keys[layer], keys), Put(cache._values[layer], values));

        internal override Tensor Mask(int? window)
        {
            Tensor allowed = Places.LessOrEqual(position);
            if (window is { } width)
                allowed &= Places.GreaterThan(position - width);
            return allowed.Reshape(1, 1, 1, cache._capacity);
        }

        internal override Tensor Attend(int layer, Tensor query, Tensor keys, Tensor values, CachedLimits limits)
        {
            (Tensor allKeys, Tensor allValues) = Append(layer, keys, values);
            double scale = limits.Scale ?? 1 / Math.Sqrt(query.Shape[3]);
            return Node.Apply(new CachedAttention(scale, limits.Window ?? 0), query, allKeys, allValues, position);
        }

        private Tensor Places => Tensor.Range(cache._capacity, DType.Int64);

        private Tensor Put(State state, Tensor x)
        {
            Tensor updated = Node.Apply(new CacheWrite(), state, x, position);
            state.Assign(updated);
            return updated;
        }
    }
}
