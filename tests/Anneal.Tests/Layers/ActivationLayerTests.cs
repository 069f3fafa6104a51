using Anneal.Testing;
using static Anneal.Tests.LayerChecks;

namespace Anneal.Tests;

public class ActivationLayerTests
{
    private static readonly Tensor X = Tensor.From(new float[,] { { -2, 0 }, { -1, 3 } });

    [Fact]
    public void ActivationsTakeTheirConstants()
    {
        Assert.Equal([-0.02f, 0, -0.01f, 3], new LeakyRelu().Apply(X).ToArray<float>());
        Assert.Equal([-0.5f, 0, -0.25f, 3], new LeakyRelu(0.25).Apply(X).ToArray<float>());
        AssertClose(Tensor.From(new float[,] { { -1.7293294f, 0 }, { -1.2642411f, 3 } }), new Elu(2).Apply(X));
        AssertClose(Tensor.From(new float[,] { { -0.8646647f, 0 }, { -0.6321206f, 3 } }), new Elu().Apply(X));
        AssertClose(Tensor.From(new float[,] { { 0.1192029f, 0.8807971f }, { 0.0179862f, 0.9820138f } }), new Softmax().Apply(X));
        Tensor cube = Numbers([2, 3, 4]);
        AssertClose(cube.Softmax(1), new Softmax(1).Apply(cube), 0);
        AssertClose(cube.Softmax(1), new Softmax(-2).Apply(cube), 0);
    }

    [Fact]
    public void SlopesAreLearnedForEachPlaceUnlessTheyAreShared()
    {
        var layer = new PRelu();
        Assert.Equal([0f, 0, 0, 3], layer.Apply(X).ToArray<float>());
        layer.Alpha!.Value = TensorData.From<float>([0.5f, 9]);
        Assert.Equal([-1f, 0, -0.5f, 3], layer.Apply(X).ToArray<float>());
        var shared = new PRelu(new Constant(0.25), [1, 2]);
        shared.Apply(Tensor.Zeros([2, 3, 4, 5]));
        Assert.Equal([1, 1, 5], shared.Alpha!.Shape);
        Assert.Equal([2, 7, 9, 5], shared.Apply(Tensor.Zeros([2, 7, 9, 5])).Shape);
    }

    [Fact]
    public void SlopesHaveTheRightGradient()
    {
        var layer = new PRelu(Initializer.Ones);
        layer.Apply(X);
        layer.Alpha!.Value = TensorData.From<float>([0.3f, 0.7f]);

        // Away from the kink at 0, where the derivative jumps.
        double[] x = [.. Values.Uniform(12, -1, 1, 2).Select(v => v + Math.Sign(v) * 0.1)];
        GradientCheck.Run("PRelu", [new(DType.Float32, [6, 2])], [x], t => [Tensor.Tanh(layer.Apply(t[0]))]);
        TensorData gradient = Program.Compile(t => Gradients.Of(layer.Apply(t).Sum(), [layer.Alpha!])[0]).Run(X.Evaluate());
        Assert.Equal([-3f, 0], gradient.ToArray<float>());
    }

    [Fact]
    public void MistakesAreNamed()
    {
        foreach (Func<string, Layer> make in (Func<string, Layer>[])[n => new LeakyRelu(name: n), n => new Elu(name: n), n => new PRelu(name: n), n => new Softmax(name: n)])
            Says<DTypeException>(() => make("a").Apply(Tensor.Zeros([2, 3], DType.Int32)), "Layer a ", "int32");
        Says<ShapeException>(() => new Softmax(2, "a").Apply(X), "Layer a ", "axis 2", "[2, 2]");
        Says<ShapeException>(() => new Softmax(-2, "a").Apply(X), "Layer a ", "axis -2");
        Says<ShapeException>(() => new PRelu(sharedAxes: [2], name: "a").Apply(X), "Layer a ", "[2]", "[2, 2]");
        Says<ShapeException>(() => new PRelu(name: "a").Apply(Tensor.Zeros([2])), "Layer a ", "[batch, ...]");
        var built = new PRelu(name: "a");
        built.Apply(X);
        Says<ShapeException>(() => built.Apply(Tensor.Zeros([2, 3])), "Layer a ", "[2]", "[2, 3]");
        Says<OptionException>(() => new LeakyRelu(-1), "LeakyRelu", "negativeSlope", "-1");
        Says<OptionException>(() => new LeakyRelu(double.NaN), "LeakyRelu", "negativeSlope", "NaN");
        Says<OptionException>(() => new Elu(double.PositiveInfinity), "Elu", "alpha");
        Says<OptionException>(() => new Softmax(0), "Softmax", "axis");
        Says<OptionException>(() => new PRelu(sharedAxes: [0]), "PRelu", "sharedAxes", "[0]");
        Says<OptionException>(() => new PRelu(sharedAxes: [1, 1]), "PRelu", "sharedAxes");
    }
}
