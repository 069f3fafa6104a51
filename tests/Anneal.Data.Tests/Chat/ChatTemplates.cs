namespace Anneal.Data.Tests;

/// <summary>Templates that render as those of public model families do, written for these tests; what each is says README.md in the folder Templates.</summary>
internal static class ChatTemplates
{
    internal static Dictionary<string, string> SpecialTokens { get; } = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };

    internal static string[] Names { get; } = [.. Directory.GetFiles(Folder, "*.jinja").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(Repository.Root, "tests", "Anneal.Data.Tests", "Chat", "Templates");

    internal static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name + ".jinja"));

    internal static ChatTemplate Load(string name) => ChatTemplate.Parse(Text(name), SpecialTokens);
}
