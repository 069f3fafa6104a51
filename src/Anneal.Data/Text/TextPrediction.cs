namespace Anneal.Data;

/// <summary>What a classifier takes a text for.</summary>
/// <param name="Label">The place of the class among the names of the classes.</param>
/// <param name="ClassName">The name of the class.</param>
/// <param name="Probability">How likely the model takes it to be.</param>
public sealed record TextPrediction(int Label, string ClassName, double Probability)
{
    /// <summary>The likeliest class of each row of logits.</summary>
    internal static TextPrediction[] Of(TensorData logits, IReadOnlyList<string> classNames)
    {
        float[] values = Checked(logits, classNames.Count).ToArray<float>();
        var predictions = new TextPrediction[logits.Shape[0]];
        for (int i = 0; i < predictions.Length; i++)
        {
            ReadOnlySpan<float> row = values.AsSpan(i * classNames.Count, classNames.Count);
            int best = 0;
            for (int c = 1; c < row.Length; c++)
                best = row[c] > row[best] ? c : best;
            double sum = 0;
            foreach (float logit in row)
                sum += Math.Exp((double)logit - row[best]);
            predictions[i] = new TextPrediction(best, classNames[best], 1 / sum);
        }

        return predictions;
    }

    /// <exception cref="ShapeException">The model gives something else than a logit for each class.</exception>
    internal static TensorData Checked(TensorData logits, int classes) => logits.DType == DType.Float32 && logits.Shape.Rank == 2 && logits.Shape[1] == classes
        ? logits
        : throw new ShapeException($"A classifier of {classes} classes needs a model that gives float32[batch, {classes}], but found {logits.Type}.");
}
