using System.Collections.Concurrent;
using System.Text.Json;
using Anneal.Saving;
using Anneal.Testing;

namespace Anneal.Golden.Tests;

/// <summary>The golden values: the folder that <c>ANNEAL_GOLDEN</c> names, or the project's own copy.</summary>
internal static class GoldenFolder
{
    private static readonly string Operations = Path.Combine(Root, "ops");

    private static readonly Lazy<GoldenCase[]> AllCases = new(ReadManifest);
    private static readonly ConcurrentDictionary<string, OrderedDictionary<string, TensorData>> Families = [];

    /// <summary>The folder that holds <c>ops</c> and <c>models</c>.</summary>
    internal static string Root =>
        Environment.GetEnvironmentVariable("ANNEAL_GOLDEN") is { Length: > 0 } folder ? folder : Path.Combine(Repository.Root, "tests", "golden");

    /// <summary>Whether it is the project's own copy.</summary>
    internal static bool IsOwn => Path.GetFullPath(Root) == Path.GetFullPath(Path.Combine(Repository.Root, "tests", "golden"));

    /// <summary>The cases in the order of the manifest.</summary>
    internal static GoldenCase[] Cases => AllCases.Value;

    internal static GoldenCase Find(string name) => Cases.Single(c => c.Name == name);

    /// <summary>An array of a case, such as <c>in/x</c>.</summary>
    internal static TensorData Array(GoldenCase golden, string name) =>
        Family(golden.Family).TryGetValue($"{golden.Name}/{name}", out TensorData? data)
            ? data
            : throw new InvalidDataException($"{golden.Family}.safetensors has no array {golden.Name}/{name}.");

    /// <summary>All arrays of a family.</summary>
    internal static OrderedDictionary<string, TensorData> Family(string family) =>
        Families.GetOrAdd(family, f => Safetensors.Read(Path.Combine(Operations, f + ".safetensors")).Tensors);

    private static GoldenCase[] ReadManifest()
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Operations, "manifest.json")));
        GoldenCase[] cases = [.. manifest.RootElement.Clone().GetProperty("cases").EnumerateArray().Select(GoldenCase.Parse)];
        string[] twice = [.. cases.GroupBy(c => c.Name).Where(g => g.Count() > 1).Select(g => g.Key)];
        return twice.Length == 0 && cases.Length > 0
            ? cases
            : throw new InvalidDataException($"The manifest has {cases.Length} cases; these names occur twice: {string.Join(", ", twice)}.");
    }
}
