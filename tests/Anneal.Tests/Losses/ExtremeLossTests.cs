using Anneal.Testing;

namespace Anneal.Tests.Losses;

/// <summary>Losses far away from where they are at ease: finite and right.</summary>
public sealed class ExtremeLossTests
{
    public static TheoryData<string> Names() => [.. LossCases.All().Where(c => c.Name != "poisson of logarithms").Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void ValuesAndGradientsStayFinite(string name)
    {
        LossCase test = LossCases.All().Single(c => c.Name == name);

        // Probabilities and rates are exactly 0 or 1; all else is up to ten thousand.
        double[][] extremes = test.Range.Low >= 0 ? [[0, 1], [0], [1]] : [[1e4, -1e4, 0], [1e4], [-1e4], [0]];
        foreach (double[] extreme in extremes)
        {
            double[] outputs = [.. Enumerable.Range(0, (int)test.Output.ElementCount).Select(i => extreme[i % extreme.Length])];
            (double value, float[] gradient) = Run(test.Loss, outputs, test.Output, test.DrawTargets(), new TensorType(test.TargetType, test.Target));
            Assert.True(double.IsFinite(value), $"outputs {string.Join(", ", extreme)}: the loss is {value}.");
            Assert.All(gradient, g => Assert.True(float.IsFinite(g), $"outputs {string.Join(", ", extreme)}: the gradient is {g}."));
        }
    }

    [Theory]
    [InlineData("sparse, smoothed", -7)]
    [InlineData("sparse focal", -7)]
    [InlineData("sparse of logits", -100)]
    public void ABatchOfIgnoredLabelsHasNoLossAndNoGradient(string name, long ignored)
    {
        LossCase test = LossCases.All().Single(c => c.Name == name);
        Assert.Equal(ignored, test.Loss.IgnoreIndex);
        double[] ignoredByTheGraph = [-1, -1, -1, -1];
        (double value, float[] gradient) = Run(test.Loss, [.. test.DrawOutputs().Select(o => o * 1e4)], test.Output, ignoredByTheGraph, new TensorType(DType.Int32, 4));
        Assert.Equal(0, value);
        Assert.All(gradient, g => Assert.Equal(0, g));
    }

    [Fact]
    public void ExtremeValuesAreRight()
    {
        TensorType one = new(DType.Float32, [1, 1]), labels = new(DType.Int32, 1), row = new(DType.Float32, [1, 2]);
        Assert.Equal(1e4, Run(Loss.SparseCategoricalCrossentropy(true, labelSmoothing: 0.5), [1e4, -1e4], row.Shape, [1], labels).Value * 2 / 3, 1);
        Assert.Equal(1e4, Run(Loss.BinaryCrossentropy(true, 0.5), [1e4], one.Shape, [0], one).Value / 0.75, 1);
        Assert.Equal(7500, Run(Loss.BinaryFocalCrossentropy(2, 0.25, true), [1e4], one.Shape, [0], one).Value, 1);
        Assert.Equal(0, Run(Loss.BinaryFocalCrossentropy(2, 0.25, true), [1e4], one.Shape, [1], one).Value);
        Assert.Equal(2500, Run(Loss.SparseCategoricalFocalCrossentropy(2, 0.25, true), [0, 1e4], row.Shape, [0], labels).Value, 1);
        Assert.Equal(1e4 - Math.Log(2), Run(Loss.LogCosh(), [1e4], one.Shape, [0], one).Value, 1);
        Assert.Equal(5e-9, Run(Loss.LogCosh(), [1e-4], one.Shape, [0], one).Value, 1e-14);
        Assert.Equal(9999.5, Run(Loss.Huber(), [1e4], one.Shape, [0], one).Value, 2);
        Assert.Equal(-Math.Log(1e-7), Run(Loss.SparseCategoricalCrossentropy(), [0, 1], row.Shape, [0], labels).Value, 5);
        Assert.Equal(-Math.Log(1e-7), Run(Loss.SparseCategoricalCrossentropy(), [0, 0], row.Shape, [0], labels).Value, 5);

        // 0 · log 0 is 0.
        Assert.Equal(0, Run(Loss.KullbackLeiblerDivergence(true), [1e4, -1e4], row.Shape, [1, 0], row).Value);
        Assert.Equal(0, Run(Loss.CosineSimilarity(), [0, 0], row.Shape, [1, 2], row).Value);
        Assert.Equal(-1, Run(Loss.CosineSimilarity(), [1e30, 2e30], row.Shape, [1e-6, 2e-6], row).Value, 6);
        Assert.Equal(0.5, Run(Loss.Contrastive(1), [3, 3], [1, 2, 1], [1], new TensorType(DType.Float32, 1)).Value, 6);
        Assert.Equal(double.PositiveInfinity, Run(Loss.Poisson(logInput: true), [1e4], one.Shape, [1], one).Value);
    }

    private static (double Value, float[] Gradient) Run(Loss loss, double[] outputs, Shape shape, double[] targets, TensorType target)
    {
        Program program = Program.Compile(x =>
        {
            Tensor value = loss.Mean(x[0], x[1]);
            return [value, Gradients.Of(value, [x[0]])[0]];
        });
        TensorData[] results = program.RunAll([Values.ToData(outputs, new TensorType(DType.Float32, shape)), Values.ToData(targets, target)]);
        return (results[0].Item<float>(), results[1].ToArray<float>());
    }
}
