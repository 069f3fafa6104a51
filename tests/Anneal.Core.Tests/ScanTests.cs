using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>Scans against the same steps written out one after another: values, gradients, and gradients of gradients.</summary>
public sealed class ScanTests
{
    private const long Time = 4, Batch = 2, Units = 3;

    private static readonly TensorType[] Types =
    [
        Double(Batch, Units), Double(Batch, Units), Double(Time, Batch, 4 * Units), Double(Time, Batch, Units), Double(Units, 4 * Units), Double(4 * Units),
    ];

    /// <summary>A gated step: products, sums, views, elementary functions, a constant that is broadcast and one that is read in parts.</summary>
    private static (IReadOnlyList<Tensor>, IReadOnlyList<Tensor>) Step(Tensor[] carries, Tensor[] elements, Tensor kernel, Tensor bias)
    {
        Tensor z = elements[0] + carries[0].MatMul(kernel) + bias;
        Tensor Gate(int i) => Tensor.Sigmoid(z.Narrow(1, i * Units, Units));
        Tensor memory = Gate(0) * carries[1] + Gate(1) * Tensor.Tanh(z.Narrow(1, 2 * Units, Units)) * elements[1];
        Tensor state = Gate(3) * Tensor.Tanh(memory) + bias.Narrow(0, 0, Units) * elements[1];
        return ([state, memory], [state * 2, memory + carries[0]]);
    }

    private static Tensor[] Scanned(Tensor[] x, bool reverse)
    {
        (Tensor[] carries, Tensor[] outputs) = Tensor.Scan((c, e) => Step(c, e, x[4], x[5]), x[..2], x[2..4], reverse);
        return [.. carries, .. outputs];
    }

