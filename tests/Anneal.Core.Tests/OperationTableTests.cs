using System.Xml.Linq;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>Guards the table of operations by reflection: nothing may be forgotten when one is added.</summary>
public sealed class OperationTableTests
{
    private static IEnumerable<Type> Operations =>
        typeof(Op).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract);

    public static TheoryData<string> Names() => [.. Operations.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryOperationIsSealed(string name) => Assert.True(Operations.Single(t => t.Name == name).IsSealed);

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryOperationHasACase(string name)
    {
        Type type = Operations.Single(t => t.Name == name);
        if (!type.IsSubclassOf(typeof(LeafOp)))
            Assert.Contains(OpCases.All(), c => c.Op.GetType() == type);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryOperationIsDocumented(string name)
    {
        Type type = Operations.Single(t => t.Name == name);
        XDocument documentation = XDocument.Load(Path.ChangeExtension(type.Assembly.Location, ".xml"));
        XElement? member = documentation.Descendants("member").FirstOrDefault(m => (string?)m.Attribute("name") == $"T:{type.FullName}");
        Assert.False(string.IsNullOrWhiteSpace(member?.Element("summary")?.Value), $"{name} has no summary.");
    }

    [Fact]
    public void AnOperationWithoutAGradientSaysWhy()
    {
        foreach (OpCase test in OpCases.All().Where(c => c.Op.NoGradientReason is null && c.Inputs.Any(i => i.Type.DType.IsFloating())))
        {
            bool has = Graphs.Graph.Of("gradient", test.Inputs.Select(i => i.Type).ToArray(), x =>
            {
                Tensor[] outputs = Graphs.Node.Record(test.Op, x);
                Tensor?[] gradients = test.Op.Gradient(new GradientCall(outputs[0].Node, outputs.Select(o => (Tensor?)o.FillLike(1)).ToArray()));
                return gradients.OfType<Tensor>().Prepend(outputs[0]).ToArray();
            }).Outputs.Length > 1;
            bool mayLack = test.Op is Cast { To: not (DType.Float32 or DType.Float64) }
                || !test.Inputs[0].Type.DType.IsFloating();
            Assert.True(has || mayLack, $"{test.Name} has neither a gradient nor a reason.");
        }
    }

    [Fact]
    public void NamespacesInsideOfCorePointOneWay()
    {
        // Each folder may use those before it; Tracing holds Tensor, the language in which all of them speak, and runs what is read.
        string[] order = ["Tensors", "Graphs", "Ops", "Differentiation", "Passes", "Planning", "Execution", "Reference", "Tracing"];
        string core = Path.Combine(Repository.Root, "src", "Anneal.Core");
        var allowed = order.ToDictionary(f => f == "Graphs" ? "Graph" : f, f => order[..Array.IndexOf(order, f)]);
        Assert.Equal(allowed.Keys.Order(), Directory.EnumerateDirectories(core).Select(d => Path.GetFileName(d)!).Except(["bin", "obj"]).Order());
        foreach ((string folder, string[] may) in allowed)
        {
            foreach (string file in Directory.EnumerateFiles(Path.Combine(core, folder), "*.cs", SearchOption.AllDirectories))
            {
                foreach (string line in File.ReadLines(file).Where(l => l.StartsWith("using Anneal.", StringComparison.Ordinal)))
                {
                    string used = line["using Anneal.".Length..].TrimEnd(';');
                    Assert.True(used == folder || may.Contains(used), $"{file} uses {used}, which {folder} may not.");
                }
            }
        }
    }

    [Fact]
    public void CoreDependsOnNothing()
    {
        IEnumerable<string> foreign = typeof(Tensor).Assembly.GetReferencedAssemblies().Select(a => a.Name!)
            .Where(n => !n.StartsWith("System.", StringComparison.Ordinal));
        Assert.Empty(foreign);
    }
}
