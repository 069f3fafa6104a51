using System.Runtime.CompilerServices;

namespace Anneal;

/// <summary>What layers add to the loss while a function is traced: penalties of activities, and what <see cref="Layer.AddLoss"/> is given.</summary>
internal static class AddedLosses
{
    private static readonly ConditionalWeakTable<Trace, List<(Layer Layer, Tensor Loss)>> Recorded = [];

    /// <summary>Notes a loss. Outside of a trace there is no training, so there is nothing to note.</summary>
    internal static void Add(Layer layer, Tensor loss)
    {
        if (Trace.Current is { } trace)
            Recorded.GetOrCreateValue(trace).Add((layer, loss));
    }

    /// <summary>What a layer and those inside of it have added in a trace.</summary>
    internal static IEnumerable<Tensor> Of(Trace trace, Layer layer) =>
        Recorded.TryGetValue(trace, out List<(Layer Layer, Tensor Loss)>? losses) ? losses.Where(l => layer.Contains(l.Layer)).Select(l => l.Loss) : [];
}
