using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;
using Anneal.Planning;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>What the compiler makes of graphs: how many kernels, in which order, in how much memory. No device is needed.</summary>
public sealed class PlanningTests
{
    private static readonly TensorType Matrix = new(DType.Float32, [64, 32]);

    private static Plan PlanOf(TensorType[] inputs, Func<Tensor[], IReadOnlyList<Tensor>> function) =>
        Planner.Plan(Pipeline.Optimize(Graph.Of("test", inputs, function)), FusesAll);

    private static bool FusesAll(Op op, DType dtype) => op is MatMul or Convolve or ConvolveInputGradient;

    [Fact]
    public void AnElementwiseChainIsOneLoop()
    {
        Plan plan = PlanOf([Matrix, Matrix], x => [Tensor.Relu(x[0] * x[1] + 1) * 2]);
        Assert.IsType<LoopStep>(Assert.Single(plan.Steps));
        Assert.Equal(0, plan.ArenaBytes);
    }

    [Fact]
    public void BiasAndActivationFinishTheProduct()
    {
        Plan plan = PlanOf([Matrix, new(DType.Float32, [32, 10]), new(DType.Float32, 10)], x => [Tensor.Relu(x[0].MatMul(x[1]) + x[2])]);
        var step = Assert.IsType<KernelStep>(Assert.Single(plan.Steps));
        Assert.NotNull(step.Epilogue);
        Assert.Equal([64L, 10L], step.Epilogue.Dims);
    }

    [Fact]
    public void OfAnActivationOnlyWhatItIsComputedFromIsKeptForItsGradient()
    {
        // Two products with an activation between: its operand is the first product, its result is stored for the weights' gradient;
        // the inner values are computed again.
        Parameter first = new([32, 128], "first"), second = new([128, 8], "second");
        Graph graph = Pipeline.Optimize(Graph.Of("step", [Matrix], x =>
        {
            Tensor result = Tensor.GeluTanh(x[0].MatMul(first)).MatMul(second);
            return Gradients.Of((result * result).Sum(), [first, second]);
        }));
        int Stored(bool recompute) => Planner.Plan(graph, FusesAll, PassOptions.All with { Recompute = recompute })
            .Steps.OfType<KernelStep>().Max(s => s.EpilogueOutputs.Length);
        Assert.Equal(1, Stored(recompute: true));
        Assert.True(Stored(recompute: false) > 3);
        long hidden = 64 * 128 * sizeof(float);
        Assert.InRange(Planner.Plan(graph, FusesAll).ArenaBytes, 2 * hidden, 3 * hidden);
    }

    [Fact]
    public void OfASoftmaxOnlyTheResultIsKeptForItsGradient()
    {
        // Between the passes: the result, which the second product's gradient needs too.
        Parameter first = new([32, 128], "first"), second = new([128, 8], "second");
        Graph graph = Pipeline.Optimize(Graph.Of("step", [Matrix], x =>
        {
            Tensor result = x[0].MatMul(first).Softmax().MatMul(second);
            return Gradients.Of((result * result).Sum(), [first, second]);
        }));
        Plan plan = Planner.Plan(graph, FusesAll);
        int product = Array.FindLastIndex(plan.Steps, s => s is KernelStep { Kernel.Op: MatMul { TransposeB: true } });
        long hidden = 64 * 128 * sizeof(float);
        Assert.Equal(hidden, plan.Buffers.Where(b => b.Kind == BufferKind.Arena && b.ByteCount == hidden && b.FirstStep < product - 1 && b.LastStep > product).Sum(b => b.ByteCount));
    }

