namespace Anneal.Saving;

/// <summary>
/// Several files of a folder that take the places of earlier ones together. New files lie whole as <c>NAME.part</c> before anything changes; the
/// earlier ones are set aside as <c>NAME.replaced</c> and removed at the end, so that whatever stops half-way can be undone.
/// </summary>
internal static class FileSwitch
{
    internal const string Part = WholeFile.Part;
    private const string Aside = ".replaced";

    /// <summary>Puts files in their places.</summary>
    /// <param name="folder">The folder, with each new file as <c>NAME.part</c>. They are removed where the switch does not succeed.</param>
    /// <param name="names">The new files. The last one is that without which nobody reads the others: it goes first and comes last.</param>
    /// <param name="isStale">Which other files belong to what was there before and are removed.</param>
    /// <param name="staging">Another folder, in which the new files lie under their own names; null where they are in the folder already.</param>
    /// <exception cref="ModelFileException">A file cannot be moved. The message says whether the folder is as it was.</exception>
    internal static void Run(string folder, IReadOnlyList<string> names, Func<string, bool> isStale, string? staging = null)
    {
        var done = new Stack<(string From, string To)>();
        try
        {
            // A folder may be on another file system than the one beside it, so that its files are copied: none takes its name before all are there.
            if (staging is not null)
            {
                foreach (string name in names)
                    File.Move(Path.Combine(staging, name), Path.Combine(folder, name + Part), overwrite: true);
            }

            Settle(folder, names, isStale);
            string? blocked = names.FirstOrDefault(n => Directory.Exists(Path.Combine(folder, n)));
            if (blocked is not null)
                throw new IOException($"a folder with the name {blocked}");
            foreach (string name in Present(folder, names, isStale))
                Move(name, name + Aside);
            foreach (string name in names)
                Move(name + Part, name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Undo(folder, names, done, e);
        }

        // That of the last name goes last: as long as it is there, Settle knows that the others may be removed.
        foreach ((string from, _) in done.Where(m => m.To.EndsWith(Aside, StringComparison.Ordinal)))
            TryDelete(Path.Combine(folder, from + Aside));

        void Move(string from, string to)
        {
            File.Move(Path.Combine(folder, from), Path.Combine(folder, to));
            done.Push((from, to));
        }
    }

    /// <summary>What to tell where a file is missing because a process ended in the middle of a switch; empty where that is not why.</summary>
    internal static string HintFor(string path) => File.Exists(path + Aside)
        ? $"; a save was interrupted: the earlier model's files are named NAME{Aside}, the new ones NAME{Part} or NAME"
        : "";

    /// <summary>Ends what a process left that was killed in the middle of a switch: the earlier files come back, unless the new ones were all in place.</summary>
    private static void Settle(string folder, IReadOnlyList<string> names, Func<string, bool> isStale)
    {
        string last = names[^1];
        string[] aside = [.. Directory.GetFiles(folder, "*" + Aside).Select(f => Path.GetFileName(f)[..^Aside.Length]).Where(n => names.Contains(n) || isStale(n))];
        bool isDone = File.Exists(Path.Combine(folder, last));

        // Files are set aside in their order: what is there still and comes before one that is gone is a new one.
        foreach (string name in isDone || aside.Length == 0 ? [] : Present(folder, names, isStale))
        {
            if (!aside.Contains(name) && aside.Any(a => a != last && string.CompareOrdinal(name, a) < 0))
                File.Delete(Path.Combine(folder, name));
        }

        foreach (string name in aside)
        {
            string path = Path.Combine(folder, name + Aside);
            if (isDone)
                File.Delete(path);
            else
                File.Move(path, Path.Combine(folder, name), overwrite: true);
        }
    }

    /// <summary>The files that are replaced or removed, in the order in which they are set aside: the last name, and then all in the order of their names.</summary>
    private static string[] Present(string folder, IReadOnlyList<string> names, Func<string, bool> isStale) =>
    [
        .. Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).Where(n => names.Contains(n) || isStale(n)).OrderBy(n => n != names[^1]).ThenBy(n => n, StringComparer.Ordinal),
    ];

    private static ModelFileException Undo(string folder, IReadOnlyList<string> names, Stack<(string From, string To)> done, Exception cause)
    {
        string state = "; the folder is as it was";
        foreach ((string from, string to) in done)
        {
            try
            {
                File.Move(Path.Combine(folder, to), Path.Combine(folder, from));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                state = $"; and then {to} could not become {from} again ({e.Message}): the folder has files of both models, the earlier ones as NAME{Aside}";
                break;
            }
        }

        foreach (string name in names)
            TryDelete(Path.Combine(folder, name + Part));
        return new ModelFileException(folder, "the files of the model", "places that they can be moved to", cause.Message.TrimEnd('.') + state, cause);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The switch is over; the next one removes what is left.
        }
    }
}
