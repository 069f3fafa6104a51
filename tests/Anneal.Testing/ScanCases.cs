using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>Scans: recurrent steps in both directions, several carries, numbers of other types, and few steps or none.</summary>
internal static class ScanCases
{
    /// <summary>A step whose constants are given apart.</summary>
    internal delegate (Tensor[] Carries, Tensor[] Outputs) Step(Tensor[] carries, Tensor[] elements, Tensor[] constants);

    // A few steps of which each rounds a product and an elementary function, and passes its error on.
    private static readonly Tolerance FewSteps = new(5e-6, 5e-6);

    internal static IEnumerable<OpCase> All()
    {
        foreach ((long length, bool reverse) in ((long, bool)[])[(4, false), (3, true), (1, false), (0, true)])
        {
            yield return Case(length, reverse, [Small(2, 3)], [Small(length, 2, 3)], [Small(3, 3)], Recurrent);
            yield return Case(length, reverse, [Small(2, 4), Small(2, 4), Small()], [Small(length, 2, 8), Small(length, 2, 4)], [Small(4, 8), Small(8)], Gated);
            CaseInput mask = new(new TensorType(DType.Bool, [length, 3]), 0, 2), count = new(new TensorType(DType.Int32, [3]), 0, 9);
            yield return Case(length, reverse, [Small(3), count], [mask], [Small(3)], Counting);
        }
    }

    /// <summary>The same scan with floating-point numbers of another type.</summary>
    internal static Scan As(Scan scan, DType dtype)
    {
        using var trace = new Trace(scan.Inner.Name, training: false, isBody: true);
        TensorType Retype(TensorType type) => type.DType.IsFloating() ? type with { DType = dtype } : type;
        var copies = new Dictionary<Tensor, Tensor>();
        foreach (Tensor input in scan.Inner.Inputs)
            copies[input] = trace.AddInput(Retype(input.Type), ((Input)input.Node.Op).Label);
        foreach (Node node in scan.Inner.Nodes.Where(n => n.Op is not Input))
        {
            Op op = node.Op switch
            {
                Constant constant => constant with { Filled = Retype(constant.Filled) },
                Cast { To: DType.Float32 } => new Cast(dtype),
                Scan inner => As(inner, dtype),
                var other => other,
            };
            Tensor[] outputs = Node.Record(op, [.. node.Inputs.Select(i => copies[i])]);
            for (int i = 0; i < outputs.Length; i++)
                copies[node.Outputs[i]] = outputs[i];
        }

        var body = new Graph(scan.Inner.Name, trace, trace.Inputs, scan.Inner.Outputs.Select(o => copies[o]), []);
        return scan with { Body = new ScanBody(body) };
    }

    private static OpCase Case(long length, bool reverse, CaseInput[] carries, CaseInput[] sequences, CaseInput[] constants, Step step)
    {
        using var trace = new Trace("step", training: false, isBody: true);
        Tensor[] Inputs(CaseInput[] inputs, int skipped) =>
            [.. inputs.Select((input, i) => trace.AddInput(input.Type with { Shape = input.Type.Shape[skipped..] }, $"{i}"))];
        (Tensor[] next, Tensor[] outputs) = step(Inputs(carries, 0), Inputs(sequences, 1), Inputs(constants, 0));
        var body = new Graph("step", trace, trace.Inputs, [.. next, .. outputs], []);
        return new OpCase(new Scan(new ScanBody(body), carries.Length, sequences.Length, length, reverse), [.. carries, .. sequences, .. constants], FewSteps);
    }

    private static (Tensor[], Tensor[]) Recurrent(Tensor[] carries, Tensor[] elements, Tensor[] constants)
    {
        Tensor state = Tensor.Tanh(elements[0] + carries[0].MatMul(constants[0]));
        return ([state], [state]);
    }

    private static (Tensor[], Tensor[]) Gated(Tensor[] carries, Tensor[] elements, Tensor[] constants)
    {
        Tensor gates = elements[0] + carries[0].MatMul(constants[0]) + constants[1];
        Tensor kept = Tensor.Sigmoid(gates.Narrow(1, 0, 4)), added = gates.Narrow(1, 4, 4) * elements[1];
        Tensor memory = kept * carries[1] + added;
        Tensor total = carries[2] + memory.Mean();
        return ([Tensor.Sin(memory) * total, memory, total], [carries[1], kept * total]);
    }

    private static (Tensor[], Tensor[]) Counting(Tensor[] carries, Tensor[] elements, Tensor[] constants)
    {
        Tensor moved = Tensor.Select(elements[0], carries[0] * constants[0], carries[0] + constants[0]);
        return ([moved, carries[1] + elements[0].Cast(DType.Int32)], [carries[1], moved * moved]);
    }

    private static CaseInput Small(params long[] extents) => new(new TensorType(DType.Float32, extents), -1, 1);
}
