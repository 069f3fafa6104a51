using System.Globalization;
using System.Text;

namespace Anneal;

/// <content>Scores of classes and of all classes together.</content>
public sealed partial class ConfusionMatrix
{
    /// <summary>The mean recall of the classes that have examples.</summary>
    public double BalancedAccuracy
    {
        get
        {
            double sum = 0;
            int classes = 0;
            for (int c = 0; c < Classes; c++)
            {
                if (Support(c) > 0)
                    (sum, classes) = (sum + Recall(c), classes + 1);
            }

            return Ratio(sum, classes);
        }
    }

    /// <summary>
    /// The correlation of labels and predictions (Matthews, 1975; for several classes Gorodkin, 2004), from -1 to 1; 0 where all labels or
    /// all predictions are of one class.
    /// </summary>
    public double MatthewsCorrelation
    {
        get
        {
            double total = Total, right = 0, both = 0, actualSquares = 0, predictedSquares = 0;
            for (int c = 0; c < Classes; c++)
            {
                double actual = Support(c), predicted = Predicted(c);
                right += _counts[c, c];
                both += actual * predicted;
                actualSquares += actual * actual;
                predictedSquares += predicted * predicted;
            }

            double spread = (total * total - actualSquares) * (total * total - predictedSquares);
            return spread == 0 ? 0 : (right * total - both) / Math.Sqrt(spread);
        }
    }

    /// <summary>How far labels and predictions agree beyond chance (Cohen, 1960), at most 1.</summary>
    /// <exception cref="UndefinedMetricException">All labels and predictions are of one class, so chance alone agrees.</exception>
    public double CohenKappa
    {
        get
        {
            double total = Total, right = 0, chance = 0;
            for (int c = 0; c < Classes; c++)
            {
                right += _counts[c, c];
                chance += Support(c) * (double)Predicted(c);
            }

            return total * total == chance
                ? throw new UndefinedMetricException("Cohen's kappa is undefined: all labels and predictions are of one class, or there are none.")
                : (right * total - chance) / (total * total - chance);
        }
    }

    /// <summary>
    /// The mean over classes of the examples that have a class in both labels and predictions, divided by those that have it in either;
    /// classes that occur in neither are left out.
    /// </summary>
    public double MeanIntersectionOverUnion => MeanOverPresent(c => Ratio(_counts[c, c], Support(c) + Predicted(c) - _counts[c, c]));

    /// <summary>The number of examples of a class.</summary>
    public long Support(int @class)
    {
        long sum = 0;
        for (int i = 0; i < Classes; i++)
            sum += _counts[@class, i];
        return sum;
    }

    /// <summary>Of the examples predicted as a class, the share that is.</summary>
    public double Precision(int @class) => Ratio(_counts[@class, @class], Predicted(@class));

    /// <summary>Of the examples of a class, the share that was predicted as it.</summary>
    public double Recall(int @class) => Ratio(_counts[@class, @class], Support(@class));

    /// <summary>The harmonic mean of <see cref="Precision(int)"/> and <see cref="Recall(int)"/>.</summary>
    public double F1(int @class) => FBeta(@class, 1);

    /// <summary>(1 + beta²) · precision · recall / (beta² · precision + recall) of a class: beta weighs the recall.</summary>
    public double FBeta(int @class, double beta) => FOf(_counts[@class, @class], Predicted(@class), Support(@class), beta);

    /// <summary>The precision of all classes.</summary>
    /// <exception cref="OptionException">The averaging is for two classes, and there are more.</exception>
    public double Precision(Averaging averaging) => Average(averaging, Precision);

    /// <summary>The recall of all classes.</summary>
    /// <exception cref="OptionException">The averaging is for two classes, and there are more.</exception>
    public double Recall(Averaging averaging) => Average(averaging, Recall);

    /// <summary>The F-beta score of all classes.</summary>
    /// <exception cref="OptionException">The averaging is for two classes, and there are more.</exception>
    public double FBeta(double beta, Averaging averaging) => Average(averaging, c => FBeta(c, beta));

