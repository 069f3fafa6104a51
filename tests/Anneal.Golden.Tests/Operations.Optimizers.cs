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
        ["sgd_clip_value"] = a => new Sgd(a.Number("lr")) { ClipValue = a.Number("clip_value") },
        ["adam"] = a => new Adam(a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps")),
        ["adam_amsgrad_l2"] = a =>
        {
            a.Require("decoupled", "False");
            return new Adam(a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps"), a.Number("weight_decay"), a.Flag("amsgrad"));
        },
        ["adamw"] = a => DecoupledAdam(a),
        ["adamw_clip_norm"] = a => DecoupledAdam(a, a.Number("clip_norm")),
        ["rmsprop"] = a => new RmsProp(a.Number("lr"), a.Number("alpha"), a.Number("eps"), a.Number("momentum")),
        ["rmsprop_centered"] = a => new RmsProp(a.Number("lr"), a.Number("alpha"), a.Number("eps"), a.Number("momentum"), a.Flag("centered")),
        ["adagrad"] = a => new Adagrad(a.Number("lr"), epsilon: a.Number("eps")),
        ["adadelta"] = a => new Adadelta(a.Number("lr"), a.Number("rho"), a.Number("eps")),
        ["adamax"] = a => new Adamax(a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps")),
        ["nadam"] = a => new Nadam(
            a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps"), momentumDecay: a.Number("momentum_decay")),
        ["radam"] = a => new RAdam(a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps")),
        ["schedule_step"] = a => new Sgd(new StepSchedule(a.Number("lr"), a.Integer("step_size"), a.Number("gamma"))),
        ["schedule_exponential"] = a => new Sgd(new ExponentialSchedule(a.Number("lr"), a.Number("gamma"))),
        ["schedule_cosine"] = a => new Sgd(new CosineSchedule(a.Number("lr"), a.Integer("t_max"), a.Number("eta_min"))),
        ["schedule_cosine_restarts"] = a => new Sgd(new CosineRestartsSchedule(a.Number("lr"), a.Integer("t0"))),
        ["schedule_onecycle"] = OneCycle,
        ["schedule_linear_warmup"] = LinearWarmUp,
    };

    /// <summary>
    /// Makes all steps of an optimizer case with the given gradients and compares the rate of each step and the parameters after it.
    /// </summary>
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
            gradients =>
            {
                optimizer.Apply(state, parameters, gradients);
                return [];
            },
            new ProgramOptions { Name = golden.Name, Device = device });
        for (int step = 0; step < golden.Steps; step++)
        {
            program.RunAll([.. parameters.Select((_, i) => GoldenFolder.Array(golden, $"g{step}/{i}"))]);
            Assert.True(
                Math.Abs(state.LearningRate - rates[step]) <= 1e-12 * Math.Abs(rates[step]),
                $"{golden.Name}: the rate of step {step} is {state.LearningRate:R}, expected {rates[step]:R}.");
            for (int i = 0; i < parameters.Length; i++)
                GoldenRun.Compare(golden, $"p{step + 1}/{i}", parameters[i].Value);
        }
    }

    private static AdamW DecoupledAdam(GoldenArguments a, double? clipNorm = null)
    {
        a.Require("decoupled", "True");
        return new AdamW(a.Number("lr"), a.Number("beta1"), a.Number("beta2"), a.Number("eps"), a.Number("weight_decay")) { GlobalClipNorm = clipNorm };
    }

    private static Sgd OneCycle(GoldenArguments a)
    {
        // The optimizer's own rate is overridden by the schedule.
        a.Number("lr");
        a.Require("anneal", "cos");
        a.Require("cycle_momentum", "False");
        return new Sgd(new OneCycleSchedule(
            a.Number("max_lr"), a.Integer("total_steps"), a.Number("pct_start"), a.Number("div_factor"), a.Number("final_div_factor")));
    }

    private static Sgd LinearWarmUp(GoldenArguments a)
    {
        int warmUp = a.Integer("warmup"), total = a.Integer("total");
        a.Require("formula", $"min(1,(s+1)/{warmUp})*max(0,({total}-s)/{total})");
        return new Sgd(new PolynomialSchedule(a.Number("lr"), total).WithWarmUp(warmUp));
    }
}
