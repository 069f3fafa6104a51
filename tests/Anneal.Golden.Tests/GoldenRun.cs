using System.Text.Json;
using Anneal.Execution;
using Anneal.Testing;

namespace Anneal.Golden.Tests;

/// <summary>Computes the outputs of a case from its arguments, in the order of the manifest.</summary>
internal delegate Tensor[] Runner(GoldenArguments arguments);

/// <summary>Compiles a case with its gradients for a device, runs it, and compares every array.</summary>
internal static class GoldenRun
{
    internal static void Run(GoldenCase golden, Runner runner, Device device)
    {
        TensorData[] given = [.. golden.Inputs.Select(n => Array("in/" + n)), .. golden.Upstreams.Select(n => Array("up/" + n))];
        Program program = Program.Compile(x => Trace(golden, runner, x), new ProgramOptions { Name = golden.Name, Device = device });
        TensorData[] results = program.RunAll(given);
        for (int i = 0; i < golden.Outputs.Length; i++)
            Compare(golden, "out/" + golden.Outputs[i], results[i]);
        for (int i = 0; i < golden.Gradients.Length; i++)
            Compare(golden, "grad/" + golden.Gradients[i], results[golden.Outputs.Length + i]);

        TensorData Array(string name) => GoldenFolder.Array(golden, name);
    }

    /// <summary>Fails unless an array of the case agrees with a result in kind, shape and values.</summary>
    internal static void Compare(GoldenCase golden, string name, TensorData actual)
    {
        TensorData expected = GoldenFolder.Array(golden, name);
        string what = $"{golden.Name}/{name}";
        double[] values = Values.ToDoubles(expected);
        bool floating = expected.DType.IsFloating();
        Assert.True(floating ? actual.DType == DType.Float32 : !actual.DType.IsFloating(), $"{what}: expected {expected.DType.Name()}, got {actual.DType.Name()}.");
        Tolerance tolerance = floating ? ToleranceOf(golden, name, values) : default;
        Comparer.AssertClose(expected.Shape, values, actual.Shape, Values.ToDoubles(actual), tolerance, what);
    }

    private static Tolerance ToleranceOf(GoldenCase golden, string name, double[] expected)
    {
        double largest = Largest(expected);
        if (!name.StartsWith("grad/", StringComparison.Ordinal) || !golden.Attributes.TryGetProperty("input_scale", out JsonElement scale))
            return GoldenTolerances.Of(golden.Family, largest);
        double largestInput = Largest(Values.ToDoubles(GoldenFolder.Array(golden, "in/" + name["grad/".Length..])));
        return GoldenTolerances.OfScaledGradient(golden.Family, largest, largestInput * Math.Abs(scale.GetDouble()));
    }

    private static double Largest(double[] values) => values.Select(Math.Abs).DefaultIfEmpty().Max();

    /// <summary>The outputs followed by the gradients of the sum of outputs times upstreams.</summary>
    private static Tensor[] Trace(GoldenCase golden, Runner runner, Tensor[] given)
    {
        Dictionary<string, Tensor> inputs = golden.Inputs.Select((name, i) => (name, given[i])).ToDictionary();
        var arguments = new GoldenArguments(golden, inputs);
        Tensor[] outputs = runner(arguments);
        arguments.RequireAllUsed();
        Assert.True(outputs.Length == golden.Outputs.Length, $"{golden.Name}: {golden.Outputs.Length} outputs expected, got {outputs.Length}.");
        if (golden.Gradients.Length == 0)
            return outputs;
        Tensor loss = Tensor.Zeros([]);
        for (int i = 0; i < golden.Upstreams.Length; i++)
            loss += (outputs[System.Array.IndexOf(golden.Outputs, golden.Upstreams[i])] * given[golden.Inputs.Length + i]).Sum();
        return [.. outputs, .. Gradients.Of(loss, golden.Gradients.Select(n => inputs[n]).ToArray())];
    }
}
