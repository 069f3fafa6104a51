using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>Functions of images that are made of other operations, against their definitions pixel by pixel.</summary>
public sealed class ImageFunctionTests
{
    private static readonly Shape Image = [2, 5, 4, 3];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 4)]
    [InlineData(10, 12)]
    [InlineData(7, 9)]
    [InlineData(3, 8)]
    [InlineData(2, 3)]
    public void ResizingFollowsItsDefinition(int height, int width)
    {
        Check(height, width, x => x.ResizeNearest(height, width), (x, n, i, j, c) => x(n, i * 5 / height, j * 4 / width, c));
        Check(height, width, x => x.ResizeBilinear(height, width), (x, n, i, j, c) =>
        {
            ((int top, int bottom, double down), (int left, int right, double across)) = (Between(i, 5, height), Between(j, 4, width));
            double above = x(n, top, left, c) * (1 - across) + x(n, top, right, c) * across;
            return above * (1 - down) + (x(n, bottom, left, c) * (1 - across) + x(n, bottom, right, c) * across) * down;
        });
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(9, 7)]
    [InlineData(3, 2)]
    public void AlignedCornersLieOnEachOther(int height, int width) =>
        Check(height, width, x => x.ResizeBilinear(height, width, alignCorners: true), (x, n, i, j, c) =>
        {
            double y = i * 4.0 / Math.Max(height - 1, 1), z = j * 3.0 / Math.Max(width - 1, 1);
            (int top, int left) = ((int)y, (int)z);
            (int bottom, int right) = (Math.Min(top + 1, 4), Math.Min(left + 1, 3));
            double above = x(n, top, left, c) * (1 - (z - left)) + x(n, top, right, c) * (z - left);
            return above * (1 - (y - top)) + (x(n, bottom, left, c) * (1 - (z - left)) + x(n, bottom, right, c) * (z - left)) * (y - top);
        });

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 2)]
    [InlineData(2, 4)]
    [InlineData(3, 3)]
    [InlineData(7, 9)]
    public void AdaptivePoolingFollowsItsDefinition(int height, int width) =>
        Check(height, width, x => x.AdaptiveAveragePool(height, width), (x, n, i, j, c) =>
        {
            (int top, int bottom) = ((int)Math.Floor(i * 5.0 / height), (int)Math.Ceiling((i + 1) * 5.0 / height));
            (int left, int right) = ((int)Math.Floor(j * 4.0 / width), (int)Math.Ceiling((j + 1) * 4.0 / width));
            double sum = 0;
            for (int y = top; y < bottom; y++)
            {
                for (int z = left; z < right; z++)
                    sum += x(n, y, z, c);
            }

            return sum / ((bottom - top) * (right - left));
        });

    [Theory]
    [InlineData("nearest")]
    [InlineData("bilinear")]
    [InlineData("adaptive")]
    public void GradientsAgreeWithFiniteDifferences(string name)
    {
        var type = new TensorType(DType.Float64, Image);
        GradientCheck.Run(name, [type], [Values.Uniform(Image.ElementCount, -1, 1, 3)], x => name switch
        {
            "nearest" => [Tensor.Tanh(x[0].ResizeNearest(10, 3))],
            "bilinear" => [Tensor.Tanh(x[0].ResizeBilinear(7, 3))],
            _ => [Tensor.Tanh(x[0].AdaptiveAveragePool(3, 3))],
        });
    }

    [Fact]
    public void APixelThatIsNotANumberStaysInItsWindows()
    {
        double[] x = [double.PositiveInfinity, 1, 1, 1, 1];
        double[] means = Evaluate(x, [1, 5, 1, 1], t => t.AdaptiveAveragePool(2, 1));
        Assert.Equal([double.PositiveInfinity, 1], means);
    }

    [Fact]
    public void SequencesAreImagesOfOneRow()
    {
        Shape sequence = [2, 7, 3], weights = [3, 3, 4];
        double[] x = Values.Uniform(sequence.ElementCount, -1, 1, 1), w = Values.Uniform(weights.ElementCount, -1, 1, 2);
        var window = new ConvolutionWindow(StrideWidth: 2, PadLeft: 1, PadRight: 1);
        Graph graph = Graph.Of("sequence", [new(DType.Float64, sequence), new(DType.Float64, weights)], t =>
        [
            t[0].Convolve(t[1], window),
            t[0].ExpandAxis(1).Convolve(t[1].ExpandAxis(0), window),
            t[0].MaxPool(new PoolingWindow(1, 3, window)),
            t[0].ExpandAxis(1).MaxPool(new PoolingWindow(1, 3, window)),
            t[0].ConvolveTransposed(t[1].Transpose(0, 2, 1), window with { PadRight = 0 }, 1, 14),
        ]);
        double[][] found = ReferenceDevice.Evaluate(graph, [x, w]);
        Assert.Equal([2, 4, 4], graph.Outputs[0].Shape);
        Assert.Equal([2, 4, 3], graph.Outputs[2].Shape);
        Assert.Equal([2, 14, 4], graph.Outputs[4].Shape);
        Assert.Equal(found[1], found[0]);
        Assert.Equal(found[3], found[2]);
    }

    [Fact]
    public void MistakesAreNamed()
    {
        Tensor x = Tensor.Zeros([2, 3, 3, 1]), flat = Tensor.Zeros([2, 3, 3]);
        foreach (Func<Tensor, long, Tensor> resize in (Func<Tensor, long, Tensor>[])
            [(t, n) => t.ResizeNearest(n, 2), (t, n) => t.ResizeBilinear(2, n), (t, n) => t.AdaptiveAveragePool(n, n)])
        {
            Assert.Contains("extents are at least 1", Assert.Throws<ShapeException>(() => resize(x, 0)).Message, StringComparison.Ordinal);
            Assert.Contains("[batch, height, width, channels]", Assert.Throws<ShapeException>(() => resize(flat, 2)).Message, StringComparison.Ordinal);
        }
    }

    private static (int Low, int High, double Share) Between(int i, int extent, int count)
    {
        double place = Math.Clamp((i + 0.5) * extent / count - 0.5, 0, extent - 1);
        int low = (int)Math.Floor(place);
        return (low, Math.Min(low + 1, extent - 1), place - low);
    }

    private static void Check(int height, int width, Func<Tensor, Tensor> function, Func<Func<int, int, int, int, double>, int, int, int, int, double> definition)
    {
        double[] x = Values.Uniform(Image.ElementCount, -1, 1, 9);
        double Pixel(int n, int y, int z, int c) => x[((n * 5 + y) * 4 + z) * 3 + c];
        Shape to = [2, height, width, 3];
        var expected = new double[to.ElementCount];
        for (int k = 0; k < expected.Length; k++)
            expected[k] = definition(Pixel, k / 3 / width / height, k / 3 / width % height, k / 3 % width, k % 3);
        Comparer.AssertClose(to, expected, to, Evaluate(x, Image, function), new Tolerance(1e-14, 0), $"{height} x {width}");
    }

    private static double[] Evaluate(double[] values, Shape shape, Func<Tensor, Tensor> function) =>
        ReferenceDevice.Evaluate(Graph.Of("test", [new(DType.Float64, shape)], x => [function(x[0])]), [values])[0];
}
