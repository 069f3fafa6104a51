using Anneal.Ops;

namespace Anneal;

/// <summary>One step of a recurrent network: from an element of the sequence and the states to an output and the next states.</summary>
internal delegate (Tensor Output, IReadOnlyList<Tensor> States) RecurrentStep(Tensor input, IReadOnlyList<Tensor> states);

/// <summary>What a recurrent network gives.</summary>
/// <param name="Sequence">The outputs of all steps <c>[time, batch, ...]</c>; null where they are not wanted.</param>
/// <param name="Last">The output of the last step that counts, <c>[batch, ...]</c>; null where the sequence is wanted instead.</param>
/// <param name="States">The states after the last step.</param>
internal sealed record RecurrenceResult(Tensor? Sequence, Tensor? Last, Tensor[] States);

/// <summary>Runs steps over sequences whose first axis is time, and heeds masks.</summary>
internal sealed record Recurrence
{
    /// <summary>The name in messages.</summary>
    internal required string Name { get; init; }

    /// <summary>Which steps count, bool <c>[time, batch]</c>; null where all do.</summary>
    internal Tensor? Mask { get; init; }

    /// <summary>Whether to go from the last time to the first.</summary>
    internal bool Reverse { get; init; }

    /// <summary>Whether the outputs of all steps are wanted, or that of the last one.</summary>
    internal bool ReturnSequences { get; init; }

    /// <summary>The extents of an output with its batch where it is a value of its own; null where the first state is the output.</summary>
    internal Shape? OutputShape { get; init; }

    /// <summary>
    /// Runs the steps. Where a step does not count, states stay as they are, and the output is that of the step before: at first zeros, or the
    /// first state where that is the output.
    /// </summary>
    /// <param name="sequence">What the steps take elements of, <c>[time, batch, ...]</c>.</param>
    /// <param name="initial">The states before the first step, <c>[batch, ...]</c>.</param>
    /// <param name="step">The step.</param>
    internal RecurrenceResult Run(Tensor sequence, IReadOnlyList<Tensor> initial, RecurrentStep step)
    {
        int count = initial.Count;
        bool carriesOutput = OutputShape is not null && (Mask is not null || !ReturnSequences);
        Tensor[] carried = carriesOutput ? [.. initial, Tensor.Zeros(OutputShape!.Value, sequence.DType)] : [.. initial];
        Tensor[] sequences = Mask is null ? [sequence] : [sequence, Mask];
        IReadOnlyList<(Layer Layer, Tensor Loss)> losses = [];
        Tensor[] results = ScanRecorder.Record(Name, carried, sequences, sequence.Shape[0], Reverse, (carries, elements) =>
        {
            losses = AddedLosses.OpenBody(Trace.Current!);
            (Tensor output, IReadOnlyList<Tensor> states) = step(elements[0], carries[..count]);
            Tensor[] next = [.. states];
            if (Mask is not null)
            {
                next = [.. states.Select((s, i) => i < count ? Choose(elements[1], s, carries[i]) : s)];
                output = OutputShape is null ? next[0] : Choose(elements[1], output, carries[count]);
            }

            Tensor[] outputs = ReturnSequences ? [output] : [];
            return (carriesOutput ? [.. next, output] : next, [.. outputs, .. losses.Select(l => l.Loss)]);
        });

        // What the steps add to the loss leaves the loop as further outputs.
        int first = results.Length - losses.Count;
        for (int i = 0; i < losses.Count; i++)
            AddedLosses.Add(losses[i].Layer, results[first + i].Sum());
        Tensor? last = ReturnSequences ? null : results[carriesOutput ? count : 0];
        return new RecurrenceResult(ReturnSequences ? results[first - 1] : null, last, results[..count]);
    }

    /// <summary>The new value of the examples whose step counts, the old one of the others.</summary>
    private static Tensor Choose(Tensor counts, Tensor next, Tensor previous)
    {
        if (next.Type != previous.Type)
            return next;
        var extents = new long[next.Shape.Rank];
        Array.Fill(extents, 1);
        extents[0] = counts.Shape[0];
        return Tensor.Select(counts.Reshape(extents).BroadcastTo(next.Shape), next, previous);
    }
}
