using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Convolutions and poolings. Anneal has channels after rows and columns, the format before them.</summary>
internal static class ExportWindows
{
    internal static void Register(Dictionary<Type, ExportRule> rules)
    {
        rules[typeof(Convolve)] = (e, n) => Write(e, n, "Conv", Window(((Convolve)n.Op).Window, n.Input(1).Shape), Weights(e, n));
        rules[typeof(ConvolveInputGradient)] = Transposed;
        rules[typeof(MaxPool)] = (e, n) => Write(e, n, "MaxPool", Window(((MaxPool)n.Op).Pooling), []);
        rules[typeof(AveragePool)] = (e, n) =>
        {
            var op = (AveragePool)n.Op;
            Write(e, n, "AveragePool", [.. Window(op.Pooling), Attributes.Of("count_include_pad", op.CountIncludesPadding ? 1 : 0)], []);
        };
    }

    private static void Write(OnnxEmitter e, NodePair n, string op, OnnxAttribute[] attributes, string[] more)
    {
        string image = e.Step(n, "Transpose", [e.Name(n.Input(0))], Attributes.Of("perm", [0, 3, 1, 2]));
        string result = e.Step(n, op, [image, .. more], attributes);
        e.Result(n, "Transpose", [result], Attributes.Of("perm", [0, 2, 3, 1]));
    }

    private static string[] Weights(OnnxEmitter e, NodePair n) => [e.Transposed(n, n.Input(1), [3, 2, 0, 1])];

    private static void Transposed(OnnxEmitter e, NodePair n)
    {
        var op = (ConvolveInputGradient)n.Op;
        ConvolutionWindow w = op.Window;
        Shape up = n.Input(0).Shape, weights = n.Input(1).Shape;
        long bottom = op.Image[1] - Least(up[1], weights[0], w.StrideHeight, w.DilationHeight, w.PadTop + w.PadBottom);
        long right = op.Image[2] - Least(up[2], weights[1], w.StrideWidth, w.DilationWidth, w.PadLeft + w.PadRight);
        Write(e, n, "ConvTranspose", [.. Window(w, weights), Attributes.Of("output_padding", [bottom, right])], Weights(e, n));
    }

    /// <summary>The least extent whose convolution has so many elements.</summary>
    private static long Least(long extent, long kernel, long stride, long dilation, long padding) => (extent - 1) * stride + (kernel - 1) * dilation + 1 - padding;

    private static OnnxAttribute[] Window(ConvolutionWindow w, Shape weights) =>
    [
        Attributes.Of("kernel_shape", [weights[0], weights[1]]),
        Attributes.Of("strides", [w.StrideHeight, w.StrideWidth]),
        Attributes.Of("dilations", [w.DilationHeight, w.DilationWidth]),
        Attributes.Of("pads", [w.PadTop, w.PadLeft, w.PadBottom, w.PadRight]),
        Attributes.Of("group", w.Groups),
    ];

    private static OnnxAttribute[] Window(PoolingWindow p) =>
    [
        Attributes.Of("kernel_shape", [p.Height, p.Width]),
        Attributes.Of("strides", [p.Window.StrideHeight, p.Window.StrideWidth]),
        Attributes.Of("pads", [p.Window.PadTop, p.Window.PadLeft, p.Window.PadBottom, p.Window.PadRight]),
    ];
}
