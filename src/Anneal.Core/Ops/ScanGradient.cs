using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// The gradient of a scan: a scan in the other direction. Its body is the gradient of the forward body; what that needs of the forward
/// values is stacked by a forward scan with more outputs (which a pass joins with the first), and recomputed where that is cheaper than
/// storing. A constant's gradient is summed over the steps: as one product or one sum outside where it is a product or a sum at each step,
/// otherwise by a carry.
/// </summary>
internal sealed class ScanGradient
{
    private readonly Scan _scan;
    private readonly Node _node;
    private readonly Tensor?[] _upstreams;

    // The forward body and its gradient, recorded together in a trace that serves only to look at them.
    private readonly Tensor[] _inputs;
    private readonly Tensor?[] _carryUpstreams;
    private readonly Tensor?[] _outputUpstreams;
    private readonly Dictionary<Tensor, Tensor> _forward = [];
    private Tensor?[] _gradients = [];

    // Forward values that the forward scan stacks, in order, and what they are outside.
    private readonly List<Tensor> _residuals = [];
    private readonly Dictionary<Tensor, Tensor> _stacks = [];

    private ScanGradient(Scan scan, GradientCall call)
    {
        (_scan, _node, _upstreams) = (scan, call.Node, call.Upstreams);
        _inputs = new Tensor[Body.Inputs.Length];
        _carryUpstreams = new Tensor?[scan.CarryCount];
        _outputUpstreams = new Tensor?[scan.StackedCount];
    }

    private Graph Body => _scan.Inner;

    internal static Tensor?[] Of(Scan scan, GradientCall call)
    {
        var gradient = new ScanGradient(scan, call);
        gradient.Differentiate();
        return gradient.Record();
    }

    /// <summary>Records the forward body and differentiates it.</summary>
    private void Differentiate()
    {
        using var trace = new Trace("gradient of " + Body.Name, training: false, isBody: true);
        for (int i = 0; i < _inputs.Length; i++)
            _forward[_inputs[i] = trace.AddInput(Body.Inputs[i].Type, $"{i}")] = Body.Inputs[i];
        Dictionary<Tensor, Tensor> copies = Body.Inputs.Zip(_inputs).ToDictionary();
        GraphCopy.Record(Body.Outputs, copies);
        foreach ((Tensor original, Tensor copy) in copies)
            _forward[copy] = original;
        var outputs = new List<Tensor>();
        var upstreams = new List<Tensor>();
        for (int i = 0; i < Body.Outputs.Length; i++)
        {
            int stacked = i - _scan.CarryCount;
            if (!Body.Outputs[i].DType.IsFloating() || (stacked >= 0 && _upstreams[i] is null))
                continue;
            Tensor upstream = trace.AddInput(Body.Outputs[i].Type, $"upstream {i}");
            outputs.Add(copies[Body.Outputs[i]]);
            upstreams.Add(upstream);
            (stacked < 0 ? ref _carryUpstreams[i] : ref _outputUpstreams[stacked]) = upstream;
        }

        int[] wanted = [.. Enumerable.Range(0, _inputs.Length).Where(i => _inputs[i].DType.IsFloating())];
        Tensor?[] found = Gradients.Backward([.. outputs], [.. upstreams], [.. wanted.Select(i => _inputs[i])]);
        _gradients = new Tensor?[_inputs.Length];
        for (int i = 0; i < wanted.Length; i++)
            _gradients[wanted[i]] = found[i];
        AdoptInnerScans();
    }

    /// <summary>What an inner scan stacks for its own gradient is part of the forward computation too.</summary>
    private void AdoptInnerScans()
    {
        using Trace.RewriteScope scope = Trace.Rewrite(Body.Trace);
        foreach (Node node in new Graph("gradient", null, [], _gradients.OfType<Tensor>(), []).Nodes)
        {
            if (node.Op is not Scan || _forward.ContainsKey(node.Outputs[0]) || !node.Inputs.All(_forward.ContainsKey))
                continue;
            Tensor[] outputs = Node.Record(node.Op, [.. node.Inputs.Select(i => _forward[i])]);
            for (int i = 0; i < outputs.Length; i++)
                _forward[node.Outputs[i]] = outputs[i];
        }
    }

