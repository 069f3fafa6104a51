namespace Anneal.Tests;

/// <summary>Rules against their definitions in double precision; every option; the loop of one's own. Other paths are golden tests.</summary>
public class OptimizerTests
{
    private static readonly double[] Start = [0.8, -1.2, 0.05, 2];

    public static TheoryData<string> Names => [.. OptimizerCases.All.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void TheRuleIsTheDefinition(string name)
    {
        const double Rate = 0.02;
        OptimizerCase @case = Find(name);
        double[][] path = OptimizerCases.Path(@case.Make(Rate), Start, 50);
        Rule rule = @case.Start(Start, Rate);
        for (int step = 1; step <= path.Length; step++)
        {
            double[] expected = rule(OptimizerCases.Gradient(Start.Length, step), step);
            for (int i = 0; i < expected.Length; i++)
                Assert.True(Math.Abs(expected[i] - path[step - 1][i]) < 1e-11, $"{name}, step {step}: expected {expected[i]:R}, found {path[step - 1][i]:R}.");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryOptionChangesThePathAndIsStored(string name)
    {
        OptimizerCase @case = Find(name);
        double[] last = OptimizerCases.Path(@case.Make(0.02), Start, 20)[^1];
        string stored = Stored(@case.Make(0.02));
        Assert.Equal(stored, Stored(Again(@case.Make(0.02))));
        foreach ((string option, Func<LearningRateSchedule, Optimizer> make) in @case.Variants.Append(("learningRate", _ => @case.Make(0.03))))
        {
            Optimizer variant = make(0.02), again = Again(variant);
            Assert.Contains($"\"{option}\":", Stored(variant));
            Assert.NotEqual(stored, Stored(variant));
            Assert.Equal(Stored(variant), Stored(again));
            double[] other = OptimizerCases.Path(variant, Start, 20)[^1];
            Assert.True(other.Zip(last).Any(x => Math.Abs(x.First - x.Second) > 1e-9), $"{name}: {option} changes nothing.");
            Assert.Equal(other, OptimizerCases.Path(again, Start, 20)[^1]);
        }
    }

    [Fact]
    public void EveryOptimizerHasACase() => Assert.Equal(
        typeof(Optimizer).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Optimizer))).Select(t => t.Name).Order(),
        OptimizerCases.All.Where(c => c.Variants.Length > 0).Select(c => c.Name).Order());

    [Fact]
    public void EveryConstructorArgumentHasAVariant()
    {
        foreach (OptimizerCase @case in OptimizerCases.All.Where(c => c.Variants.Length > 0))
        {
            string[] arguments = [.. @case.Make(0.1).GetType().GetConstructors().Single().GetParameters().Select(p => p.Name!).Where(n => n != "learningRate")];
            Assert.Equal(arguments.Order(), @case.Variants.Select(v => v.Option).Order());
        }
    }

    [Fact]
    public void DefaultsArePyTorchs() => Assert.Equal(
        [1e-3, 1e-3, 1e-3, 1e-2, 1e-2, 1, 2e-3, 2e-3, 1e-3, 1e-4, 1e-3],
        ((Optimizer[])[new Sgd(), new Adam(), new AdamW(), new RmsProp(), new Adagrad(), new Adadelta(), new Adamax(), new Nadam(), new RAdam(), new Lion(), new Lamb()])
            .Select(o => o.LearningRate));

    [Fact]
    public void TheProductOfNadamDoesNotDependOnTheOrderOfQuestions()
    {
        Nadam inOrder = new(0.1, 0.99), atOnce = new(0.1, 0.99);
        var a = new double[3];
        var b = new double[3];
        for (long step = 1; step <= 700; step++)
            inOrder.ComputeHyperparameters(step, 0.1, a);
        atOnce.ComputeHyperparameters(5000, 0.1, b);
        atOnce.ComputeHyperparameters(700, 0.1, b);
        Assert.Equal(a, b);
    }

