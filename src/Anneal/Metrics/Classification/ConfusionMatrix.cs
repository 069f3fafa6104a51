using System.Globalization;
using System.Text;

namespace Anneal;

/// <summary>
/// How often each class was predicted for each true class, and the scores that follow. Definitions are those of scikit-learn; a score
/// whose divisor is 0 is 0.
/// </summary>
public sealed partial class ConfusionMatrix
{
    // A table of so many classes takes 128 MB.
    internal const int MaximumClasses = 4096;

    // Within a metric there may be room for more classes than there are; it is empty.
    private long[,] _counts;

    /// <summary>Makes an empty matrix, to be filled with <see cref="Add"/>.</summary>
    /// <param name="classes">The number of classes, from 1 to 4096.</param>
    /// <exception cref="OptionException">The number is out of range.</exception>
    public ConfusionMatrix(int classes) => (_counts, Classes) = (new long[RequireCount(classes), classes], classes);

    /// <summary>The number of classes.</summary>
    public int Classes { get; private set; }

    /// <summary>How many examples were counted.</summary>
    public long Total
    {
        get
        {
            long total = 0;
            foreach (long count in _counts)
                total += count;
            return total;
        }
    }

    /// <summary>How many examples of class <paramref name="actual"/> were predicted as <paramref name="predicted"/>.</summary>
    public long this[int actual, int predicted] => _counts[actual, predicted];

    /// <summary>The share of right predictions.</summary>
    public double Accuracy => Ratio(Enumerable.Range(0, Classes).Sum(i => _counts[i, i]), Total);

    /// <summary>Counts pairs of true and predicted classes.</summary>
    /// <param name="actual">The true classes.</param>
    /// <param name="predicted">The predicted classes, as many.</param>
    /// <param name="classes">The number of classes.</param>
    /// <exception cref="LabelException">A class is out of range, or there are not as many of both.</exception>
    public static ConfusionMatrix Of(ReadOnlySpan<long> actual, ReadOnlySpan<long> predicted, int classes)
    {
        if (actual.Length != predicted.Length)
            throw new LabelException(FormattableString.Invariant($"A confusion matrix needs as many predictions as labels, but found {predicted.Length} and {actual.Length}."));
        var matrix = new ConfusionMatrix(classes);
        for (int i = 0; i < actual.Length; i++)
        {
            RequireClass(actual[i], classes, "label", i);
            RequireClass(predicted[i], classes, "prediction", i);
            matrix._counts[actual[i], predicted[i]]++;
        }

        return matrix;
    }

    /// <summary>Counts true classes against the largest of each row of outputs <c>[n, classes]</c>.</summary>
    /// <exception cref="ShapeException">The outputs are not float32 <c>[n, classes]</c>.</exception>
    /// <exception cref="InputException">An output is not a number.</exception>
    public static ConfusionMatrix Of(ReadOnlySpan<long> actual, TensorData outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        if (outputs.Shape.Rank != 2 || outputs.DType != DType.Float32)
            throw new ShapeException($"A confusion matrix needs outputs float32[n, classes], but found {outputs.Type}.");
        return Of(actual, LargestOfRows(outputs), (int)outputs.Shape[1]);
    }

