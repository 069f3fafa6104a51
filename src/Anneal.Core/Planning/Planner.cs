using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;

namespace Anneal.Planning;

/// <summary>Makes a plan of a graph: groups, their order, and memory for every value.</summary>
internal sealed class Planner
{
    private readonly Graph _graph;
    private readonly IReadOnlyDictionary<Node, Group> _groupOf;
    private readonly Schedule _schedule;
    private readonly Group[] _order;
    private readonly Placement _placement;
    private readonly PassOptions _options;
    private readonly Readers _readers;
    private readonly Dictionary<Variable, PlanBuffer> _variables = [];
    private readonly Dictionary<Tensor, PlanBuffer> _bufferOf = [];
    private readonly Dictionary<Tensor, int> _lastUse = [];
    private readonly List<PlanBuffer> _buffers = [];
    private readonly List<PlanStep> _steps = [];
    private readonly List<CopyStep> _outputCopies = [];
    private readonly List<CopyStep> _updateCopies = [];

    private Planner(Graph graph, IReadOnlyDictionary<Node, Group> groupOf, Schedule schedule, PassOptions options)
    {
        _options = options;
        _readers = new Readers(graph);
        _graph = graph;
        _groupOf = groupOf;
        _schedule = schedule;
        _placement = options.PlaceParts ? Placement.Find(graph, groupOf) : new Placement();
        _order = [.. schedule.Order.Where(g => !_placement.Vanishes(g.Kernel))];
    }

    /// <param name="graph">The graph, after all passes.</param>
    /// <param name="canFuseEpilogue">Whether the device's kernel for an operation can finish its blocks with a loop.</param>
    /// <param name="options">Which optimisations are done; null is all.</param>
    internal static Plan Plan(Graph graph, Func<Op, DType, bool> canFuseEpilogue, PassOptions? options = null)
    {
        options ??= PassOptions.All;
        graph = Rematerialize.Run(Materialize.Run(graph), options);
        (IReadOnlyList<Group> groups, IReadOnlyDictionary<Node, Group> groupOf) = Fusion.Run(graph, canFuseEpilogue, options);
        Recompute.Run(graph, groups, groupOf, options);
        var planner = new Planner(graph, groupOf, Schedule.Make(graph, groups, groupOf, options), options);
        planner.BindOutside();
        planner.BindParts();
        planner.FindLastUses();
        foreach (Group group in planner._order)
            planner._steps.Add(group.IsLoop ? planner.MakeLoop(group) : planner.MakeKernel(group));
        planner.AddCopies();
        planner.MeasureLifetimes();
        PlanBuffer[] buffers = [.. planner._buffers];
        long arena = MemoryPlan.Place(buffers.Where(b => b.Kind == BufferKind.Arena && b.LastStep >= 0));
        return new Plan { Graph = graph, Steps = [.. planner._steps], Buffers = buffers, ArenaBytes = arena };
    }

    /// <summary>Values that live outside of the arena: leaves, and results that are computed where they are wanted.</summary>
    private void BindOutside()
    {
        foreach (Node node in _graph.Nodes)
        {
            Tensor value = node.Outputs[0];
            PlanBuffer? buffer = node.Op switch
            {
                Input input => AddBuffer(BufferKind.Input, value.Type, input.Index),
                ReadVariable read => VariableBuffer(read.Variable),
                Literal literal => AddBuffer(BufferKind.Literal, value.Type, literal: literal.Data),
                _ => null,
            };
            if (buffer is not null)
                _bufferOf[value] = buffer;
        }

        foreach (Update update in _graph.Updates)
        {
            Tensor root = View.Root(update.Value);
            PlanBuffer variable = VariableBuffer(update.Variable);
            if (_schedule.InPlace.Contains(update) && _bufferOf.TryAdd(root, variable))
                continue;
            _updateCopies.Add(new CopyStep(BufferFor(root), variable) { Inputs = [BufferFor(root)], Outputs = [variable] });
        }

        for (int i = 0; i < _graph.Outputs.Length; i++)
        {
            Tensor root = View.Root(_graph.Outputs[i]);
            PlanBuffer output = AddBuffer(BufferKind.Output, root.Type, i);
            if (!_bufferOf.TryAdd(root, output))
                _outputCopies.Add(new CopyStep(_bufferOf[root], output) { Inputs = [_bufferOf[root]], Outputs = [output] });
        }
    }

    /// <summary>The memory of parts is that of the whole.</summary>
    private void BindParts()
    {
        foreach ((Tensor part, Tensor whole) in _placement.Parts)
            _bufferOf[part] = BufferFor(whole);
    }

    private PlanBuffer VariableBuffer(Variable variable)
    {
        if (!_variables.TryGetValue(variable, out PlanBuffer? buffer))
            _variables[variable] = buffer = AddBuffer(BufferKind.Variable, variable.Type, variable: variable);
        return buffer;
    }