    [Fact]
    public void LambLeavesAParameterOfZerosAtTheRateItself()
    {
        var optimizer = new Lamb(0.1, 0, 0, 0);
        Assert.Equal(-0.1, OptimizerCases.Path(optimizer, [0.0], 1)[0][0], 12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheUpdateOfAParameterIsOneKernel(string name)
    {
        var model = new Sequential(new Dense(16, Activation.Relu), new Dense(3));
        model.Compile(Find(name).Make(0.1), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Build(40);
        Dataset data = Dataset.From(new TensorData(DType.Float32, [8, 40]), new TensorData(DType.Int32, 8));
        StepProgram step = model.CompiledStep(model.RequireSetup(), data, 8, isTraining: true, hasClassWeights: false);
        string[] writes = [.. step.Compiled.Plan.Print().Split('\n').Where(l => l.Contains("->", StringComparison.Ordinal)).Select(l => l.Split("->")[1])];
        foreach (NamedVariable parameter in model.NamedVariables())
        {
            int[] places = [.. ((string[])[parameter.Name, .. model.Optimizer!.SlotNames.Select(s => OptimizerState.SlotName(parameter.Name, s))])
                .Select(n => Assert.Single(Enumerable.Range(0, writes.Length), i => writes[i].Contains($"\"{n}\"", StringComparison.Ordinal)))];
            Assert.True(name == "Lamb" || places.Distinct().Count() == 1, $"{name}: {parameter.Name} and its slots are written in {places.Distinct().Count()} kernels.");
        }
    }

    [Fact]
    public void StatesDoNotMix()
    {
        var optimizer = new Adam(0.1);
        Sequential a = TestModels.Linear(optimizer), b = TestModels.Linear(optimizer);
        TensorData one = TensorData.From<float>([1], [1, 1]);
        a.Fit(one, one, TestModels.Quiet with { Epochs = 5, BatchSize = 1 });
        b.Fit(one, one, TestModels.Quiet with { Epochs = 1, BatchSize = 1 });
        Assert.Equal(0.1f, b.Parameters[0].Value.ToArray<float>()[0], 5);
    }

    [Fact]
    public void TwoOptimizersWorkInOneLoop()
    {
        // Each minimizes what the other one's parameter makes of it, in one program and in two.
        Parameter a = new(TensorData.From<float>([3]), "a"), b = new(TensorData.From<float>([-2]), "b");
        Optimizer first = new Adam(0.05), second = new Sgd(0.1, momentum: 0.5);
        OptimizerState ofA = first.CreateState([a]), ofB = second.CreateState([b]);
        Program both = Program.Compile(() =>
        {
            Tensor lossA = Tensor.Square(a - 1).Sum(), lossB = Tensor.Square(b + a).Sum();
            Tensor[] gradientA = Gradients.Of(lossA, [a]), gradientB = Gradients.Of(lossB, [b]);
            first.Apply(ofA, [a], gradientA);
            second.Apply(ofB, [b], gradientB);
            return lossB;
        });
        for (int i = 0; i < 300; i++)
            both.Run();
        Assert.Equal((300, 300), (ofA.Step, ofB.Step));
        Assert.Equal(1, a.Value.ToArray<float>()[0], 2);
        Assert.Equal(-1, b.Value.ToArray<float>()[0], 2);
        Program onlyA = Program.Compile(() =>
        {
            Tensor loss = Tensor.Square(a - 5).Sum();
            first.Apply(ofA, [a], Gradients.Of(loss, [a]));
            return loss;
        });
        onlyA.Run();
        Assert.Equal((301, 300), (ofA.Step, ofB.Step));
    }

    [Fact]
    public void MistakesInALoopAreNamed()
    {
        var parameter = new Parameter(TensorData.From<float>([1]), "p");
        var optimizer = new Sgd(0.1);
        OptimizerState state = optimizer.CreateState([parameter]);
        Assert.Throws<TraceException>(() => optimizer.Apply(state, [parameter], [Tensor.Zeros(1)]));
        Assert.Throws<OptionException>(() => InTrace(() => new Sgd(0.1).Apply(state, [parameter], [Tensor.Zeros(1)])));
        Assert.Throws<OptionException>(() => InTrace(() => optimizer.Apply(state, [parameter], [])));
        var twice = Assert.Throws<OptionException>(() => InTrace(() =>
        {
            optimizer.Apply(state, [parameter], [Tensor.Zeros(1)]);
            optimizer.Apply(state, [parameter], [Tensor.Zeros(1)]);
        }));
        Assert.Contains("twice", twice.Message);
        var none = Assert.Throws<OptionException>(() => optimizer.CreateState(new Sequential(new Input(4), new Dense(2)).Parameters));
        Assert.Contains("Build", none.Message);

        static void InTrace(Action action) => Program.Compile(_ =>
        {
            action();
            return [];
        }).RunAll();
    }

    internal static string Stored(Optimizer optimizer) => OptimizerRegistry.Write(optimizer, ["layer/weight"]).Values.ToJsonString();

    internal static Optimizer Again(Optimizer optimizer)
    {
        var config = new LayerConfig("test", System.Text.Json.Nodes.JsonNode.Parse(Stored(optimizer))!.AsObject(), "test");
        Optimizer again = OptimizerRegistry.Read(config);
        config.RequireAllRead();
        Assert.Equal(optimizer.GetType(), again.GetType());
        return again;
    }

    private static OptimizerCase Find(string name) => OptimizerCases.All.Single(c => c.Name == name);
}
