using System.Globalization;

namespace Anneal.Saving;

/// <summary>
/// The names of files in a model folder. A logical name such as <c>config.json</c> lies on disk as <c>config.3.json</c>, with the
/// number of the save in between.
/// </summary>
internal static class ModelFileNames
{
    internal const string Manifest = "manifest.json";
    internal const string ManifestPart = "manifest.json.part";
    internal const string Lock = ".lock";
    internal const string Rule = "a name such as 'weights.safetensors': small letters, digits, '-' and '_', one dot, no path";
    private const int LongestName = 64;

    // Windows takes these for devices, whatever follows the dot.
    private static readonly string[] Devices = ["con", "prn", "aux", "nul", "com", "lpt"];

    /// <summary>Whether a logical name is allowed, on every file system and with no way out of the folder.</summary>
    internal static bool IsLogical(string name)
    {
        int dot = name.IndexOf('.');
        return dot > 0 && name.Length <= LongestName && name != Manifest && IsWord(name.AsSpan(0, dot)) && IsWord(name.AsSpan(dot + 1))
            && !IsDevice(name.AsSpan(0, dot));
    }

    /// <summary>The name on disk of a logical name in a generation.</summary>
    internal static string OnDisk(string logical, long generation)
    {
        int dot = logical.IndexOf('.');
        return string.Create(CultureInfo.InvariantCulture, $"{logical.AsSpan(0, dot)}.{generation}{logical.AsSpan(dot)}");
    }

    /// <summary>Whether a name is one that <see cref="OnDisk"/> makes.</summary>
    internal static bool IsOnDisk(string name)
    {
        string[] parts = name.Split('.');
        return parts.Length == 3 && IsLogical($"{parts[0]}.{parts[2]}")
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long generation)
            && OnDisk($"{parts[0]}.{parts[2]}", generation) == name;
    }

    private static bool IsWord(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('-' or '_'))
                return false;
        }

        return !text.IsEmpty;
    }

    private static bool IsDevice(ReadOnlySpan<char> word)
    {
        ReadOnlySpan<char> letters = word.Length == 4 && char.IsAsciiDigit(word[3]) ? word[..3] : word;
        foreach (string device in Devices)
        {
            if (letters.SequenceEqual(device))
                return true;
        }

        return false;
    }
}
