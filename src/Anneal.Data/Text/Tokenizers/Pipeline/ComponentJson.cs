using System.Text.Json;

namespace Anneal.Data;

/// <summary>What the components of <c>tokenizer.json</c> write alike.</summary>
internal static class ComponentJson
{
    /// <summary>An object with nothing but its type.</summary>
    internal static void WriteType(Utf8JsonWriter json, string type)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteEndObject();
    }

    /// <summary>A string, or null where there is none.</summary>
    internal static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null)
            json.WriteNull(name);
        else
            json.WriteString(name, value);
    }
}
