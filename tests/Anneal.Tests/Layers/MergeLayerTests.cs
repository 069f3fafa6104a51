using static Anneal.Tests.LayerChecks;

namespace Anneal.Tests;

public class MergeLayerTests
{
    private static readonly Tensor A = Tensor.From(new float[,] { { 1, -2 }, { 3, 4 } }), B = Tensor.From(new float[,] { { 5, 6 }, { -7, 4 } });

    [Fact]
    public void InputsAreCombinedElementByElement()
    {
        Assert.Equal([6f, 4, -4, 8], new Add().Apply(A, B).ToArray<float>());
        Assert.Equal([-4f, -8, 10, 0], new Subtract().Apply(A, B).ToArray<float>());
        Assert.Equal([5f, -12, -21, 16], new Multiply().Apply(A, B).ToArray<float>());
        Assert.Equal([5f, 6, 3, 4], new Maximum().Apply(A, B).ToArray<float>());
        Assert.Equal([1f, -2, -7, 4], new Minimum().Apply(A, B).ToArray<float>());
        Assert.Equal([7f / 3, 2f / 3, -1f / 3, 4], new Average().Apply(A, B, A).ToArray<float>(), (x, y) => Math.Abs(x - y) < 1e-6);
        Assert.Equal([11f, 10, -11, 12], new Add().Apply(A, B, B).ToArray<float>());
        Assert.Equal(A.ToArray<float>(), new Multiply().Apply(A).ToArray<float>());
    }

    [Fact]
    public void AxesOfExtentOneAndMissingOnesAreRepeated()
    {
        Tensor sequence = Numbers([2, 3, 4]), scale = Numbers([2, 1, 4], 2), vector = Numbers([2, 4], 3);
        AssertClose(sequence * scale, new Multiply().Apply(sequence, scale), 0);
        AssertClose(vector.ExpandAxis(1) - sequence, new Subtract().Apply(vector, sequence), 0);
        Assert.Equal([2, 3, 4], new Maximum().Apply(scale, sequence).Shape);
    }

    [Fact]
    public void DotIsAProductOfEachExample()
    {
        Assert.Equal([-7f, -5], new Dot().Apply(A, B).ToArray<float>());
        Assert.Equal([2, 1], new Dot(1, 1).Apply(A, B).Shape);
        Tensor left = Numbers([2, 3, 4]), right = Numbers([2, 4, 5], 2), other = Numbers([2, 3, 5, 4], 3);
        AssertClose(left.MatMul(right), new Dot(2, 1).Apply(left, right));
        AssertClose(left.MatMul(right), new Dot(-1, -2).Apply(left, right));
        Tensor wide = new Dot(2, 3).Apply(left, other);
        Assert.Equal([2, 3, 3, 5], wide.Shape);
        AssertClose(left.MatMul(other.Reshape(2, 15, 4), transposeOther: true).Reshape(wide.Shape), wide);
        float[] cosines = new Dot(normalize: true).Apply(A, B).ToArray<float>();
        Assert.Equal(-7 / Math.Sqrt(5 * 61), cosines[0], 1e-6);
        Assert.Equal([0f, 0], new Dot(normalize: true).Apply(A * 0, B).ToArray<float>());
    }

    [Fact]
    public void AStepCountsWhereItCountsInEveryInput()
    {
        Tensor First() => Masked(Numbers([1, 3, 2]), new bool[,] { { true, true, false } });
        Tensor Second() => Masked(Numbers([1, 3, 2]), new bool[,] { { true, false, true } });
        Tensor plain = Numbers([1, 3, 2]);
        string? After(MergeLayer layer, params Tensor[] inputs) => MaskOf(layer.Apply(inputs));
        Assert.Equal("100", After(new Add(), First(), Second()));
        Assert.Equal("100", After(new Concatenate(2), First(), plain, Second()));
        Assert.Equal("110111101", After(new Concatenate(1), First(), plain, Second()));
        Assert.Equal("110", After(new Multiply(), plain, First()));
        Assert.Null(After(new Maximum(), plain, plain));
        Assert.Null(After(new Concatenate(1), plain, plain));
        Assert.Null(After(new Dot(2, 2), First(), Second()));

        // A vector of as many features as there are steps says nothing about steps.
        Assert.Null(After(new Add(), Masked(Numbers([1, 3]), new bool[,] { { true, true, false } }), Numbers([1, 3, 3])));
    }

    [Fact]
    public void InputsThatDoNotFitNameTheLayer()
    {
        Tensor x = Tensor.Zeros([2, 3]), whole = Tensor.Zeros([2, 3], DType.Int32);
        foreach (Func<string, MergeLayer> make in (Func<string, MergeLayer>[])
            [n => new Add(n), n => new Subtract(n), n => new Multiply(n), n => new Average(n), n => new Maximum(n), n => new Minimum(n)])
        {
            Says<ShapeException>(() => make("m").Apply(x, Tensor.Zeros([2, 4])), "Layer m ", "[2, 3]", "[2, 4]");
            Says<ShapeException>(() => make("m").Apply(x, Tensor.Zeros([1, 3])), "Layer m ", "one batch", "[1, 3]");
            Says<ShapeException>(() => make("m").Apply(x, Tensor.Zeros([])), "Layer m ", "[]");
            Says<DTypeException>(() => make("m").Apply(x, whole), "Layer m ", "float32", "int32");
        }

        Says<ShapeException>(() => new Subtract("s").Apply(x, x, x), "Layer s ", "two inputs", "3");
        Says<ShapeException>(() => new Subtract("s").Apply(x), "Layer s ", "two inputs", "1");
        Says<ShapeException>(() => new Dot(name: "d").Apply(x, x, x), "Layer d ", "two inputs");
        Says<ShapeException>(() => new Dot(1, 1, name: "d").Apply(x, Tensor.Zeros([2, 4])), "Layer d ", "[2, 3]", "[2, 4]");
        Says<ShapeException>(() => new Dot(1, 2, name: "d").Apply(x, x), "Layer d ", "axes 1 and 2");
        Says<ShapeException>(() => new Dot(-2, 1, name: "d").Apply(x, x), "Layer d ", "axes -2 and 1");
        Says<ShapeException>(() => new Dot(name: "d").Apply(x, Tensor.Zeros([1, 3])), "Layer d ", "one batch");
        Says<DTypeException>(() => new Dot(name: "d").Apply(x, whole), "Layer d ", "int32");
        Says<DTypeException>(() => new Average("a").Apply(whole, whole), "Layer a ", "int32");
        Says<OptionException>(() => new Dot(0), "Dot", "leftAxis");
    }
}
