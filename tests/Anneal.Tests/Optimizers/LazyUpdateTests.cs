using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Embeddings of which an optimizer changes only the rows that have a gradient.</summary>
public sealed class LazyUpdateTests
{
    private const int Rows = 6, Width = 3;

    // Word 1 occurs twice in an example and in both examples of the first batch; 4 and 5 occur in the second only; 3 in none.
    private static readonly int[] First = [1, 1, 0, 1, 2, 0, 0, 1], Second = [4, 1, 5, 4, 4, 4, 1, 1];

    public static TheoryData<string> Elementwise() => [.. OptimizerCases.All.Select(c => c.Name).Where(n => n != nameof(Lamb))];

    public static TheoryData<string> Ways() => ["adam", "adamw", "amsgrad", "sgd", "value", "norm", "global", "parts", "bfloat16"];

    [Theory]
    [MemberData(nameof(Elementwise))]
    public void EachRowFollowsTheRuleInTheStepsInWhichItHasAGradient(string name)
    {
        OptimizerCase subject = OptimizerCases.All.Single(c => c.Name == name);
        double[] start = [.. Enumerable.Range(0, 4 * 2).Select(i => Math.Cos(i + 0.5))];
        var parameter = new Parameter(TensorData.From(start, [4, 2]), "words/embeddings") { UpdatesLazily = true };
        Optimizer optimizer = subject.Make(0.05);
        OptimizerState state = optimizer.CreateState([parameter]);
        Program program = Program.Compile(
            g =>
            {
                optimizer.Apply(state, [parameter], g);
                return [];
            },
            new ProgramOptions { Device = new ReferenceDevice() });
        Rule[] rules = [.. Enumerable.Range(0, 4).Select(r => subject.Start(start[(2 * r)..(2 * r + 2)], 0.05))];
        double[] expected = [.. start];
        for (int step = 1; step <= 8; step++)
        {
            double[] gradient = OptimizerCases.Gradient(start.Length, step);
            for (int row = 0; row < 4; row++)
            {
                // The last row has no gradient ever; the others now and then, and once in one element only.
                if (row == 3 || (step + row) % (row + 1) != 0)
                    gradient.AsSpan(2 * row, 2).Clear();
                else
                {
                    if (step == 4)
                        gradient[2 * row] = 0;
                    rules[row](gradient[(2 * row)..(2 * row + 2)], step).CopyTo(expected, 2 * row);
                }
            }

            program.RunAll(TensorData.From(gradient, [4, 2]));
            Assert.All(expected.Zip(parameter.Value.ToArray<double>()), p => Assert.Equal(p.First, p.Second, 1e-12));
        }

        Assert.Equal(start[6..], parameter.Value.ToArray<double>()[6..]);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void OnlyRowsOfTheBatchChange(string way)
    {
        Sequential lazy = Words(way, true), exact = Words(way, false);
        byte[][] start = Kept(lazy, []);
        Assert.Equal(start, Kept(exact, []));
        Train(lazy, way, First);
        Train(exact, way, First);

        // In the first step the moments of the other rows are 0 in either way.
        byte[][] afterLazy = Kept(lazy, [0, 1, 2]), afterExact = Kept(exact, [0, 1, 2]);
        Assert.Equal(afterExact, afterLazy);
        Assert.Equal(Picked(start, [3, 4, 5]), Kept(lazy, [3, 4, 5])[..1]);
        Assert.NotEqual(Kept(lazy, [0])[0], Picked(start, [0])[0]);
        if (way is "adamw" or "amsgrad")
            Assert.NotEqual(Picked(start, [3, 4, 5]), Kept(exact, [3, 4, 5])[..1]);

        byte[][] resting = Kept(lazy, [0, 2, 3]), moved = Kept(lazy, [1]), fresh = Kept(lazy, [4]);
        Train(lazy, way, Second);
        Train(exact, way, Second);
        Assert.Equal(resting, Kept(lazy, [0, 2, 3]));
        Assert.All(moved[..2].Zip(Kept(lazy, [1])), p => Assert.NotEqual(p.First, p.Second));
        Assert.All(fresh.Zip(Kept(lazy, [4])), p => Assert.NotEqual(p.First, p.Second));
        Assert.NotEqual(Kept(exact, [0, 2])[0], Kept(lazy, [0, 2])[0]);
    }

    [Fact]
    public void AConstraintLeavesOtherRowsAndTheRunningMeanGoesOn()
    {
        var parameter = new Parameter(TensorData.From<float>([1, 2, 3, 4], [2, 2])) { UpdatesLazily = true, Constraint = x => x - x.Sum() };
        var optimizer = new Sgd(1) { AverageMomentum = 0.5 };
        OptimizerState state = optimizer.CreateState([parameter]);
        Program program = Program.Compile(g =>
        {
            optimizer.Apply(state, [parameter], g);
            return [];
        });
        program.RunAll(TensorData.From<float>([1, 0, 0, 0], [2, 2]));

        // The constraint sees [0, 2, 3, 4] and takes away 9.
        Assert.Equal([-9f, -7, 3, 4], parameter.Value.ToArray<float>());
        State average = state.Slots(parameter, parameter.Name)[^1];
        Assert.Equal([-9f, -7, 3, 4], average.Value.ToArray<float>());
        parameter.Value = TensorData.From<float>([-9, -7, 5, 6], [2, 2]);
        program.RunAll(TensorData.From<float>([0, 0, 0, 0], [2, 2]));
        Assert.Equal([-9f, -7, 5, 6], parameter.Value.ToArray<float>());
        Assert.Equal([-9f, -7, 4, 5], average.Value.ToArray<float>());
    }

    [Fact]
    public void TheOptionIsStoredWithTheModel()
    {
        Sequential model = Words("adamw", true);
        Train(model, "adamw", First);
        using var folder = new TemporaryFolder();
        model.Save(folder.Path);
        var loaded = (Sequential)Model.Load(folder.Path);
        Assert.True(Assert.IsType<Embedding>(loaded.Layers[0]).LazyUpdate);
        Train(model, "adamw", Second);
        Train(loaded, "adamw", Second);
        Assert.Equal(Kept(model, [0, 1, 2, 3, 4, 5]), Kept(loaded, [0, 1, 2, 3, 4, 5]));
    }

    [Fact]
    public void WhatCannotBeLazyIsRefused()
    {
        var tied = new Embedding(Rows, Width, lazyUpdate: true, name: "words");
        Tensor vectors = tied.Apply(Tensor.From(First));
        Says(() => tied.Project(vectors), "words", "lazyUpdate");
        Says(() => tied.Project(new Input([Width])), "words", "lazyUpdate");
        Sequential model = Words("adam", true);
        model.Compile(new Lamb(), Loss.MeanSquaredError());
        Says(() => Train(model, "adam", First), nameof(Lamb), "embeddings", "lazily");
    }

    private static void Says(Action action, params string[] words)
    {
        string message = Assert.Throws<OptionException>(action).Message;
        Assert.All(words, w => Assert.Contains(w, message, StringComparison.Ordinal));
    }

    private static Sequential Words(string way, bool lazy)
    {
        var model = new Sequential(new Embedding(Rows, Width, lazyUpdate: lazy), new Flatten(), new Dense(1)) { Seed = 3 };
        Optimizer optimizer = way switch
        {
            "adam" => new Adam(0.1),
            "amsgrad" => new AdamW(0.1, weightDecay: 0.1, amsgrad: true),
            "sgd" => new Sgd(0.1, momentum: 0.9),
            "value" => new Adam(0.1) { ClipValue = 0.01 },
            "norm" => new Adam(0.1) { ClipNorm = 0.01 },
            "global" => new Adam(0.1) { GlobalClipNorm = 0.01 },
            _ => new AdamW(0.1, weightDecay: 0.1),
        };
        model.Compile(optimizer, Loss.MeanSquaredError());
        model.Build([4], DType.Int32);
        return model;
    }

    private static void Train(Sequential model, string way, int[] words) => model.Fit(
        Dataset.From(TensorData.From(words, [2, 4]), TensorData.From<float>([1, -2], [2, 1])),
        TestModels.Quiet with
        {
            BatchSize = 2,
            Shuffle = false,
            AccumulationSteps = way == "parts" ? 2 : 1,
            Precision = way == "bfloat16" ? ComputePrecision.BFloat16 : ComputePrecision.Float32,
        });

    /// <summary>The bits of some rows of the table, and of each of its moments once there are some.</summary>
    private static byte[][] Kept(Sequential model, int[] rows)
    {
        NamedVariable table = model.NamedVariables()[0];
        State[] slots = model.RequireSetup().OptimizerState.Slots((Parameter)table.Variable, table.Name);
        return [.. slots.Prepend(table.Variable).Select(v => Bytes(v.Value.AsBytes().ToArray(), rows))];
    }

    private static byte[][] Picked(byte[][] all, int[] rows) => [Bytes(all[0], rows)];

    private static byte[] Bytes(byte[] all, int[] rows) => rows.Length == 0 ? all : [.. rows.SelectMany(r => all[(r * Width * 4)..((r + 1) * Width * 4)])];
}
