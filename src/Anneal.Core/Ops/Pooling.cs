using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>A pooling window over images <c>[n, h, w, c]</c>.</summary>
/// <param name="Height">Rows of the window.</param>
/// <param name="Width">Columns of the window.</param>
/// <param name="Window">Its stride and padding; dilation and groups are 1.</param>
internal sealed record PoolingWindow(long Height, long Width, ConvolutionWindow Window)
{
    internal Shape OutputShape(Shape image)
    {
        if (image.Rank != 4)
            throw new OperandException("needs an image [batch, height, width, channels].");
        long height = Window.OutputHeight(image[1], Height), width = Window.OutputWidth(image[2], Width);
        if (height <= 0 || width <= 0)
        {
            throw new OperandException(
                $"a window of {Height} x {Width} does not fit into the padded image of {image[1] + Window.PadTop + Window.PadBottom} x {image[2] + Window.PadLeft + Window.PadRight}.");
        }

        return [image[0], height, width, image[3]];
    }

    /// <summary>Calls back once for each output with the image indices of its window in row-major order (those inside of the image).</summary>
    internal void ForEachWindow(Shape image, Shape output, Action<long, List<long>> visit)
    {
        var taps = new List<long>();
        for (long i = 0; i < output.ElementCount; i++)
        {
            long c = i % output[3], ox = i / output[3] % output[2], oy = i / output[3] / output[2] % output[1];
            long n = i / output[3] / output[2] / output[1];
            taps.Clear();
            for (long ky = 0; ky < Height; ky++)
            {
                for (long kx = 0; kx < Width; kx++)
                {
                    long y = oy * Window.StrideHeight - Window.PadTop + ky, x = ox * Window.StrideWidth - Window.PadLeft + kx;
                    if (y >= 0 && x >= 0 && y < image[1] && x < image[2])
                        taps.Add(((n * image[1] + y) * image[2] + x) * image[3] + c);
                }
            }

            visit(i, taps);
        }
    }

    internal static long FirstLargest(double[] image, List<long> taps)
    {
        long best = taps[0];
        foreach (long tap in taps)
        {
            if (image[tap] > image[best] || (double.IsNaN(image[tap]) && !double.IsNaN(image[best])))
                best = tap;
        }

        return best;
    }
}

/// <summary>The largest pixel of each window; a NaN wins, padding never does.</summary>
internal sealed record MaxPool(PoolingWindow Pooling) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Floating.RequireAll(inputs);
        return [inputs[0] with { Shape = Pooling.OutputShape(inputs[0].Shape) }];
    }

    internal override Tensor?[] Gradient(GradientCall call) => [Node.Apply(new MaxPoolGradient(Pooling), call.Input, call.Upstream)];

    internal override void Reference(ReferenceCall call)
    {
        double[] image = call.Inputs[0], output = call.Outputs[0];
        Pooling.ForEachWindow(call.InputShape(0), call.OutputShape, (o, taps) => output[o] = image[PoolingWindow.FirstLargest(image, taps)]);
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>Sends each window's gradient to its first largest pixel: (image, gradient of the output) to the gradient of the image.</summary>
internal sealed record MaxPoolGradient(PoolingWindow Pooling) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Floating.RequireAll(inputs);
        if (Pooling.OutputShape(inputs[0].Shape) != inputs[1].Shape)
            throw new OperandException("the gradient does not have the shape of the pooled image.");
        return [inputs[0]];
    }

    // The choice of the largest pixel is constant between jumps, so only the second operand has a gradient.
    internal override Tensor?[] Gradient(GradientCall call) => [null, Node.Apply(new MaxPoolSelect(Pooling), call.Input, call.Upstream)];

    internal override void Reference(ReferenceCall call)
    {
        double[] image = call.Inputs[0], up = call.Inputs[1], output = call.Outputs[0];
        Pooling.ForEachWindow(call.InputShape(0), call.InputShape(1), (o, taps) => output[PoolingWindow.FirstLargest(image, taps)] += up[o]);
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>The value of the second operand where the first has each window's first largest pixel.</summary>
internal sealed record MaxPoolSelect(PoolingWindow Pooling) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Floating.RequireAll(inputs);
        if (inputs[0].Shape != inputs[1].Shape)
            throw new OperandException("needs two images of one shape.");
        return [inputs[0] with { Shape = Pooling.OutputShape(inputs[0].Shape) }];
    }

    internal override Tensor?[] Gradient(GradientCall call) => [null, Node.Apply(new MaxPoolGradient(Pooling), call.Input, call.Upstream)];

    internal override void Reference(ReferenceCall call)
    {
        double[] image = call.Inputs[0], values = call.Inputs[1], output = call.Outputs[0];
        Pooling.ForEachWindow(call.InputShape(0), call.OutputShape, (o, taps) => output[o] = values[PoolingWindow.FirstLargest(image, taps)]);
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>The mean of each window, over all its places or only those inside of the image.</summary>
internal sealed record AveragePool(PoolingWindow Pooling, bool CountIncludesPadding) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Floating.RequireAll(inputs);
        return [inputs[0] with { Shape = Pooling.OutputShape(inputs[0].Shape) }];
    }

    internal override Tensor?[] Gradient(GradientCall call) =>
        [Node.Apply(new AveragePoolGradient(Pooling, CountIncludesPadding, call.Input.Shape), call.Upstream)];

    internal override void Reference(ReferenceCall call)
    {
        double[] image = call.Inputs[0], output = call.Outputs[0];
        Pooling.ForEachWindow(
            call.InputShape(0), call.OutputShape, (o, taps) => output[o] = taps.Sum(t => image[t]) / Count(Pooling, CountIncludesPadding, taps));
    }

    internal static double Count(PoolingWindow pooling, bool includesPadding, List<long> taps) =>
        includesPadding ? pooling.Height * pooling.Width : taps.Count;

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>Spreads the gradient of an average pooling evenly over its windows.</summary>
internal sealed record AveragePoolGradient(PoolingWindow Pooling, bool CountIncludesPadding, Shape Image) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Floating.RequireAll(inputs);
        if (Pooling.OutputShape(Image) != inputs[0].Shape)
            throw new OperandException($"the gradient does not have the shape of the pooled image {Image}.");
        return [inputs[0] with { Shape = Image }];
    }

    internal override Tensor?[] Gradient(GradientCall call) => [Node.Apply(new AveragePool(Pooling, CountIncludesPadding), call.Upstream)];

    internal override void Reference(ReferenceCall call)
    {
        double[] up = call.Inputs[0], image = call.Outputs[0];
        Pooling.ForEachWindow(Image, call.InputShape(0), (o, taps) =>
        {
            foreach (long tap in taps)
                image[tap] += up[o] / AveragePool.Count(Pooling, CountIncludesPadding, taps);
        });
    }

    internal override OpRecord Record => OpRecord.Standard;
}
