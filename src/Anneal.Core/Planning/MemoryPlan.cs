namespace Anneal.Planning;

/// <summary>Gives each arena buffer a place, so that two that are alive at the same step never overlap: the largest first, each as low as it fits.</summary>
internal static class MemoryPlan
{
    internal const long Alignment = 64;

    /// <summary>Sets the offsets and returns the size of the arena in bytes.</summary>
    internal static long Place(IEnumerable<PlanBuffer> buffers)
    {
        var placed = new List<PlanBuffer>();
        long size = 0;
        foreach (PlanBuffer buffer in buffers.OrderByDescending(b => b.ByteCount).ThenBy(b => b.Id))
        {
            long offset = 0;
            foreach (PlanBuffer other in placed.Where(o => Overlap(o, buffer)).OrderBy(o => o.Offset))
            {
                if (offset + Padded(buffer) <= other.Offset)
                    break;
                offset = Math.Max(offset, other.Offset + Padded(other));
            }

            buffer.Offset = offset;
            placed.Add(buffer);
            size = Math.Max(size, offset + Padded(buffer));
        }

        return size;
    }

    private static bool Overlap(PlanBuffer a, PlanBuffer b) => a.FirstStep <= b.LastStep && b.FirstStep <= a.LastStep;

    // A vector of slack: kernels may read, not write, up to one vector beyond the last element.
    private static long Padded(PlanBuffer buffer) => (buffer.ByteCount + 2 * Alignment - 1) / Alignment * Alignment;
}