    private static Tensor[] Unrolled(Tensor[] x, bool reverse)
    {
        IReadOnlyList<Tensor> carries = x[..2];
        var outputs = new Tensor[2][];
        outputs[0] = new Tensor[Time];
        outputs[1] = new Tensor[Time];
        for (long step = 0; step < Time; step++)
        {
            long time = reverse ? Time - 1 - step : step;
            (carries, IReadOnlyList<Tensor> given) = Step(
                [.. carries], [.. x[2..4].Select(s => s.Narrow(0, time, 1).Reshape(s.Shape[1..]))], x[4], x[5]);
            (outputs[0][time], outputs[1][time]) = (given[0], given[1]);
        }

        return [.. carries, Tensor.Stack(0, outputs[0]), Tensor.Stack(0, outputs[1])];
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ValuesAndGradientsAreThoseOfTheStepsOneAfterAnother(bool reverse)
    {
        foreach (int order in (int[])[0, 1, 2])
        {
            double[][] scanned = Evaluate(x => Differentiated(Scanned(x, reverse), x, order));
            double[][] unrolled = Evaluate(x => Differentiated(Unrolled(x, reverse), x, order));
            Assert.Equal(unrolled.Length, scanned.Length);
            for (int i = 0; i < unrolled.Length; i++)
                Assert.Null(Comparer.Difference(unrolled[i], scanned[i], new Tolerance(1e-12, 1e-12)));
        }
    }

    /// <summary>The outputs, or the gradients of a mixture of them, or the gradients of a mixture of these.</summary>
    private static Tensor[] Differentiated(Tensor[] outputs, Tensor[] x, int order)
    {
        for (int i = 0; i < order; i++)
        {
            Tensor sum = Tensor.Zeros([], DType.Float64);
            foreach (Tensor output in outputs)
                sum += (output * output * 0.5 + Tensor.Sin(output)).Sum();
            outputs = Gradients.Of(sum, x);
        }

        return outputs;
    }

    private static double[][] Evaluate(Func<Tensor[], IReadOnlyList<Tensor>> function)
    {
        Graph graph = Pipeline.Optimize(Graph.Of("scan", Types, function));
        Verifier.Verify(graph, "optimizing");
        return ReferenceDevice.Evaluate(graph, [.. Types.Select((t, i) => Values.Uniform(t.Shape.ElementCount, -1, 1, 40 + i))]);
    }

    [Fact]
    public void ALastStateAloneHasGradients()
    {
        GradientCheck.Run("last state", Types, Draw(Types), x => [Scanned(x, false)[0]]);
    }

    [Fact]
    public void AnInnerScanHasGradients()
    {
        TensorType[] types = [Double(2), Double(3, 2), Double(4, 2)];
        GradientCheck.Run("nested", types, Draw(types), x =>
        {
            (Tensor[] carries, Tensor[] outputs) = Tensor.Scan(
                (outer, rows) =>
                {
                    (Tensor[] inner, Tensor[] squares) = Tensor.Scan(
                        (c, e) => ([Tensor.Tanh(c[0] * e[0] + rows[0])], [c[0] * c[0]]), [outer[0]], [x[2]], reverse: true);
                    return ([Tensor.Sin(inner[0]) + outer[0]], [squares[0].Sum([0]) * inner[0]]);
                },
                [x[0]], [x[1]]);
            return [carries[0], outputs[0]];
        });
    }

    [Fact]
    public void AForwardScanIsComputedOnceWithItsGradient()
    {
        Graph graph = Graph.Of("loss", Types, x => Gradients.Of(Scanned(x, false)[0].Sum(), x));
        Scan[] scans = [.. Pipeline.Optimize(graph).Nodes.Select(n => n.Op).OfType<Scan>()];
        Assert.Equal(2, scans.Length);
        Assert.False(scans[0].Reverse);
        Assert.True(scans[1].Reverse);
    }

    [Fact]
    public void SecondDerivativesReachInnerScansOnceForward()
    {
        TensorType[] types = [Double(2), Double(3, 2), Double(4, 2)];
        Graph graph = Graph.Of("nested", types, x => Gradients.Of(
            Tensor.Scan(
                (outer, rows) => ([Tensor.Scan((c, e) => ([Tensor.Tanh(c[0] * e[0] + rows[0])], []), [outer[0]], [x[2]]).Carries[0]], []),
                [x[0]], [x[1]]).Carries[0].Sum(),
            x));
        Graph optimized = Pipeline.Optimize(graph);
        Scan[] scans = [.. optimized.Nodes.Select(n => n.Op).OfType<Scan>()];
        Assert.Equal(2, scans.Length);
        Assert.All(scans, s => Assert.Single(s.Inner.Nodes, n => n.Op is Scan));
    }

    [Fact]
    public void TheGradientOfAKernelIsOneProductOutside()
    {
        Graph graph = Pipeline.Optimize(Graph.Of("loss", Types, x => Gradients.Of(Scanned(x, false)[2].Sum(), x[4], x[5])));
        Scan backward = graph.Nodes.Select(n => n.Op).OfType<Scan>().Single(s => s.Reverse);

        // Only the two states are carried back: no sum of a gradient is.
        Assert.Equal(2, backward.CarryCount);
        Assert.Single(backward.Inner.Nodes, n => n.Op is MatMul);
        Node product = Assert.Single(graph.Nodes, n => n.Op is MatMul);
        Assert.Equal([Time * Batch, Units], product.Inputs[0].Shape);
    }

    [Fact]
    public void AConstantThatIsNeitherSummedNorMultipliedIsAddedUp()
    {
        TensorType[] types = [Double(2, 3), Double(5, 2, 3), Double(2, 3)];
        GradientCheck.Run("peephole", types, Draw(types), x =>
            Tensor.Scan((c, e) => ([Tensor.Tanh(c[0] * x[2] + e[0])], []), [x[0]], [x[1]]).Carries);
    }

    [Fact]
    public void RowsOfATableHaveAGradient()
    {
        TensorType[] types = [Double(2), Double(6, 2), new(DType.Int32, [4])];
        double[][] inputs = [.. Draw(types[..2]), Values.Integers(4, 0, 6, 3)];
        GradientCheck.Run("table", types, inputs, x => Tensor.Scan((c, e) => ([Tensor.Sin(c[0] + x[1].Gather(e[0]))], []), [x[0]], [x[2]]).Carries);
    }

    [Fact]
    public void NoStepsGiveTheFirstCarryAndGradientsOfZero()
    {
        TensorType[] types = [Double(2, 3), Double(0, 2, 3), Double(3, 3)];
        Graph graph = Pipeline.Optimize(Graph.Of("none", types, x =>
        {
            (Tensor[] carries, Tensor[] outputs) = Tensor.Scan((c, e) => ([c[0].MatMul(x[2]) + e[0]], [c[0]]), [x[0]], [x[1]]);
            return [carries[0], outputs[0], .. Gradients.Of(carries[0].Sum() + outputs[0].Sum(), x)];
        }));
        double[][] results = ReferenceDevice.Evaluate(graph, [[1, 2, 3, 4, 5, 6], [], new double[9]]);
        Assert.Equal([1, 2, 3, 4, 5, 6], results[0]);
        Assert.Empty(results[1]);
        Assert.All(results[2], v => Assert.Equal(1, v));
        Assert.Empty(results[3]);
        Assert.Equal(new double[9], results[4]);
    }

    [Fact]
    public void WithoutSequencesALengthIsEnough()
    {
        Tensor.Scan((c, _) => ([c[0] * 2], []), [Tensor.From(1f)], [], length: 10);
        Assert.Throws<OptionException>(() => Tensor.Scan((c, _) => ([c[0] * 2], []), [Tensor.From(1f)], []));
        Assert.Throws<OptionException>(() => Tensor.Scan((c, _) => ([c[0] * 2], []), [Tensor.From(1f)], [], length: -1));
    }

    [Fact]
    public void WhatEveryStepWouldComputeAlikeIsComputedOutside()
    {
        TensorType[] types = [Double(2, 3), Double(5, 2, 3), Double(3, 3)];
        Graph graph = Pipeline.Optimize(Graph.Of("fixed", types, x =>
            Tensor.Scan((c, e) => ([c[0].MatMul(Tensor.Exp(x[2].Transpose(1, 0)) * 2) + e[0] + Tensor.Range(3, DType.Float64)], []), [x[0]], [x[1]]).Carries));
        Scan scan = Assert.Single(graph.Nodes.Select(n => n.Op).OfType<Scan>());
        Assert.DoesNotContain(scan.Inner.Nodes, n => n.Op is Exp or Iota or Literal);
        Assert.Contains(graph.Nodes, n => n.Op is Exp);
    }

    [Fact]
    public void APartOfAKernelIsCopiedOnceOutside()
    {
        TensorType[] types = [Double(2, 3), Double(5, 2, 3), Double(3, 6)];
        Graph graph = Pipeline.Optimize(Graph.Of("part", types, x => Tensor.Scan(
            (c, e) => ([c[0].MatMul(x[2].Narrow(1, 0, 3)) + e[0].MatMul(x[2].Narrow(1, 3, 3), transposeOther: true) + x[2].Narrow(1, 0, 3).Narrow(0, 0, 2)], []),
            [x[0]], [x[1]]).Carries));
        Scan scan = Assert.Single(graph.Nodes.Select(n => n.Op).OfType<Scan>());
        Assert.All(scan.Inner.Nodes.Where(n => n.Op is MatMul), n => Assert.All(n.Inputs, i => Assert.IsType<Input>(i.Node.Op)));
        Assert.Equal(2, scan.Inner.Nodes.Count(n => n.Op is MatMul));
    }

    [Fact]
    public void WhatNobodyUsesIsNotComputed()
    {
        TensorType[] types = [Double(2), Double(2), Double(5, 2), Double(5, 2)];
        Graph graph = Pipeline.Optimize(Graph.Of("unused", types, x =>
        {
            (Tensor[] carries, Tensor[] outputs) = Tensor.Scan(
                (c, e) => ([c[0] + e[0], Tensor.Exp(c[1] * e[1])], [c[0] * 3, Tensor.Sin(c[1])]), x[..2], x[2..]);
            return [outputs[0]];
        }));
        Scan scan = Assert.Single(graph.Nodes.Select(n => n.Op).OfType<Scan>());
        Assert.Equal((1, 1, 1), (scan.CarryCount, scan.SequenceCount, scan.StackedCount));
        Assert.DoesNotContain(scan.Inner.Nodes, n => n.Op is Exp or Sin);
    }

    [Fact]
    public void SequencesOfDifferentLengthsAreRefused()
    {
        ShapeException mistake = Assert.Throws<ShapeException>(() => Tensor.Scan((c, _) => (c, []), [], [Tensor.Zeros([3, 2]), Tensor.Zeros([4, 2])]));
        Assert.Contains("Sequence 1", mistake.Message, StringComparison.Ordinal);
        mistake = Assert.Throws<ShapeException>(() => Tensor.Scan((c, _) => (c, []), [], [Tensor.Zeros([3, 2])], length: 2));
        Assert.Contains("Sequence 0", mistake.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => Tensor.Scan((c, _) => (c, []), [], [Tensor.Zeros([])]));
    }

    [Fact]
    public void ACarryKeepsItsType()
    {
        ShapeException mistake = Assert.Throws<ShapeException>(() => Tensor.Scan(
            (c, e) => ([c[0], c[1].ExpandAxis(0)], []), [Tensor.Zeros([2]), Tensor.Zeros([3])], [Tensor.Zeros([4])]));
        Assert.Contains("Carry 1", mistake.Message, StringComparison.Ordinal);
        Assert.Contains("float32[1, 3]", mistake.Message, StringComparison.Ordinal);
        mistake = Assert.Throws<ShapeException>(() => Tensor.Scan((c, e) => ([], []), [Tensor.Zeros([2])], [Tensor.Zeros([4])]));
        Assert.Contains("1 carries", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABodyReadsVariablesButCannotAssignThem()
    {
        var factor = new Parameter(TensorData.From<double>([2, 3]), "factor");
        Graph graph = Graph.Of("variables", [Double(3, 2)], x =>
        {
            Tensor last = Tensor.Scan((c, e) => ([c[0] * factor + e[0]], []), [Tensor.Zeros([2], DType.Float64)], [x[0]]).Carries[0];
            return [last, .. Gradients.Of(last.Sum(), [factor])];
        });
        double[][] results = ReferenceDevice.Evaluate(Pipeline.Optimize(graph), [[1, 1, 1, 1, 1, 1]]);
        Assert.Equal([7, 13], results[0]);
        Assert.Equal([5, 7], results[1]);
        TraceException mistake = Assert.Throws<TraceException>(() => Graph.Of("assigned", [Double(3, 2)], x => Tensor.Scan(
            (c, e) =>
            {
                factor.Assign(e[0]);
                return ([c[0]], []);
            },
            [x[0]], [x[0]]).Carries));
        Assert.Contains("Hint", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RandomNumbersAreDrawnOutside()
    {
        var random = new State(TensorData.From<long>([1, 0]), "random");
        TraceException mistake = Assert.Throws<TraceException>(() => Graph.Of(
            "random", [Double(2), Double(3, 2)],
            x => Tensor.Scan((c, e) => ([c[0] + Tensor.RandomUniform([2], "noise").Cast(DType.Float64)], []), [x[0]], [x[1]]).Carries,
            randomState: random));
        Assert.Contains("sequence", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATensorOfABodyIsNotUsedOutside()
    {
        Tensor? leaked = null;
        Tensor.Scan((c, e) => ([leaked = c[0] + e[0]], []), [Tensor.Zeros([2])], [Tensor.Zeros([3, 2])]);
        Assert.Throws<TraceException>(() => leaked! + 1);
    }

    [Fact]
    public void EqualScansAreComputedOnce()
    {
        TensorType[] types = [Double(2), Double(5, 2)];
        Tensor Sum(Tensor[] x, double factor) => Tensor.Scan((c, e) => ([c[0] * factor + e[0]], []), [x[0]], [x[1]]).Carries[0];
        Graph same = Pipeline.Optimize(Graph.Of("same", types, x => [Sum(x, 2), Sum(x, 2)]));
        Assert.Single(same.Nodes, n => n.Op is Scan);
        Graph different = Pipeline.Optimize(Graph.Of("different", types, x => [Sum(x, 2), Sum(x, 3)]));
        Assert.Equal(2, different.Nodes.Count(n => n.Op is Scan));
        Assert.NotEqual(Printer.Print(same), Printer.Print(different));
    }

    private static TensorType Double(params long[] extents) => new(DType.Float64, extents);

    private static double[][] Draw(TensorType[] types) => [.. types.Select((t, i) => Values.Uniform(t.Shape.ElementCount, -1, 1, 70 + i))];
}
