using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Reference;

namespace Anneal.Core.Tests;

/// <summary>Lazy tensors, traces, variables and the errors that tell a user what went wrong where.</summary>
[Collection("default device")]
public sealed class TracingTests
{
    public TracingTests() => Device.Default = new ReferenceDevice();

    [Fact]
    public void ALazyTensorIsComputedWhenItIsRead()
    {
        Tensor x = Tensor.From(new float[,] { { 1, 2 }, { 3, 4 } });
        Tensor y = x.MatMul(x) + 1;
        Assert.Equal([8f, 11f, 16f, 23f], y.ToArray<float>());
        Assert.Contains("8", y.ToString());
    }

    [Fact]
    public void ATensorThatWasReadIsALeaf()
    {
        Tensor x = Tensor.From(1f, 2f);
        for (int i = 0; i < 30_000; i++)
        {
            x += 1;
            if (i % 1000 == 999)
                x.Evaluate();
        }

        Assert.Equal([30_001f, 30_002f], x.ToArray<float>());
    }

    [Fact]
    public void AChainThatNobodyReadsIsAnError()
    {
        Tensor x = Tensor.From(1f);
        for (int i = 0; i < 20_001; i++)
            x += 1;
        Assert.Contains("without being read", Assert.Throws<TraceException>(() => x.Evaluate()).Message);
    }

    [Fact]
    public void ALazyTensorNoticesThatItsVariableChanged()
    {
        var state = new State(TensorData.From<float>([1]), "s");
        Tensor x = state.Read() + 1;
        state.Value = TensorData.From<float>([5]);
        Assert.Contains("s changed", Assert.Throws<TraceException>(() => x.Evaluate()).Message);
        Assert.Equal(6, (state.Read() + 1).Item<float>());
    }

    [Fact]
    public void AProgramUpdatesVariables()
    {
        var counter = new State(Shape.Scalar, "counter");
        Program program = Program.Compile(x =>
        {
            counter.Assign(counter + x);
            return counter * 10;
        });
        Assert.Equal(20, program.Run(TensorData.Scalar(2f)).Item<float>());
        Assert.Equal(50, program.Run(TensorData.Scalar(3f)).Item<float>());
        Assert.Equal(5, counter.Value.Item<float>());
    }

    [Fact]
    public void ATensorOutsideOfItsTraceNamesTheTrace()
    {
        Tensor? leaked = null;
        Program program = Program.Compile(x => leaked = x + 1, new ProgramOptions { Name = "first" });
        program.Run(TensorData.Scalar(1f));
        string message = Assert.Throws<TraceException>(() => leaked! * 2).Message;
        Assert.Contains("\"first\"", message);
        Assert.Contains("TracingTests.cs", message);
    }

    [Fact]
    public void AValueInsideOfATraceCannotBeRead()
    {
        Program program = Program.Compile(x => x * x.Item<float>(), new ProgramOptions { Name = "peek" });
        Assert.Contains("\"peek\"", Assert.Throws<TraceException>(() => program.Run(TensorData.Scalar(1f))).Message);
    }

    [Fact]
    public void ShapesThatDoNotFitNameTheOperationAndTheLine()
    {
        Tensor a = Tensor.Zeros([2, 3]), b = Tensor.Zeros([4, 5]);
        string product = Assert.Throws<ShapeException>(() => a.MatMul(b)).Message;
        Assert.Contains("MatMul", product);
        Assert.Contains("float32[2, 3]", product);
        Assert.Contains("TracingTests.cs", product);
        Assert.Contains("[2, 3] and [4, 5]", Assert.Throws<ShapeException>(() => a + b).Message);
    }

    [Fact]
    public void MixedDataTypesAreAnErrorWithAHint() =>
        Assert.Contains("Cast", Assert.Throws<DTypeException>(() => Tensor.Zeros([2]) + Tensor.Zeros([2], DType.Int32)).Message);

