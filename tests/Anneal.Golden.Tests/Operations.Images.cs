using Anneal.Ops;

namespace Anneal.Golden.Tests;

/// <content>Convolution and pooling. Golden images are channels first and weights [out, in, h, w]; Anneal's are channels last.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Images => new()
    {
        ["conv2d"] = One(a => ToChannelsFirst(ToChannelsLast(a["x"]).Convolve(a["w"].Transpose(2, 3, 1, 0), Window(a)) + a["b"])),
        ["conv1d"] = One(a => (ToTimeFirst(a["x"]).Convolve(a["w"].Transpose(2, 1, 0), Window1D(a)) + a["b"]).Transpose(0, 2, 1)),
        ["conv1d_causal_dilated"] = One(a =>
        {
            Tensor sequence = ToTimeFirst(a["x"]), weights = a["w"].Transpose(2, 1, 0);
            SlidingWindow window = SlidingWindow.Over1D("golden", (int)weights.Shape[0], "w", 1, Padding.Causal, a.Integer("dilation"));
            return (sequence.Convolve(weights, window.Place(sequence.Shape)) + a["b"]).Transpose(0, 2, 1);
        }),
        ["conv_transpose2d"] = One(a =>
        {
            Tensor image = ToChannelsLast(a["x"]), weights = a["w"].Transpose(2, 3, 1, 0);
            ConvolutionWindow window = Window(a);
            (int rows, int columns) = a.Pair("output_padding", 0);
            long height = Enlarged(image.Shape[1], weights.Shape[0], window.StrideHeight, window.PadTop, window.DilationHeight) + rows;
            long width = Enlarged(image.Shape[2], weights.Shape[1], window.StrideWidth, window.PadLeft, window.DilationWidth) + columns;
            return ToChannelsFirst(image.ConvolveTransposed(weights, window, height, width) + a["b"]);
        }),
        ["max_pool2d"] = One(a => ToChannelsFirst(ToChannelsLast(a["x"]).MaxPool(Pooling(a)))),
        ["avg_pool2d"] = One(a => ToChannelsFirst(ToChannelsLast(a["x"]).AveragePool(Pooling(a), a.Flag("count_include_pad")))),
        ["adaptive_avg_pool2d"] = One(a =>
        {
            (int height, int width) = a.Pair("size", 1);
            return ToChannelsFirst(ToChannelsLast(a["x"]).AdaptiveAveragePool(height, width));
        }),
    };

    private static PoolingWindow Pooling(GoldenArguments a)
    {
        ((int height, int width), (int rows, int columns)) = (a.Pair("kernel", 1), a.Pair("padding", 0));
        (int strideHeight, int strideWidth) = a.Has("stride") ? a.Pair("stride", 1) : (height, width);
        return new PoolingWindow(height, width, new ConvolutionWindow(strideHeight, strideWidth, rows, rows, columns, columns));
    }

    private static ConvolutionWindow Window(GoldenArguments a)
    {
        ((int strideHeight, int strideWidth), (int rows, int columns)) = (a.Pair("stride", 1), a.Pair("padding", 0));
        (int dilationHeight, int dilationWidth) = a.Pair("dilation", 1);
        return new ConvolutionWindow(strideHeight, strideWidth, rows, rows, columns, columns, dilationHeight, dilationWidth, a.Integer("groups", 1));
    }

    /// <summary>A sequence is an image of one row.</summary>
    private static ConvolutionWindow Window1D(GoldenArguments a) =>
        Window(a) with { StrideHeight = 1, PadTop = 0, PadBottom = 0, DilationHeight = 1 };

    /// <summary>The extent of which a convolution makes the given one, without the padding of the output.</summary>
    private static long Enlarged(long extent, long kernel, long stride, long padding, long dilation) =>
        (extent - 1) * stride - 2 * padding + (kernel - 1) * dilation + 1;

    private static Tensor ToTimeFirst(Tensor sequence) => sequence.Transpose(0, 2, 1);

    private static Tensor ToChannelsLast(Tensor image) => image.Transpose(0, 2, 3, 1);

    private static Tensor ToChannelsFirst(Tensor image) => image.Transpose(0, 3, 1, 2);
}
