namespace Anneal;

/// <content>How targets come into the graph.</content>
public abstract partial class Loss
{
    /// <summary>Converts targets to the type of the graph and checks each; classes is the last extent of the output.</summary>
    internal virtual void Prepare(TargetCopy copy, long classes)
    {
        if (copy.To.DType == DType.Float32)
            TargetReader.ToFloat(copy, TargetRange.Low, TargetRange.High, Name);
        else
            TargetReader.ToClasses(copy, classes, IgnoreIndex, Name);
    }

    /// <summary>The class of each position, for class weights; -1 for one that does not count.</summary>
    /// <exception cref="OptionException">The loss knows no classes.</exception>
    internal virtual void Classes(TensorData target, Span<int> classes)
    {
        switch (Targets)
        {
            case TargetKind.Labels:
                target.AsSpan<int>().CopyTo(classes);
                break;
            case TargetKind.Distributions:
                LargestOfRows(target.AsSpan<float>(), classes);
                break;
            case TargetKind.TruthValues:
                if (target.Shape.ElementCount != classes.Length)
                    throw new OptionException($"Class weights with {Name} need one output for each example, but the target has the shape {target.Shape}.");
                Span<float> truths = target.AsSpan<float>();
                for (int i = 0; i < classes.Length; i++)
                    classes[i] = truths[i] >= 0.5f ? 1 : 0;
                break;
            default:
                throw new OptionException($"Class weights need a loss with classes; {Name} has none.");
        }

        GC.KeepAlive(target);
    }

    /// <exception cref="LabelException">The label is neither a class nor the ignored number.</exception>
    internal void RequireLabel(long label, long classes, string place)
    {
        if (label != IgnoreIndex && (label < 0 || label >= classes))
            throw TargetReader.NoClass(place, Name, classes, IgnoreIndex, label);
    }

    private static void LargestOfRows(ReadOnlySpan<float> rows, Span<int> largest)
    {
        int width = rows.Length / Math.Max(largest.Length, 1);
        for (int i = 0; i < largest.Length; i++)
        {
            ReadOnlySpan<float> row = rows.Slice(i * width, width);
            int best = 0;
            for (int k = 1; k < width; k++)
                best = row[k] > row[best] ? k : best;
            largest[i] = best;
        }
    }
}

/// <summary>The targets of a batch on their way from the data set into the graph.</summary>
/// <param name="From">What the data set holds.</param>
/// <param name="To">What the graph reads.</param>
/// <param name="Batch">The batch, to name an example.</param>
/// <param name="Place">What to call the targets in messages.</param>
internal readonly record struct TargetCopy(TensorData From, TensorData To, Batch Batch, string Place)
{
    /// <summary>Such as <c>target 0, example 17</c>, counted in the data set.</summary>
    internal string Describe(long element)
    {
        long each = From.Shape.ElementCount / From.Shape[0];
        return FormattableString.Invariant($"{Place}, example {Batch.Indices[(int)(element / each)]}");
    }
}