    private Tensor?[] Record()
    {
        int first = _scan.CarryCount + _scan.SequenceCount;
        var sums = new ScanSum?[_inputs.Length];
        for (int i = first; i < _inputs.Length; i++)
            sums[i] = _gradients[i] is { } gradient ? ScanSum.TryMoveOut(gradient, IsVarying) : null;
        int[] carries = [.. Enumerable.Range(0, _scan.CarryCount).Where(i => _carryUpstreams[i] is not null)];
        int[] elements = [.. Enumerable.Range(_scan.CarryCount, _scan.SequenceCount).Where(i => _gradients[i] is not null)];
        int[] accumulators = [.. Enumerable.Range(first, _inputs.Length - first).Where(i => _gradients[i] is not null && sums[i] is null)];
        Tensor[] factors = [.. sums.OfType<ScanSum>().SelectMany(s => s.Factors).Distinct()];
        Tensor[] roots =
        [
            .. carries.Select(i => _gradients[i]).OfType<Tensor>(), .. elements.Concat(accumulators).Select(i => _gradients[i]!),
            .. factors.Where(f => !_forward.ContainsKey(f)),
        ];
        ChooseResiduals(roots, factors.Where(_forward.ContainsKey));
        StackResiduals();
        Tensor[] results = RecordBackward(carries, elements, accumulators, factors);
        return Collect(results, carries, elements, accumulators, factors, sums);
    }

    /// <summary>Whether a value differs from step to step: whether anything but constants leads to it.</summary>
    private bool IsVarying(Tensor tensor)
    {
        var seen = new HashSet<Node>();
        var stack = new Stack<Tensor>([tensor]);
        while (stack.TryPop(out Tensor? top))
        {
            if (top.Node.Op is Input input && (input.Index < _scan.CarryCount + _scan.SequenceCount || input.Index >= _inputs.Length))
                return true;
            if (!seen.Add(top.Node))
                continue;
            foreach (Tensor next in top.Node.Inputs)
                stack.Push(next);
        }

        return false;
    }

    /// <summary>Finds the forward values that the backward body needs and cannot cheaply compute again.</summary>
    private void ChooseResiduals(Tensor[] roots, IEnumerable<Tensor> stacked)
    {
        var chosen = new HashSet<Tensor>();
        foreach (Tensor factor in stacked)
            Choose(factor);
        var needed = new HashSet<Tensor>(roots.Where(_forward.ContainsKey));
        foreach (Node node in new Graph("gradient", null, [], roots, []).Nodes)
        {
            if (!_forward.ContainsKey(node.Outputs[0]))
                needed.UnionWith(node.Inputs.Where(_forward.ContainsKey));
        }

        foreach (Tensor tensor in needed.OrderBy(t => t.Node.Id))
            Resolve(tensor);

        void Resolve(Tensor tensor)
        {
            if (tensor.Node.Op.Kind is OpKind.View or OpKind.Reshape)
                Resolve(tensor.Node.Inputs[0]);
            else if (!IsAvailable(tensor))
                Choose(tensor);
        }

        bool IsAvailable(Tensor tensor) => chosen.Contains(tensor) || tensor.Node.Op switch
        {
            Input input => input.Index >= _scan.CarryCount,
            Constant => true,
            var op => (op.Kind is OpKind.View or OpKind.Reshape || IsCheap(op)) && tensor.Node.Inputs.All(IsAvailable),
        };

        void Choose(Tensor tensor)
        {
            bool isElement = tensor.Node.Op is Input { Index: var index } && index >= _scan.CarryCount;
            if (chosen.Add(tensor) && !isElement)
                _residuals.Add(tensor);
        }
    }

    private static bool IsCheap(Op op) => op is Add or Subtract or Multiply or Negate or Select or Compare or Cast or LogicalAnd or LogicalOr
        or LogicalNot or Maximum or Minimum or Abs or Sign or Relu or StopGradient;

