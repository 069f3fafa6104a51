using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Planning;

/// <summary>Nodes that run as one step: a fused loop, or one kernel.</summary>
internal sealed class Group
{
    internal Group(Node node)
    {
        Nodes.Add(node);
        Id = node.Id;
        if (node.Op.Kind == OpKind.Kernel)
        {
            Kernel = node;
        }
        else if (node.Op is ReductionOp reduction)
        {
            Space = node.Inputs[0].Shape;
            Reduction = reduction;
        }
        else
        {
            Space = node.Outputs[0].Shape;
        }
    }

    /// <summary>In the order of execution once the plan is made.</summary>
    internal List<Node> Nodes { get; } = [];

    /// <summary>Nodes of other loops that this one computes again instead of loading their results.</summary>
    internal HashSet<Node> Recomputed { get; } = [];

    /// <summary>The node of a kernel, or null for a loop.</summary>
    internal Node? Kernel { get; }

    /// <summary>The iteration space of a loop.</summary>
    internal Shape Space { get; }

    /// <summary>A reduction of the loop; all of them fold the same axes.</summary>
    internal ReductionOp? Reduction { get; private set; }

    /// <summary>The loop that finishes the blocks of this kernel's result.</summary>
    internal Group? Epilogue { get; set; }

    internal bool IsLoop => Kernel is null;

    /// <summary>The number of the last search through the groups that came by.</summary>
    internal int Visit { get; set; }

    /// <summary>The last node's number.</summary>
    internal long Id { get; private set; }

    /// <summary>All nodes, the epilogue's included.</summary>
    internal IEnumerable<Node> AllNodes => Epilogue is null ? Nodes : Nodes.Concat(Epilogue.Nodes);

    /// <summary>All nodes that this loop computes: its own, and again those of others.</summary>
    internal IEnumerable<Node> Computed => Nodes.Concat(Recomputed);

    /// <summary>The values whose memory the group reads.</summary>
    internal IEnumerable<Tensor> Reads =>
        AllNodes.Concat(Recomputed).Concat(Epilogue?.Recomputed ?? []).SelectMany(Schedule.Sources).Where(s => !Recomputes(s.Node));

    /// <summary>Whether this loop computes a node.</summary>
    internal bool Computes(Node node) => Recomputed.Contains(node) || Nodes.Contains(node);

    /// <summary>Whether this group, or its epilogue, computes a node of another one again.</summary>
    internal bool Recomputes(Node node) => Recomputed.Contains(node) || (Epilogue?.Recomputed.Contains(node) ?? false);

    /// <summary>Whether the loops have one iteration space and fold the same axes of it.</summary>
    internal bool Matches(Group other) =>
        IsLoop && other.IsLoop && Space == other.Space
        && (Reduction is null || other.Reduction is null
            || (Reduction.FirstAxis == other.Reduction.FirstAxis && Reduction.AxisCount == other.Reduction.AxisCount));

    internal void Absorb(Group other)
    {
        Nodes.AddRange(other.Nodes);
        Id = Math.Max(Id, other.Id);
        Reduction ??= other.Reduction;
    }
}
