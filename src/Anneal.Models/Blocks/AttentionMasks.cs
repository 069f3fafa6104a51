namespace Anneal.Models;

/// <summary>Masks of attention.</summary>
internal static class AttentionMasks
{
    /// <summary>A mask as users give it, as bool.</summary>
    /// <param name="mask">Numbers or truth values <c>[batch, time]</c>; what is not 0 counts.</param>
    /// <param name="tokens">The shape that it must have.</param>
    internal static Tensor Counted(Tensor mask, Shape tokens)
    {
        if (mask.Shape != tokens)
            throw new ShapeException($"An attention mask has the shape of the tokens {tokens}, but found {mask.Shape}.");
        return mask.DType == DType.Bool ? mask : mask.NotEqualTo(0);
    }

    /// <summary>Segments as users give them, in the shape of the tokens.</summary>
    internal static Tensor Segments(Tensor segments, Shape tokens)
    {
        if (segments.Shape != tokens)
            throw new ShapeException($"Segments have the shape of the tokens {tokens}, but found {segments.Shape}.");
        return segments.DType is DType.Int32 or DType.Int64 ? segments : throw new DTypeException($"Segments are int32 or int64, but found {segments.Type}.");
    }

    /// <summary>Keys of the query's own segment: <c>[batch, 1, queries, keys]</c>.</summary>
    internal static Tensor SameSegment(Tensor segments)
    {
        (long batch, long time) = (segments.Shape[0], segments.Shape[1]);
        Shape shape = [batch, 1, time, time];
        return segments.Reshape(batch, 1, time, 1).BroadcastTo(shape).EqualTo(segments.Reshape(batch, 1, 1, time).BroadcastTo(shape));
    }

    /// <summary>Each token's number, from 0, among those that it may attend to; 0 where there is none.</summary>
    /// <param name="allowed">A causal mask <c>[batch, 1, queries, keys]</c>.</param>
    internal static Tensor PlacesIn(Tensor allowed) => Tensor.Maximum(
        allowed.Cast(DType.Float32).Sum([-1]).Reshape(allowed.Shape[0], allowed.Shape[2]).Cast(DType.Int64) - 1, Tensor.Zeros([], DType.Int64));

    /// <summary>Each token's number among those that count, from 0; tokens before the first have 0.</summary>
    internal static Tensor PositionsOf(Tensor counted) =>
        Tensor.Maximum(counted.Cast(DType.Int64).CumulativeSum(-1) - 1, Tensor.Zeros([], DType.Int64)).Cast(DType.Int64);

    /// <summary>Keys that count, for every query: <c>[batch, 1, 1, keys]</c>.</summary>
    internal static Tensor Keys(Tensor counted) => counted.Reshape(counted.Shape[0], 1, 1, counted.Shape[1]);

    /// <summary>Keys that stand no later than the query, no further back than a window, and count: <c>[batch or 1, 1, time, time]</c>.</summary>
    internal static Tensor Causal(long time, int? window, Tensor? counted)
    {
        Tensor keys = Tensor.Range(time), queries = keys.ExpandAxis(-1);
        Tensor allowed = keys.LessOrEqual(queries);
        if (window is { } width)
            allowed &= keys.GreaterThan(queries - width);
        allowed = allowed.Reshape(1, 1, time, time);
        return counted is null ? allowed : allowed.BroadcastTo([counted.Shape[0], 1, time, time]) & Keys(counted).BroadcastTo([counted.Shape[0], 1, time, time]);
    }
}
