using Anneal.Ops;

namespace Anneal.Golden.Tests;

/// <content>Convolution and pooling. Golden images are channels first and weights [out, in, h, w]; Anneal's are channels last.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Images => new()
    {
        ["conv2d"] = One(a => ToChannelsFirst(
            ToChannelsLast(a["x"]).Convolve(a["w"].Transpose(2, 3, 1, 0), Window(a, a.Integer("dilation"), a.Integer("groups"))) + a["b"])),
        ["max_pool2d"] = One(a => ToChannelsFirst(ToChannelsLast(a["x"]).MaxPool(Pooling(a)))),
        ["avg_pool2d"] = One(a => ToChannelsFirst(ToChannelsLast(a["x"]).AveragePool(Pooling(a), a.Flag("count_include_pad")))),
        ["adaptive_avg_pool2d"] = One(a => a.Integers("size") is [1, 1]
            ? a["x"].Mean([2, 3], keepAxes: true)
            : throw new NotSupportedException("Only one window over the whole image is there yet.")),
    };

    private static PoolingWindow Pooling(GoldenArguments a) => new(a.Integer("kernel"), a.Integer("kernel"), Window(a, 1, 1));

    private static ConvolutionWindow Window(GoldenArguments a, int dilation, int groups)
    {
        int stride = a.Integer("stride"), padding = a.Integer("padding");
        return new ConvolutionWindow(stride, stride, padding, padding, padding, padding, dilation, dilation, groups);
    }

    private static Tensor ToChannelsLast(Tensor image) => image.Transpose(0, 2, 3, 1);

    private static Tensor ToChannelsFirst(Tensor image) => image.Transpose(0, 3, 1, 2);
}
