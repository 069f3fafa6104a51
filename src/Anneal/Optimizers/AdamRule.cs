namespace Anneal;

/// <summary>The step that <see cref="Adam"/> and <see cref="AdamW"/> share.</summary>
internal sealed class AdamRule
{
    /// <summary>How many numbers change from step to step: the step size, and the correction of the second moment.</summary>
    internal const int HyperparameterCount = 2;

    internal AdamRule(double beta1, double beta2, double epsilon, bool amsgrad, string name)
    {
        Beta1 = Require.Within(beta1, 0, 1, name, nameof(beta1));
        Beta2 = Require.Within(beta2, 0, 1, name, nameof(beta2));
        Epsilon = Require.Within(epsilon, 0, double.PositiveInfinity, name, nameof(epsilon));
        Amsgrad = amsgrad;
        SlotNames = amsgrad ? ["first_moment", "second_moment", "largest_second_moment"] : ["first_moment", "second_moment"];
    }

    internal double Beta1 { get; }

    internal double Beta2 { get; }

    internal double Epsilon { get; }

    internal bool Amsgrad { get; }

    internal IReadOnlyList<string> SlotNames { get; }

    internal void ComputeHyperparameters(long step, double learningRate, Span<double> values)
    {
        values[0] = learningRate / (1 - Math.Pow(Beta1, step));
        values[1] = 1 / Math.Sqrt(1 - Math.Pow(Beta2, step));
    }

    internal Tensor Update(ParameterUpdate update)
    {
        (Tensor first, Tensor second) = Moments.Update(update, Beta1, Beta2);
        if (Amsgrad)
        {
            second = Tensor.Maximum(update.Slots[2], second);
            update.Slots[2].Assign(second);
        }

        Tensor scale = Tensor.Sqrt(second) * update.Hyperparameters[1] + Epsilon;
        return update.Value - first * update.Hyperparameters[0] / scale;
    }

    internal void WriteConfig(LayerConfig config)
    {
        config.Set("beta1", Beta1);
        config.Set("beta2", Beta2);
        config.Set("epsilon", Epsilon);
        config.Set("amsgrad", Amsgrad);
    }
}
