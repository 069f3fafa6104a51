using System.Text;

namespace Anneal.Data;

/// <summary>A poem of the Tang dynasty.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Author">Who wrote it.</param>
/// <param name="Text">Its text, with punctuation.</param>
public sealed record TangPoem(string Title, string Author, string Text)
{
    /// <summary>How many characters each line has; null where lines differ. Lines end with punctuation.</summary>
    public int? LineLength
    {
        get
        {
            int length = 0, current = 0;
            foreach (Rune rune in Text.EnumerateRunes())
            {
                if (!Rune.IsPunctuation(rune))
                {
                    current++;
                    continue;
                }

                if (current > 0 && length > 0 && current != length)
                    return null;
                length = current > 0 ? current : length;
                current = 0;
            }

            return length == 0 ? (current > 0 ? current : null) : current == 0 || current == length ? length : null;
        }
    }
}

/// <summary>The collection of poems in <c>datasets/tang</c>: a JSON object a line with <c>title</c>, <c>author</c> and <c>text</c>.</summary>
public static class TangPoems
{
    private static readonly string[] Columns = ["id", "category", "title", "content"];
    private const string UnknownAuthor = "不詳";
    private static readonly char[] SentenceEnds = ['。', '？', '！'];

    /// <summary>Reads the poems, one after the other.</summary>
    /// <param name="path">The file, plain or gzipped.</param>
    /// <exception cref="TextFileException">A line is not what it should be.</exception>
    /// <exception cref="DataFileException">There is no such file, or its compression is damaged.</exception>
    public static IEnumerable<TangPoem> Read(string path) =>
        JsonLines.Read(path, ["title", "author", "text"]).Select(row => new TangPoem(row[0], row[1], row[2]));

    /// <summary>
    /// Writes a table to classify: the poems of five and of seven characters a line. The columns are <c>id</c>, <c>category</c> (<c>five</c> or <c>seven</c>), <c>title</c>
    /// (empty, since titles often name the form) and <c>content</c>.
    /// </summary>
    /// <param name="poemsPath">The poems.</param>
    /// <param name="csvPath">The table; with the ending <c>.gz</c> it is compressed.</param>
    /// <exception cref="AnnealException">As for <see cref="Read"/>.</exception>
    public static void WriteForms(string poemsPath, string csvPath) => Csv.Write(
        csvPath, Columns,
        Read(poemsPath).Index()
            .Where(p => p.Item.LineLength is 5 or 7)
            .Select(p => (IReadOnlyList<string>)[
                FormattableString.Invariant($"{p.Index + 1}"), p.Item.LineLength == 5 ? "five" : "seven", "", p.Item.Text]));

    /// <summary>The poems of five and of seven characters a line, in the classes <c>five</c> and <c>seven</c>.</summary>
    /// <param name="path">The poems.</param>
    /// <exception cref="AnnealException">As for <see cref="Read"/>, or there are not both kinds.</exception>
    public static LabeledTexts ByForm(string path)
    {
        TangPoem[] poems = [.. Read(path).Where(p => p.LineLength is 5 or 7)];
        return new LabeledTexts([.. poems.Select(p => p.Text)], [.. poems.Select(p => p.LineLength == 5 ? 0 : 1)], ["five", "seven"]);
    }

    /// <summary>The poems of the authors who have most of them, each a class; the poems whose author is not known are left out.</summary>
    /// <param name="path">The poems.</param>
    /// <param name="authors">How many authors, at least 2; of two with as many poems the one whose name comes first in UTF-16 code units.</param>
    /// <exception cref="AnnealException">As for <see cref="Read"/>, or there are not so many authors.</exception>
    public static LabeledTexts ByAuthor(string path, int authors)
    {
        if (authors < 2)
            throw new OptionException(FormattableString.Invariant($"{nameof(ByAuthor)}: {nameof(authors)} must be at least 2, but is {authors}."));
        TangPoem[] poems = [.. Read(path).Where(p => p.Author != UnknownAuthor)];
        string[] names = [.. poems.CountBy(p => p.Author).OrderByDescending(a => a.Value).ThenBy(a => a.Key, StringComparer.Ordinal).Take(authors).Select(a => a.Key)];
        if (names.Length < authors)
            throw new DatasetException(FormattableString.Invariant($"{path} has poems of {names.Length} authors, but {authors} were asked for."));
        Dictionary<string, int> places = names.Index().ToDictionary(n => n.Item, n => n.Index);
        TangPoem[] kept = [.. poems.Where(p => places.ContainsKey(p.Author))];
        return new LabeledTexts([.. kept.Select(p => p.Text)], [.. kept.Select(p => places[p.Author])], names);
    }

    /// <summary>
    /// Counts couplets. A couplet is a sentence, what ends with <c>。</c>, <c>？</c> or <c>！</c> or with the text; its lines are equal where it has two, parted by <c>，</c>,
    /// of the same number of characters (Unicode code points). A sentence of one line or of three is a couplet whose lines are not equal.
    /// </summary>
    /// <returns>How many couplets there are, and how many of them have equal lines.</returns>
    public static (int Equal, int Couplets) CountCouplets(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        (int equal, int couplets) = (0, 0);
        foreach (string sentence in text.Split(SentenceEnds, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int[] lengths = [.. sentence.Split('，').Select(line => line.EnumerateRunes().Count())];
            couplets++;
            equal += lengths is [var first, var second] && first == second && first > 0 ? 1 : 0;
        }

        return (equal, couplets);
    }
}
