using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// Connectionist temporal classification (Graves et al., 2006): the negative logarithm of the probability of a labelling, summed over all
/// of its alignments: (log-probabilities <c>[batch, time, classes]</c>, labels <c>[batch, length]</c>, which steps count, bool
/// <c>[batch, time]</c>) to <c>[batch]</c>. Labels below 0 and blanks are left out, infinite where no alignment is possible, NaN where a
/// label is no class. Computed in double precision whatever the type.
/// </summary>
internal sealed record Ctc(int Blank) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        RequireFits(inputs, Blank);
        return [inputs[0] with { Shape = inputs[0].Shape[..1] }];
    }

    internal static void RequireFits(ReadOnlySpan<TensorType> inputs, int blank)
    {
        Gather.RequireIndices(inputs[1].DType);
        if (!inputs[0].DType.IsFloating() || inputs[2].DType != DType.Bool)
            throw new OperandException("needs floating-point log-probabilities and a bool mask.", isDType: true);
        Shape log = inputs[0].Shape;
        if (log.Rank != 3 || inputs[1].Shape.Rank != 2 || inputs[1].Shape[0] != log[0] || inputs[2].Shape != log[..2])
            throw new OperandException("needs log-probabilities [batch, time, classes], labels [batch, length] and a mask [batch, time].");
        if (blank < 0 || blank >= log[2])
            throw new OperandException(FormattableString.Invariant($"has the blank {blank}, which is none of the {log[2]} classes."));
    }

    internal override Tensor?[] Gradient(GradientCall call) =>
        [Node.Apply(new CtcGradient(Blank), call.Inputs[0], call.Inputs[1], call.Inputs[2], call.Upstream), null, null];

    internal override void Reference(ReferenceCall call)
    {
        var shape = new CtcShape(call.InputShape(0), call.InputShape(1), Blank);
        var memory = new CtcMemory(shape);
        for (int n = 0; n < call.Outputs[0].Length; n++)
            call.Outputs[0][n] = memory.Read(call, shape, n).Loss();
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>
/// The gradient of <see cref="Ctc"/> with respect to its log-probabilities, times an upstream gradient <c>[batch]</c>; 0 where the loss is
/// infinite.
/// </summary>
internal sealed record CtcGradient(int Blank) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override string? NoGradientReason => "second derivatives of alignments are not implemented";

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Ctc.RequireFits(inputs[..3], Blank);
        if (inputs[3] != inputs[0] with { Shape = inputs[0].Shape[..1] })
            throw new OperandException("needs an upstream gradient for each example.");
        return [inputs[0]];
    }

    // Not null, which would be taken for a gradient of 0.
    internal override Tensor?[] Gradient(GradientCall call) =>
        throw new TraceException($"The gradient of the CTC loss has no gradient of its own: {NoGradientReason}. Hint: differentiate it once.");

    internal override void Reference(ReferenceCall call)
    {
        var shape = new CtcShape(call.InputShape(0), call.InputShape(1), Blank);
        var memory = new CtcMemory(shape);
        int each = shape.Time * shape.Classes;
        for (int n = 0; n < call.Inputs[3].Length; n++)
            memory.Read(call, shape, n).Gradient(call.Inputs[3][n], call.Outputs[0].AsSpan(n * each, each));
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>The extents of a CTC problem.</summary>
internal readonly record struct CtcShape(int Time, int Classes, int Length, int Blank)
{
    internal CtcShape(Shape log, Shape labels, int blank) : this(checked((int)log[1]), checked((int)log[2]), checked((int)labels[1]), blank)
    {
        // Spans reach 2³¹ elements.
        _ = checked(Time * Classes);
        _ = checked((Time + 2) * States);
    }

    /// <summary>Labels with a blank before, between and after them.</summary>
    internal int States => 2 * Length + 1;

    /// <summary>How many doubles an example needs for its tables.</summary>
    internal long TableLength => ((long)Time + 2) * States;

    /// <summary>How many whole numbers an example needs for its steps and labels.</summary>
    internal long ListLength => (long)Time + Length;
}

/// <summary>Memory of the reference for one example at a time.</summary>
internal sealed class CtcMemory(CtcShape shape)
{
    private readonly double[] _tables = new double[shape.TableLength];
    private readonly int[] _lists = new int[shape.ListLength];

    internal CtcExample<double> Read(ReferenceCall call, CtcShape extents, int n)
    {
        int each = extents.Time * extents.Classes;
        var example = new CtcExample<double>(extents, call.Inputs[0].AsSpan(n * each, each), _tables, _lists);
        for (int t = 0; t < extents.Time; t++)
        {
            if (call.Inputs[2][n * extents.Time + t] != 0)
                example.AddStep(t);
        }

        for (int i = 0; i < extents.Length; i++)
            example.AddLabel((long)call.Inputs[1][n * extents.Length + i]);
        return example;
    }
}

/// <summary>One example: its log-probabilities, the steps that count and the labels, and tables in logarithms of probabilities.</summary>
internal ref struct CtcExample<T> where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    private readonly CtcShape _shape;
    private readonly ReadOnlySpan<T> _log;
    private readonly Span<double> _tables;
    private readonly Span<int> _stepList, _labelList;
    private int _steps, _labels;
    private bool _isWrong;

    internal CtcExample(CtcShape shape, ReadOnlySpan<T> log, Span<double> tables, Span<int> lists)
    {
        _shape = shape;
        _log = log;
        _tables = tables;
        _stepList = lists[..shape.Time];
        _labelList = lists.Slice(shape.Time, shape.Length);
    }

    internal void AddStep(int step) => _stepList[_steps++] = step;

    internal void AddLabel(long label)
    {
        if (label < 0 || label == _shape.Blank)
            return;
        _isWrong |= label >= _shape.Classes;
        _labelList[_labels++] = _isWrong ? _shape.Blank : (int)label;
    }

    /// <summary>The negative logarithm of the labelling's probability.</summary>
    internal readonly double Loss()
    {
        if (_isWrong)
            return double.NaN;
        if (_steps == 0)
            return _labels == 0 ? 0 : double.PositiveInfinity;
        return -Forward();
    }

    /// <summary>Writes upstream · d(loss) / d(log-probability) for every step and class.</summary>
    internal readonly void Gradient(double upstream, Span<T> gradient)
    {
        gradient.Clear();
        if (_isWrong)
            gradient.Fill(T.NaN);
        if (_isWrong || _steps == 0)
            return;
        double total = Forward();
        if (total == double.NegativeInfinity)
            return;

        // beta: the logarithm of the probability of all that comes after a state, without the state itself.
        int states = 2 * _labels + 1;
        Span<double> beta = _tables.Slice(_shape.Time * _shape.States, states), next = _tables.Slice((_shape.Time + 1) * _shape.States, states);
        beta.Fill(double.NegativeInfinity);
        beta[states - 1] = 0;
        if (states > 1)
            beta[states - 2] = 0;
        for (int t = _steps - 1; t >= 0; t--)
        {
            if (t < _steps - 1)
                Back(t + 1, next, beta);
            Span<T> row = gradient.Slice(_stepList[t] * _shape.Classes, _shape.Classes);
            ReadOnlySpan<double> alpha = Row(t);

            // The shares of one class are few and positive; their order is that of the states.
            for (int s = 0; s < states; s++)
                row[ClassOf(s)] -= T.CreateTruncating(upstream * Math.Exp(alpha[s] + beta[s] - total));
            Span<double> spare = next;
            next = beta;
            beta = spare;
        }
    }

    private readonly int ClassOf(int state) => state % 2 == 0 ? _shape.Blank : _labelList[state / 2];

    /// <summary>Whether the blank before a state may be skipped: between two labels that differ.</summary>
    private readonly bool MaySkip(int state) => state >= 2 && state % 2 == 1 && _labelList[state / 2] != _labelList[state / 2 - 1];

    private readonly double LogOf(int step, int state) => double.CreateTruncating(_log[_stepList[step] * _shape.Classes + ClassOf(state)]);

    private readonly Span<double> Row(int step) => _tables.Slice(step * _shape.States, 2 * _labels + 1);

    /// <summary>Fills alpha, the logarithm of the probability of being in a state after a step, and returns that of the whole labelling.</summary>
    private readonly double Forward()
    {
        int states = 2 * _labels + 1;
        Span<double> row = Row(0);
        row.Fill(double.NegativeInfinity);
        for (int s = 0; s < Math.Min(2, states); s++)
            row[s] = LogOf(0, s);
        for (int t = 1; t < _steps; t++)
        {
            ReadOnlySpan<double> before = row;
            row = Row(t);
            for (int s = 0; s < states; s++)
            {
                row[s] = LogOf(t, s) + LogSum(
                    before[s], s >= 1 ? before[s - 1] : double.NegativeInfinity, MaySkip(s) ? before[s - 2] : double.NegativeInfinity);
            }
        }

        return LogSum(row[states - 1], states > 1 ? row[states - 2] : double.NegativeInfinity, double.NegativeInfinity);
    }

    /// <summary>One step back: from beta after <paramref name="step"/> to beta before it.</summary>
    private readonly void Back(int step, ReadOnlySpan<double> after, Span<double> before)
    {
        for (int s = 0; s < before.Length; s++)
        {
            before[s] = LogSum(
                after[s] + LogOf(step, s),
                s + 1 < before.Length ? after[s + 1] + LogOf(step, s + 1) : double.NegativeInfinity,
                s + 2 < before.Length && MaySkip(s + 2) ? after[s + 2] + LogOf(step, s + 2) : double.NegativeInfinity);
        }
    }

    private static double LogSum(double a, double b, double c)
    {
        double largest = Math.Max(a, Math.Max(b, c));
        return largest == double.NegativeInfinity ? largest : largest + Math.Log(Math.Exp(a - largest) + Math.Exp(b - largest) + Math.Exp(c - largest));
    }
}
