using Anneal.Saving;

namespace Anneal.Data;

/// <summary>Reads the normalizers of <c>tokenizer.json</c>.</summary>
internal static class NormalizerJson
{
    internal static Normalizer Read(JsonPart part)
    {
        var component = new JsonComponent(part);
        return component.Type switch
        {
            "Sequence" => new NormalizerSequence(component.List("normalizers", Read)),
            "NFC" => Normalizer.Nfc,
            "NFD" => Normalizer.Nfd,
            "NFKC" => Normalizer.Nfkc,
            "NFKD" => Normalizer.Nfkd,
            "Lowercase" => Normalizer.Lowercase,
            "StripAccents" => Normalizer.StripAccents,
            "Strip" => new StripNormalizer(component.Boolean("strip_left", true), component.Boolean("strip_right", true)),
            "Nmt" => new NmtNormalizer(),
            "ByteLevel" => new ByteLevelNormalizer(),
            "Prepend" => new PrependNormalizer(component.Required("prepend").Text()),
            "Replace" => new ReplaceNormalizer(component.Pattern(), component.Required("content").Text()),
            "Precompiled" => ReadMap(component.Required("precompiled_charsmap")),
            "BertNormalizer" => new BertNormalizer(
                component.Boolean("clean_text", true), component.Boolean("handle_chinese_chars", true), component.Optional("strip_accents")?.Boolean(),
                component.Boolean("lowercase", true)),
            _ => throw component.UnknownType(
                "normalizer", "Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Nmt", "ByteLevel", "Prepend", "Replace", "Precompiled", "BertNormalizer"),
        };
    }

    private static Normalizer ReadMap(JsonPart part)
    {
        string base64 = part.Text();
        var bytes = new byte[base64.Length / 4 * 3 + 3];
        if (!Convert.TryFromBase64String(base64, bytes, out int written))
            throw part.Fail("a map of characters in base 64", "text that is not");

        // A map of no bytes maps nothing.
        if (written == 0)
            return new NormalizerSequence([]);
        return CharsMap.Read(bytes[..written], out (string Expected, string Found) problem) is { } map ? new PrecompiledNormalizer(map) : throw part.Fail(problem.Expected, problem.Found);
    }
}

/// <summary>Reads the pre-tokenizers of <c>tokenizer.json</c>.</summary>
internal static class PreTokenizerJson
{
    internal static PreTokenizer Read(JsonPart part)
    {
        var component = new JsonComponent(part);
        return component.Type switch
        {
            "Sequence" => new PreTokenizerSequence(component.List("pretokenizers", Read)),
            "BertPreTokenizer" => PreTokenizer.Bert,
            "Whitespace" => PreTokenizer.Whitespace,
            "WhitespaceSplit" => PreTokenizer.WhitespaceSplit,
            "UnicodeScripts" => new UnicodeScriptsPreTokenizer(),
            "ByteLevel" => new ByteLevelPreTokenizer(component.Boolean("add_prefix_space", true), component.Boolean("trim_offsets", true), component.Boolean("use_regex", true)),
            "Metaspace" => new MetaspacePreTokenizer(component.Character("replacement", MetaspacePreTokenizer.Sign), Scheme(component), component.Boolean("split", true)),
            "Split" => new SplitPreTokenizer(component.Pattern(), Behavior(component, "a behavior"), component.Boolean("invert", false)),
            "Punctuation" => PreTokenizer.Punctuation(component.Has("behavior") ? Behavior(component, "a behavior") : SplitBehavior.Isolated),
            "Digits" => new DigitsPreTokenizer(component.Boolean("individual_digits", false)),
            "CharDelimiterSplit" => ReadDelimiter(component),
            "FixedLength" => new FixedLengthPreTokenizer(
                component.Natural("length", 5) is > 0 and var length ? length : throw component.Required("length").Fail("a length of at least 1", "0")),
            _ => throw component.UnknownType(
                "pre-tokenizer", "Sequence", "BertPreTokenizer", "Whitespace", "WhitespaceSplit", "UnicodeScripts", "ByteLevel", "Metaspace", "Split", "Punctuation",
                "Digits", "CharDelimiterSplit", "FixedLength"),
        };
    }

    /// <summary>What begins with the sign for a space; older files have another member for it.</summary>
    internal static PrependScheme Scheme(JsonComponent component)
    {
        PrependScheme scheme = component.Choice(
            "prepend_scheme", PrependScheme.Always, ("always", PrependScheme.Always), ("never", PrependScheme.Never), ("first", PrependScheme.First));
        if (component.Boolean("add_prefix_space", true))
            return scheme;
        return !component.Has("prepend_scheme") || scheme == PrependScheme.Never
            ? PrependScheme.Never
            : throw component.Required("add_prefix_space").Fail("what prepend_scheme says", "something else");
    }

    private static SplitBehavior Behavior(JsonComponent component, string what) => component.Has("behavior")
        ? component.Choice(
            "behavior", SplitBehavior.Isolated, ("Isolated", SplitBehavior.Isolated), ("Removed", SplitBehavior.Removed), ("MergedWithPrevious", SplitBehavior.MergedWithPrevious),
            ("MergedWithNext", SplitBehavior.MergedWithNext), ("Contiguous", SplitBehavior.Contiguous))
        : throw component.Required("type").Fail($"{what} beside it", "none");

    private static CharacterSplit ReadDelimiter(JsonComponent component)
    {
        component.Required("delimiter");
        char delimiter = component.Character("delimiter", ' ');
        return new CharacterSplit("CharDelimiterSplit", point => point == delimiter, SplitBehavior.Removed, delimiter);
    }
}
