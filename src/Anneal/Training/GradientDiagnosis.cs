using Anneal.Execution;
using Anneal.Graphs;

namespace Anneal;

/// <summary>The gradients of a step as results of a program, compiled only where one was not finite, to find which.</summary>
internal sealed class GradientDiagnosis(TrainingSetup setup, Func<(Graph Graph, string[] Parameters)> trace)
{
    /// <summary>The first parameter whose gradient is not finite for these inputs, or null. Nothing is changed.</summary>
    internal string? FirstNonFinite(TensorData[] inputs)
    {
        (Graph graph, string[] parameters) = trace();
        TensorData random = setup.RandomState.Value;
        ProgramContext context = CompiledGraph.Compile(graph).CreateContext();
        for (int i = 0; i < context.Inputs.Length; i++)
            HostChecks.Copy(inputs[i], context.Inputs[i]);
        context.Run();
        setup.RandomState.Value = random;
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
