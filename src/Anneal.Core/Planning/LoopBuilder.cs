using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Planning;

/// <summary>A loop with the values that its operands are.</summary>
/// <param name="Loop">The loop.</param>
/// <param name="Inputs">For each input operand the value whose memory is read.</param>
/// <param name="Outputs">For each output operand the value that is written.</param>
internal sealed record BuiltLoop(Loop Loop, Tensor[] Inputs, Tensor[] Outputs);

/// <summary>Turns a group of nodes into a loop: loads through views, instructions, stores and folds.</summary>
internal sealed class LoopBuilder
{
    private readonly Shape _space;
    private readonly Dictionary<Tensor, int> _registers = [];
    private readonly List<LoopInstruction> _body = [];
    private readonly List<(Tensor Value, LoopOperand Operand)> _inputs = [];

    private LoopBuilder(Shape space) => _space = space;

    internal static BuiltLoop Build(Group group, Readers readers, IReadOnlyDictionary<Node, Group> groupOf, Placement? placement = null)
    {
        var builder = new LoopBuilder(group.Space);
        var outputs = new List<(Tensor Value, LoopOutput Output)>();
        var members = group.Computed.ToHashSet();
        foreach (Node node in group.Computed.OrderBy(n => n.Id))
        {
            Tensor value = node.Outputs[0];
            if (node.Op is ReductionOp reduction)
            {
                int folded = builder.Operand(node.Inputs[0], members);
                outputs.Add((value, new LoopOutput(folded, Folded(value, reduction, group.Space), reduction.Reduction)));
                continue;
            }

            int register = builder._registers[value] = builder.Apply((ElementwiseOp)node.Op, node, members);
            if (!group.Recomputed.Contains(node) && IsNeededOutside(value, members, readers, groupOf))
                outputs.Add((value, new LoopOutput(register, placement?.OperandOf(value) ?? new LoopOperand(value.DType, Strides.Of(group.Space), 0), null)));
        }

        var loop = new Loop
        {
            Dims = group.Space.ToArray(),
            ReduceStart = group.Reduction?.FirstAxis ?? 0,
            ReduceCount = group.Reduction?.AxisCount ?? 0,
            Inputs = builder._inputs.Select(i => i.Operand).ToArray(),
            Body = [.. builder._body],
            Outputs = outputs.Select(o => o.Output).ToArray(),
        };
        return new BuiltLoop(loop, builder._inputs.Select(i => i.Value).ToArray(), outputs.Select(o => o.Value).ToArray());
    }

    /// <summary>Whether the value is a result of the graph, or is read by a node of a group that is not in this one.</summary>
    private static bool IsNeededOutside(Tensor value, HashSet<Node> members, Readers readers, IReadOnlyDictionary<Node, Group> groupOf) =>
        readers.IsResult(value) || readers.Of(value).Any(n => !members.Contains(n) && groupOf.TryGetValue(n, out Group? reader) && !reader.Recomputes(value.Node));

    private static LoopOperand Folded(Tensor value, ReductionOp reduction, Shape space)
    {
        long[] dense = Strides.Of(value.Shape);
        var strides = new long[space.Rank];
        for (int i = 0; i < space.Rank; i++)
        {
            int kept = i < reduction.FirstAxis ? i : i - reduction.AxisCount;
            strides[i] = i < reduction.FirstAxis || i >= reduction.FirstAxis + reduction.AxisCount ? dense[kept] : 0;
        }

        return new LoopOperand(value.DType, strides, 0);
    }

    private int Apply(ElementwiseOp op, Node node, HashSet<Node> members)
    {
        if (op.GivesFirstOperand)
            return Emit(new LoopInstruction(LoopInstructionKind.Apply, node.Outputs[0].DType) { Op = new Copy(), Arguments = [Operand(node.Inputs[0], members)] });
        int[] arguments = node.Inputs.Select(i => Operand(i, members)).ToArray();
        return Emit(new LoopInstruction(LoopInstructionKind.Apply, node.Outputs[0].DType) { Op = op, Arguments = arguments });
    }

    private int Operand(Tensor tensor, HashSet<Node> members)
    {
        if (_registers.TryGetValue(tensor, out int register))
            return register;
        if (members.Contains(tensor.Node) && tensor.Node.Op.Kind == OpKind.Elementwise)
            throw new GraphException($"{tensor.Node} is used in its loop before it is computed.");
        return tensor.Node.Op is Constant constant ? Constant(constant) : Load(tensor);
    }

    private int Constant(Constant constant) =>
        Emit(new LoopInstruction(LoopInstructionKind.Constant, constant.Type.DType) { Value = constant.Value });

    private int Load(Tensor tensor)
    {
        View view = View.Of(tensor);
        if (view.Source.Node.Op is Constant constant)
            return _registers[tensor] = Constant(constant);
        Tensor root = View.Root(view.Source);
        int input = _inputs.FindIndex(i => i.Value == root && i.Operand.Offset == view.Offset && i.Operand.Strides.AsSpan().SequenceEqual(view.Strides));
        if (input < 0)
        {
            input = _inputs.Count;
            _inputs.Add((root, new LoopOperand(root.DType, view.Strides, view.Offset)));
        }

        int known = _body.FindIndex(i => i.Kind == LoopInstructionKind.Load && i.Input == input);
        int register = known >= 0 ? known : Emit(new LoopInstruction(LoopInstructionKind.Load, root.DType) { Input = input });
        return _registers[tensor] = register;
    }

    private int Emit(LoopInstruction instruction)
    {
        _body.Add(instruction);
        return _body.Count - 1;
    }
}
