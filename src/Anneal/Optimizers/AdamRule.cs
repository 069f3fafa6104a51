namespace Anneal;

/// <summary>The step that <see cref="Adam"/> and <see cref="AdamW"/> share.</summary>
internal sealed class AdamRule
{
    /// <summary>How many numbers change from step to step: the step size, the correction of the second moment, and the decay.</summary>
    internal const int HyperparameterCount = 3;

    internal AdamRule(double beta1, double beta2, double epsilon, double weightDecay, bool amsgrad, string name)
    {
        Beta1 = Require.Within(beta1, 0, 1, name, nameof(beta1));
        Beta2 = Require.Within(beta2, 0, 1, name, nameof(beta2));
        Epsilon = Require.Within(epsilon, 0, double.PositiveInfinity, name, nameof(epsilon));
        WeightDecay = Require.Within(weightDecay, 0, double.PositiveInfinity, name, nameof(weightDecay));
        Amsgrad = amsgrad;
        SlotNames = amsgrad ? ["first_moment", "second_moment", "largest_second_moment"] : ["first_moment", "second_moment"];
    }

    internal double Beta1 { get; }

    internal double Beta2 { get; }

    internal double Epsilon { get; }

    internal double WeightDecay { get; }

    internal bool Amsgrad { get; }

    internal IReadOnlyList<string> SlotNames { get; }

    internal void ComputeHyperparameters(double learningRate, long step, Span<double> values)
    {
        values[0] = learningRate / (1 - Math.Pow(Beta1, step));
        values[1] = 1 / Math.Sqrt(1 - Math.Pow(Beta2, step));
        values[2] = 1 - learningRate * WeightDecay;
    }

    internal void Update(Parameter parameter, Tensor gradient, IReadOnlyList<State> slots, IReadOnlyList<Tensor> hyperparameters, bool decoupled)
    {
        Tensor value = parameter;
        if (WeightDecay != 0 && decoupled)
            value *= hyperparameters[2];
        if (WeightDecay != 0 && !decoupled)
            gradient += value * WeightDecay;
        Tensor first = slots[0].Read() + (gradient - slots[0]) * (1 - Beta1);
        Tensor second = slots[1].Read() * Beta2 + gradient * gradient * (1 - Beta2);
        slots[0].Assign(first);
        slots[1].Assign(second);
        if (Amsgrad)
        {
            second = Tensor.Maximum(slots[2], second);
            slots[2].Assign(second);
        }

        Tensor scale = Tensor.Sqrt(second) * hyperparameters[1] + Epsilon;
        parameter.Assign(value - first * hyperparameters[0] / scale);
    }

    internal void WriteConfig(LayerConfig config)
    {
        config.Set("beta1", Beta1);
        config.Set("beta2", Beta2);
        config.Set("epsilon", Epsilon);
        config.Set("weightDecay", WeightDecay);
        config.Set("amsgrad", Amsgrad);
    }
}
