using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// Puts the keys or values of the next tokens in their places: (cache <c>[rows, heads, capacity, dimension]</c>, fresh
/// <c>[rows, heads, time, dimension]</c>, positions <c>[rows]</c>) to the cache with token i of row r at <c>positions[r] + i</c>. Places outside of
/// the capacity are left out.
/// </summary>
internal sealed record CacheWrite : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override int? OverwrittenInput => 0;

    internal override string? NoGradientReason => "fills a memory for generation";

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Shape cache = inputs[0].Shape, fresh = inputs[1].Shape;
        Gather.RequireIndices(inputs[2].DType);
        if (inputs[0].DType != inputs[1].DType)
            throw new OperandException("needs fresh values of the cache's type.", isDType: true);
        bool fits = cache.Rank == 4 && fresh.Rank == 4 && fresh[0] == cache[0] && fresh[1] == cache[1] && fresh[3] == cache[3] && inputs[2].Shape == cache[..1];
        if (!fits)
            throw new OperandException("needs a cache [rows, heads, capacity, dimension], fresh values that differ from it in time only, and a position for each row.");
        return [inputs[0]];
    }

    // Not null, which would be taken for a gradient of 0.
    internal override Tensor?[] Gradient(GradientCall call) =>
        throw new TraceException($"{Name} has no gradient: {NoGradientReason}. Hint: train without a cache.");

    internal override void Reference(ReferenceCall call)
    {
        Shape cache = call.InputShape(0), fresh = call.InputShape(1);
        call.Inputs[0].CopyTo(call.Outputs[0], 0);
        for (long i = 0; i < call.Inputs[1].Length; i++)
        {
            long dimension = i % cache[3], time = i / cache[3] % fresh[2], head = i / cache[3] / fresh[2], place = (long)call.Inputs[2][head / cache[1]] + time;
            if (place >= 0 && place < cache[2])
                call.Outputs[0][(((head * cache[2]) + place) * cache[3]) + dimension] = call.Inputs[1][i];
        }
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>
/// Attention of the next tokens to a cache: (query <c>[rows, heads, time, dimension]</c>, keys and values
/// <c>[rows, key heads, capacity, dimension]</c>, positions <c>[rows]</c>) to <c>[rows, heads, time, dimension]</c>. Token i of row r stands at
/// <c>positions[r] + i</c> and attends to all places up to its own, of which only the last <c>Window</c> where that is not 0. Each key head serves a
/// group of neighbouring query heads. What lies behind a token's place is not read; a token at a place below 0 attends to nothing and gets 0.
/// </summary>
/// <param name="Scale">What scores are multiplied by.</param>
/// <param name="Window">How many tokens back a token sees, its own included; 0 is all.</param>
internal sealed record CachedAttention(double Scale, long Window) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override string? NoGradientReason => "reads a memory for generation";

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Shape query = inputs[0].Shape, keys = inputs[1].Shape;
        Gather.RequireIndices(inputs[3].DType);
        if (inputs[0].DType != inputs[1].DType || inputs[0].DType != inputs[2].DType)
            throw new OperandException("needs queries, keys and values of one type.", isDType: true);
        bool fits = query.Rank == 4 && keys.Rank == 4 && inputs[2].Shape == keys && query[0] == keys[0] && query[3] == keys[3]
            && keys[1] > 0 && query[1] % keys[1] == 0 && inputs[3].Shape == query[..1];
        if (!fits)
            throw new OperandException("needs queries [rows, heads, time, dimension], keys and values [rows, key heads, capacity, dimension], and a position for each row.");
        return [inputs[0]];
    }

    // Not null, which would be taken for a gradient of 0.
    internal override Tensor?[] Gradient(GradientCall call) =>
        throw new TraceException($"{Name} has no gradient: {NoGradientReason}. Hint: train without a cache.");

    /// <summary>The places that a token attends to: from the first up to, not including, the end.</summary>
    internal (long First, long End) PlacesOf(long place, long capacity)
    {
        long end = Math.Clamp(place + 1, 0, capacity);
        return (Window == 0 ? 0 : Math.Clamp(place + 1 - Window, 0, end), end);
    }

    internal override void Reference(ReferenceCall call)
    {
        Shape query = call.InputShape(0), keys = call.InputShape(1);
        long time = query[2], dimension = query[3], capacity = keys[2], group = query[1] / keys[1];
        for (long i = 0; i < query[0] * query[1] * time; i++)
        {
            long head = i / time, place = (long)call.Inputs[3][head / query[1]] + (i % time), origin = head / group * capacity * dimension;
            (long first, long end) = PlacesOf(place, capacity);
            var scores = new double[end - first];
            for (long j = first; j < end; j++)
            {
                for (long d = 0; d < dimension; d++)
                    scores[j - first] += Scale * call.Inputs[0][(i * dimension) + d] * call.Inputs[1][origin + (j * dimension) + d];
            }

            double largest = scores.Length == 0 ? 0 : scores.Max(), sum = scores.Sum(s => Math.Exp(s - largest));
            for (long j = first; j < end; j++)
            {
                double weight = Math.Exp(scores[j - first] - largest) / sum;
                for (long d = 0; d < dimension; d++)
                    call.Outputs[0][(i * dimension) + d] += weight * call.Inputs[2][origin + (j * dimension) + d];
            }
        }
    }

    internal override double CountOperations(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs) =>
        4.0 * inputs[0].Shape.ElementCount * inputs[1].Shape[2];

    internal override OpRecord Record => OpRecord.Standard;
}
