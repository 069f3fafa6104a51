using Anneal.Execution;
using Anneal.Graphs;

namespace Anneal;

/// <summary>The gradients of a step as results of a program, compiled only where one was not finite, to find which.</summary>
internal sealed class GradientDiagnosis(Func<(Graph Graph, string[] Parameters)> trace)
{
    /// <summary>The first parameter whose gradient is not finite for these inputs, or null. Nothing is changed.</summary>
    /// <param name="inputs">The inputs of the step; those that the gradients do not need come last.</param>
    internal string? FirstNonFinite(TensorData[] inputs)
    {
        (Graph graph, string[] parameters) = trace();

        // What the forward pass assigns, such as moving averages, stays as it is.
        var gradients = new Graph(graph.Name, graph.Trace, graph.Inputs, graph.Outputs, []);
        ProgramContext context = CompiledGraph.Compile(gradients).CreateContext();
        for (int i = 0; i < context.Inputs.Length; i++)
            HostChecks.Copy(inputs[i], context.Inputs[i]);
        context.Run();
        for (int i = 0; i < parameters.Length; i++)
        {
            TensorData gradient = context.Outputs[i];
            for (long e = 0; e < gradient.Shape.ElementCount; e++)
            {
                if (!double.IsFinite(gradient.GetDouble(e)))
                    return parameters[i];
            }
        }

        return null;
    }
}
