using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Operations that choose elements by their places. Places out of range are an error in other software, where Anneal gives no number.</summary>
internal static class ExportIndexing
{
    internal static void Register(Dictionary<Type, ExportRule> rules)
    {
        rules[typeof(Gather)] = (e, n) => e.Result(n, "Gather", [e.Name(n.Input(0)), e.Name(n.Input(1))], Attributes.Of("axis", 0));
        rules[typeof(GatherAlong)] = (e, n) => e.Result(n, "GatherElements", [e.Name(n.Input(0)), e.Name(n.Input(1))], Attributes.Of("axis", ((GatherAlong)n.Op).Axis));
        rules[typeof(ScatterAdd)] = ScatterRows;
        rules[typeof(ScatterAddAlong)] = (e, n) => e.Result(
            n, "ScatterElements", [e.Zeros(n.Output), e.Name(n.Input(0)), e.Name(n.Input(1))], Attributes.Of("axis", ((ScatterAddAlong)n.Op).Axis), Attributes.Of("reduction", "add"));
        rules[typeof(ArgMax)] = (e, n) =>
        {
            string places = e.Step(n, "ArgMax", [e.Name(n.Input(0))], Attributes.Of("axis", ((ArgMax)n.Op).Axis), Attributes.Of("keepdims", 0));
            e.Result(n, "Cast", [places], Attributes.Of("to", OnnxTypes.Of(DType.Int32)));
        };
        rules[typeof(ArgSort)] = Sort;
    }

    private static void ScatterRows(OnnxEmitter e, NodePair n)
    {
        string places = e.Step(n, "Cast", [e.Name(n.Input(0))], Attributes.Of("to", OnnxTypes.Of(DType.Int64)));
        places = e.Step(n, "Unsqueeze", [places, e.Integers(-1)]);
        e.Result(n, "ScatterND", [e.Zeros(n.Output), places, e.Name(n.Input(1))], Attributes.Of("reduction", "add"));
    }

    private static void Sort(OnnxEmitter e, NodePair n)
    {
        (ArgSort first, ArgSort second) = n.Ops<ArgSort>();
        string count = e.Integers([e.Between(n, first.Count, second.Count)]);
        string[] places = e.Steps(
            n, "TopK", 2, [e.Name(n.Input(0)), count], Attributes.Of("axis", first.Axis), Attributes.Of("largest", first.Descending ? 1 : 0), Attributes.Of("sorted", 1));
        e.Result(n, "Cast", [places[1]], Attributes.Of("to", OnnxTypes.Of(DType.Int32)));
    }
}
