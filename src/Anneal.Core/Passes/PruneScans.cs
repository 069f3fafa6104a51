using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Passes;

/// <summary>
/// Takes away what scans compute for nobody: outputs that are not used, carries that lead to none that is, operands that no step reads. What
/// is given or stacked twice is given and stacked once, and a carry that no step changes becomes a constant.
/// </summary>
internal static class PruneScans
{
    internal static Graph Run(Graph graph)
    {
        var used = new HashSet<Tensor>([.. graph.Outputs, .. graph.Updates.Select(u => u.Value)]);
        var kept = new Dictionary<Node, KeptScan>();
        for (int n = graph.Nodes.Length - 1; n >= 0; n--)
        {
            Node node = graph.Nodes[n];
            if (!node.Outputs.Any(used.Contains))
                continue;
            if (node.Op is Scan scan)
                used.UnionWith((kept[node] = KeptScan.Of(scan, node, used)).Operands);
            else
                used.UnionWith(node.Inputs);
        }

        return graph.Rewrite((node, inputs) => kept.TryGetValue(node, out KeptScan? scan) ? scan.Rebuild(inputs) : null);
    }
}

/// <summary>What remains of one scan.</summary>
internal sealed class KeptScan
{
    private readonly Scan _scan;
    private readonly Node _node;
    private readonly bool[] _isFixed;
    private readonly bool[] _isKept;

    // For each output of the body that is stacked, the first output that stacks the same.
    private readonly int[] _firstOf;
    private readonly bool[] _isStacked;

    // For each operand, the first that gives the same.
    private readonly int[] _sameAs;

    private KeptScan(Scan scan, Node node)
    {
        (_scan, _node) = (scan, node);
        Graph body = scan.Inner;
        _isFixed = [.. Enumerable.Range(0, scan.CarryCount).Select(i => body.Outputs[i] == body.Inputs[i])];
        _isKept = new bool[body.Inputs.Length];
        _isStacked = new bool[body.Outputs.Length];
        _firstOf = [.. body.Outputs.Select((o, i) => i < scan.CarryCount ? i : Array.IndexOf(body.Outputs, o, scan.CarryCount))];
        _sameAs = [.. node.Inputs.Select((_, i) => FirstLike(i))];
    }

    /// <summary>The operands that the steps need.</summary>
    internal IEnumerable<Tensor> Operands => _node.Inputs.Where((_, i) => _isKept[i]);

    private Graph Body => _scan.Inner;

    internal static KeptScan Of(Scan scan, Node node, HashSet<Tensor> used)
    {
        var kept = new KeptScan(scan, node);
        var roots = new List<Tensor>();
        for (int i = 0; i < node.Outputs.Length; i++)
        {
            if (!used.Contains(node.Outputs[i]))
                continue;
            if (i < scan.CarryCount)
                kept._isKept[i] = true;
            else
                kept._isStacked[kept._firstOf[i]] = true;
        }

        roots.AddRange(kept.Body.Outputs.Where((_, i) => kept._isStacked[i]));
        kept.FindNeeded(roots);
        return kept;
    }

    /// <summary>The scan with what is kept; outputs that nobody uses become zeros, which vanish.</summary>
    internal Tensor[]? Rebuild(Tensor[] inputs)
    {
        int[] carries = [.. Enumerable.Range(0, _scan.CarryCount).Where(i => _isKept[i] && !_isFixed[i])];
        int[] sequences = [.. Enumerable.Range(_scan.CarryCount, _scan.SequenceCount).Where(i => _isKept[i])];
        int[] constants = [.. Enumerable.Range(0, inputs.Length).Where(i => _isKept[i] && (KindOf(i) == OperandKind.Constant))];
        int[] stacked = [.. Enumerable.Range(0, Body.Outputs.Length).Where(i => _isStacked[i])];
        int[] operands = [.. carries, .. sequences, .. constants];
        var results = new Tensor?[Body.Outputs.Length];
        if (operands.Length == inputs.Length && carries.Length + stacked.Length == results.Length)
            return null;
        if (carries.Length + stacked.Length > 0)
        {
            var scan = new Scan(new ScanBody(Copy(operands, carries, stacked)), carries.Length, sequences.Length, _scan.Length, _scan.Reverse);
            Tensor[] outputs = Node.Record(scan, [.. operands.Select(i => inputs[i])]);
            for (int i = 0; i < outputs.Length; i++)
                results[i < carries.Length ? carries[i] : stacked[i - carries.Length]] = outputs[i];
        }

        for (int i = 0; i < results.Length; i++)
            results[i] ??= i < _scan.CarryCount && _isFixed[i] ? inputs[i] : results[_firstOf[i]] ?? _node.Outputs[i].FillLike(0);
        return results!;
    }

    private enum OperandKind
    {
        Carry,
        Sequence,
        Constant,
    }

    private OperandKind KindOf(int operand) =>
        operand < _scan.CarryCount ? (_isFixed[operand] ? OperandKind.Constant : OperandKind.Carry)
        : operand < _scan.CarryCount + _scan.SequenceCount ? OperandKind.Sequence : OperandKind.Constant;

    private int FirstLike(int operand)
    {
        OperandKind kind = KindOf(operand);
        for (int i = 0; i < operand && kind != OperandKind.Carry; i++)
        {
            if (KindOf(i) == kind && _node.Inputs[i] == _node.Inputs[operand])
                return i;
        }

        return operand;
    }

    /// <summary>Marks the operands that lead to the roots and to the carries that are kept, which may make more carries needed.</summary>
    private void FindNeeded(List<Tensor> roots)
    {
        var isRoot = new bool[_scan.CarryCount];
        bool grows = true;
        while (grows)
        {
            grows = false;
            for (int i = 0; i < isRoot.Length; i++)
            {
                if (!_isKept[i] || isRoot[i])
                    continue;
                isRoot[i] = grows = true;
                roots.Add(Body.Outputs[i]);
            }

            foreach (Node node in new Graph("needed", null, [], roots, []).Nodes)
            {
                if (node.Op is not Input input || _isKept[_sameAs[input.Index]])
                    continue;
                _isKept[_sameAs[input.Index]] = grows = true;
            }
        }
    }

    private Graph Copy(int[] operands, int[] carries, int[] stacked)
    {
        using var trace = new Trace(Body.Name, training: false, isBody: true);
        var copies = new Dictionary<Tensor, Tensor>();
        foreach (int i in operands)
            copies[Body.Inputs[i]] = trace.AddInput(Body.Inputs[i].Type, ((Input)Body.Inputs[i].Node.Op).Label);
        for (int i = 0; i < Body.Inputs.Length; i++)
        {
            if (_sameAs[i] != i && copies.TryGetValue(Body.Inputs[_sameAs[i]], out Tensor? same))
                copies[Body.Inputs[i]] = same;
        }

        Tensor[] outputs = [.. carries.Concat(stacked).Select(i => Body.Outputs[i])];
        GraphCopy.Record(outputs, copies);
        return new Graph(Body.Name, trace, trace.Inputs, outputs.Select(o => copies[o]), []);
    }
}
