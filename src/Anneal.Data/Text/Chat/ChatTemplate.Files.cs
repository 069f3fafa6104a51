using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Data;

/// <content>Templates in the folder of a model.</content>
public sealed partial class ChatTemplate
{
    private const string JinjaFile = "chat_template.jinja", JsonFile = "chat_template.json", ConfigFile = "tokenizer_config.json", FurtherFolder = "additional_chat_templates";
    private const string Field = "chat_template", JinjaEnd = ".jinja";
    private const int LargestFile = 1 << 24;
    private static readonly string[] TokenFields = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a folder has a template that <see cref="Load"/> reads.</summary>
    /// <param name="folder">The folder of a model.</param>
    /// <exception cref="ModelFileException">A file that is looked into is damaged.</exception>
    public static bool IsIn(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return File.Exists(Path.Combine(folder, JinjaFile)) || File.Exists(Path.Combine(folder, JsonFile)) || ReadConfig(folder) is { } config && config.TryGetValue(Field, out JsonPart part) && !part.IsNull;
    }

    /// <summary>
    /// Reads the template of a model, and the special tokens that <c>tokenizer_config.json</c> names: from <c>chat_template.jinja</c> with further ones in
    /// <c>additional_chat_templates</c>, from <c>chat_template.json</c>, or from the field of <c>tokenizer_config.json</c>, whichever is there first.
    /// </summary>
    /// <param name="folder">The folder of a model.</param>
    /// <exception cref="ModelFileException">There is no template, or a file is damaged.</exception>
    /// <exception cref="ChatTemplateException">A template is wrong, or uses what is not supported.</exception>
    public static ChatTemplate Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        OrderedDictionary<string, JsonPart>? config = ReadConfig(folder);
        var templates = new OrderedDictionary<string, ParsedTemplate>();
        foreach ((string name, string text) in Texts(folder, config))
        {
            if (!templates.TryAdd(name, ParsedTemplate.Parse(text)))
                throw new ModelFileException(folder, Field, "each name once", $"{ModelFileException.Quote(name)} twice");
        }

        return templates.Count > 0
            ? new ChatTemplate(templates, Tokens(config))
            : throw new ModelFileException(folder, "the folder", $"a chat template in {JinjaFile}, {JsonFile} or {ConfigFile}", "none");
    }

    /// <summary>
    /// Writes the template beside a model, as <see cref="Load"/> and transformers read it: <c>chat_template.jinja</c>, further ones in
    /// <c>additional_chat_templates</c>, and the special tokens in <c>tokenizer_config.json</c>. Of a <c>tokenizer_config.json</c> that is there all
    /// other fields stay.
    /// </summary>
    /// <param name="folder">The folder; made where there is none.</param>
    /// <exception cref="ModelFileException">A <c>tokenizer_config.json</c> is there and damaged.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        string configPath = Path.Combine(folder, ConfigFile);

        // Read strictly before it is read as a tree, so that no field can be lost.
        JsonObject config = ReadConfig(folder) is null ? [] : (JsonObject)JsonNode.Parse(ReadFile(configPath))!;
        config.Remove(Field);
        foreach ((string name, string token) in SpecialTokens)
        {
            if (TokenText(config[name]) != token)
                config[name] = token;
        }

        string further = Path.Combine(folder, FurtherFolder);
        if (Directory.Exists(further))
            Array.ForEach(Directory.GetFiles(further, "*" + JinjaEnd), File.Delete);
        foreach ((string name, ParsedTemplate template) in _templates)
        {
            bool isMain = name == DefaultName || _templates.Count == 1;
            if (!isMain)
                Directory.CreateDirectory(further);
            Replace(isMain ? Path.Combine(folder, JinjaFile) : Path.Combine(further, name + JinjaEnd), Encoding.UTF8.GetBytes(template.Text));
        }

        if (File.Exists(Path.Combine(folder, JsonFile)))
            File.Delete(Path.Combine(folder, JsonFile));
        if (config.Count > 0 || File.Exists(configPath))
            Replace(configPath, Bytes(config));
    }

    private static IEnumerable<(string Name, string Text)> Texts(string folder, OrderedDictionary<string, JsonPart>? config)
    {
        string jinja = Path.Combine(folder, JinjaFile), json = Path.Combine(folder, JsonFile), further = Path.Combine(folder, FurtherFolder);
        if (File.Exists(jinja) || Directory.Exists(further))
        {
            if (File.Exists(jinja))
                yield return (DefaultName, ReadText(jinja));
            if (!Directory.Exists(further))
                yield break;
            foreach (string path in Directory.GetFiles(further, "*" + JinjaEnd).Order(StringComparer.Ordinal))
                yield return (Path.GetFileNameWithoutExtension(path), ReadText(path));
            yield break;
        }

        JsonPart? part = null;
        if (File.Exists(json))
            part = JsonPart.Parse(ReadFile(json), json).Members().TryGetValue(Field, out JsonPart inJson) ? inJson : throw new ModelFileException(json, "the file", $"a member '{Field}'", "none");
        else if (config is not null && config.TryGetValue(Field, out JsonPart inConfig) && !inConfig.IsNull)
            part = inConfig;
        if (part is not { } found)
            yield break;
        if (found.Kind != JsonTokenType.StartArray)
        {
            yield return (DefaultName, found.Text());
            yield break;
        }

        foreach (JsonPart named in found.Elements())
        {
            var entry = new JsonComponent(named);
            string name = entry.Required("name").Text();
            if (name.Length is 0 or > 100 || name.Any(c => !(char.IsAsciiLetterOrDigit(c) || c is '_' or '-')))
                throw entry.Required("name").Fail("a name of letters, digits, '_' and '-'", ModelFileException.Quote(name));
            yield return (name, entry.Required("template").Text());
        }
    }

    private static OrderedDictionary<string, JsonPart>? ReadConfig(string folder)
    {
        string path = Path.Combine(folder, ConfigFile);
        return File.Exists(path) ? JsonPart.Parse(ReadFile(path), path).Members() : null;
    }

    private static Dictionary<string, string> Tokens(OrderedDictionary<string, JsonPart>? config)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in TokenFields)
        {
            if (config is null || !config.TryGetValue(name, out JsonPart part) || part.IsNull)
                continue;
            tokens[name] = part.Kind == JsonTokenType.StartObject ? new JsonComponent(part).Required("content").Text() : part.Text();
        }

        return tokens;
    }

    private static string? TokenText(JsonNode? node) => node switch
    {
        JsonObject token => TokenText(token["content"]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => null,
    };

    private static string ReadText(string path)
    {
        try
        {
            return Utf8.GetString(ReadFile(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new ModelFileException(path, FormattableString.Invariant($"byte {e.Index}"), "text in UTF-8", "bytes that are not", e);
        }
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            return length <= LargestFile ? File.ReadAllBytes(path) : throw new ModelFileException(path, "the file", $"at most {LargestFile} bytes", $"{length}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, "the file", "a file that can be read", e.Message, e);
        }
    }

    private static byte[] Bytes(JsonObject json)
    {
        var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 }))
            json.WriteTo(writer);
        return stream.ToArray();
    }

    private static void Replace(string path, byte[] bytes)
    {
        string temporary = path + ".tmp";
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, path, overwrite: true);
    }
}
