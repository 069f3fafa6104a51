using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Anneal;

/// <summary>
/// A metric that sees the outputs and targets of every batch on the host and gives a value for all of them together: the same value to
/// the last bit however the examples are batched. It can be given to <c>Compile</c>, be fed with <see cref="Update(TensorData, TensorData)"/> and read with
/// <see cref="Result"/>, or be asked once with <see cref="Of(TensorData, TensorData)"/>.
/// </summary>
/// <remarks>
/// <para>
/// Examples come in rows along the last axis: a row is the outputs of one example (of one step of a sequence) with its targets. A metric that has
/// been given to a model stays empty: each epoch and each evaluation has a memory of its own. In the steady state nothing is allocated, except that metrics
/// of curves keep all scores, in memory that doubles when it is full.
/// </para>
/// <para>
/// Where a metric has no value (<see cref="UndefinedMetricException"/>), <c>Fit</c> goes on: the value is absent from that epoch's, and
/// reading it from the result says why. To add a metric, derive from this class in one file and register it with <see cref="MetricRegistry"/>.
/// </para>
/// </remarks>
/// <param name="name">The name in <see cref="History"/>.</param>
[method: SuppressMessage("ApiDesign", "RS0022", Justification = "Metrics are of two kinds, and both are open; the base is not.")]
public abstract class StreamingMetric(string name) : Metric(name)
{
    private double[] _outputs = [], _targets = [];
    private (Shape Outputs, Shape Targets, long Positions) _seen = (default, default, -1);
    private (long Rows, int Outputs, int Targets) _rows;

    /// <summary>How many rows have been judged since the last <see cref="Reset"/>; what does not count is left out.</summary>
    public long Count { get; private set; }

    /// <summary>The value for all rows so far.</summary>
    /// <exception cref="UndefinedMetricException">There is none for these rows, or there were no rows.</exception>
    public double Result => Count > 0 ? Compute() : throw Undefined("no example has been counted");

    /// <summary>What the targets mean, by the loss; null where the metric is used without a model.</summary>
    protected TargetKind? Targets { get; private set; }

    /// <summary>Whether the model's outputs are logits, by its loss.</summary>
    protected bool OutputsAreLogits { get; private set; }

    /// <summary>Whether the outputs are whole numbers, which stand for predicted classes.</summary>
    protected bool OutputsAreClasses { get; private set; }

