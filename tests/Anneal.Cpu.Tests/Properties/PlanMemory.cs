using Anneal.Planning;

namespace Anneal.Cpu.Tests.Properties;

/// <summary>Checks where a plan puts its values, from its steps alone.</summary>
internal static class PlanMemory
{
    /// <summary>What is wrong, or null: buffers that are alive at the same step share bytes, or one lies outside of the arena.</summary>
    internal static string? Fault(Plan plan)
    {
        var lives = new Dictionary<PlanBuffer, (int First, int Last)>();
        for (int step = 0; step < plan.Steps.Length; step++)
        {
            foreach (PlanBuffer buffer in Touched(plan.Steps[step]).Where(b => b.Kind == BufferKind.Arena))
                lives[buffer] = (lives.TryGetValue(buffer, out (int First, int Last) life) ? life.First : step, step);
        }

        PlanBuffer[] buffers = [.. lives.Keys.Where(b => b.ByteCount > 0)];
        for (int i = 0; i < buffers.Length; i++)
        {
            PlanBuffer a = buffers[i];
            if (a.Offset < 0 || a.Offset + a.ByteCount > plan.ArenaBytes || a.Offset % MemoryPlan.Alignment != 0)
                return $"a value lies at {a.Offset} with {a.ByteCount} bytes in an arena of {plan.ArenaBytes}:\n{plan.Print()}";
            foreach (PlanBuffer b in buffers.Skip(i + 1))
            {
                bool bytes = a.Offset < b.Offset + b.ByteCount && b.Offset < a.Offset + a.ByteCount;
                bool steps = lives[a].First <= lives[b].Last && lives[b].First <= lives[a].Last;
                if (bytes && steps)
                    return $"arena+{a.Offset} (steps {lives[a]}) and arena+{b.Offset} (steps {lives[b]}) overlap:\n{plan.Print()}";
            }
        }

        return null;
    }

    private static IEnumerable<PlanBuffer> Touched(PlanStep step)
    {
        IEnumerable<PlanBuffer> touched = step.Inputs.Concat(step.Outputs);
        return step is KernelStep kernel ? touched.Concat(kernel.EpilogueInputs).Concat(kernel.EpilogueOutputs) : touched;
    }
}
