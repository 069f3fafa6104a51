using System.Text.Json;
using Anneal.Saving;

namespace Anneal.Data;

/// <summary>An object of <c>tokenizer.json</c> that says its type, and its members.</summary>
internal sealed class JsonComponent
{
    private readonly JsonPart _part;
    private readonly OrderedDictionary<string, JsonPart> _members;

    internal JsonComponent(JsonPart part)
    {
        _part = part;
        _members = part.Members();
    }

    /// <summary>The name of its type.</summary>
    internal string Type => Required("type").Text();

    /// <summary>Whether it has a member that is not null.</summary>
    internal bool Has(string name) => _members.TryGetValue(name, out JsonPart part) && !part.IsNull;

    internal JsonPart Required(string name) =>
        _members.TryGetValue(name, out JsonPart part) ? part : throw _part.Fail($"a member '{name}'", "none");

    internal JsonPart? Optional(string name) => Has(name) ? _members[name] : null;

    internal bool Boolean(string name, bool fallback) => Has(name) ? _members[name].Boolean() : fallback;

    internal string Text(string name, string fallback) => Has(name) ? _members[name].Text() : fallback;

    internal int Natural(string name, int fallback) => Has(name) ? _members[name].Natural() : fallback;

    /// <summary>A text of one code unit.</summary>
    internal char Character(string name, char fallback)
    {
        if (!Has(name))
            return fallback;
        string text = _members[name].Text();
        return text.Length == 1 ? text[0] : throw _members[name].Fail("one character of the first plane", ModelFileException.Quote(text));
    }

    /// <summary>One of several words.</summary>
    internal T Choice<T>(string name, T fallback, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        if (!Has(name))
            return fallback;
        string text = _members[name].Text();
        var words = new List<string>();
        foreach ((string word, T value) in choices)
        {
            if (word == text)
                return value;
            words.Add(word);
        }

        throw _members[name].Fail("one of " + string.Join(", ", words), ModelFileException.Quote(text));
    }

    /// <summary>The components of a list.</summary>
    internal T[] List<T>(string name, Func<JsonPart, T> read) => [.. Required(name).Elements().Select(read)];

    /// <summary>The error that the type is not known.</summary>
    internal ModelFileException UnknownType(string what, params ReadOnlySpan<string> known) =>
        Required("type").Fail($"a {what} that is supported ({string.Join(", ", known.ToArray())})", ModelFileException.Quote(Type));

    /// <summary>Runs what may refuse an option, and says where in the file it stands.</summary>
    internal T Located<T>(string name, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (OptionException e)
        {
            throw Required(name).Fail("a value that is supported", e.Message.TrimEnd('.'));
        }
    }

    /// <summary>The member <c>pattern</c>: a text or a regular expression.</summary>
    internal TextPattern Pattern()
    {
        JsonPart part = Required("pattern");
        if (part.Kind == JsonTokenType.String)
            return Literal(part);
        var pattern = new JsonComponent(part);
        if (pattern.Optional("String") is { } text)
            return Literal(text);
        string regex = pattern.Required("Regex").Text();
        return Located<TextPattern>("pattern", () => RegexPattern.Create(regex, RegexDialect.Oniguruma));
    }

    private static LiteralPattern Literal(JsonPart part) =>
        part.Text() is { Length: > 0 } text ? new LiteralPattern(text) : throw part.Fail("a text to look for", "an empty one");
}
