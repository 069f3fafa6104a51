using System.Text.Json;

namespace Anneal.Golden.Tests;

/// <summary>One case of the manifest: an operation with its attributes and the names of its arrays.</summary>
internal sealed record GoldenCase(string Family, string Operation, string Name, JsonElement Attributes)
{
    internal string[] Inputs { get; private init; } = [];

    internal string[] Outputs { get; private init; } = [];

    /// <summary>The outputs that have an upstream gradient.</summary>
    internal string[] Upstreams { get; private init; } = [];

    /// <summary>The inputs whose gradient is known.</summary>
    internal string[] Gradients { get; private init; } = [];

    /// <summary>The number of parameters of an optimizer case.</summary>
    internal int ParameterCount { get; private init; }

    /// <summary>The number of steps of an optimizer case.</summary>
    internal int Steps { get; private init; }

    /// <summary>What a metrics case expects, by name.</summary>
    internal IReadOnlyDictionary<string, double> Expected { get; private init; } = new Dictionary<string, double>();

    internal static GoldenCase Parse(JsonElement element) => new(
        Text(element, "family"), Text(element, "op"), Text(element, "case"), element.GetProperty("attrs"))
    {
        Inputs = Texts(element, "inputs"),
        Outputs = Texts(element, "outputs"),
        Upstreams = Texts(element, "upstream"),
        Gradients = Texts(element, "grads"),
        ParameterCount = Count(element, "params"),
        Steps = Count(element, "steps"),
        Expected = element.TryGetProperty("expected", out JsonElement expected)
            ? expected.EnumerateObject().ToDictionary(e => e.Name, e => e.Value.GetDouble())
            : new Dictionary<string, double>(),
    };

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new InvalidDataException($"The manifest has a case whose {name} is null.");

    private static string[] Texts(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement list) ? [.. list.EnumerateArray().Select(e => e.GetString()!)] : [];

    private static int Count(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement number) ? number.GetInt32() : 0;
}