    [Fact]
    public void AnActivationIsComputedAgainForTheGradientOfTheNextWeights()
    {
        // Of eight layers each keeps its product for the activation's gradient, and not the activation for the next weights' gradient.
        const int Depth = 8;
        Parameter[] weights = [.. Enumerable.Range(0, Depth).Select(i => new Parameter([256, 256], $"w{i}"))];
        Graph graph = Pipeline.Optimize(Graph.Of("step", [new TensorType(DType.Float32, [128, 256])], x =>
        {
            Tensor result = weights.Aggregate(x[0], (h, w) => Tensor.GeluTanh(h.MatMul(w)));
            return Gradients.Of((result * result).Sum(), weights);
        }));
        int KeptOfFirstLayers(bool recompute)
        {
            Plan plan = Planner.Plan(graph, FusesAll, PassOptions.All with { Recompute = recompute });
            int[] products = [.. Enumerable.Range(0, plan.Steps.Length).Where(i => plan.Steps[i] is KernelStep { Kernel.Op: MatMul })];
            return plan.Buffers.Count(b => b.Kind == BufferKind.Arena && b.FirstStep <= products[2] && b.LastStep > products[Depth - 1] + 2);
        }

        Assert.Equal(3, KeptOfFirstLayers(recompute: true));
        Assert.True(KeptOfFirstLayers(recompute: false) >= 6);
    }

    [Fact]
    public void SoftmaxIsThreeLoops()
    {
        // The maximum; the exponentials with their sum; the quotient.
        Plan plan = PlanOf([Matrix], x => [x[0].Softmax()]);
        Assert.Equal(3, plan.Steps.Length);
        Assert.All(plan.Steps, s => Assert.IsType<LoopStep>(s));
    }

    [Fact]
    public void ATransposeIsReadInPlace()
    {
        Plan plan = PlanOf([Matrix, new(DType.Float32, [32, 64])], x => [x[0].Transpose() + x[1]]);
        Assert.Single(plan.Steps);
    }

    [Fact]
    public void ATransposedOperandNeedsNoCopy()
    {
        Plan plan = PlanOf([Matrix, Matrix], x => [x[0].MatMul(x[1].Transpose())]);
        var step = Assert.IsType<KernelStep>(Assert.Single(plan.Steps));
        Assert.Equal(new MatMul(false, true), step.Kernel.Op);
    }

    [Fact]
    public void ACacheIsWrittenInPlace()
    {
        var cache = new State([1, 2, 64, 8], "cache");
        TensorType fresh = new(DType.Float32, [1, 2, 1, 8]), position = new(DType.Int64, 1);
        Tensor[] Step(Tensor[] x, bool readsOld)
        {
            Tensor old = cache.Read(), updated = Node.Apply(new CacheWrite(), old, x[0], x[1]);
            cache.Assign(updated);
            Tensor attended = Node.Apply(new CachedAttention(1, 0), x[0], updated, updated, x[1]);
            return readsOld ? [attended, old + 1] : [attended];
        }

        // What reads the old value runs before it is overwritten, so that nothing is copied either way.
        foreach (bool readsOld in (bool[])[false, true])
        {
            Plan plan = PlanOf([fresh, position], x => Step(x, readsOld));
            KernelStep write = plan.Steps.OfType<KernelStep>().Single(s => s.Kernel.Op is CacheWrite);
            Assert.Equal(BufferKind.Variable, write.Outputs[0].Kind);
            Assert.Same(write.Inputs[0], write.Outputs[0]);
            Assert.DoesNotContain(plan.Steps, s => s is CopyStep);
            Assert.Equal(readsOld ? 3 : 2, plan.Steps.Length);
        }

        // A value that is needed before and after has a place of its own.
        Plan both = PlanOf([fresh, position], x =>
        {
            Tensor old = cache.Read(), updated = Node.Apply(new CacheWrite(), old, x[0], x[1]);
            cache.Assign(updated);
            return [old * updated];
        });
        Assert.NotEqual(BufferKind.Variable, both.Steps.OfType<KernelStep>().Single(s => s.Kernel.Op is CacheWrite).Outputs[0].Kind);
    }

    [Fact]
    public void AnAdamWUpdateIsOneLoopOverTheWeights()
    {
        var weight = new Parameter(Matrix.Shape, "w");
        var first = new State(Matrix.Shape, "m");
        var second = new State(Matrix.Shape, "v");
        Plan plan = PlanOf([Matrix], x =>
        {
            first.Assign(first.Read() * 0.9 + x[0] * 0.1);
            second.Assign(second.Read() * 0.999 + x[0] * x[0] * 0.001);
            weight.Assign(weight.Read() * 0.99 - first.Read() / (Tensor.Sqrt(second) + 1e-8));
            return [];
        });
        var step = Assert.IsType<LoopStep>(Assert.Single(plan.Steps));
        Assert.All(step.Outputs, o => Assert.Equal(BufferKind.Variable, o.Kind));
    }

