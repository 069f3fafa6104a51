using Anneal.Execution;
using Anneal.Graphs;

namespace Anneal;

/// <summary>The forward pass for one number of examples, compiled. Each run leases memory of its own, so several threads may run it.</summary>
internal sealed unsafe class PredictProgram
{
    private readonly CompiledGraph _compiled;
    private readonly IndexCheck[] _checks;

    private PredictProgram(CompiledGraph compiled, IndexCheck[] checks) => (_compiled, _checks) = (compiled, checks);

    internal static PredictProgram Compile(Model model, Dataset data, int count)
    {
        IndexCheck[] checks = [];
        TensorType[] inputs = [.. data.Inputs.Select(t => LayerCall.Batched(t, count))];
        Graph graph = Graph.Of("prediction of " + model.Name, inputs, arguments =>
        {
            using var scope = new BuildScope();
            Tensor[] outputs = model.ApplyAll(arguments);
            scope.Complete();
            foreach (Tensor output in outputs)
                LayerCall.Single(output.Type, count, model);
            checks = [.. scope.IndexChecks];
            return outputs;
        });
        return new PredictProgram(CompiledGraph.Compile(graph), checks);
    }

    /// <summary>Runs all examples of a data set, in order.</summary>
    internal static TensorData[] RunAll(Dataset data, int batchSize, Func<int, PredictProgram> programFor)
    {
        int size = Math.Min(batchSize, data.Count), rest = data.Count % size;
        Batch full = data.CreateBatch(size);
        TensorData[]? results = null;
        var indices = new int[size];
        for (int first = 0; first < data.Count; first += size)
        {
            int count = Math.Min(size, data.Count - first);
            Batch batch = count == size ? full : data.CreateBatch(rest);
            for (int i = 0; i < count; i++)
                indices[i] = first + i;
            data.Fill(indices.AsSpan(0, count), batch);
            programFor(count).Run(batch, first, data.Count, ref results);
        }

        return results!;
    }

    private void Run(Batch batch, int first, int total, ref TensorData[]? results)
    {
        foreach (IndexCheck check in _checks)
            HostChecks.RequireIndices(batch, check);
        ProgramContext context = _compiled.Rent();
        for (int i = 0; i < context.Inputs.Length; i++)
            HostChecks.Copy(batch.InputArray[i], context.Inputs[i]);
        context.Run();
        results ??= Array.ConvertAll(context.Outputs, o => new TensorData(LayerCall.Batched(o.Type with { Shape = o.Shape[1..] }, total)));
        for (int i = 0; i < results.Length; i++)
        {
            TensorData output = context.Outputs[i];
            long rowBytes = output.Type.ByteCount / batch.Count;
            Buffer.MemoryCopy(output.Pointer, results[i].Pointer + first * rowBytes, output.Type.ByteCount, output.Type.ByteCount);
            GC.KeepAlive(output);
            GC.KeepAlive(results[i]);
        }

        _compiled.Return(context);
    }
}
