using System.Runtime.CompilerServices;

namespace Anneal;

/// <summary>What layers add to the loss while a function is traced: penalties of activities, and what <see cref="Layer.AddLoss"/> is given.</summary>
internal static class AddedLosses
{
    private static readonly ConditionalWeakTable<Trace, List<(Layer Layer, Tensor Loss)>> Recorded = [];

    /// <summary>Notes a loss. Outside of a trace there is no training, so there is nothing to note.</summary>
    /// <exception cref="TraceException">The trace is the body of a loop that hands no losses on.</exception>
    internal static void Add(Layer layer, Tensor loss)
    {
        if (Trace.Current is not { } trace)
            return;
        if (trace.IsBody && !Recorded.TryGetValue(trace, out _) && IsTraced(trace))
        {
            throw new TraceException(
                $"Layer {layer.Path} adds to the loss within {trace.Name}, which it cannot leave. Hint: apply it in a {nameof(RecurrentCell)} of {nameof(Rnn)}, "
                + $"or hand the loss on as an output of the loop and add its sum outside with {nameof(Layer.AddLoss)}.");
        }

        Recorded.GetOrCreateValue(trace).Add((layer, loss));
    }

    /// <summary>What a layer and those inside of it have added in a trace.</summary>
    internal static IEnumerable<Tensor> Of(Trace trace, Layer layer) =>
        Recorded.TryGetValue(trace, out List<(Layer Layer, Tensor Loss)>? losses) ? losses.Where(l => layer.Contains(l.Layer)).Select(l => l.Loss) : [];

    /// <summary>Begins to note losses in the body of a loop, whose recorder takes them out as outputs of the loop.</summary>
    /// <returns>What is noted, as it grows.</returns>
    internal static IReadOnlyList<(Layer Layer, Tensor Loss)> OpenBody(Trace body) => Recorded.GetOrCreateValue(body);

    private static bool IsTraced(Trace trace) => trace is { IsBody: true } ? trace.Outer is { } outer && IsTraced(outer) : true;
}
