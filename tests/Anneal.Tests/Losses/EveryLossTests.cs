using Anneal.Cpu;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Tests.Losses;

/// <summary>Every loss against its definition, finite differences, the compiled form, and its configuration.</summary>
public sealed class EveryLossTests
{
    public static TheoryData<string> Names() => [.. LossCases.All().Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void TheValueIsThatOfTheDefinition(string name)
    {
        LossCase test = Find(name);
        double expected = test.Definition(test.DrawOutputs(), test.DrawTargets());
        Assert.True(expected != 0);
        Assert.Equal(expected, Evaluate(test, new ReferenceDevice()), 5 * Math.Max(1, Math.Abs(expected)) * 1e-7);
        Assert.Equal(expected, Evaluate(test, new CpuDevice()), 1e-5 * Math.Max(1, Math.Abs(expected)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheGradientFollowsFiniteDifferences(string name)
    {
        LossCase test = Find(name);
        double[] targets = test.DrawTargets();
        GradientCheck.Run(
            name, [new TensorType(DType.Float64, test.Output)], [test.DrawOutputs()],
            x => [test.Loss.Mean(x[0], Tensor.From(Values.ToData(targets, new TensorType(test.TargetType == DType.Int32 ? DType.Int32 : DType.Float64, test.Target))))],
            test.Order);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheOptionsAreStored(string name)
    {
        LossCase test = Find(name);
        LayerConfig config = LossRegistry.Write(test.Loss);
        Loss again = LossRegistry.Read(config);
        config.RequireAllRead();
        Assert.Equal(config.Values.ToJsonString(), LossRegistry.Write(again).Values.ToJsonString());
        Assert.Equal(Evaluate(test, new CpuDevice()), Evaluate(test with { Loss = again }, new CpuDevice()));
        Assert.Equal(test.Loss.IgnoreIndex, again.IgnoreIndex);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ItTrainsAModel(string name)
    {
        LossCase test = Find(name);
        long rows = test.Output[0];
        var model = new Sequential(new Dense((int)test.Output[1..].ElementCount), new Reshape(test.Output[1..]), new ActivationLayer(test.Range.Low > 0 ? Activation.Sigmoid : Activation.Linear));
        model.Compile(new Sgd(0.01), test.Loss);
        double[] targets = [.. test.DrawTargets().Select(t => t < 0 && test.TargetType == DType.Int32 ? test.Loss.Name == "ctc" ? -5 : test.Loss.IgnoreIndex : t)];
        TensorData x = Values.ToData(Values.Uniform(rows * 6, -1, 1, 3), new TensorType(DType.Float32, [rows, 6]));
        History history = model.Fit(
            x, Values.ToData(targets, new TensorType(test.TargetType, test.Target)), TestModels.Quiet with { Epochs = 20, BatchSize = (int)rows });
        Assert.True(history["loss"][^1] < history["loss"][0], $"{history["loss"][0]} did not become smaller: {history["loss"][^1]}.");
    }

    [Fact]
    public void EveryRegisteredLossHasACase()
    {
        IEnumerable<string> factories = typeof(Loss).GetMethods().Where(m => m.IsStatic && m.ReturnType == typeof(Loss))
            .Select(m => ((Loss)m.Invoke(null, [.. m.GetParameters().Select(p => p.DefaultValue)])!).Name);
        Assert.Equal(factories.Distinct().Order(), LossCases.All().Select(c => c.Loss.Name).Distinct().Order());
    }

    private static LossCase Find(string name) => LossCases.All().Single(c => c.Name == name);

    private static double Evaluate(LossCase test, Anneal.Execution.Device device)
    {
        Program program = Program.Compile((o, t) => test.Loss.Mean(o, t), new ProgramOptions { Device = device });
        return program.Run(
            Values.ToData(test.DrawOutputs(), new TensorType(DType.Float32, test.Output)),
            Values.ToData(test.DrawTargets(), new TensorType(test.TargetType, test.Target))).Item<float>();
    }
}