    /// <summary>Judges more examples.</summary>
    /// <param name="outputs">Scores or values <c>[n, ...]</c>; for metrics of classes whole numbers <c>[n]</c> are predicted classes.</param>
    /// <param name="targets">Targets of the same shape, or labels without the last axis of the outputs.</param>
    /// <exception cref="ShapeException">The shapes do not fit each other or the metric.</exception>
    /// <exception cref="LabelException">A label is none; the rows before it have been counted.</exception>
    /// <exception cref="InputException">An output is not a number; the rows before it have been counted.</exception>
    public void Update(TensorData outputs, TensorData targets)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(targets);
        (Targets, OutputsAreLogits) = (null, false);
        Accumulate(outputs, targets, null);
    }

    /// <summary>Judges more examples of one output each.</summary>
    public void Update<TOutput, TTarget>(TOutput[] outputs, TTarget[] targets) where TOutput : unmanaged where TTarget : unmanaged =>
        Update(TensorData.From(outputs), TensorData.From(targets));

    /// <summary>Judges more examples: rows of outputs, with one label each.</summary>
    public void Update<TOutput, TTarget>(TOutput[,] outputs, TTarget[] targets) where TOutput : unmanaged where TTarget : unmanaged =>
        Update(TensorData.From(outputs), TensorData.From(targets));

    /// <summary>Judges more examples: rows of outputs, with a row of targets each.</summary>
    public void Update<TOutput, TTarget>(TOutput[,] outputs, TTarget[,] targets) where TOutput : unmanaged where TTarget : unmanaged =>
        Update(TensorData.From(outputs), TensorData.From(targets));

    /// <summary>The value for these examples alone; what this metric has seen before neither enters nor changes.</summary>
    /// <exception cref="AnnealException">As for <see cref="Update(TensorData, TensorData)"/> and <see cref="Result"/>.</exception>
    public double Of(TensorData outputs, TensorData targets)
    {
        StreamingMetric fresh = CreateEmpty();
        fresh.Update(outputs, targets);
        return fresh.Result;
    }

    /// <summary>The value for these examples of one output each.</summary>
    public double Of<TOutput, TTarget>(TOutput[] outputs, TTarget[] targets) where TOutput : unmanaged where TTarget : unmanaged =>
        Of(TensorData.From(outputs), TensorData.From(targets));

    /// <summary>The value for these rows of outputs with one label each.</summary>
    public double Of<TOutput, TTarget>(TOutput[,] outputs, TTarget[] targets) where TOutput : unmanaged where TTarget : unmanaged =>
        Of(TensorData.From(outputs), TensorData.From(targets));

    /// <summary>The value for these rows of outputs with a row of targets each.</summary>
    public double Of<TOutput, TTarget>(TOutput[,] outputs, TTarget[,] targets) where TOutput : unmanaged where TTarget : unmanaged =>
        Of(TensorData.From(outputs), TensorData.From(targets));

    /// <summary>Forgets all rows.</summary>
    public void Reset()
    {
        Count = 0;
        Clear();
    }

    /// <summary>Counts one row. Outputs are never NaN here.</summary>
    /// <param name="outputs">The outputs of an example.</param>
    /// <param name="targets">As many targets, or one label.</param>
    protected abstract void Add(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets);

    /// <summary>The value for the rows that were added; there is at least one.</summary>
    /// <exception cref="UndefinedMetricException">There is none: throw what <see cref="Undefined"/> makes.</exception>
    protected abstract double Compute();

    /// <summary>Forgets what <see cref="Add"/> has kept.</summary>
    protected abstract void Clear();

    /// <summary>Makes another metric with the same options that has seen nothing.</summary>
    protected abstract StreamingMetric CreateEmpty();

    /// <summary>Makes sure that the metric can judge rows of this kind; called when a model is compiled for training and before rows are added.</summary>
    /// <param name="outputs">The number of outputs of a row.</param>
    /// <param name="targets">The number of targets of a row.</param>
    protected virtual void RequireRows(int outputs, int targets)
    {
    }

    /// <summary>An error for a metric without a value.</summary>
    /// <param name="reason">Why, such as <c>all 12 labels are 1</c>.</param>
    protected UndefinedMetricException Undefined(string reason) => new($"{Name} is undefined: {reason}.");

    /// <summary>The same metric without memory, for outputs and targets of a loss.</summary>
    internal StreamingMetric CreateFor(Loss loss)
    {
        StreamingMetric fresh = CreateEmpty();
        fresh.Rename(Name);
        (fresh.Targets, fresh.OutputsAreLogits) = (loss.Targets, loss.FromLogits);
        return fresh;
    }

    /// <summary>Makes sure, while a step is traced, that it can be judged.</summary>
    internal void RequireTypes(Shape output, Shape target, long positions)
    {
        (_, int outputs, int targets) = RowsOf(output, target, positions);
        RequireRows(outputs, targets);
    }

    /// <summary>Judges the rows of a batch; a count for each position says which count, null means all.</summary>
    internal void Accumulate(TensorData outputs, TensorData targets, TensorData? counts)
    {
        // Working with shapes allocates, and the shapes of batches seldom change.
        (Shape, Shape, long) found = (outputs.Shape, targets.Shape, counts?.Shape.ElementCount ?? 0);
        if (_seen != found)
            (_rows, _seen) = (RowsOf(outputs.Shape, targets.Shape, found.Item3), found);
        (long rows, int width, int targetWidth) = _rows;
        OutputsAreClasses = outputs.DType.IsInteger();
        RequireRows(width, targetWidth);
        if (_outputs.Length != width || _targets.Length != targetWidth)
            (_outputs, _targets) = (new double[width], new double[targetWidth]);
        for (long row = 0; row < rows; row++)
        {
            if (counts is not null && counts.GetDouble(row * counts.Shape.ElementCount / rows) == 0)
                continue;
            Read(outputs, row * width, _outputs);
            Read(targets, row * targetWidth, _targets);
            RequireNumbers(row);
            Add(_outputs, _targets);
            Count++;
        }
    }

    /// <summary>
    /// Rows run along the last axis, or along the axes beyond the positions where these are more. Targets are as many, or one for each row.
    /// </summary>
    private (long Rows, int Outputs, int Targets) RowsOf(Shape outputs, Shape targets, long positions)
    {
        long elements = outputs.ElementCount, given = targets.ElementCount;
        bool isEqual = outputs == targets || IsWithOne(outputs, targets) || IsWithOne(targets, outputs);
        bool isLabelled = outputs.Rank >= 2 && (outputs[..^1] == targets || outputs[..^1].Concat(1) == targets);
        if (outputs.Rank == 0 || !(isEqual || isLabelled))
        {
            throw new ShapeException(
                $"{Name} needs outputs [n, ...] and targets of the same shape, or labels without the last axis of the outputs, but found outputs {outputs} and targets {targets}.");
        }

        long width = outputs.Rank == 1 ? 1 : outputs[^1];
        if (positions > 0 && elements / positions < width)
            width = elements / positions;
        long rows = width == 0 ? 0 : elements / width;
        return (rows, checked((int)width), rows == 0 ? 1 : checked((int)(given / rows)));
    }

    private static bool IsWithOne(Shape a, Shape b) => a.Rank == b.Rank + 1 && a[^1] == 1 && a[..^1] == b;

    private void RequireNumbers(long row)
    {
        foreach (double value in _outputs)
        {
            if (double.IsNaN(value))
                throw new InputException(FormattableString.Invariant($"{Name} needs outputs that are numbers, but found NaN in row {row}."));
        }

        foreach (double value in _targets)
        {
            if (double.IsNaN(value))
                throw new LabelException(FormattableString.Invariant($"{Name} needs targets that are numbers, but found NaN in row {row}."));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Read(TensorData data, long start, double[] to)
    {
        if (data.DType == DType.Float32)
        {
            float* from = (float*)data.Pointer + start;
            for (int i = 0; i < to.Length; i++)
                to[i] = from[i];
        }
        else
        {
            for (int i = 0; i < to.Length; i++)
                to[i] = data.GetDouble(start + i);
        }

        GC.KeepAlive(data);
    }
}