    /// <summary>Records the forward scan with the residuals among its outputs, unless it has them all.</summary>
    private void StackResiduals()
    {
        for (int i = 0; i < _scan.SequenceCount; i++)
            _stacks[_inputs[_scan.CarryCount + i]] = _node.Inputs[_scan.CarryCount + i];
        Tensor[] originals = [.. _residuals.Select(r => _forward[r])];
        List<Tensor> outputs = [.. Body.Outputs];
        int[] places = new int[originals.Length];
        for (int i = 0; i < originals.Length; i++)
        {
            places[i] = outputs.IndexOf(originals[i], _scan.CarryCount);
            if (places[i] >= 0)
                continue;
            places[i] = outputs.Count;
            outputs.Add(originals[i]);
        }

        Node forward = _node;
        if (outputs.Count > Body.Outputs.Length)
        {
            var body = new Graph(Body.Name, Body.Trace, Body.Inputs, outputs, []);
            forward = Node.Record(_scan with { Body = new ScanBody(body) }, _node.Inputs)[0].Node;
        }

        for (int i = 0; i < places.Length; i++)
            _stacks[_residuals[i]] = forward.Outputs[places[i]];
    }

    private Tensor[] RecordBackward(int[] carries, int[] elements, int[] accumulators, Tensor[] factors)
    {
        int[] given = [.. Enumerable.Range(0, _scan.StackedCount).Where(i => _outputUpstreams[i] is not null)];
        Tensor[] stacks = [.. _stacks.Keys];
        Tensor[] initial =
        [
            .. carries.Select(i => _upstreams[i] ?? _node.Inputs[i].FillLike(0)), .. accumulators.Select(i => _node.Inputs[i].FillLike(0)),
        ];
        Tensor[] sequences = [.. given.Select(i => _upstreams[_scan.CarryCount + i]!), .. stacks.Select(s => _stacks[s])];
        return ScanRecorder.Record("gradient of " + Body.Name, initial, sequences, _scan.Length, !_scan.Reverse, (carried, taken) =>
        {
            var values = new Dictionary<Tensor, Tensor>();
            for (int i = 0; i < carries.Length; i++)
                values[_carryUpstreams[carries[i]]!] = carried[i];
            for (int i = 0; i < given.Length; i++)
                values[_outputUpstreams[given[i]]!] = taken[i];
            for (int i = 0; i < stacks.Length; i++)
                values[stacks[i]] = taken[given.Length + i];
            for (int i = _scan.CarryCount + _scan.SequenceCount; i < _inputs.Length; i++)
                values[_inputs[i]] = _node.Inputs[i];
            Tensor[] changing = [.. factors.Where(f => !_stacks.ContainsKey(f))];
            Tensor?[] wanted =
            [
                .. carries.Select(i => _gradients[i]), .. accumulators.Select(i => _gradients[i]), .. elements.Select(i => _gradients[i]), .. changing,
            ];
            GraphCopy.Record(wanted.OfType<Tensor>(), values);
            Tensor[] results = [.. wanted.Select((w, i) => w is null ? carried[i].FillLike(0) : values[w])];
            for (int i = carries.Length; i < carries.Length + accumulators.Length; i++)
                results[i] = carried[i] + results[i];
            int kept = carries.Length + accumulators.Length;
            return (results[..kept], results[kept..]);
        });
    }

    private Tensor?[] Collect(Tensor[] results, int[] carries, int[] elements, int[] accumulators, Tensor[] factors, ScanSum?[] sums)
    {
        var gradients = new Tensor?[_inputs.Length];
        int next = 0;
        foreach (int i in carries.Concat(accumulators).Concat(elements))
            gradients[i] = results[next++];
        foreach (Tensor factor in factors)
        {
            if (!_stacks.ContainsKey(factor))
                _stacks[factor] = results[next++];
        }

        for (int i = 0; i < sums.Length; i++)
        {
            if (sums[i] is { } sum)
                gradients[i] = sum.Compute(_stacks);
        }

        return gradients;
    }
}
