using Anneal.Graphs;

namespace Anneal.Onnx;

/// <content>Batches of any number of examples for graphs of a fixed number.</content>
public sealed partial class OnnxModel
{
    /// <summary>The number of examples that the graph was exported for, or null where it takes any number.</summary>
    private long? FixedBatch => _inputs[0].Dimensions is [{ IsFixed: true } first, ..] ? first.Extent : null;

    /// <summary>
    /// Runs the graph once on inputs without values, where all extents but the number of examples are known: mistakes show when a file is read.
    /// </summary>
    /// <returns>The types of the outputs for one example, or null where inputs or outputs have no axis of examples, so that the graph cannot be built as a model.</returns>
    private TensorType[]? TryGraph()
    {
        const long Examples = 2;
        var types = new TensorType[_inputs.Length];
        string symbol = _inputs[0].Dimensions is [var first, ..] ? first.Symbol : "";
        for (int i = 0; i < types.Length; i++)
        {
            if (_inputs[i].Dimensions is not { } dimensions || dimensions.Count > 64 || !dimensions.TrueForAll(d => d.IsFixed || (d.Symbol.Length > 0 && d.Symbol == symbol)))
                return null;
            types[i] = new TensorType(OnnxTypes.Find(_inputs[i].ElementType)!.Value, [.. dimensions.Select(d => d.IsFixed ? d.Extent : Examples)]);
        }

        // Mistakes name nodes of the graph, not lines of a program, which take longer to find than all else here.
        using var trace = new Trace("import of " + _file.Name, training: false) { DerivedFrom = Origin.Unknown };
        Tensor[] outputs = RunGraph([.. types.Select((t, i) => trace.AddInput(t, _inputs[i].Name))]);
        if (FindInputWithoutExamples() is not null || FixedBatch == 0)
            return null;
        int[] axes = [.. outputs.Select((o, i) => ExampleAxis(i, o, FixedBatch ?? Examples))];
        return axes.All(a => a >= 0) ? [.. outputs.Select((o, i) => o.Type with { Shape = o.Shape[..axes[i]].Concat(o.Shape[(axes[i] + 1)..]) })] : null;
    }

    private OnnxValueInfo? FindInputWithoutExamples() =>
        Array.Find(_inputs, i => i.Dimensions is { } dimensions && (dimensions.Count == 0 || (FixedBatch is { } count && dimensions[0].Extent != count)));

    private Tensor[] RunBatch(Tensor[] inputs)
    {
        if (FindInputWithoutExamples() is { } input)
        {
            throw new ModelException(
                $"The input {input.Name} of the graph {Name} is {OnnxSignature.Show(input)}, which has no axis of examples, so it cannot run on batches. Hint: use {nameof(Infer)}.");
        }

        long batch = inputs.Length > 0 && inputs[0].Shape.Rank > 0 ? inputs[0].Shape[0] : 0;
        if (FixedBatch is not { } each || each == batch || each == 0)
            return WithExamplesFirst(RunGraph(inputs), batch);
        var parts = new List<Tensor[]>();
        for (long start = 0; start < batch; start += each)
            parts.Add(WithExamplesFirst(RunGraph(Array.ConvertAll(inputs, i => Part(i, start, each))), each));
        return [.. Enumerable.Range(0, parts[0].Length).Select(o => Tensor.Concat(0, [.. parts.Select(p => p[o])]).Narrow(0, 0, batch))];
    }

    /// <summary>Some of the examples; where there are not so many left, zeros follow, and what the graph makes of them is cut off.</summary>
    private static Tensor Part(Tensor input, long start, long count)
    {
        long there = Math.Min(count, input.Shape[0] - start);
        Tensor part = input.Narrow(0, start, there);
        if (there == count)
            return part;
        var after = new long[input.Shape.Rank];
        after[0] = count - there;
        return part.Pad(new long[input.Shape.Rank], after);
    }

    /// <summary>Outputs with the axis of the examples in front: the first that has the batch's symbol or, in a graph of a fixed number, its extent.</summary>
    private Tensor[] WithExamplesFirst(Tensor[] outputs, long batch)
    {
        for (int i = 0; i < outputs.Length; i++)
        {
            int axis = ExampleAxis(i, outputs[i], batch);
            if (axis < 0)
            {
                throw new ModelException(
                    $"The output {_file.Graph.Outputs[i].Name} of the graph {Name} is {outputs[i].Type} for {batch} examples: it has no axis of examples, so it cannot run on batches. Hint: use {nameof(Infer)}.");
            }

            if (axis > 0)
                outputs[i] = outputs[i].Transpose([axis, .. Enumerable.Range(0, outputs[i].Shape.Rank).Where(a => a != axis)]);
        }

        return outputs;
    }

    /// <summary>The axis of an output that counts the examples, or -1 where it has none.</summary>
    private int ExampleAxis(int output, Tensor tensor, long batch)
    {
        OnnxDimension first = _inputs[0].Dimensions is [var dimension, ..] ? dimension : default;
        int named = first.Symbol is { Length: > 0 } symbol ? _file.Graph.Outputs[output].Dimensions?.FindIndex(d => d.Symbol == symbol) ?? -1 : -1;
        int axis = named >= 0 && named < tensor.Shape.Rank ? named : Array.IndexOf(tensor.Shape.ToArray(), batch);
        return axis >= 0 && tensor.Shape[axis] == batch ? axis : -1;
    }
}