    /// <summary>
    /// A table with precision, recall, F1 and support of each class that occurs, then the accuracy and the macro and weighted means, as
    /// scikit-learn's classification report.
    /// </summary>
    /// <param name="classNames">A name for each class; null takes the numbers.</param>
    /// <param name="digits">Digits after the point.</param>
    /// <exception cref="OptionException">There are not as many names as classes, or the digits are negative.</exception>
    public string Report(IReadOnlyList<string>? classNames = null, int digits = 2)
    {
        if (classNames is not null && classNames.Count != Classes)
            throw new OptionException(FormattableString.Invariant($"{nameof(Report)}: expected a name for each of {Classes} classes, but found {classNames.Count}."));
        if (digits is < 0 or > 15)
            throw new OptionException(FormattableString.Invariant($"{nameof(Report)}: digits must be from 0 to 15, but is {digits}."));
        const string weighted = "weighted mean";
        string NameOf(int c) => classNames?[c] ?? c.ToString(CultureInfo.InvariantCulture);
        int[] present = [.. Enumerable.Range(0, Classes).Where(IsPresent)];
        int first = present.Select(c => NameOf(c).Length).Append(weighted.Length).Max(), width = Math.Max(9, digits + 2) + 2;
        var text = new StringBuilder();
        string Show(double value) => value.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        void Line(string name, params ReadOnlySpan<string> cells)
        {
            text.Append(name.PadLeft(first));
            foreach (string cell in cells)
                text.Append(cell.PadLeft(width));
            text.Append('\n');
        }

        string total = Total.ToString(CultureInfo.InvariantCulture);
        Line("", "precision", "recall", "f1", "support");
        foreach (int c in present)
            Line(NameOf(c), Show(Precision(c)), Show(Recall(c)), Show(F1(c)), Support(c).ToString(CultureInfo.InvariantCulture));
        Line("accuracy", "", "", Show(Accuracy), total);
        Line("macro mean", Show(Precision(Averaging.Macro)), Show(Recall(Averaging.Macro)), Show(FBeta(1, Averaging.Macro)), total);
        Line(weighted, Show(Precision(Averaging.Weighted)), Show(Recall(Averaging.Weighted)), Show(FBeta(1, Averaging.Weighted)), total);
        return text.ToString();
    }

    private double Average(Averaging averaging, Func<int, double> score)
    {
        switch (averaging)
        {
            case Averaging.Binary:
                return Classes <= 2
                    ? Classes == 2 ? score(1) : 0
                    : throw new OptionException(FormattableString.Invariant($"{nameof(Averaging)}.{averaging} is for the classes 0 and 1, but there are {Classes}. Hint: take another averaging."));
            case Averaging.Micro:
                // Each example is one decision for and one against: precision, recall and F are all the share of right ones.
                return Accuracy;
            case Averaging.Macro:
                return MeanOverPresent(score);
            case Averaging.Weighted:
                double sum = 0;
                for (int c = 0; c < Classes; c++)
                    sum += Support(c) * score(c);
                return Ratio(sum, Total);
            default:
                throw new OptionException($"{nameof(Averaging)} must be one of {string.Join(", ", Enum.GetNames<Averaging>())}, but is {averaging}.");
        }
    }

    private double MeanOverPresent(Func<int, double> score)
    {
        double sum = 0;
        int classes = 0;
        for (int c = 0; c < Classes; c++)
        {
            if (IsPresent(c))
                (sum, classes) = (sum + score(c), classes + 1);
        }

        return Ratio(sum, classes);
    }

    private bool IsPresent(int @class) => Support(@class) > 0 || Predicted(@class) > 0;

    private long Predicted(int @class)
    {
        long sum = 0;
        for (int i = 0; i < Classes; i++)
            sum += _counts[i, @class];
        return sum;
    }

    private static double FOf(double right, double predicted, double support, double beta)
    {
        double square = beta * beta;
        return Ratio((1 + square) * right, square * support + predicted);
    }
}
