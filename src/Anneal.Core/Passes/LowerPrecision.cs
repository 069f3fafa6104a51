using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Passes;

/// <summary>
/// Mixed precision, as a rewriting of the forward graph before it is differentiated (Micikevicius et al., 2018): products and convolutions
/// run in a 16-bit type, what sums many terms or has a narrow domain stays in float32, and cheap operations follow their operands, so
/// that a chain of them is not cast to and fro. Parameters stay in float32, and their gradients come back in it through the casts.
/// </summary>
internal sealed class LowerPrecision
{
    private readonly DType _low;
    private readonly HashSet<Tensor> _weak = [];
    private readonly HashSet<Tensor> _full = [];
    private readonly Dictionary<(Tensor, DType), Tensor> _casts = [];

    private LowerPrecision(DType low) => _low = low;

    private enum Policy
    {
        /// <summary>Operands are cast to the low type.</summary>
        Lower,

        /// <summary>Operands are cast to float32.</summary>
        Keep,

        /// <summary>The widest type of the operands, where those that only arrange parameters and constants do not count.</summary>
        Follow,
    }

    /// <summary>The same tensors, of their old types, computed in mixed precision; in the open trace.</summary>
    /// <param name="low">The 16-bit type.</param>
    /// <param name="outputs">What is wanted.</param>
    /// <param name="predictions">From these on all is float32: a loss may need more than 16 bits between 0 and 1.</param>
    internal static Tensor[] Run(DType low, IReadOnlyList<Tensor> outputs, IEnumerable<Tensor> predictions)
    {
        var pass = new LowerPrecision(low);
        pass._full.UnionWith(predictions);
        Graph rewritten = new Graph("mixed precision", Trace.Current, [], outputs, []).Rewrite(pass.Rewrite);
        return [.. rewritten.Outputs.Select((o, i) => pass.CastTo(o, outputs[i].DType))];
    }

    private Tensor[]? Rewrite(Node node, Tensor[] inputs)
    {
        if (inputs.Length == 0)
        {
            if (node.Op is ReadVariable or Constant or Literal)
                _weak.UnionWith(node.Outputs);
            return null;
        }

        if (node.Op is Cast cast)
        {
            if (_full.Contains(node.Inputs[0]))
                _full.Add(node.Outputs[0]);
            return [CastTo(inputs[0], cast.To)];
        }

        // What was not float32 before is none of this pass's business; what comes of it in the loss is.
        Tensor[] given = [.. inputs.Where((_, i) => node.Inputs[i].DType == DType.Float32)];
        bool isFull = node.Inputs.Any(_full.Contains);
        if (isFull)
            _full.UnionWith(node.Outputs);
        if (given.Length == 0)
            return null;
        Policy policy = isFull ? Policy.Keep : PolicyOf(node);
        DType target = policy switch
        {
            Policy.Lower => _low,
            Policy.Keep => DType.Float32,
            _ => Widest(given),
        };
        Tensor[] cast32 = [.. inputs.Select((x, i) => node.Inputs[i].DType == DType.Float32 ? CastTo(x, target) : x)];
        Tensor[] outputs = Node.Rebuild(node, cast32);
        if (policy == Policy.Follow && given.All(_weak.Contains))
            _weak.UnionWith(outputs);
        return outputs;
    }

    private DType Widest(Tensor[] inputs)
    {
        Tensor[] strong = [.. inputs.Where(i => !_weak.Contains(i))];
        return strong.Length > 0 && strong.All(i => i.DType == _low) ? _low : DType.Float32;
    }

    private Tensor CastTo(Tensor tensor, DType type)
    {
        if (tensor.DType == type)
            return tensor;
        if (_casts.TryGetValue((tensor, type), out Tensor? known))
            return known;
        Tensor result = tensor.Cast(type);
        _casts.Add((tensor, type), result);
        return result;
    }

    private static Policy PolicyOf(Node node) => node.Op switch
    {
        // A square leaves float16 at 256, where what is squared is far from its end.
        Multiply when node.Inputs[0] == node.Inputs[1] => Policy.Keep,
        MatMul or Convolve or ConvolveInputGradient or ConvolveWeightGradient => Policy.Lower,
        ViewOp or Reshape or Concat or Pad or MaxPool or MaxPoolGradient or MaxPoolSelect => Policy.Follow,
        Add or Subtract or Multiply or Negate or Abs or Relu or Maximum or Minimum or Select or Compare or StopGradient or Copy => Policy.Follow,
        _ => Policy.Keep,
    };
}