    /// <summary>Counts true classes 0 and 1 against outputs <c>[n]</c> or <c>[n, 1]</c>, of which those above a threshold stand for 1.</summary>
    /// <exception cref="ShapeException">The outputs are not one float32 for each example.</exception>
    /// <exception cref="InputException">An output is not a number.</exception>
    public static ConfusionMatrix OfBinary(ReadOnlySpan<long> actual, TensorData outputs, double threshold = 0.5)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        if (outputs.Shape.Rank < 1 || outputs.Shape[0] != outputs.Shape.ElementCount || outputs.DType != DType.Float32)
            throw new ShapeException($"A binary confusion matrix needs one float32 output for each example, but found {outputs.Type}.");
        var predicted = new long[outputs.Shape.ElementCount];
        for (int i = 0; i < predicted.Length; i++)
            predicted[i] = Number(outputs, i, i) > threshold ? 1 : 0;
        return Of(actual, predicted, 2);
    }

    /// <summary>Counts one example.</summary>
    /// <param name="actual">The true class.</param>
    /// <param name="predicted">The predicted class.</param>
    /// <exception cref="LabelException">A class is out of range.</exception>
    public void Add(int actual, int predicted)
    {
        RequireClass(actual, Classes, "label", Total);
        RequireClass(predicted, Classes, "prediction", Total);
        _counts[actual, predicted]++;
    }

    /// <summary>Another matrix with the same counts.</summary>
    internal ConfusionMatrix Copy()
    {
        var copy = new ConfusionMatrix(Classes);
        CopyTo(copy._counts);
        return copy;
    }

    /// <summary>Makes room for more classes.</summary>
    internal void Grow(int classes)
    {
        if (classes <= Classes)
            return;
        if (classes > _counts.GetLength(0))
        {
            var larger = new long[RequireCount(classes), classes];
            CopyTo(larger);
            _counts = larger;
        }

        Classes = classes;
    }

    /// <summary>Counts an example whose classes are known to be in range.</summary>
    internal void Count(int actual, int predicted) => _counts[actual, predicted]++;

    /// <summary>Forgets all counts and how many classes there were, but keeps the memory.</summary>
    internal void Clear(int classes)
    {
        Array.Clear(_counts);
        Classes = classes;
    }

    /// <summary>A table with a row for each true class and a column for each predicted one.</summary>
    public override string ToString()
    {
        int width = Math.Max(Total.ToString(CultureInfo.InvariantCulture).Length, Classes.ToString(CultureInfo.InvariantCulture).Length) + 2;
        var text = new StringBuilder("actual \\ predicted");
        for (int c = 0; c < Classes; c++)
            text.Append(c.ToString(CultureInfo.InvariantCulture).PadLeft(width));
        text.Append('\n');
        for (int r = 0; r < Classes; r++)
        {
            text.Append(r.ToString(CultureInfo.InvariantCulture).PadLeft("actual \\ predicted".Length));
            for (int c = 0; c < Classes; c++)
                text.Append(_counts[r, c].ToString(CultureInfo.InvariantCulture).PadLeft(width));
            text.Append('\n');
        }

        return text.ToString();
    }

    private static long[] LargestOfRows(TensorData outputs)
    {
        long rows = outputs.Shape[0], columns = outputs.Shape[1];
        var largest = new long[rows];
        for (long r = 0; r < rows; r++)
        {
            double best = double.NegativeInfinity;
            for (long c = 0; c < columns; c++)
            {
                double output = Number(outputs, r * columns + c, r);
                if (output > best)
                    (best, largest[r]) = (output, c);
            }
        }

        return largest;
    }

    private static double Number(TensorData outputs, long index, long row) => outputs.GetDouble(index) is var value && !double.IsNaN(value)
        ? value
        : throw new InputException(FormattableString.Invariant($"A confusion matrix needs outputs that are numbers, but found NaN in row {row}."));

    private void CopyTo(long[,] counts)
    {
        for (int r = 0; r < Classes; r++)
        {
            for (int c = 0; c < Classes; c++)
                counts[r, c] = _counts[r, c];
        }
    }

    private static double Ratio(double part, double whole) => whole == 0 ? 0 : part / whole;

    private static int RequireCount(int classes) => classes is >= 1 and <= MaximumClasses
        ? classes
        : throw new OptionException(FormattableString.Invariant($"{nameof(ConfusionMatrix)}: classes must be from 1 to {MaximumClasses}, but is {classes}."));

    private static void RequireClass(long value, int classes, string what, long index)
    {
        if (value < 0 || value >= classes)
            throw new LabelException(FormattableString.Invariant($"The {what} of example {index} must be a class from 0 to {classes - 1}, but is {value}."));
    }
}
