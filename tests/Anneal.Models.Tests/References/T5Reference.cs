namespace Anneal.Models.Tests;

/// <summary>T5 (Raffel et al., 2019; v1.1 with gated networks after Shazeer, 2020) in double precision, written from its definition, for one pair of texts.</summary>
internal sealed class T5Reference(IReadOnlyDictionary<string, TensorData> tensors, T5Config config)
{
    /// <summary>The logits of each token that the decoder is given.</summary>
    internal double[] Logits(int[] text, bool[] counts, int[] written)
    {
        double[][] memory = Stack("encoder", text, counts, null, config.LayerCount);
        double[][] hidden = Stack("decoder", written, counts, memory, config.DecoderLayerCount);
        double scale = config.ScaleDecoderOutputs ? 1 / Math.Sqrt(config.HiddenSize) : 1;
        TensorData head = tensors.TryGetValue("lm_head.weight", out TensorData? own) ? own : tensors["shared.weight"];
        return [.. Matrix.Product(Matrix.Map(hidden, h => h * scale), head).SelectMany(row => row)];
    }

    private double[][] Stack(string name, int[] ids, bool[] counts, double[][]? memory, int layers)
    {
        bool isDecoder = memory is not null;
        double[] biases = Matrix.Values(tensors[$"{name}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]);
        double Own(int head, int query, int key) => isDecoder ? key > query ? double.NegativeInfinity : Bias(head, key - query) : counts[key] ? Bias(head, key - query) : double.NegativeInfinity;
        double Bias(int head, int distance) => biases[Bucket(distance, !isDecoder) * config.HeadCount + head];
        double[][] hidden = Matrix.Rows(tensors["shared.weight"], ids);
        for (int layer = 0; layer < layers; layer++)
        {
            string prefix = $"{name}.block.{layer}.layer.";
            double[][] normal = Norm(hidden, prefix + "0.layer_norm.weight");
            hidden = Matrix.Sum(hidden, Attention(prefix + "0.SelfAttention", normal, normal, Own));
            if (isDecoder)
            {
                normal = Norm(hidden, prefix + "1.layer_norm.weight");
                hidden = Matrix.Sum(hidden, Attention(prefix + "1.EncDecAttention", normal, memory!, (_, _, key) => counts[key] ? 0 : double.NegativeInfinity));
            }

            string last = prefix + (isDecoder ? "2" : "1");
            hidden = Matrix.Sum(hidden, FeedForward(last + ".DenseReluDense.", Norm(hidden, last + ".layer_norm.weight")));
        }

        return Norm(hidden, name + ".final_layer_norm.weight");
    }

    private double[][] FeedForward(string prefix, double[][] x)
    {
        double[][] inner = config.IsGated
            ? Matrix.Times(Matrix.Map(Matrix.Product(x, tensors[prefix + "wi_0.weight"]), Activated), Matrix.Product(x, tensors[prefix + "wi_1.weight"]))
            : Matrix.Map(Matrix.Product(x, tensors[prefix + "wi.weight"]), Activated);
        return Matrix.Product(inner, tensors[prefix + "wo.weight"]);
    }

    private double Activated(double x) => config.HiddenActivation == Activation.Relu ? Math.Max(x, 0)
        : config.HiddenActivation == Activation.Silu ? x / (1 + Math.Exp(-x))
        : config.HiddenActivation == Activation.GeluTanh ? 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
        : throw new InvalidOperationException($"The reference has no {config.HiddenActivation}.");

    /// <summary>Attention whose scores are not scaled, with a bias for each head, query and key.</summary>
    private double[][] Attention(string prefix, double[][] queries, double[][] keys, Func<int, int, int, double> bias)
    {
        double[][] q = Matrix.Product(queries, tensors[prefix + ".q.weight"]), k = Matrix.Product(keys, tensors[prefix + ".k.weight"]), v = Matrix.Product(keys, tensors[prefix + ".v.weight"]);
        int dimension = config.HeadDimension;
        var result = new double[q.Length][];
        for (int t = 0; t < q.Length; t++)
        {
            result[t] = new double[config.HeadCount * dimension];
            for (int head = 0; head < config.HeadCount; head++)
            {
                int from = head * dimension;
                double[] weights = Matrix.Softmax([.. k.Select((key, s) => Enumerable.Range(from, dimension).Sum(i => q[t][i] * key[i]) + bias(head, t, s))]);
                for (int i = from; i < from + dimension; i++)
                    result[t][i] = weights.Select((w, s) => w * v[s][i]).Sum();
            }
        }

        return Matrix.Product(result, tensors[prefix + ".o.weight"]);
    }

    private double[][] Norm(double[][] x, string name)
    {
        double[] scale = Matrix.Values(tensors[name]);
        return Array.ConvertAll(x, row =>
        {
            double root = Math.Sqrt(row.Average(v => v * v) + config.NormEpsilon);
            return row.Select((v, i) => v / root * scale[i]).ToArray();
        });
    }

    /// <summary>Half of the buckets hold one distance each, the others grow with the logarithm up to the longest.</summary>
    private int Bucket(int distance, bool bothWays)
    {
        int size = bothWays ? config.BucketCount / 2 : config.BucketCount, exact = size / 2;
        int first = bothWays && distance > 0 ? size : 0, away = bothWays ? Math.Abs(distance) : Math.Max(-distance, 0);
        return first + (away < exact ? away : Math.Min(size - 1, exact + (int)(Math.Log((double)away / exact) / Math.Log((double)config.MaximumDistance / exact) * (size - exact))));
    }
}
