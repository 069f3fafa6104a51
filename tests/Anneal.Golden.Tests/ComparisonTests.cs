using Anneal.Reference;
using Xunit.Sdk;

namespace Anneal.Golden.Tests;

/// <summary>Planted faults: the comparison with golden values must notice each.</summary>
public sealed class ComparisonTests
{
    private static readonly ReferenceDevice Device = new();

    private static GoldenCase Tanh => GoldenFolder.Cases.First(c => c.Operation == "tanh");

    [Fact]
    public void TheRightFunctionPasses() => GoldenRun.Run(Tanh, a => [Tensor.Tanh(a["x"])], Device);

    [Fact]
    public void NoticesAWrongValue() => Expect<XunitException>("/out/y", x => Tensor.Tanh(x) + 1e-5);

    [Fact]
    public void NoticesNaN() => Expect<XunitException>("/out/y", x => Tensor.Tanh(x) + double.NaN);

    [Fact]
    public void NoticesAWrongGradient() => Expect<XunitException>("/grad/x", x => Tensor.Tanh(x) + (x - x.StopGradient()) * 1e-5);

    [Fact]
    public void NoticesALostGradient() => Expect<XunitException>("/grad/x", x => Tensor.Tanh(x).StopGradient() + (x - x.StopGradient()) * 0);

    [Fact]
    public void NoticesAnotherShape() => Expect<ShapeException>("do not fit", x => Tensor.Tanh(x).Flatten());

    [Fact]
    public void NoticesAnIgnoredInput() => Expect<NotSupportedException>("input x", _ => Tensor.Zeros([]), read: false);

    [Fact]
    public void NoticesAnIgnoredAttribute()
    {
        GoldenCase clamp = GoldenFolder.Cases.First(c => c.Operation == "clamp");
        var mistake = Assert.Throws<NotSupportedException>(() => GoldenRun.Run(clamp, a => [Tensor.Clamp(a["x"], a.Number("min"), 1)], Device));
        Assert.Contains("attribute max", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoticesAWrongOptimizer()
    {
        GoldenCase sgd = GoldenFolder.Cases.First(c => c.Operation == "sgd_momentum");
        Assert.Throws<XunitException>(() => Operations.RunOptimizer(
            sgd,
            a =>
            {
                a.Require("decoupled", "False");
                return new Sgd(a.Number("lr"), a.Number("momentum"), a.Number("dampening"), weightDecay: a.Number("weight_decay") + 1e-5);
            },
            Device));
    }

    [Fact]
    public void AnUnknownOperationFails()
    {
        GoldenCase unknown = Tanh with { Operation = "no_such_operation" };
        Assert.Contains("unknown", Assert.Throws<FailException>(() => GoldenTests.Run(unknown, Device)).Message, StringComparison.Ordinal);
    }

    private static void Expect<T>(string message, Func<Tensor, Tensor> wrong, bool read = true) where T : Exception
    {
        var mistake = Assert.Throws<T>(() => GoldenRun.Run(Tanh, a => [wrong(read ? a["x"] : null!)], Device));
        Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
    }
}
