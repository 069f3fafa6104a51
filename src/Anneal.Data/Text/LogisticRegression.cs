namespace Anneal.Data;

/// <summary>How a <see cref="LogisticRegression"/> is fitted.</summary>
public sealed record LogisticRegressionOptions
{
    /// <summary>How much the examples count beside the penalty on the weights, scikit-learn's C; above 0.</summary>
    public double InverseRegularization { get; init; } = 1;

    /// <summary>How many steps are made at most; at least 1.</summary>
    public int MaximumIterations { get; init; } = 500;

    /// <summary>Fitting ends when no entry of the gradient of the mean loss is larger; above 0.</summary>
    public double Tolerance { get; init; } = 1e-6;

    internal void Check()
    {
        Require.Positive(InverseRegularization, nameof(LogisticRegressionOptions), nameof(InverseRegularization));
        Require.AtLeastOne(MaximumIterations, nameof(LogisticRegressionOptions), nameof(MaximumIterations));
        Require.Positive(Tolerance, nameof(LogisticRegressionOptions), nameof(Tolerance));
    }
}

/// <summary>
/// Multinomial logistic regression on sparse rows: a tool for data, the baseline that a network has to beat. It makes
/// <c>Σ -ln p(label) + |weights|² / (2 C)</c> as small as it gets, biases without a penalty, as scikit-learn's <c>LogisticRegression</c> does; all in double precision and in a fixed
/// order, so that the same data gives the same bits.
/// </summary>
public sealed class LogisticRegression
{
    private readonly double[] _weights;
    private readonly int _columns;

    private LogisticRegression(int classes, int columns, LimitedMemoryMinimum found)
    {
        (Classes, _columns, _weights) = (classes, columns, found.Point);
        (Iterations, HasConverged, Loss) = (found.Iterations, found.HasConverged, found.Value);
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>How many steps were made.</summary>
    public int Iterations { get; }

    /// <summary>Whether the gradient became as small as was asked.</summary>
    public bool HasConverged { get; }

    /// <summary>The mean loss that was reached, the penalty included.</summary>
    public double Loss { get; }

    /// <summary>The weight of a column for a class; the column after the last is the bias.</summary>
    public double Weight(int column, int @class) => _weights[column * Classes + @class];

    /// <summary>Fits weights to examples.</summary>
    /// <param name="rows">The examples.</param>
    /// <param name="labels">The class of each, from 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="classes">The number of classes; at least 2.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="DatasetException">There is no example, there are not as many labels as rows, or a label is out of range.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static LogisticRegression Fit(SparseMatrix rows, IReadOnlyList<int> labels, int classes, LogisticRegressionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new LogisticRegressionOptions();
        options.Check();
        if (classes < 2)
            throw new OptionException(FormattableString.Invariant($"{nameof(LogisticRegression)}: classes must be at least 2, but is {classes}."));
        if (rows.Rows == 0 || rows.Rows != labels.Count)
            throw new DatasetException(FormattableString.Invariant($"Logistic regression needs a label for each of at least one row, but found {labels.Count} labels and {rows.Rows} rows."));
        for (int i = 0; i < labels.Count; i++)
        {
            if ((uint)labels[i] >= (uint)classes)
                throw new DatasetException(FormattableString.Invariant($"Label {i} is {labels[i]}, but {classes} classes have labels 0 to {classes - 1}."));
        }

        var objective = new Objective(rows, [.. labels], classes, 1 / (options.InverseRegularization * rows.Rows));
        var start = new double[checked((rows.Columns + 1) * classes)];
        return new LogisticRegression(classes, rows.Columns, LimitedMemoryMinimum.Find(objective.Evaluate, start, options.MaximumIterations, options.Tolerance));
    }

    /// <summary>The probability of each class for each row.</summary>
    /// <returns>Float32 <c>[rows, classes]</c>.</returns>
    /// <exception cref="DatasetException">The rows have another number of columns than those that were learned from.</exception>
    public TensorData Predict(SparseMatrix rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Columns != _columns)
            throw new DatasetException(FormattableString.Invariant($"The regression was fitted to {_columns} columns, but found rows of {rows.Columns}."));
        var probabilities = new TensorData(DType.Float32, [rows.Rows, Classes]);
        Span<float> values = probabilities.AsSpan<float>();
        var scores = new double[Classes];
        for (int row = 0; row < rows.Rows; row++)
        {
            Score(rows, row, _weights, scores);
            ToProbabilities(scores);
            for (int c = 0; c < Classes; c++)
                values[row * Classes + c] = (float)scores[c];
        }

        return probabilities;
    }

    private static void Score(SparseMatrix rows, int row, double[] weights, double[] scores)
    {
        weights.AsSpan(rows.Columns * scores.Length, scores.Length).CopyTo(scores);
        ReadOnlySpan<int> columns = rows.ColumnsOf(row);
        ReadOnlySpan<double> values = rows.ValuesOf(row);
        for (int i = 0; i < columns.Length; i++)
        {
            ReadOnlySpan<double> weight = weights.AsSpan(columns[i] * scores.Length, scores.Length);
            for (int c = 0; c < scores.Length; c++)
                scores[c] += values[i] * weight[c];
        }
    }

    /// <summary>Turns scores into probabilities and returns the logarithm of what they were divided by.</summary>
    private static double ToProbabilities(double[] scores)
    {
        double largest = scores.Max(), sum = 0;
        for (int c = 0; c < scores.Length; c++)
            sum += scores[c] = Math.Exp(scores[c] - largest);
        for (int c = 0; c < scores.Length; c++)
            scores[c] /= sum;
        return largest + Math.Log(sum);
    }

    /// <summary>The mean loss of weights, the penalty included, and its gradient.</summary>
    private sealed class Objective(SparseMatrix rows, int[] labels, int classes, double penalty)
    {
        private readonly double[] _scores = new double[classes];

        internal double Evaluate(double[] weights, double[] gradient)
        {
            Array.Clear(gradient);
            double loss = 0;
            for (int row = 0; row < rows.Rows; row++)
                loss += Add(row, weights, gradient);
            loss /= rows.Rows;
            int biases = rows.Columns * classes;
            for (int i = 0; i < gradient.Length; i++)
            {
                gradient[i] /= rows.Rows;
                if (i >= biases)
                    continue;
                loss += 0.5 * penalty * weights[i] * weights[i];
                gradient[i] += penalty * weights[i];
            }

            return loss;
        }

        private double Add(int row, double[] weights, double[] gradient)
        {
            Score(rows, row, weights, _scores);
            double right = _scores[labels[row]], loss = ToProbabilities(_scores) - right;
            _scores[labels[row]] -= 1;
            ReadOnlySpan<int> columns = rows.ColumnsOf(row);
            ReadOnlySpan<double> values = rows.ValuesOf(row);
            for (int i = 0; i < columns.Length; i++)
            {
                Span<double> target = gradient.AsSpan(columns[i] * classes, classes);
                for (int c = 0; c < classes; c++)
                    target[c] += values[i] * _scores[c];
            }

            for (int c = 0; c < classes; c++)
                gradient[rows.Columns * classes + c] += _scores[c];
            return loss;
        }
    }
}
