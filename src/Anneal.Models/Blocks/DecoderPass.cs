namespace Anneal.Models;

/// <summary>
/// What all layers share in one pass of tokens through a decoder: where the tokens stand, what may attend to what, and a cache where there is
/// one. Masks are made once for each width of window.
/// </summary>
internal sealed class DecoderPass
{
    private readonly Dictionary<int, Tensor> _masks = [];
    private readonly Tensor? _counted, _segments;
    private readonly long _time;
    private RotaryTables? _tables;

    /// <summary>A pass over whole sequences.</summary>
    /// <param name="ids">The tokens <c>[batch, time]</c>.</param>
    /// <param name="attentionMask">Which tokens count, <c>[batch, time]</c>; null is all.</param>
    /// <param name="positions">The positions <c>[time]</c> or <c>[batch, time]</c>; null counts the tokens that count, from 0, in each text.</param>
    /// <param name="segments">Which text of its row each token belongs to, <c>[batch, time]</c>, 0 for none; null is one text a row.</param>
    internal DecoderPass(Tensor ids, Tensor? attentionMask, Tensor? positions, Tensor? segments = null)
    {
        _time = ids.Shape[^1];
        _counted = attentionMask is null ? null : AttentionMasks.Counted(attentionMask, ids.Shape);
        if (segments is not null)
        {
            _segments = AttentionMasks.Segments(segments, ids.Shape);
            _counted = _counted is null ? _segments.NotEqualTo(0) : _counted & _segments.NotEqualTo(0);
        }

        HasGivenPositions = positions is not null || _counted is not null;
        Positions = positions ?? (_counted is null ? Tensor.Range(_time, DType.Int64)
            : _segments is null ? AttentionMasks.PositionsOf(_counted) : AttentionMasks.PlacesIn(Mask(0)));
    }

    /// <summary>A pass over the next tokens of sequences whose beginning is in a cache.</summary>
    /// <param name="ids">The tokens <c>[batch, time]</c>.</param>
    /// <param name="positions">Their positions, <c>[batch, time]</c> or <c>[time]</c>.</param>
    /// <param name="cache">What is remembered.</param>
    internal DecoderPass(Tensor ids, Tensor positions, KeyValueCache cache) =>
        (_time, Positions, Cache, HasGivenPositions) = (ids.Shape[^1], positions, cache, true);

    internal Tensor Positions { get; }

    internal KeyValueCache? Cache { get; }

    /// <summary>One more than the largest position where that is known while the pass is traced.</summary>
    internal long? KnownLength => HasGivenPositions ? null : _time;

    private bool HasGivenPositions { get; }

    /// <summary>The angles by which queries and keys of this pass are turned, computed once for all layers.</summary>
    internal RotaryTables Turn(Rotary rotary)
    {
        if (_tables is not null)
            return _tables;
        (Tensor cos, Tensor sin) = rotary.Tables(Positions, KnownLength);
        return _tables = new RotaryTables(cos, sin, rotary.Pairing);
    }

    /// <summary>What an attention of a layer is given.</summary>
    /// <param name="window">How many tokens back the layer sees; null is all.</param>
    internal AttentionCall CallOf(int? window)
    {
        (Tensor? mask, bool causal) = Limits(window);
        return new AttentionCall(mask, causal) { Cache = Cache, IsLimitedByPosition = true, Window = window };
    }

    /// <summary>What limits attention in a layer: a mask, or none but the order of the tokens.</summary>
    private (Tensor? Mask, bool Causal) Limits(int? window)
    {
        int width = window is { } given && (Cache is not null || given < _time) ? given : 0;
        if (Cache is null && _counted is null && width == 0)
            return (null, true);
        return (Mask(width), false);
    }

    /// <summary>The mask of a width; 0 is without a window.</summary>
    private Tensor Mask(int width)
    {
        if (_masks.TryGetValue(width, out Tensor? mask))
            return mask;
        int? window = width == 0 ? null : width;
        mask = Cache?.Mask(window) ?? AttentionMasks.Causal(_time, window, _counted);
        return _masks[width] = _segments is null ? mask : mask & AttentionMasks.SameSegment(_segments);
    }
}
