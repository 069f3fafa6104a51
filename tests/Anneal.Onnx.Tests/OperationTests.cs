using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Testing;
using Microsoft.ML.OnnxRuntime;

namespace Anneal.Onnx.Tests;

/// <summary>Every operation on all cases of the conformance suite: written as ONNX, run by ONNX Runtime and read back, against its definition.</summary>
public sealed class OperationTests
{
    private const double Relative = 1e-5;

    [Fact]
    public void EveryOperationIsWrittenOrHasAReason()
    {
        Type[] undecided =
        [
            .. typeof(Op).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract && !ExportRules.Has(t) && ExportRules.ReasonAgainst(t) is null),
        ];
        Assert.Empty(undecided);
    }

    [Fact]
    public void CasesFollowInTheRuntimeAndHere()
    {
        var failures = new List<string>();
        var written = new HashSet<Type>();
        foreach (OpCase golden in OpCases.All().Where(c => c.Inputs.Length > 0 || c.Op is Iota))
        {
            // A graph has an input, from which it knows the number of examples; a row of numbers needs none.
            Graph graph = Graph.Of(golden.Name, [.. golden.Inputs.Select(i => i.Type), .. golden.Inputs.Length == 0 ? new[] { new TensorType(DType.Float32, [1]) } : []], x => Node.Record(golden.Op, golden.Inputs.Length == 0 ? [] : x));
            if (ExportRules.ReasonAgainst(golden.Op.GetType()) is not null)
            {
                OnnxExportException error = Assert.Throws<OnnxExportException>(() => ToBytes(graph));
                Assert.Equal(golden.Op.Name, error.Operation);
                continue;
            }

            written.Add(golden.Op.GetType());
            if (Failure(golden, graph) is { } failure)
                failures.Add(failure);
        }

        Assert.True(failures.Count == 0, $"{failures.Count} cases:\n" + string.Join("\n", failures.Take(30)));
        Type[] untested =
        [
            .. typeof(Op).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract && ExportRules.Has(t) && !t.IsSubclassOf(typeof(LeafOp)) && !written.Contains(t)),
        ];
        Assert.Empty(untested);
    }

    private static string? Failure(OpCase golden, Graph graph)
    {
        double[][] numbers = golden.Draw();
        TensorData[] inputs = [.. numbers.Select((n, i) => Values.ToData(n, golden.Inputs[i].Type)), .. golden.Inputs.Length == 0 ? new[] { new TensorData(DType.Float32, [1]) } : []];
        Dictionary<Tensor, double[]> values = Interpreter.Run(graph, [.. inputs.Select(Values.ToDoubles)]);
        double[][] expected = [.. graph.Outputs.Select(o => values[o])];
        byte[] bytes = ToBytes(graph);
        TensorData[] here;
        try
        {
            here = OnnxModel.Import(bytes).Infer(inputs);
        }
        catch (AnnealException error)
        {
            return $"{golden.Name}: {error.Message}";
        }

        for (int i = 0; i < expected.Length; i++)
        {
            if (Difference(graph.Outputs[i], expected[i], here[i]) is { } difference)
                return $"{golden.Name}, read back: {difference}";
        }

        TensorData[] there;
        try
        {
            there = Runtime.Run(bytes, inputs);
        }
        catch (OnnxRuntimeException error) when (error.Message.Contains("NOT_IMPLEMENTED", StringComparison.Ordinal) && inputs.Any(i => i.DType is DType.UInt8 or DType.Int8 or DType.Float64))
        {
            // The runtime has not every operator for every type; those of the layers are float32 and whole numbers.
            return null;
        }
        catch (OnnxRuntimeException) when (golden.Op is Scan { Length: 0 })
        {
            // The runtime refuses loops of no steps, which are right by the definition; they are read back above.
            return null;
        }
        catch (OnnxRuntimeException error)
        {
            return $"{golden.Name}: {error.Message}";
        }

        for (int i = 0; i < expected.Length; i++)
        {
            if (Difference(graph.Outputs[i], expected[i], there[i]) is { } difference)
                return $"{golden.Name}, in the runtime: {difference}";
        }

        return null;
    }

    private static string? Difference(Tensor output, double[] expected, TensorData found)
    {
        if (found.Type != output.Type)
            return $"expected {output.Type}, got {found.Type}";
        double largest = expected.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        return Comparer.Difference(expected, Values.ToDoubles(found), new Tolerance(Relative * Math.Max(1, largest), Relative));
    }

    internal static byte[] ToBytes(Graph graph)
    {
        string[] inputs = [.. graph.Inputs.Select((_, i) => $"input_{i}")], outputs = [.. graph.Outputs.Select((_, i) => $"output_{i}")];
        OnnxFile file = OnnxExporter.ToFile(graph, graph, new BatchPair(1, 1), inputs, outputs, new HashSet<Variable>(), graph.Name);
        using var stream = new MemoryStream();
        OnnxWriter.Write(file).WriteTo(stream);
        return stream.ToArray();
    }
}
