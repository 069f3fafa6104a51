using Anneal.Testing;

namespace Anneal.Tests.Losses;

/// <summary>Connectionist temporal classification against all alignments written out.</summary>
public sealed class CtcTests
{
    /// <summary>-log of the sum over all paths that collapse to the labels, divided by their number.</summary>
    internal static double ByEnumeration(double[][] probabilities, int[] labels, int blank)
    {
        int classes = probabilities[0].Length;
        double total = 0;
        for (long code = 0; code < (long)Math.Pow(classes, probabilities.Length); code++)
        {
            var path = new int[probabilities.Length];
            long rest = code;
            double chance = 1;
            for (int t = 0; t < path.Length; t++)
            {
                path[t] = (int)(rest % classes);
                rest /= classes;
                chance *= probabilities[t][path[t]];
            }

            int[] collapsed = [.. path.Where((c, t) => t == 0 || path[t - 1] != c).Where(c => c != blank)];
            total += collapsed.AsSpan().SequenceEqual(labels) ? chance : 0;
        }

        return -Math.Log(total) / Math.Max(1, labels.Length);
    }

    [Theory]
    [InlineData(new[] { 1, 2 }, 0)]
    [InlineData(new[] { 2, 2 }, 0)]
    [InlineData(new[] { 0, 2, 0 }, 1)]
    [InlineData(new[] { 2 }, 0)]
    [InlineData(new int[0], 0)]
    public void TheLossIsThatOfAllAlignments(int[] labels, int blank)
    {
        double[] logits = Values.Uniform(15, -2, 2, 7);
        double[][] probabilities = [.. Enumerable.Range(0, 5).Select(t => LossCases.Softmax(logits[(3 * t)..(3 * t + 3)]))];
        int[] padded = [.. labels, .. Enumerable.Repeat(-1, 4 - labels.Length)];
        Assert.Equal(ByEnumeration(probabilities, labels, blank), Mean(Loss.Ctc(blank), logits, 5, padded), 5);
    }

    [Fact]
    public void PaddingMayStandAnywhereAndMayBeTheBlank()
    {
        double[] logits = Values.Uniform(15, -2, 2, 7);
        double expected = Evaluate(Loss.Ctc(), logits, [1, 2, -1]);
        Assert.Equal(expected, Evaluate(Loss.Ctc(), logits, [-1, 1, 2]));
        Assert.Equal(expected, Evaluate(Loss.Ctc(padding: 99), logits, [1, 99, 2]));
        Assert.Equal(expected, Evaluate(Loss.Ctc(padding: 0), logits, [1, 2, 0]));
    }

    [Fact]
    public void LabelsThatDoNotFitHaveAnInfiniteLossOrNone()
    {
        // Two equal labels need a blank between them.
        double[] logits = Values.Uniform(6, -2, 2, 7);
        Assert.Equal(double.PositiveInfinity, Mean(Loss.Ctc(), logits, 2, [2, 2]));
        Assert.Equal(0, Mean(Loss.Ctc(zeroInfinity: true), logits, 2, [2, 2]));
        Program gradient = Program.Compile((x, t) => Gradients.Of(Loss.Ctc(zeroInfinity: true).Mean(x, t), [x])[0]);
        Assert.All(gradient.Run(ToLogits(logits, 2), TensorData.From([2, 2], [1, 2])).ToArray<float>(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void ExtremeLogitsStayFinite()
    {
        double[] logits = [1e4, -1e4, 0, -1e4, 1e4, 0];
        Assert.Equal(5000, Mean(Loss.Ctc(), logits, 2, [2, 1]), 0.01);
        Program gradient = Program.Compile((x, t) => Gradients.Of(Loss.Ctc().Mean(x, t), [x])[0]);
        Assert.All(gradient.Run(ToLogits(logits, 2), TensorData.From([2, 1], [1, 2])).ToArray<float>(), g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void StepsOutsideOfTheMaskDoNotEnter()
    {
        double[] logits = Values.Uniform(18, -2, 2, 7);
        double expected = Mean(Loss.Ctc(), logits[..9], 3, [1, 2]);

        // The same steps with others around and between them.
        double[] spread = [.. logits[9..12], .. logits[..3], .. logits[12..15], .. logits[3..9], .. logits[15..18]];
        bool[] mask = [false, true, false, true, true, false];
        Assert.Equal(expected, MaskTests.Mean(Loss.Ctc(), ToLogits(spread, 6), TensorData.From([1, 2], [1, 2]), TensorData.From(mask, [1, 6])), 5);
    }

    [Fact]
    public void ALabelThatIsNoneIsNamed()
    {
        var mistake = Assert.Throws<LabelException>(() => Evaluate(Loss.Ctc(), Values.Uniform(15, -1, 1, 1), [1, 3, -1]));
        Assert.Contains("example 0", mistake.Message);
        Assert.Throws<LabelException>(() => Evaluate(Loss.Ctc(), Values.Uniform(15, -1, 1, 1), [1, 0, -1]));
        Assert.Throws<ShapeException>(() => Evaluate(Loss.Ctc(blank: 3), Values.Uniform(15, -1, 1, 1), [1, 2, -1]));
        Assert.Throws<OptionException>(() => Loss.Ctc(blank: -1));
    }

    [Fact]
    public void ASecondDerivativeIsAnErrorAndNotZero()
    {
        var mistake = Assert.Throws<TraceException>(() => Program.Compile((x, t) =>
        {
            Tensor gradient = Gradients.Of(Loss.Ctc().Mean(x, t), [x])[0];
            return Gradients.Of(Tensor.Square(gradient).Sum(), [x])[0];
        }).Run(ToLogits(Values.Uniform(15, -1, 1, 1), 5), TensorData.From([1, 2], [1, 2])));
        Assert.Contains("CTC", mistake.Message);
    }

    private static TensorData ToLogits(double[] logits, long steps) => Values.ToData(logits, new TensorType(DType.Float32, [1, steps, logits.Length / steps]));

    private static double Mean(Loss loss, double[] logits, long steps, int[] labels) => Program.Compile((x, t) => loss.Mean(x, t))
        .Run(ToLogits(logits, steps), TensorData.From(labels, [1, labels.Length])).Item<float>();

    private static double Evaluate(Loss loss, double[] logits, int[] labels)
    {
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), loss);
        return model.Evaluate(ToLogits(logits, 5), TensorData.From(labels, [1, labels.Length])).Loss;
    }
}
