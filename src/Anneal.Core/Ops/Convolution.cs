using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>How a two-dimensional window moves over an image.</summary>
/// <param name="StrideHeight">Rows from one window to the next.</param>
/// <param name="StrideWidth">Columns from one window to the next.</param>
/// <param name="PadTop">Rows of zeros above.</param>
/// <param name="PadBottom">Rows of zeros below.</param>
/// <param name="PadLeft">Columns of zeros on the left.</param>
/// <param name="PadRight">Columns of zeros on the right.</param>
/// <param name="DilationHeight">Rows between the taps of a window.</param>
/// <param name="DilationWidth">Columns between the taps of a window.</param>
/// <param name="Groups">Groups of channels that do not see each other.</param>
internal sealed record ConvolutionWindow(
    long StrideHeight = 1, long StrideWidth = 1, long PadTop = 0, long PadBottom = 0, long PadLeft = 0, long PadRight = 0,
    long DilationHeight = 1, long DilationWidth = 1, long Groups = 1)
{
    internal long OutputHeight(long height, long kernel) =>
        Extent(height + PadTop + PadBottom, (kernel - 1) * DilationHeight + 1, StrideHeight);

    internal long OutputWidth(long width, long kernel) =>
        Extent(width + PadLeft + PadRight, (kernel - 1) * DilationWidth + 1, StrideWidth);

    private static long Extent(long padded, long window, long stride) => padded < window ? 0 : (padded - window) / stride + 1;

    /// <summary>The output shape for an image <c>[n, h, w, c]</c> and weights <c>[kh, kw, c / groups, out]</c>.</summary>
    internal Shape OutputShape(Shape image, Shape weights)
    {
        if (image.Rank != 4 || weights.Rank != 4)
            throw new OperandException("needs an image [batch, height, width, channels] and weights [height, width, channels / groups, filters].");
        if (weights[2] * Groups != image[3])
        {
            throw new OperandException(
                $"the weights expect {weights[2] * Groups} channels ({weights[2]} in each of {Groups} groups), the image has {image[3]}.");
        }

        if (weights[3] % Groups != 0)
            throw new OperandException($"{weights[3]} filters do not divide into {Groups} groups.");
        long height = OutputHeight(image[1], weights[0]), width = OutputWidth(image[2], weights[1]);
        if (height <= 0 || width <= 0)
        {
            throw new OperandException(
                $"a window of {weights[0]} x {weights[1]} does not fit into the padded image of {image[1] + PadTop + PadBottom} x {image[2] + PadLeft + PadRight}.");
        }

        return [image[0], height, width, weights[3]];
    }

    /// <summary>Calls back for every product of a tap with a pixel: (image index, weight index, output index).</summary>
    internal void ForEachTap(Shape image, Shape weights, Shape output, Action<long, long, long> visit)
    {
        long perGroup = weights[3] / Groups;
        for (long n = 0; n < output[0]; n++)
        {
            for (long oy = 0; oy < output[1]; oy++)
            {
                for (long ox = 0; ox < output[2]; ox++)
                {
                    for (long ky = 0; ky < weights[0]; ky++)
                    {
                        for (long kx = 0; kx < weights[1]; kx++)
                        {
                            long y = oy * StrideHeight - PadTop + ky * DilationHeight, x = ox * StrideWidth - PadLeft + kx * DilationWidth;
                            if (y < 0 || x < 0 || y >= image[1] || x >= image[2])
                                continue;
                            for (long f = 0; f < weights[3]; f++)
                            {
                                for (long c = 0; c < weights[2]; c++)
                                {
                                    visit(
                                        ((n * image[1] + y) * image[2] + x) * image[3] + f / perGroup * weights[2] + c,
                                        ((ky * weights[1] + kx) * weights[2] + c) * weights[3] + f,
                                        ((n * output[1] + oy) * output[2] + ox) * output[3] + f);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// <summary>What the three products with a sliding window have in common.</summary>
internal static class SlidingProduct
{
    /// <summary>A multiply-add for each element of the convolution's result and weight that it depends on; weights are <c>[height, width, in, out]</c>.</summary>
    internal static double CountOperations(Shape result, Shape weights) => 2.0 * result.ElementCount * (weights.ElementCount / Math.Max(1, weights[^1]));
}

/// <summary>Cross-correlation of images <c>[n, h, w, c]</c> with weights <c>[kh, kw, c / groups, out]</c>, as networks call convolution.</summary>
internal sealed record Convolve(ConvolutionWindow Window) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override double CountOperations(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs) =>
        SlidingProduct.CountOperations(outputs[0].Shape, inputs[1].Shape);

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Floating.RequireAll(inputs);
        return [inputs[0] with { Shape = Window.OutputShape(inputs[0].Shape, inputs[1].Shape) }];
    }

    internal override Tensor?[] Gradient(GradientCall call) =>
    [
        Node.Apply(new ConvolveInputGradient(Window, call.Inputs[0].Shape), call.Upstream, call.Inputs[1]),
        Node.Apply(new ConvolveWeightGradient(Window, call.Inputs[1].Shape), call.Inputs[0], call.Upstream),
    ];

    internal override void Reference(ReferenceCall call)
    {
        double[] image = call.Inputs[0], weights = call.Inputs[1], output = call.Outputs[0];
        Window.ForEachTap(call.InputShape(0), call.InputShape(1), call.OutputShape, (i, w, o) => output[o] += image[i] * weights[w]);
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>The gradient of a convolution with respect to its image, from the output's gradient and the weights.</summary>
internal sealed record ConvolveInputGradient(ConvolutionWindow Window, Shape Image) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override double CountOperations(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs) =>
        SlidingProduct.CountOperations(inputs[0].Shape, inputs[1].Shape);

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Floating.RequireAll(inputs);
        if (Window.OutputShape(Image, inputs[1].Shape) != inputs[0].Shape)
            throw new OperandException($"the gradient does not have the shape of the convolution's output for an image {Image}.");
        return [inputs[0] with { Shape = Image }];
    }

    internal override Tensor?[] Gradient(GradientCall call) =>
    [
        Node.Apply(new Convolve(Window), call.Upstream, call.Inputs[1]),
        Node.Apply(new ConvolveWeightGradient(Window, call.Inputs[1].Shape), call.Upstream, call.Inputs[0]),
    ];

    internal override void Reference(ReferenceCall call)
    {
        double[] up = call.Inputs[0], weights = call.Inputs[1], image = call.Outputs[0];
        Window.ForEachTap(Image, call.InputShape(1), call.InputShape(0), (i, w, o) => image[i] += up[o] * weights[w]);
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>The gradient of a convolution with respect to its weights, from the image and the output's gradient.</summary>
internal sealed record ConvolveWeightGradient(ConvolutionWindow Window, Shape Weights) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override double CountOperations(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs) =>
        SlidingProduct.CountOperations(inputs[1].Shape, Weights);

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Floating.RequireAll(inputs);
        if (Window.OutputShape(inputs[0].Shape, Weights) != inputs[1].Shape)
            throw new OperandException($"the gradient does not have the shape of the convolution's output for weights {Weights}.");
        return [inputs[0] with { Shape = Weights }];
    }

    internal override Tensor?[] Gradient(GradientCall call) =>
    [
        Node.Apply(new ConvolveInputGradient(Window, call.Inputs[0].Shape), call.Inputs[1], call.Upstream),
        Node.Apply(new Convolve(Window), call.Inputs[0], call.Upstream),
    ];

    internal override void Reference(ReferenceCall call)
    {
        double[] image = call.Inputs[0], up = call.Inputs[1], weights = call.Outputs[0];
        Window.ForEachTap(call.InputShape(0), Weights, call.InputShape(1), (i, w, o) => weights[w] += image[i] * up[o]);
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>A check that several operations share.</summary>
internal static class Floating
{
    internal static void RequireAll(ReadOnlySpan<TensorType> inputs)
    {
        foreach (TensorType input in inputs)
        {
            if (input.DType != inputs[0].DType || !input.DType.IsFloating())
                throw new OperandException("needs floating-point operands of one data type.", isDType: true);
        }
    }
}
