namespace Anneal.Onnx;

/// <content>Batches of any number of examples for graphs of a fixed number.</content>
public sealed partial class OnnxModel
{
    /// <summary>The number of examples that the graph was exported for, or null where it takes any number.</summary>
    private long? FixedBatch => _inputs[0].Dimensions is [{ IsFixed: true } first, ..] ? first.Extent : null;

    private Tensor[] RunBatch(Tensor[] inputs)
    {
        foreach (OnnxValueInfo input in _inputs)
        {
            if (input.Dimensions is { } dimensions && (dimensions.Count == 0 || (FixedBatch is { } count && dimensions[0].Extent != count)))
            {
                throw new ModelException(
                    $"The input {input.Name} of the graph {Name} is {OnnxSignature.Show(input)}, which has no axis of examples, so it cannot run on batches. Hint: use {nameof(Infer)}.");
            }
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
            if (axis > 0)
                outputs[i] = outputs[i].Transpose([axis, .. Enumerable.Range(0, outputs[i].Shape.Rank).Where(a => a != axis)]);
        }

        return outputs;
    }

    private int ExampleAxis(int output, Tensor tensor, long batch)
    {
        OnnxDimension first = _inputs[0].Dimensions is [var dimension, ..] ? dimension : default;
        int named = first.Symbol is { Length: > 0 } symbol ? _file.Graph.Outputs[output].Dimensions?.FindIndex(d => d.Symbol == symbol) ?? -1 : -1;
        int axis = named >= 0 && named < tensor.Shape.Rank ? named : Array.IndexOf(tensor.Shape.ToArray(), batch);
        return axis >= 0 && tensor.Shape[axis] == batch
            ? axis
            : throw new ModelException(
                $"The output {_file.Graph.Outputs[output].Name} of the graph {Name} is {tensor.Type} for {batch} examples: it has no axis of examples, so it cannot run on batches. Hint: use {nameof(Infer)}.");
    }
}
