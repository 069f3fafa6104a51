using System.Globalization;
using System.Text;
using Anneal.Graphs;

namespace Anneal.Planning;

/// <summary>Where the memory of a value comes from.</summary>
internal enum BufferKind
{
    /// <summary>The arena of an instance, at an offset.</summary>
    Arena,

    /// <summary>An argument of the program.</summary>
    Input,

    /// <summary>A result of the program.</summary>
    Output,

    /// <summary>The storage of a variable.</summary>
    Variable,

    /// <summary>Values that are part of the program.</summary>
    Literal,
}

/// <summary>A piece of memory that steps read and write.</summary>
internal sealed class PlanBuffer
{
    internal required int Id { get; init; }

    internal required BufferKind Kind { get; init; }

    internal required long ByteCount { get; init; }

    /// <summary>Which input or output of the program.</summary>
    internal int Index { get; init; }

    internal Variable? Variable { get; init; }

    internal TensorData? Literal { get; init; }

    /// <summary>The first byte in the arena, a multiple of 64; set by <see cref="MemoryPlan"/>.</summary>
    internal long Offset { get; set; }

    /// <summary>The first and the last step that touch the buffer.</summary>
    internal int FirstStep { get; set; } = int.MaxValue;

    internal int LastStep { get; set; } = -1;
}

/// <summary>One kernel call of a plan.</summary>
/// <param name="Nodes">The nodes that the step computes.</param>
internal abstract record PlanStep(Node[] Nodes)
{
    /// <summary>The buffers that are read.</summary>
    internal required PlanBuffer[] Inputs { get; init; }

    /// <summary>The buffers that are written.</summary>
    internal required PlanBuffer[] Outputs { get; init; }

    internal string LayerPath => Nodes.Select(n => n.Origin.LayerPath).FirstOrDefault(p => p.Length > 0) ?? "";

    internal abstract string Describe();
}

/// <summary>A fused loop; buffers are in the order of the loop's operands.</summary>
internal sealed record LoopStep(Node[] Nodes, Loop Loop) : PlanStep(Nodes)
{
    internal override string Describe() => Loop.Print().TrimEnd();
}

/// <summary>
/// A kernel of its own, with the loop that finishes each block of its result, where there is one. <c>Inputs</c> and <c>Outputs</c> are the
/// kernel's, the epilogue's stand apart; the epilogue reads the kernel's output as one of its inputs.
/// </summary>
internal sealed record KernelStep(Node[] Nodes, Node Kernel) : PlanStep(Nodes)
{
    /// <summary>A loop of two dimensions, the rows and columns of the kernel's output as a matrix.</summary>
    internal Loop? Epilogue { get; init; }

    internal PlanBuffer[] EpilogueInputs { get; init; } = [];

    internal PlanBuffer[] EpilogueOutputs { get; init; } = [];

    internal override string Describe()
    {
        string kernel = $"{Kernel.Op} ({string.Join(", ", Kernel.Inputs.Select(i => i.Type))}) -> {string.Join(", ", Kernel.Outputs.Select(o => o.Type))}";
        return Epilogue is null ? kernel : kernel + "\n  then " + Epilogue.Print().TrimEnd();
    }
}

/// <summary>Copies a buffer as it is.</summary>
internal sealed record CopyStep(PlanBuffer From, PlanBuffer To) : PlanStep([])
{
    internal override string Describe() => "copy";
}

/// <summary>The order of execution of a graph and where each value lives: pure data, from which a device makes kernels.</summary>
internal sealed class Plan
{
    internal required Graph Graph { get; init; }

    internal required PlanStep[] Steps { get; init; }

    internal required PlanBuffer[] Buffers { get; init; }

    /// <summary>The bytes of all values that live in the arena.</summary>
    internal required long ArenaBytes { get; init; }

    /// <summary>The plan as text: one step after another with its buffers.</summary>
    internal string Print()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Steps.Length} steps, {ArenaBytes} bytes\n");
        for (int i = 0; i < Steps.Length; i++)
        {
            PlanStep step = Steps[i];
            IEnumerable<PlanBuffer> reads = step.Inputs, writes = step.Outputs;
            if (step is KernelStep kernel)
                (reads, writes) = (reads.Concat(kernel.EpilogueInputs), writes.Concat(kernel.EpilogueOutputs));
            text.Append(CultureInfo.InvariantCulture, $"{i}: {step.LayerPath} {step.Describe()}\n");
            text.Append(CultureInfo.InvariantCulture, $"   {string.Join(", ", reads.Select(Name))} -> {string.Join(", ", writes.Select(Name))}\n");
        }

        return text.ToString();
    }

    private static string Name(PlanBuffer buffer) => buffer.Kind switch
    {
        BufferKind.Arena => $"arena+{buffer.Offset}",
        BufferKind.Variable => $"\"{buffer.Variable!.Name}\"",
        BufferKind.Literal => "literal",
        _ => $"{buffer.Kind.ToString().ToLowerInvariant()}{buffer.Index}",
    };
}
