namespace Anneal;

/// <summary>The scale of the loss as training goes on.</summary>
internal sealed class LossScaler
{
    internal LossScaler(LossScaling options) => (Options, Scale) = (options, options.InitialScale);

    internal const int NumberCount = 4;

    internal LossScaling Options { get; set; }

    internal double Scale { get; private set; }

    /// <summary>How many steps have been good since the last change of the scale.</summary>
    internal long Good { get; private set; }

    /// <summary>How many steps in a row have been skipped.</summary>
    internal long SkippedInRow { get; private set; }

    /// <summary>How many steps have been skipped in all.</summary>
    internal long Skipped { get; private set; }

    /// <summary>The state as it is saved.</summary>
    internal TensorData State
    {
        get => TensorData.From<double>([Scale, Good, SkippedInRow, Skipped]);
        set
        {
            double[] numbers = value.ToArray<double>();
            (Scale, Good, SkippedInRow, Skipped) = (numbers[0], (long)numbers[1], (long)numbers[2], (long)numbers[3]);
        }
    }

    internal void Succeed()
    {
        SkippedInRow = 0;
        if (++Good < Options.GrowthInterval)
            return;
        Good = 0;

        // The scale and its reciprocal stay in the range of float32.
        Scale = Math.Min(Scale * Options.GrowthFactor, 1e30);
    }

    internal string Describe() => FormattableString.Invariant(
        $"Loss or gradients were not finite in {SkippedInRow} steps in a row, the last at a scale of the loss that became {Scale}.");

    /// <summary>Counts a step that was skipped.</summary>
    internal void Skip()
    {
        Good = 0;
        Skipped++;
        SkippedInRow++;
        Scale = Math.Max(Scale * Options.BackoffFactor, 1e-30);
    }
}