    [Fact]
    public void AVariableIsOverwrittenAfterItsLastReader()
    {
        var weight = new Parameter([32, 32], "w");
        Plan plan = PlanOf([Matrix], x =>
        {
            Tensor old = weight.Read();
            weight.Assign(old * 0.5);
            return [x[0].MatMul(old)];
        });
        Assert.Equal(2, plan.Steps.Length);
        Assert.IsType<KernelStep>(plan.Steps[0]);
        Assert.IsType<LoopStep>(plan.Steps[1]);
    }

    [Fact]
    public void VariablesCanBeSwapped()
    {
        var a = new State(TensorData.From<float>([1, 2]), "a");
        var b = new State(TensorData.From<float>([3, 4]), "b");
        Graph graph = Graph.Of("swap", [], _ =>
        {
            (Tensor oldA, Tensor oldB) = (a.Read(), b.Read());
            a.Assign(oldB);
            b.Assign(oldA);
            return [];
        });
        Execution.CompiledGraph.Compile(graph, new Reference.ReferenceDevice()).CreateContext().Run();
        Assert.Equal([3f, 4f], a.Value.ToArray<float>());
        Assert.Equal([1f, 2f], b.Value.ToArray<float>());
    }

    [Fact]
    public void ADeadInputGivesItsMemoryToTheOutput()
    {
        // Two products with a loop between them that no epilogue can take: in place, so one matrix of memory each side.
        Plan plan = PlanOf([Matrix, new(DType.Float32, [32, 32])], x =>
        {
            Tensor y = x[0].MatMul(x[1]).Sum([0]);
            return [Tensor.Exp(Tensor.Tanh(y).Reshape(4, 8)).Sum([0])];
        });
        Assert.True(plan.ArenaBytes < 3 * Matrix.ByteCount, plan.Print());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void BuffersThatLiveTogetherDoNotOverlap(int offset)
    {
        for (int seed = offset; seed < 400; seed += 2)
        {
            Plan plan = Planner.Plan(Pipeline.Optimize(RandomGraph.Trace(seed, 40, Variables())), FusesAll);
            PlanBuffer[] arena = plan.Buffers.Where(b => b.Kind == BufferKind.Arena && b.LastStep >= 0).ToArray();
            foreach (PlanBuffer a in arena)
            {
                Assert.True(a.Offset % 64 == 0 && a.Offset + a.ByteCount <= plan.ArenaBytes);
                foreach (PlanBuffer b in arena.Where(b => b.Id > a.Id && a.FirstStep <= b.LastStep && b.FirstStep <= a.LastStep))
                    Assert.True(a.Offset + a.ByteCount <= b.Offset || b.Offset + b.ByteCount <= a.Offset, $"seed {seed}:\n{plan.Print()}");
            }
        }
    }

    [Fact]
    public void PassesKeepEveryValue()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Graph graph = RandomGraph.Trace(seed, 40, []);
            Graph optimized = Materialize.Run(Pipeline.Optimize(graph));
            Verifier.Verify(optimized, "all passes");
            double[][] inputs = RandomGraph.Inputs().Select((t, i) => Values.Uniform(t.Shape.ElementCount, -1, 1, seed * 10 + i)).ToArray();
            double[][] before = Reference.ReferenceDevice.Evaluate(graph, inputs), after = Reference.ReferenceDevice.Evaluate(optimized, inputs);
            for (int i = 0; i < before.Length; i++)
                Assert.Null(Comparer.Difference(before[i], after[i], new Tolerance(0, 0)));
        }
    }

    private static State[] Variables() => [new([4, 6], "a"), new([4, 6], "b"), new(Shape.Scalar, "c")];
}
