namespace Anneal.Models.Tests;

/// <summary>Programs import several namespaces of Anneal at once, so a name that two of them have could not be written without its namespace.</summary>
public sealed class PublicNameTests
{
    [Fact]
    public void NoTwoPublicTypesShareAName()
    {
        string[] twice =
        [
            .. new[] { typeof(Tensor), typeof(Cpu.CpuDevice), typeof(Layer), typeof(Data.Mnist), typeof(PretrainedModel) }
                .SelectMany(t => t.Assembly.GetExportedTypes()).Where(t => !t.IsNested).Distinct()
                .GroupBy(t => t.Name).Where(g => g.Count() > 1).Select(g => string.Join(" and ", g.Select(t => t.FullName))),
        ];
        Assert.Empty(twice);
    }
}
