using System.Runtime.CompilerServices;

namespace Anneal;

/// <summary>
/// Which steps of sequences count. A layer that knows (<see cref="Embedding"/> of padded text) attaches a mask to its output; layers that
/// keep the leading axes hand it on; recurrent layers, attention, pooling over time, losses and metrics heed it.
/// </summary>
internal static class Masks
{
    private static readonly ConditionalWeakTable<Tensor, Tensor> Attached = [];

    /// <summary>The mask of a tensor <c>[batch, time, ...]</c>: bool <c>[batch, time]</c>, true where a step counts; null where all do.</summary>
    internal static Tensor? Of(Tensor tensor) => Attached.TryGetValue(tensor, out Tensor? mask) ? mask : null;

    /// <summary>Attaches a mask; null takes it away.</summary>
    internal static void Attach(Tensor tensor, Tensor? mask)
    {
        Attached.Remove(tensor);
        if (mask is not null)
            Attached.Add(tensor, mask);
    }

    /// <summary>The mask of a tensor whose last axis a layer is about to replace: null where that is the axis of the steps.</summary>
    internal static Tensor? BeforeLastAxis(Tensor tensor) => Of(tensor) is { } mask && mask.Shape.Rank < tensor.Shape.Rank ? mask : null;

    /// <summary>Whether a mask can belong to a tensor: its axes are the tensor's first ones.</summary>
    internal static bool Fits(Tensor mask, Tensor tensor) =>
        mask.Shape.Rank <= tensor.Shape.Rank && tensor.Shape[..mask.Shape.Rank] == mask.Shape;
}
