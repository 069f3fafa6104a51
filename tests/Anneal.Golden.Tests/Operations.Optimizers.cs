using Anneal.Execution;

namespace Anneal.Golden.Tests;

/// <content>Optimizers, which are not functions of tensors but paths of parameters.</content>
internal static partial class Operations
{
    /// <summary>How to make each optimizer.</summary>
    internal static readonly IReadOnlyDictionary<string, Func<GoldenArguments, Optimizer>> Optimizers = new Dictionary<string, Func<GoldenArguments, Optimizer>>
    {
        ["sgd"] = a => new Sgd(a.Number("lr")),
        ["sgd_momentum"] = a =>
        {
            a.Require("decoupled", "False");
            return new Sgd(a.Number("lr"), a.Number("momentum"), a.Number("dampening"), weightDecay: a.Number("weight_decay"));
        },
        ["sgd_nesterov"] = a => new Sgd(a.Number("lr"), a.Number("momentum"), nesterov: a.Flag("nesterov")),
        ["adam"] = a => new Adam(a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps")),
        ["adam_amsgrad_l2"] = a =>
        {
            a.Require("decoupled", "False");
            return new Adam(a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps"), a.Number("weight_decay"), a.Flag("amsgrad"));
        },
        ["adamw"] = a =>
        {
            a.Require("decoupled", "True");
            return new AdamW(a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps"), a.Number("weight_decay"));
        },
    };

    /// <summary>Makes all steps of an optimizer case with the given gradients and compares the parameters after each.</summary>
    internal static void RunOptimizer(GoldenCase golden, Func<GoldenArguments, Optimizer> make, Device device)
    {
        var arguments = new GoldenArguments(golden, new Dictionary<string, Tensor>());
        double[] rates = arguments.Numbers("lr_per_step");
        Optimizer optimizer = make(arguments);
        arguments.RequireAllUsed();
        Assert.Equal(golden.Steps, rates.Length);
        Parameter[] parameters = [.. Enumerable.Range(0, golden.ParameterCount).Select(i => new Parameter(GoldenFolder.Array(golden, $"p0/{i}"), $"p{i}"))];
        OptimizerState state = optimizer.CreateState(parameters);
        Program program = Program.Compile(
            x =>
            {
                optimizer.Apply(state, parameters, x[..parameters.Length], x[parameters.Length..]);
                return [];
            },
            new ProgramOptions { Name = golden.Name, Device = device });
        for (int step = 0; step < golden.Steps; step++)
        {
            optimizer.LearningRate = rates[step];
            program.RunAll([.. parameters.Select((_, i) => GoldenFolder.Array(golden, $"g{step}/{i}")), .. state.NextStep()]);
            for (int i = 0; i < parameters.Length; i++)
                GoldenRun.Compare(golden, $"p{step + 1}/{i}", parameters[i].Value);
        }
    }
}
