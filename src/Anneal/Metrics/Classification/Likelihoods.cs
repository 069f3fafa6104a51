namespace Anneal;

/// <summary>Probabilities of one example in double precision.</summary>
internal static class Likelihoods
{
    internal static double LogSumExp(ReadOnlySpan<double> logits)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (double logit in logits)
            largest = Math.Max(largest, logit);
        if (double.IsInfinity(largest))
            return largest;
        foreach (double logit in logits)
            sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum);
    }

    internal static void Softmax(ReadOnlySpan<double> logits, Span<double> probabilities)
    {
        double total = LogSumExp(logits);
        for (int i = 0; i < logits.Length; i++)
            probabilities[i] = Math.Exp(logits[i] - total);
    }

    /// <summary>The negative logarithm of a truth value from 0 to 1.</summary>
    internal static double OfTruth(double output, double truth, bool isLogit, double epsilon)
    {
        if (isLogit)
            return truth * Softplus(-output) + (1 - truth) * Softplus(output);
        double p = Math.Clamp(output, epsilon, 1 - epsilon);
        return -(truth == 0 ? 0 : truth * Math.Log(p)) - (truth == 1 ? 0 : (1 - truth) * Math.Log(1 - p));
    }

    /// <summary>The negative logarithm of the probability of a class.</summary>
    internal static double OfLabel(ReadOnlySpan<double> outputs, int label, bool areLogits, double epsilon) =>
        areLogits ? LogSumExp(outputs) - outputs[label] : -Math.Log(Math.Clamp(outputs[label], epsilon, 1 - epsilon));

    /// <summary>The cross-entropy with a distribution over classes.</summary>
    internal static double OfDistribution(ReadOnlySpan<double> outputs, ReadOnlySpan<double> shares, bool areLogits, double epsilon)
    {
        double sum = 0;
        for (int i = 0; i < outputs.Length; i++)
            sum += shares[i] == 0 ? 0 : shares[i] * OfLabel(outputs, i, areLogits, epsilon);
        return sum;
    }

    internal static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}