    private PlanBuffer BufferFor(Tensor root)
    {
        if (!_bufferOf.TryGetValue(root, out PlanBuffer? buffer))
            _bufferOf[root] = buffer = AddBuffer(BufferKind.Arena, root.Type);
        return buffer;
    }

    private PlanBuffer AddBuffer(BufferKind kind, TensorType type, int index = 0, Variable? variable = null, TensorData? literal = null)
    {
        var buffer = new PlanBuffer
        {
            Id = _buffers.Count,
            Kind = kind,
            ByteCount = type.ByteCount,
            Index = index,
            Variable = variable,
            Literal = literal,
        };
        _buffers.Add(buffer);
        return buffer;
    }

    private void FindLastUses()
    {
        for (int step = 0; step < _order.Length; step++)
        {
            foreach (Tensor source in _order[step].Reads)
                _lastUse[source] = step;
        }

        // What is copied at the end lives to the end.
        foreach (Tensor root in _graph.Outputs.Concat(_graph.Updates.Select(u => u.Value)).Select(View.Root))
            _lastUse[root] = int.MaxValue;
    }

    private LoopStep MakeLoop(Group group)
    {
        BuiltLoop built = LoopBuilder.Build(group, _readers, _groupOf, _placement);
        ReuseInputs(built, group.Space, []);
        return new LoopStep([.. group.Nodes], built.Loop.Collapse())
        {
            Inputs = built.Inputs.Select(BufferFor).ToArray(),
            Outputs = built.Outputs.Select(BufferFor).ToArray(),
        };
    }

    private KernelStep MakeKernel(Group group)
    {
        Node kernel = group.Kernel!;
        PlanBuffer[] inputs = kernel.Inputs.Select(i => BufferFor(View.Root(i))).ToArray();
        PlanBuffer[] outputs = kernel.Outputs.Select(BufferFor).ToArray();
        if (group.Epilogue is not { } epilogue)
            return new KernelStep([kernel], kernel) { Inputs = inputs, Outputs = outputs };
        BuiltLoop built = LoopBuilder.Build(epilogue, _readers, _groupOf);

        // The kernel still reads its inputs for other blocks while the epilogue writes the first.
        ReuseInputs(built, epilogue.Space, inputs);
        return new KernelStep([kernel, .. epilogue.Nodes], kernel)
        {
            Inputs = inputs,
            Outputs = outputs,
            Epilogue = built.Loop.AsMatrix(kernel.Outputs[0].Shape[^1]),
            EpilogueInputs = built.Inputs.Select(BufferFor).ToArray(),
            EpilogueOutputs = built.Outputs.Select(BufferFor).ToArray(),
        };
    }

    /// <summary>
    /// Lets stored outputs take the memory of inputs that are read here for the last time, where each point reads only what it
    /// overwrites.
    /// </summary>
    private void ReuseInputs(BuiltLoop built, Shape space, PlanBuffer[] taken)
    {
        int step = _steps.Count;
        long[] dense = Strides.Of(space);
        bool IsDense(LoopOperand operand) =>
            operand.Offset == 0 && !operand.Strides.Where((s, d) => space[d] != 1 && s != dense[d]).Any();
        for (int o = 0; o < built.Outputs.Length; o++)
        {
            Tensor output = built.Outputs[o];
            if (!_options.ReuseInputs || _bufferOf.ContainsKey(output) || built.Loop.Outputs[o].Reduction is not null)
                continue;
            for (int i = 0; i < built.Inputs.Length; i++)
            {
                Tensor input = built.Inputs[i];
                PlanBuffer buffer = BufferFor(input);
                bool free = buffer.Kind == BufferKind.Arena && !taken.Contains(buffer) && _lastUse.GetValueOrDefault(input) == step
                    && input.Type.ByteCount == output.Type.ByteCount && input.DType.Size() == output.DType.Size()
                    && !built.Outputs.Any(t => _bufferOf.GetValueOrDefault(t) == buffer)
                    && built.Loop.Inputs.Where((_, j) => BufferFor(built.Inputs[j]) == buffer).All(IsDense);
                if (!free)
                    continue;
                _bufferOf[output] = buffer;
                break;
            }
        }
    }

    /// <summary>Results first: an update may overwrite what a result still has to copy.</summary>
    private void AddCopies()
    {
        _steps.AddRange(_outputCopies);
        _steps.AddRange(_updateCopies);
    }

    private void MeasureLifetimes()
    {
        for (int i = 0; i < _steps.Count; i++)
        {
            IEnumerable<PlanBuffer> touched = _steps[i].Inputs.Concat(_steps[i].Outputs);
            if (_steps[i] is KernelStep kernel)
                touched = touched.Concat(kernel.EpilogueInputs).Concat(kernel.EpilogueOutputs);
            foreach (PlanBuffer buffer in touched)
            {
                buffer.FirstStep = Math.Min(buffer.FirstStep, i);
                buffer.LastStep = Math.Max(buffer.LastStep, i);
            }
        }
    }
}
