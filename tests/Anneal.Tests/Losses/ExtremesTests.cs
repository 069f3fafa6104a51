namespace Anneal.Tests.Losses;

/// <summary>What docs/numerics.md says about the ends of the numbers, for functions that are made of operations.</summary>
public sealed class ExtremesTests
{
    private const float Infinity = float.PositiveInfinity;

    [Theory]
    [InlineData(1e4f)]
    [InlineData(1e30f)]
    public void SoftmaxesOfLargeLogitsAreExact(float size)
    {
        Tensor logits = Tensor.From(new[,] { { size, -size, 0 }, { -size, -size, -size }, { size, size, -size } });
        Assert.Equal([1f, 0, 0, 1 / 3f, 1 / 3f, 1 / 3f, 0.5f, 0.5f, 0], logits.Softmax().ToArray<float>());
        float third = MathF.Log(3), half = MathF.Log(2);
        float[] log = logits.LogSoftmax().ToArray<float>();
        Assert.Equal([0, -2 * size, -size, -third, -third, -third, -half, -half, (-2 * size) - half], log);
        Assert.Equal([size, -size + third, size + half], logits.LogSumExp().ToArray<float>());
    }

    [Fact]
    public void MaskedClassesHaveNoProbabilityAndRowsWithoutAClassNoNumber()
    {
        Tensor logits = Tensor.From(new[,] { { 1, -Infinity, 1 }, { -Infinity, -Infinity, -Infinity } });
        Assert.Equal([0.5f, 0, 0.5f, float.NaN, float.NaN, float.NaN], logits.Softmax().ToArray<float>());
        Assert.Equal([-MathF.Log(2), -Infinity, -MathF.Log(2), float.NaN, float.NaN, float.NaN], logits.LogSoftmax().ToArray<float>());
        Assert.Equal([1 + MathF.Log(2), -Infinity], logits.LogSumExp().ToArray<float>());
    }

    [Fact]
    public void CrossEntropiesOfLargeLogitsAreFiniteAndHaveFiniteGradients()
    {
        Tensor logits = Tensor.From(new[,] { { 1e4f, -1e4f }, { -1e4f, 1e4f } });
        (float[] values, float[] gradient) = Run(Loss.SparseCategoricalCrossentropy(fromLogits: true), logits, Tensor.From(0, 0));
        Assert.Equal([0, 2e4f], values);
        Assert.Equal([0, 0, -1, 1], gradient);
        (values, gradient) = Run(Loss.CategoricalCrossentropy(fromLogits: true), logits, Tensor.From(new float[,] { { 1, 0 }, { 1, 0 } }));
        Assert.Equal([0, 2e4f], values);
        Assert.Equal([0, 0, -1, 1], gradient);
        (values, gradient) = Run(Loss.BinaryCrossentropy(fromLogits: true), Tensor.From(new[,] { { 1e4f }, { -1e4f }, { 1e4f } }), Tensor.From(new float[,] { { 1 }, { 1 }, { 0 } }));
        Assert.Equal([0, 1e4f, 1e4f], values);
        Assert.Equal([0, -1, 1], gradient);
    }

