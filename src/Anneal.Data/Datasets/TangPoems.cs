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
}
