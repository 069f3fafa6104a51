namespace Anneal;

/// <summary>The layers between the inputs and the outputs of a functional model, in an order in which they can be applied.</summary>
internal sealed class FunctionalGraph
{
    internal FunctionalGraph(IReadOnlyList<LayerOutput> inputs, IReadOnlyList<LayerOutput> outputs)
    {
        (Inputs, Outputs) = ([.. inputs], [.. outputs]);
        if (Inputs.Length == 0 || Outputs.Length == 0)
            throw new ModelException("A model needs at least one input and one output.");
        foreach (LayerOutput input in Inputs)
        {
            if (input.Producer.Layer is not Input)
                throw new ModelException($"An input of a model must come from an {nameof(Input)} layer, but {input} was given.");
        }

        if (Inputs.Distinct().Count() != Inputs.Length)
            throw new ModelException("An input of a model is given twice.");
        Calls = Sort();
    }

    internal LayerOutput[] Inputs { get; }

    internal LayerOutput[] Outputs { get; }

    /// <summary>All applications, each after those that it needs; the inputs first.</summary>
    internal LayerCall[] Calls { get; }

    internal Tensor[] Run(Tensor[] inputs, Layer owner)
    {
        if (inputs.Length != Inputs.Length)
            throw new ShapeException($"Model {owner.Path} takes {Inputs.Length} inputs, but {inputs.Length} were given.");
        var values = new Dictionary<LayerCall, Tensor[]>();
        for (int i = 0; i < inputs.Length; i++)
            values[Inputs[i].Producer] = Inputs[i].Producer.Layer.ApplyAll([inputs[i]]);
        foreach (LayerCall call in Calls)
        {
            if (!values.ContainsKey(call))
                values[call] = call.Layer.ApplyAll(Array.ConvertAll(call.Inputs, i => values[i.Producer][i.Index]));
        }

        return Array.ConvertAll(Outputs, o => values[o.Producer][o.Index]);
    }

    private LayerCall[] Sort()
    {
        var order = new List<LayerCall>(Inputs.Select(i => i.Producer));
        var done = new HashSet<LayerCall>(order);
        var stack = new Stack<(LayerCall Call, int Next)>();
        foreach (LayerOutput output in Outputs)
        {
            if (done.Add(output.Producer))
                stack.Push((output.Producer, 0));
            while (stack.TryPop(out (LayerCall Call, int Next) top))
            {
                if (top.Call.Layer is Input input)
                    throw new ModelException($"The outputs depend on the input {input.Output}, which is not among the inputs of the model.");
                if (top.Next == top.Call.Inputs.Length)
                {
                    order.Add(top.Call);
                    continue;
                }

                stack.Push((top.Call, top.Next + 1));
                LayerCall needed = top.Call.Inputs[top.Next].Producer;
                if (done.Add(needed))
                    stack.Push((needed, 0));
            }
        }

        return [.. order];
    }
}
