namespace Anneal.Models;

/// <summary>A field of a model's configuration is missing, of the wrong kind, out of range, in contradiction with another one, or not supported.</summary>
public sealed class ModelConfigException : AnnealException
{
    internal ModelConfigException(string file, string field, string expected, string found)
        : base($"{file}: the field {field}: expected {expected}, found {found}.") =>
        (File, Field, Expected, Found) = (file, field, expected, found);

    /// <summary>The file, or what stands for it where the configuration was made in code.</summary>
    public string File { get; }

    /// <summary>The name of the field as it is written in <c>config.json</c>.</summary>
    public string Field { get; }

    /// <summary>What should be there.</summary>
    public string Expected { get; }

    /// <summary>What is there.</summary>
    public string Found { get; }
}
