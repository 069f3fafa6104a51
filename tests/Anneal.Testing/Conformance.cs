using System.Security.Cryptography;
using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Reference;

namespace Anneal.Testing;

/// <summary>Runs cases on a device and compares them with the reference interpreter.</summary>
internal static class Conformance
{
    /// <summary>The difference between a device's result and the reference, or null; also the bytes of the result.</summary>
    internal static (string? Difference, byte[] Bytes) Check(OpCase test, Device device)
    {
        double[][] inputs = test.Draw();
        return Check(test.Trace(), test.Inputs.Select(i => i.Type).ToArray(), inputs, device, test.Tolerance, test.Name);
    }

    /// <summary>Compiles a graph for a device, runs it and compares every output.</summary>
    internal static (string? Difference, byte[] Bytes) Check(
        Graph graph, TensorType[] types, double[][] inputs, Device device, Tolerance tolerance, string name)
    {
        double[][] expected = ReferenceDevice.Evaluate(graph, inputs);
        ProgramContext context = CompiledGraph.Compile(graph, device).CreateContext();
        for (int i = 0; i < inputs.Length; i++)
            Values.ToData(inputs[i], types[i]).AsBytes().CopyTo(context.Inputs[i].AsBytes());
        context.Run();
        using var bytes = new MemoryStream();
        for (int i = 0; i < expected.Length; i++)
        {
            TensorData output = context.Outputs[i];
            if (output.Shape != graph.Outputs[i].Shape)
                return ($"{name}: the output has the shape {output.Shape} instead of {graph.Outputs[i].Shape}", []);
            if (Comparer.Difference(Rounded(expected[i], output.DType), Values.ToDoubles(output), tolerance) is { } difference)
                return ($"{name}, output {i}: {difference}", []);
            bytes.Write(output.AsBytes());
        }

        return (null, bytes.ToArray());
    }

    /// <summary>A short name for many bytes, to compare processes by.</summary>
    internal static string Digest(IEnumerable<byte[]> results)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] result in results)
            hash.AppendData(result);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    // Beyond the largest float a double is infinite in float32, and whole numbers wrap: as the type stores it.
    private static double[] Rounded(double[] values, DType dtype)
    {
        if (dtype is DType.Float32 or DType.Float64)
            return values.Select(v => dtype == DType.Float32 && Math.Abs(v) > float.MaxValue ? (float)v : v).ToArray();
        TensorData data = Values.ToData(values, new TensorType(dtype, values.Length));
        return Values.ToDoubles(data);
    }
}
