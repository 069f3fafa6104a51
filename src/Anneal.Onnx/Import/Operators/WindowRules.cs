using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>
/// Convolutions and poolings. The format has channels before rows and columns, Anneal after them; sequences <c>[batch, channels, time]</c> are images
/// of one row.
/// </summary>
internal static class WindowRules
{
    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["Conv"] = Convolve;
        rules["ConvTranspose"] = ConvolveTransposed;
        rules["MaxPool"] = MaxPool;
        rules["AveragePool"] = AveragePool;
        rules["GlobalAveragePool"] = call => [Global(call, (x, axes) => x.Mean(axes, keepAxes: true))];
        rules["GlobalMaxPool"] = call => [Global(call, (x, axes) => x.Max(axes, keepAxes: true))];
    }

    /// <summary>A sequence or image of the format as an image of Anneal.</summary>
    internal static Tensor ToImage(OnnxCall call, Tensor x) => x.Shape.Rank switch
    {
        3 => x.Transpose(0, 2, 1).ExpandAxis(1),
        4 => x.Transpose(0, 2, 3, 1),
        _ => throw call.Fail($"it needs [batch, channels, time] or [batch, channels, height, width], not {x.Type}: Anneal has windows of one and two dimensions."),
    };

    /// <summary>The way back.</summary>
    internal static Tensor FromImage(Tensor image, int rank) => rank == 3
        ? image.Reshape(image.Shape[0], image.Shape[2], image.Shape[3]).Transpose(0, 2, 1)
        : image.Transpose(0, 3, 1, 2);

    /// <summary>Weights <c>[filters, channels / groups, height, width]</c>, without the height for sequences, as Anneal has them.</summary>
    private static Tensor ToWeights(Tensor weights) => (weights.Shape.Rank == 3 ? weights.ExpandAxis(2) : weights).Transpose(2, 3, 1, 0);

    private static OnnxValue[] Convolve(OnnxCall call)
    {
        Tensor x = call[0], weights = call[1];
        int rank = x.Shape.Rank;
        Tensor image = ToImage(call, x);
        RequireRank(call, weights, rank);
        WindowAttributes window = WindowAttributes.Read(call, rank, weights.Shape[2..], image.Shape[1..3]);
        long groups = call.Integer("group", 1);
        if (groups < 1)
            throw call.Fail($"there are no {groups} groups.");
        Tensor result = Node.Apply(new Convolve(window.ToWindow(groups)), image, ToWeights(weights));
        if (call.Optional(2) is { } bias)
            result += bias;
        return [FromImage(result, rank)];
    }

    private static OnnxValue[] ConvolveTransposed(OnnxCall call)
    {
        Tensor x = call[0], weights = call[1];
        int rank = x.Shape.Rank;
        Tensor image = ToImage(call, x);
        RequireRank(call, weights, rank);
        long groups = call.Integer("group", 1);
        if (groups < 1)
            throw call.Fail($"there are no {groups} groups.");
        WindowAttributes window = WindowAttributes.ReadTransposed(call, rank, weights.Shape[2..], image.Shape[1..3], out long height, out long width);
        var inner = window.ToWindow(groups);
        Shape to = [image.Shape[0], height, width, weights.Shape[1] * groups];
        Tensor result = Node.Apply(new ConvolveInputGradient(inner, to), image, ToWeights(weights));
        if (call.Optional(2) is { } bias)
            result += bias;
        return [FromImage(result, rank)];
    }

    private static void RequireRank(OnnxCall call, Tensor weights, int rank)
    {
        if (weights.Shape.Rank != rank)
            throw call.Fail($"weights of {weights.Type} do not have as many axes as the input, {rank}.");
    }

    private static OnnxValue[] MaxPool(OnnxCall call)
    {
        Tensor x = call[0];
        call.Ignore("storage_order");
        if (call.HasOutput(1))
            throw call.Fail("the places of the largest elements are asked for, which Anneal does not give.");
        Tensor image = ToImage(call, x);
        WindowAttributes window = WindowAttributes.Read(call, x.Shape.Rank, null, image.Shape[1..3]);
        if (window.DilationHeight != 1 || window.DilationWidth != 1)
            throw call.Fail("its window is dilated, which Anneal's pooling is not.");
        return [FromImage(image.MaxPool(window.ToPooling(call)), x.Shape.Rank)];
    }

    private static OnnxValue[] AveragePool(OnnxCall call)
    {
        Tensor x = call[0];
        Tensor image = ToImage(call, x);
        WindowAttributes window = WindowAttributes.Read(call, x.Shape.Rank, null, image.Shape[1..3]);
        bool countsPadding = call.Flag("count_include_pad");
        if (window.DilationHeight != 1 || window.DilationWidth != 1)
            throw call.Fail("its window is dilated, which Anneal's pooling is not.");
        if (countsPadding && window.IsExtended)
            throw call.Fail("it counts padding and rounds its extent up, which Anneal does not read together.");
        return [FromImage(image.AveragePool(window.ToPooling(call), countsPadding), x.Shape.Rank)];
    }

    private static Tensor Global(OnnxCall call, Func<Tensor, int[], Tensor> fold)
    {
        Tensor x = call[0];
        return x.Shape.Rank >= 3 ? fold(x, [.. Enumerable.Range(2, x.Shape.Rank - 2)]) : throw call.Fail($"it needs [batch, channels, ...], not {x.Type}.");
    }
}
