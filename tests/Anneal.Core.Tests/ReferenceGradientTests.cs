using Anneal.Graphs;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>Every operation's gradient against finite differences of its reference, to second order.</summary>
public sealed class ReferenceGradientTests
{
    public static TheoryData<string> Names()
    {
        var names = new TheoryData<string>();
        foreach (string name in OpCases.All().Where(IsDifferentiable).Select(c => c.As(DType.Float64).Name).Distinct())
            names.Add(name);
        return names;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientFollowsFiniteDifferences(string name)
    {
        OpCase test = OpCases.All().Select(c => c.As(DType.Float64)).First(c => c.Name == name);
        GradientCheck.Run(name, test.Inputs.Select(i => i.Type).ToArray(), test.Draw(), x => Node.Record(test.Op, x),
            order: test.Op is Ops.Ctc ? 1 : 2);
    }

    private static bool IsDifferentiable(OpCase test) =>
        test.Op.NoGradientReason is null && test.Op.Record.Smooth && test.Inputs.Any(i => i.Type.DType == DType.Float32)
        && test.Op is not Ops.Cast { To: not (DType.Float32 or DType.Float64) };
}
