namespace Anneal.Models;

/// <summary>Gathers the metadata of a file that is to be written.</summary>
internal sealed class GgufMetadataWriter(string architecture)
{
    private readonly HashSet<string> _keys = [];

    internal List<(string Key, GgufValue Value)> Values { get; } = [];

    /// <summary>A whole number of the architecture's.</summary>
    internal void Add(string name, int value) => AddWhole($"{architecture}.{name}", GgufValue.Of(value));

    /// <summary>A number of the architecture's, in single precision.</summary>
    internal void Add(string name, double value) => AddWhole($"{architecture}.{name}", GgufValue.Of(value));

    /// <summary>A text of the architecture's.</summary>
    internal void Add(string name, string value) => AddWhole($"{architecture}.{name}", GgufValue.Of(value));

    /// <summary>The token of a task, where one was written.</summary>
    internal int? TokenOf(string name) => (int?)Values.Find(v => v.Key == $"{GgufTokenizer.Prefix}{name}_token_id").Value?.Whole;

    /// <summary>A value under its whole key.</summary>
    internal void AddWhole(string key, GgufValue value)
    {
        if (!_keys.Add(key))
            throw new InvalidOperationException($"The metadata name {key} twice.");
        Values.Add((key, value));
    }
}
