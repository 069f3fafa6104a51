using Anneal.Data;

namespace Anneal.Models;

/// <summary>The chat template of a GGUF file, with the special tokens that its templates know by name, which the file holds as ids.</summary>
internal static class GgufChatTemplate
{
    private const string Key = "tokenizer.chat_template", NamesKey = "tokenizer.chat_templates", NamedPrefix = Key + ".";
    private const int MostTemplates = 100;

    // The variables of templates and what the format calls such a token (one of them as it was once misspelt).
    private static readonly (string Variable, string Name)[] Tokens =
    [
        ("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("sep_token", "seperator"), ("pad_token", "padding"), ("cls_token", "cls"), ("mask_token", "mask"),
    ];

    /// <summary>Reads the template; null where the file holds none.</summary>
    internal static ChatTemplate? Read(GgufFile file)
    {
        var texts = new List<(string, string)>();
        if (Text(file, Key) is { } text)
            texts.Add((ChatTemplate.DefaultName, text));
        if (file.Metadata.TryGetValue(NamesKey, out GgufValue? names))
        {
            if (names.Texts is not { Count: <= MostTemplates } list || list.Distinct().Count() != list.Count || list.Contains(ChatTemplate.DefaultName))
                throw new ModelFileException(file.Path, NamesKey, $"a list of at most {MostTemplates} names, each once and none of them '{ChatTemplate.DefaultName}'", names.ToString());
            foreach (string name in list)
                texts.Add((name, Text(file, NamedPrefix + name) ?? throw new ModelFileException(file.Path, NamedPrefix + ModelFileException.Quote(name), "a template", "nothing")));
        }

        return texts.Count == 0 ? null : ChatTemplate.OfTexts(texts, TokensOf(file));
    }

    /// <summary>Writes a template. The tokens that end texts are written beside it, so that the first of them is its <c>eos_token</c>.</summary>
    /// <exception cref="OptionException">The template names a special token that the file would not give back.</exception>
    internal static void Write(ChatTemplate template, Tokenizer? tokenizer, GgufMetadataWriter metadata, int? end, int? padding)
    {
        var named = new List<string>();
        foreach ((string name, string text) in template.NamedTexts)
        {
            bool isDefault = name == ChatTemplate.DefaultName;
            metadata.AddWhole(isDefault ? Key : NamedPrefix + name, GgufValue.Of(text));
            if (!isDefault)
                named.Add(name);
        }

        if (named.Count > 0)
            metadata.AddWhole(NamesKey, GgufValue.Of(named));
        foreach ((string variable, string name) in Tokens)
        {
            if (!template.SpecialTokens.TryGetValue(variable, out string? token))
                continue;
            int? id = tokenizer?.IdOf(token), written = metadata.TokenOf(name) ?? (name == "eos" ? end : name == "padding" ? padding : null);
            if (id is { } free && written is null && name is not "eos" and not "padding")
                metadata.AddWhole($"{GgufTokenizer.Prefix}{name}_token_id", GgufValue.Of(free));
            else if ((id is null || id != written) && template.NamedTexts.Any(t => t.Text.Contains(variable, StringComparison.Ordinal)))
                throw Lost(variable, token, tokenizer, written);
        }
    }

    private static OptionException Lost(string variable, string token, Tokenizer? tokenizer, int? written)
    {
        string why = tokenizer is null ? "no tokenizer is written that has it"
            : written is { } other ? $"the file has {ModelFileException.Quote(tokenizer.TokenOf(other) ?? "")} in its place"
            : "the tokenizer does not have it, or the model's configuration does not name it";
        return new OptionException(
            $"The chat template knows {ModelFileException.Quote(token)} as {variable}, but {why}. Hint: give {nameof(GgufSaveOptions)}.{nameof(GgufSaveOptions.Tokenizer)}, or write the token into the template.");
    }

    private static Dictionary<string, string> TokensOf(GgufFile file)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        Func<long, string?>? find = null;
        foreach ((string variable, string name) in Tokens)
        {
            string key = $"{GgufTokenizer.Prefix}{name}_token_id";
            if (!file.Metadata.TryGetValue(key, out GgufValue? value))
                continue;
            find ??= Finder(file);
            if (value.Whole is not { } id)
                throw new ModelFileException(file.Path, key, "the number of a token", value.ToString());
            if (find(id) is { } token)
                tokens[variable] = token;
        }

        return tokens;
    }

    private static Func<long, string?> Finder(GgufFile file)
    {
        if (file.Metadata.TryGetValue(GgufTokenizer.Prefix + "tokens", out GgufValue? value) && value.Texts is { } texts)
            return id => id >= 0 && id < texts.Count ? texts[(int)id] : null;
        if (!file.Metadata.ContainsKey(GgufTokenizer.WholeJson))
            return _ => null;
        Tokenizer tokenizer = GgufTokenizer.Read(file, null);
        return id => id is >= 0 and <= int.MaxValue ? tokenizer.TokenOf((int)id) : null;
    }

    private static string? Text(GgufFile file, string key)
    {
        if (!file.Metadata.TryGetValue(key, out GgufValue? value))
            return null;
        return value.Text ?? throw new ModelFileException(file.Path, key, "a text", value.ToString());
    }
}
