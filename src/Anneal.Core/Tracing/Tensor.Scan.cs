using Anneal.Ops;

namespace Anneal;

/// <content>Loops.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// Runs a function once for each time of sequences, handing carried values from step to step: what recurrent networks are made of. It is
    /// compiled once, however many steps there are, and gradients flow through it.
    /// </summary>
    /// <remarks>
    /// The function may use any tensor, parameter or state from outside; what it computes from these alone is computed once. It cannot assign
    /// variables or draw random numbers: draw those of all steps outside and pass them as a sequence. The function itself is called once, to
    /// be recorded.
    /// </remarks>
    /// <param name="body">
    /// From the carries and one element of each sequence, without its first axis, to the new carries, of the types of the old ones, and any
    /// number of outputs.
    /// </param>
    /// <param name="initial">The carries before the first step, of any types; may be empty.</param>
    /// <param name="sequences">Tensors <c>[time, ...]</c> of one length, which may be 0.</param>
    /// <param name="reverse">Whether to go from the last time to the first. Outputs keep the places of the elements they were computed from.</param>
    /// <param name="length">The number of steps; needed only where there are no sequences.</param>
    /// <returns>The carries after the last step, and the outputs of all steps, stacked to <c>[time, ...]</c>.</returns>
    /// <exception cref="ShapeException">
    /// A sequence has no axis, sequences differ in length, or a carry leaves the body with another type or number than it entered.
    /// </exception>
    /// <exception cref="TraceException">The body assigns a variable or draws random numbers.</exception>
    /// <exception cref="OptionException">There are neither sequences nor a length, or the length is negative.</exception>
    public static (Tensor[] Carries, Tensor[] Outputs) Scan(
        Func<Tensor[], Tensor[], (IReadOnlyList<Tensor> Carries, IReadOnlyList<Tensor> Outputs)> body,
        IReadOnlyList<Tensor> initial, IReadOnlyList<Tensor> sequences, bool reverse = false, long? length = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(initial);
        ArgumentNullException.ThrowIfNull(sequences);
        if (length is < 0)
            throw new OptionException($"The length of a scan must be at least 0, not {length}.");
        for (int i = 0; i < sequences.Count; i++)
        {
            if (sequences[i].Shape.Rank == 0)
                throw new ShapeException($"Sequence {i} of a scan needs a first axis to run along, but is {sequences[i].Type}.");
            length ??= sequences[i].Shape[0];
            if (sequences[i].Shape[0] != length)
                throw new ShapeException($"Sequence {i} of a scan has {sequences[i].Shape[0]} elements where {length} are expected: it is {sequences[i].Type}.");
        }

        if (length is not { } count)
            throw new OptionException("A scan without sequences needs a length.");
        Tensor[] results = ScanRecorder.Record("scan", initial, sequences, count, reverse, (carries, elements) => body(carries, elements));
        return (results[..initial.Count], results[initial.Count..]);
    }
}
