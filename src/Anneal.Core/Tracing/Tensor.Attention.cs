using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <content>Attention.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// Scaled dot-product attention (Vaswani et al., 2017): <c>softmax(query · keyᵀ · scale + mask) · value</c>, with the softmax over keys.
    /// </summary>
    /// <remarks>
    /// A key counts where its score is above -∞: the boolean mask admits it, the additive one is not -∞ there, and with
    /// <paramref name="causal"/> it stands no later than the query. A query for which no key counts gives 0, and no gradient comes from it.
    /// With fewer key than query heads (grouped queries, Ainslie et al., 2023) neighbouring query heads share one: query head h attends
    /// to head h / (heads / keyHeads). Keys and values are not repeated for it.
    /// </remarks>
    /// <param name="query">Floating, <c>[batch, heads, queries, dimension]</c>.</param>
    /// <param name="key">Of the query's type, <c>[batch, keyHeads, keys, dimension]</c>; keyHeads divides heads.</param>
    /// <param name="value">Of the query's type, <c>[batch, keyHeads, keys, valueDimension]</c>.</param>
    /// <param name="mask">
    /// What broadcasts to <c>[batch, heads, queries, keys]</c>: bool, true where a query may attend to a key, or of the query's type,
    /// added to the scaled scores. Null admits all.
    /// </param>
    /// <param name="causal">Whether query i attends to the keys 0 to i only. Both are counted from the first.</param>
    /// <param name="scale">What scores are multiplied by; null is 1 / √dimension.</param>
    /// <param name="dropout">The probability with which a weight is set to 0; the others are divided by that of being kept. Inside a trace only, unless 0.</param>
    /// <returns><c>[batch, heads, queries, valueDimension]</c>.</returns>
    /// <exception cref="ShapeException">The shapes do not fit together.</exception>
    /// <exception cref="DTypeException">The data types differ or are not floating, or the mask is neither bool nor of the query's type.</exception>
    /// <exception cref="OptionException">The dropout is not at least 0 and below 1.</exception>
    public static Tensor ScaledDotProductAttention(
        Tensor query, Tensor key, Tensor value, Tensor? mask = null, bool causal = false, double? scale = null, double dropout = 0) =>
        Attend(AttentionWeights(query, key, mask, causal, scale), value, dropout);

    /// <summary>How much each query attends to each key: the weights of <see cref="ScaledDotProductAttention"/> before dropout.</summary>
    /// <param name="query">Floating, <c>[batch, heads, queries, dimension]</c>.</param>
    /// <param name="key">Of the query's type, <c>[batch, keyHeads, keys, dimension]</c>; keyHeads divides heads.</param>
    /// <param name="mask">Bool or additive, broadcast to the result; null admits all.</param>
    /// <param name="causal">Whether query i attends to the keys 0 to i only.</param>
    /// <param name="scale">What scores are multiplied by; null is 1 / √dimension.</param>
    /// <returns><c>[batch, heads, queries, keys]</c>; each row sums to 1, or is 0 where no key counts.</returns>
    /// <exception cref="ShapeException">The shapes do not fit together.</exception>
    /// <exception cref="DTypeException">The data types differ or are not floating, or the mask is neither bool nor of the query's type.</exception>
    public static Tensor AttentionWeights(Tensor query, Tensor key, Tensor? mask = null, bool causal = false, double? scale = null)
    {
        RequireHeads(NotNull(query), NotNull(key));
        Shape q = query.Shape, k = key.Shape, shape = [q[0], q[1], q[2], k[2]];

        // The query heads that share a key head lie side by side, so that together they are the rows of one product.
        Tensor scores = (query * (scale ?? 1 / Math.Sqrt(q[3]))).Reshape(q[0], k[1], q[1] / k[1] * q[2], q[3])
            .MatMul(key, transposeOther: true).Reshape(shape);
        bool additive = mask is not null && mask.DType != DType.Bool;
        Tensor? counts = mask is null || additive ? null : MaskFor(shape, mask, query);
        if (additive)
            scores += MaskFor(shape, mask!, query);
        if (causal)
        {
            Tensor past = Range(shape[3]).LessOrEqual(Range(shape[2]).ExpandAxis(-1)).BroadcastTo(shape);
            counts = counts is null ? past : counts & past;
        }

        if (counts is not null)
            scores = Select(counts, scores, scores.FillLike(double.NegativeInfinity));

        // Without a mask each query has a key that counts.
        return mask is null ? scores.Softmax() : SoftmaxOrZero(scores);
    }

    /// <summary>The values summed with weights <c>[batch, heads, queries, keys]</c>, of which some are dropped: <c>[batch, heads, queries, valueDimension]</c>.</summary>
    internal static Tensor Attend(Tensor weights, Tensor value, double dropout)
    {
        Shape w = weights.Shape, v = NotNull(value).Shape;
        if (v.Rank != 4 || v[0] != w[0] || v[2] != w[3] || v[1] < 1 || w[1] % v[1] != 0)
        {
            throw new ShapeException(
                $"Attention: weights [batch, heads, queries, keys] of shape {w} do not fit values [batch, keyHeads, keys, dimension] of shape {v}.{Here()}");
        }

        if (!(dropout >= 0 && dropout < 1))
            throw new OptionException(FormattableString.Invariant($"Attention: dropout must be at least 0 and below 1, but is {dropout}."));
        if (dropout > 0)
        {
            Tensor kept = RandomUniform(w, "attention dropout").GreaterOrEqual(dropout);
            weights = Select(kept, weights * (1 / (1 - dropout)), weights.FillLike(0));
        }

        return weights.Reshape(w[0], v[1], w[1] / v[1] * w[2], w[3]).MatMul(value).Reshape(w[0], w[1], w[2], v[3]);
    }

    /// <summary>The softmax along the last axis; 0, with gradient 0, in rows of nothing but -∞, where the softmax itself is not a number.</summary>
    private static Tensor SoftmaxOrZero(Tensor scores)
    {
        Tensor x = scores.StopGradient();
        Tensor largest = x.Max([-1], keepAxes: true);
        Tensor e = Exp(x - Select(largest.EqualTo(double.NegativeInfinity), largest.FillLike(0), largest));
        Tensor sum = e.Sum([-1], keepAxes: true);
        return Node.Apply(new Softmaxed(scores.Shape.Rank - 1), e / Select(sum.EqualTo(0), sum.FillLike(1), sum), scores);
    }

    private static void RequireHeads(Tensor query, Tensor key)
    {
        Shape q = query.Shape, k = key.Shape;
        if (q.Rank != 4 || k.Rank != 4)
            throw new ShapeException($"Attention: queries and keys are [batch, heads, time, dimension], but found {q} and {k}.{Here()}");
        if (query.DType != key.DType || !query.DType.IsFloating())
            throw new DTypeException($"Attention: queries and keys have one floating-point type, but found {query.Type} and {key.Type}.{Here()}");
        if (q[0] != k[0] || q[3] != k[3])
            throw new ShapeException($"Attention: queries and keys have the same batch and dimension, but found {q} and {k}.{Here()}");
        if (k[1] < 1 || q[1] % k[1] != 0)
            throw new ShapeException($"Attention: {q[1]} query heads do not divide among {k[1]} key heads.{Here()}");
        if (k[2] < 1 || q[3] < 1)
            throw new ShapeException($"Attention: at least one key and one feature are needed, but found {q} and {k}.{Here()}");
    }

    private static Tensor MaskFor(Shape shape, Tensor mask, Tensor query)
    {
        if (mask.DType != DType.Bool && mask.DType != query.DType)
            throw new DTypeException($"Attention: a mask is bool or {query.DType.Name()} as the queries, but found {mask.Type}.{Here()}");
        if (!mask.Shape.BroadcastsTo(shape))
            throw new ShapeException($"Attention: a mask must broadcast to [batch, heads, queries, keys], which is {shape}, but found one of shape {mask.Shape}.{Here()}");
        return mask.BroadcastTo(shape);
    }

    private static string Here()
    {
        string where = Origin.Capture(Trace.Current?.LayerPath ?? "").ToString();
        return where.Length == 0 ? "" : $" At {where}.";
    }
}