    [Fact]
    public void ProbabilitiesOfZeroAndOneAreKeptFromTheLogarithm()
    {
        float most = -MathF.Log(1e-7f);
        (float[] values, float[] gradient) = Run(Loss.SparseCategoricalCrossentropy(), Tensor.From(new float[,] { { 1, 0 }, { 0, 1 } }), Tensor.From(0, 0));
        Assert.Equal(1e-7f, values[0], 1e-7f);
        Assert.Equal(most, values[1], 1e-4f);
        Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
        (values, gradient) = Run(Loss.BinaryCrossentropy(), Tensor.From(new float[,] { { 1 }, { 0 } }), Tensor.From(new float[,] { { 1 }, { 1 } }));
        Assert.Equal(1e-7f, values[0], 1e-7f);
        Assert.Equal(most, values[1], 1e-4f);
        Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void ProductsWithZeroAreNotSimplified()
    {
        Tensor x = Tensor.From(Infinity, float.NaN, 2, -3);
        Assert.Equal([float.NaN, float.NaN, 0, -0f], (x * 0).ToArray<float>());
        Assert.Equal([float.NaN, float.NaN, 0, 0], (x - x).ToArray<float>());
        Assert.Equal([-Infinity, float.NaN], Tensor.Log(Tensor.From(0f, -1)).ToArray<float>());
    }

    [Fact]
    public void EmptyAxes()
    {
        Tensor x = Tensor.Zeros([2, 0]);
        Assert.Equal([0f, 0], x.Sum([1]).ToArray<float>());
        Assert.Equal([1f, 1], x.Product([1]).ToArray<float>());
        Assert.Equal([float.NaN, float.NaN], x.Mean([1]).ToArray<float>());
        Assert.Equal([float.NaN, float.NaN], x.Variance([1]).ToArray<float>());
        Assert.Equal([0f, 0], x.Norm([1]).ToArray<float>());
        Assert.Equal([0, 0, 0, 0], x.MatMul(Tensor.Zeros([0, 2])).ToArray<float>());
        Assert.Contains("empty axis", Assert.Throws<ShapeException>(() => x.Max([1])).Message);
        Assert.Contains("empty axis", Assert.Throws<ShapeException>(() => x.Min([1])).Message);
        Assert.Contains("empty axis", Assert.Throws<ShapeException>(() => x.ArgMax(1)).Message);
        Assert.Contains("empty axis", Assert.Throws<ShapeException>(() => x.Softmax()).Message);
        Assert.Contains("empty axis", Assert.Throws<ShapeException>(() => x.LogSumExp()).Message);
        Assert.Equal([0], x.Max([0]).Shape);
    }

    [Fact]
    public void ConversionsSaturateAndWholeNumbersWrap()
    {
        Tensor x = Tensor.From(3e9f, -3e9f, float.NaN, Infinity, -1.9f, 300);
        Assert.Equal([int.MaxValue, int.MinValue, 0, int.MaxValue, -1, 300], x.Cast(DType.Int32).ToArray<int>());
        Assert.Equal([255, 0, 0, 255, 0, 255], x.Cast(DType.UInt8).ToArray<byte>());
        Assert.Equal([127, -128, 0, 127, -1, 127], x.Cast(DType.Int8).ToArray<sbyte>());
        Assert.Equal([3_000_000_000, -3_000_000_000, 0, long.MaxValue, -1, 300], x.Cast(DType.Int64).ToArray<long>());
        Assert.Equal([true, true, true, true, true, true], x.Cast(DType.Bool).ToArray<bool>());
        Tensor i = Tensor.From(int.MaxValue, int.MinValue, 7, -7);
        Assert.Equal([int.MinValue, -int.MaxValue, 8, -6], (i + Tensor.From(1)).ToArray<int>());
        Assert.Equal([0, 0, 0, 0], (i / Tensor.From(0)).ToArray<int>());
        Assert.Equal([int.MaxValue / -2, int.MinValue / -2, -3, 3], (i / Tensor.From(-2)).ToArray<int>());
        Assert.Equal([-int.MaxValue, int.MinValue, -7, 7], (i / Tensor.From(-1)).ToArray<int>());
    }

    private static (float[] Values, float[] Gradient) Run(Loss loss, Tensor output, Tensor target)
    {
        Program program = Program.Compile(x =>
        {
            Tensor values = loss.Values(x[0], x[1]);
            return [values, Gradients.Of(values.Sum(), [x[0]])[0]];
        });
        TensorData[] results = program.RunAll(output.Evaluate(), target.Evaluate());
        return (results[0].ToArray<float>(), results[1].ToArray<float>());
    }
}