    [Fact]
    public void ALostGradientIsAnError()
    {
        var used = new Parameter([2], "used");
        var unused = new Parameter([2], "unused");
        Program program = Program.Compile(() => Gradients.Of((used * 2.0.AsTensor()).Sum(), [used, unused])[0]);
        Assert.Contains("unused", Assert.Throws<TraceException>(() => program.Run()).Message);
    }

    [Fact]
    public void ALossWithSeveralElementsIsAnError() =>
        Assert.Throws<ShapeException>(() => Program.Compile(x => Gradients.Of(x * 2, x)[0]).Run(TensorData.From<float>([1, 2])));

    [Fact]
    public void GradientsOfGradients()
    {
        Program program = Program.Compile(x => Gradients.Of(Gradients.Of((x * x * x).Sum(), x)[0].Sum(), x)[0]);
        Assert.Equal([6f, 12f], program.Run(TensorData.From<float>([1, 2])).ToArray<float>());
    }

    [Fact]
    public void AProgramIsSpecialisedForEachShape()
    {
        int traced = 0;
        Program program = Program.Compile(x =>
        {
            traced++;
            return x.Sum();
        });
        program.Run(TensorData.From<float>([1, 2]));
        program.Run(TensorData.From<float>([1, 2]));
        program.Run(TensorData.From<float>([1, 2, 3]));
        Assert.Equal(2, traced);
    }

    [Fact]
    public void RandomNumbersDependOnSeedStreamAndStepOnly()
    {
        Program Make(int seed) => Program.Compile(
            _ => [Tensor.RandomUniform([4], "a"), Tensor.RandomUniform([4], "a")], new ProgramOptions { Seed = seed });
        Program program = Make(3);
        TensorData[] first = program.RunAll(), second = program.RunAll();
        Assert.NotEqual(first[0].ToArray<float>(), first[1].ToArray<float>());
        Assert.NotEqual(first[0].ToArray<float>(), second[0].ToArray<float>());
        Assert.Equal(first[0].ToArray<float>(), Make(3).RunAll()[0].ToArray<float>());
        Assert.NotEqual(first[0].ToArray<float>(), Make(4).RunAll()[0].ToArray<float>());
    }

    [Fact]
    public void RandomNumbersNeedNoName()
    {
        Program program = Program.Compile(
            _ => [Tensor.RandomNormal([2000]), Tensor.RandomNormal([2000]), Tensor.RandomUniform([2000])], new ProgramOptions { Seed = 3 });
        TensorData[] drawn = program.RunAll();
        float[] first = drawn[0].ToArray<float>(), second = drawn[1].ToArray<float>(), uniform = drawn[2].ToArray<float>();
        Assert.InRange(first.Average(), -0.1, 0.1);
        Assert.InRange(first.Average(x => x * x), 0.9, 1.1);
        Assert.InRange(first.Zip(second, (x, y) => x * y).Average(), -0.1, 0.1);
        Assert.All(uniform, x => Assert.InRange(x, 0, 1));
        Assert.InRange(uniform.Average(), 0.45, 0.55);
    }

    [Fact]
    public void ReshapeTakesExtentsInBrackets() =>
        Assert.Equal(new Shape(3, 2), Tensor.Zeros([6]).Reshape([-1, 2]).Shape);

    [Fact]
    public void RandomNumbersNeedASeed() =>
        Assert.Contains("seed", Assert.Throws<TraceException>(() => Program.Compile(() => Tensor.RandomUniform([2], "x")).Run()).Message);

    [Fact]
    public void TheVerifierFindsABrokenGraph()
    {
        Graph graph = Graph.Of("broken", [new(DType.Float32, 2)], x => [x[0] + 1]);
        var foreign = Graph.Of("other", [new(DType.Float32, 2)], x => [x[0] * 3]);
        var mixed = new Graph("mixed", graph.Trace, graph.Inputs, [graph.Outputs[0], foreign.Outputs[0]], []);
        Assert.Throws<GraphException>(() => Verifier.Verify(mixed, "mixing"));
    }
}

/// <summary>Keeps tests short.</summary>
internal static class NumberExtensions
{
    internal static Tensor AsTensor(this double value) => Tensor.Full([2], value);
}
