using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <summary>Connectionist temporal classification (Graves et al., 2006), each example divided by the number of its labels.</summary>
internal sealed class CtcLoss : Loss
{
    private readonly int _blank;
    private readonly long _padding;
    private readonly bool _zeroInfinity;

    internal CtcLoss(int blank, long padding, bool zeroInfinity)
    {
        (_padding, _zeroInfinity) = (padding, zeroInfinity);
        _blank = blank >= 0 ? blank : throw new OptionException(FormattableString.Invariant($"ctc: blank must be a class, at least 0, but is {blank}."));
    }

    public override string Name => "ctc";

    // What LogSoftmax makes of log-probabilities are the same log-probabilities.
    protected internal override bool FromLogits => true;

    protected internal override TensorType TargetType(TensorType output, TensorType target, string place)
    {
        if (output.Shape.Rank != 3 || output.Shape[2] <= _blank || output.Shape[2] < 2)
        {
            throw new ShapeException(FormattableString.Invariant(
                $"{place}: {Name} expects outputs [batch, time, classes] with at least 2 classes, of which {_blank} is the blank, but found {ModelSummary.WithBatch(output.Shape[1..])}."));
        }

        if (!target.DType.IsInteger())
            throw new DTypeException($"{place}: {Name} expects labels as whole numbers, but found {target.DType.Name()}.");
        return target.Shape.Rank == 2
            ? new TensorType(DType.Int32, target.Shape)
            : throw new ShapeException($"{place}: {Name} expects labels [batch, length], but found {ModelSummary.WithBatch(target.Shape[1..])}.");
    }

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor counts = target.GreaterOrEqual(0) & target.NotEqualTo(_blank);
        Tensor mask = MaskOf(output) ?? Tensor.Ones(output.Shape[..2], DType.Bool);
        Tensor loss = Node.Apply(new Ctc(_blank), output.LogSoftmax(), target, mask);
        if (_zeroInfinity)
            loss = Tensor.Select(loss.EqualTo(double.PositiveInfinity), loss.FillLike(0), loss);
        Tensor length = counts.Cast(loss.DType).Sum([1]);
        return loss / Tensor.Maximum(length, length.FillLike(1));
    }

    /// <summary>Labels that do not count become -1.</summary>
    internal override unsafe void Prepare(TargetCopy copy, long classes)
    {
        int* to = (int*)copy.To.Pointer;
        for (long i = 0; i < copy.From.Shape.ElementCount; i++)
        {
            long label = copy.From.DType == DType.Int64 ? ((long*)copy.From.Pointer)[i] : (long)copy.From.GetDouble(i);
            if (label != _padding && (label < 0 || label >= classes || label == _blank))
            {
                throw new LabelException(FormattableString.Invariant(
                    $"{copy.Describe(i)}: {Name} expects labels from 0 to {classes - 1} without the blank {_blank} (or {_padding}, which pads), but found {label}."));
            }

            to[i] = label == _padding ? -1 : (int)label;
        }

        GC.KeepAlive(copy.From);
        GC.KeepAlive(copy.To);
    }

    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("blank", _blank);
        config.Set("padding", _padding);
        config.Set("zeroInfinity", _zeroInfinity);
    }

    internal static CtcLoss Read(LayerConfig config) => new(config.GetInt32("blank"), config.GetInt64("padding"), config.GetBoolean("zeroInfinity"));
}
