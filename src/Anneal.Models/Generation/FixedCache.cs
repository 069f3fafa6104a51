using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Models;

/// <summary>
/// Keys and values of several texts for a fixed number of tokens each: a pair of states <c>[rows, key heads, capacity, dimension]</c> for each layer.
/// Prompts are copied in from the program that reads them; the program that reads a token of each text updates the states in place. What a token may
/// attend to follows from its position, so that what stands behind it does not matter as long as it is finite.
/// </summary>
internal sealed class FixedCache
{
    private readonly State[] _keys, _values;
    private readonly CacheExtents _extents;
    private readonly int _rows, _capacity;

    internal FixedCache(CacheExtents extents, int rows, int capacity)
    {
        (_extents, _rows, _capacity) = (extents, rows, capacity);
        var shape = new Shape(rows, extents.Heads, capacity, extents.Dimension);
        _keys = new State[extents.Layers];
        _values = new State[extents.Layers];
        for (int i = 0; i < extents.Layers; i++)
        {
            _keys[i] = new State(shape, FormattableString.Invariant($"layer_{i}/keys"));
            _values[i] = new State(shape, FormattableString.Invariant($"layer_{i}/values"));
        }
    }

    /// <summary>The cache of a pass over one token of each text.</summary>
    /// <param name="positions">The tokens' positions, int64 <c>[rows]</c>.</param>
    /// <param name="source">Of which row each row goes on with the text, int64 <c>[rows]</c>; null is its own.</param>
    internal KeyValueCache Decode(Tensor positions, Tensor? source = null) => new DecodePass(this, positions, source);

    /// <summary>All keys and values of each layer, for a pass that appends none.</summary>
    internal IReadOnlyList<(Tensor Keys, Tensor Values)> Read() => [.. _keys.Zip(_values, (k, v) => ((Tensor)k, (Tensor)v))];

    /// <summary>Begins texts: puts the first tokens of one text in the place of what rows held.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="copies">How many rows begin with this text.</param>
    /// <param name="layers">Keys and values of each layer in turn, <c>[1, key heads, time, dimension]</c>.</param>
    /// <param name="count">How many of these tokens count, at most the capacity.</param>
    internal void Fill(int first, int copies, ReadOnlySpan<TensorData> layers, int count)
    {
        for (int i = 0; i < layers.Length; i++)
        {
            State state = (i % 2 == 0 ? _keys : _values)[i / 2];
            TensorData from = layers[i], to = state.Storage;
            int width = from.DType.Size() * _extents.Dimension;
            long time = from.Shape[2];
            for (int head = 0; head < _extents.Heads; head++)
            {
                Span<byte> tokens = from.AsBytes(head * time * width, count * width);
                for (int row = first; row < first + copies; row++)
                    tokens.CopyTo(to.AsBytes(((long)row * _extents.Heads + head) * _capacity * width, tokens.Length));
            }

            state.MarkChanged();
        }
    }

    /// <summary>Each token's keys and values take their place, and it attends to all of its text up to its own.</summary>
    private sealed class DecodePass(FixedCache cache, Tensor positions, Tensor? source) : KeyValueCache
    {
        internal override (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values) => (Put(cache._keys[layer], keys), Put(cache._values[layer], values));

        internal override Tensor Mask(int? window)
        {
            Tensor last = positions.ExpandAxis(-1), allowed = Places.LessOrEqual(last);
            if (window is { } width)
                allowed &= Places.GreaterThan(last - width);
            return allowed.Reshape(cache._rows, 1, 1, cache._capacity);
        }

        internal override Tensor Attend(int layer, Tensor query, Tensor keys, Tensor values, CachedLimits limits)
        {
            (Tensor allKeys, Tensor allValues) = Append(layer, keys, values);
            double scale = limits.Scale ?? 1 / Math.Sqrt(query.Shape[3]);
            return Node.Apply(new CachedAttention(scale, limits.Window ?? 0), query, allKeys, allValues, positions);
        }

        private Tensor Places => Tensor.Range(cache._capacity, DType.Int64);

        private Tensor Put(State state, Tensor x)
        {
            Tensor held = source is null ? state : state.Read().Gather(0, source), updated = Node.Apply(new CacheWrite(), held, x, positions);
            state.Assign(updated);
            return updated;
        }
    }
}

/// <summary>The cache of a pass over a whole prompt: the prompt attends to itself alone, and its keys and values are results of the program.</summary>
/// <param name="time">The tokens of the pass.</param>
internal sealed class PromptCache(long time) : KeyValueCache
{
    private readonly SortedDictionary<int, (Tensor Keys, Tensor Values)> _layers = [];

    /// <summary>Keys and values of each layer in turn, <c>[batch, key heads, time, dimension]</c>.</summary>
    internal IEnumerable<Tensor> Appended => _layers.Values.SelectMany(l => new[] { l.Keys, l.Values });

    internal override (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values) => _layers[layer] = (keys, values);

    internal override Tensor Mask(int? window) => AttentionMasks.Causal(time, window, null);
}
