namespace Anneal;

/// <summary>What <c>Compile</c> gave a model, and what training remembers from one call to the next.</summary>
internal sealed class TrainingSetup
{
    internal TrainingSetup(Model model, Optimizer optimizer, Loss[] losses, Metric[][] metrics, double[] lossWeights)
    {
        (Optimizer, Losses, Metrics, LossWeights) = (optimizer, losses, metrics, lossWeights);
        OptimizerState = new OptimizerState(optimizer);
        RandomState = new State(TensorData.From<long>([model.Seed, 0]), RandomStateName);
        ValueNames = MakeValueNames(model.OutputNames(losses.Length));
    }

    internal const string RandomStateName = "training/random", EpochName = "training/epoch", StepName = "optimizer/step",
        LossScaleName = "training/loss_scale";

    internal Optimizer Optimizer { get; }

    /// <summary>One for each output.</summary>
    internal Loss[] Losses { get; }

    /// <summary>Any number for each output.</summary>
    internal Metric[][] Metrics { get; }

    internal double[] LossWeights { get; }

    internal OptimizerState OptimizerState { get; }

    /// <summary>The seed and the step of dropout.</summary>
    internal State RandomState { get; }

    /// <summary>The scale of the loss; null where training has never scaled it.</summary>
    internal LossScaler? LossScaler { get; set; }

    /// <summary>Sums over the parts of a batch.</summary>
    internal GradientAccumulation Accumulation { get; } = new();

    /// <summary>Whether running means are in the place of the parameters.</summary>
    internal bool HasAveragedWeights { get; set; }

    /// <summary>The number of epochs that are finished.</summary>
    internal int Epochs { get; set; }

    /// <summary>The names of the values that steps give: <c>loss</c>, the loss of each of several outputs, the metrics.</summary>
    internal string[] ValueNames { get; }

    /// <summary>The metric that gives a value, with or without <c>val_</c> in front of its name; null for losses.</summary>
    internal Metric? MetricOf(string valueName)
    {
        int index = Array.IndexOf(ValueNames, valueName.StartsWith("val_", StringComparison.Ordinal) ? valueName[4..] : valueName);
        Metric[] metrics = [.. Metrics.SelectMany(m => m)];
        int first = ValueNames.Length - metrics.Length;
        return index >= first ? metrics[index - first] : null;
    }

    private string[] MakeValueNames(string[] outputs)
    {
        var names = new List<string> { "loss" };
        bool several = Losses.Length > 1;
        if (several)
            names.AddRange(outputs.Select(o => o + "_loss"));
        for (int i = 0; i < Metrics.Length; i++)
            names.AddRange(Metrics[i].Select(m => several ? $"{outputs[i]}_{m.Name}" : m.Name));
        string[] twice = [.. names.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key)];
        return twice.Length == 0 ? [.. names] : throw new OptionException($"{nameof(Model.Compile)}: the value {twice[0]} is asked for twice.");
    }
}
