using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Testing;

namespace Anneal.Cpu.Tests.Conformance;

/// <summary>Every operation has a kernel: none may be missing when a program is run.</summary>
public sealed class KernelTableTests
{
    public static TheoryData<string> Names() =>
        [.. typeof(Op).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract).Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryOperationHasAKernel(string name)
    {
        Type type = typeof(Op).Assembly.GetTypes().Single(t => t.IsSubclassOf(typeof(Op)) && t.Name == name);
        OpCase? test = OpCases.All().FirstOrDefault(c => c.Op.GetType() == type);
        bool has = test?.Op switch
        {
            null => type.IsSubclassOf(typeof(LeafOp)),
            ElementwiseOp op => KernelTable.Knows(op),
            { Kind: OpKind.Kernel } => KernelFactory.Has(type),
            _ => true,
        };
        Assert.True(has, $"The processor has no kernel for {name}.");
    }
}
