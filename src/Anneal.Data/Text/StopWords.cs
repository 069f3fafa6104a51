using System.Collections.Frozen;

namespace Anneal.Data;

/// <summary>Words so frequent that they tell nothing about what a text is about.</summary>
public static class StopWords
{
    private const int MaximumWordLength = 1 << 16;

    /// <summary>English articles, pronouns, prepositions, conjunctions and forms of auxiliary verbs, in lower case.</summary>
    public static IReadOnlySet<string> English { get; } = (
        "a about above across after again against all almost along also although am among an and another any anybody anyone anything are aren't around as at "
        + "be became because been before behind being below beneath beside besides between beyond both but by can can't cannot could couldn't "
        + "did didn't do does doesn't doing don't done down during each either else enough even ever every everybody everyone everything except few for from further "
        + "had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself him himself his how however "
        + "i i'd i'll i'm i've if in indeed inside instead into is isn't it it'd it'll it's its itself just least less let's like many may maybe me might mine more "
        + "most mostly much must mustn't my myself near neither never no nobody none nor not nothing now of off often on once one only onto or other others ought our "
        + "ours ourselves out outside over own per perhaps quite rather really same several shall shan't she she'd she'll she's should shouldn't since so some "
        + "somebody someone something sometimes still such than that that's the their theirs them themselves then there there's therefore these they they'd they'll "
        + "they're they've this those though through throughout thus to together too toward towards under unless until up upon us very via was wasn't we we'd "
        + "we'll we're we've well were weren't what what's whatever when where where's whether which while who who's whoever whole whom whose why will with within "
        + "without won't would wouldn't yet you you'd you'll you're you've your yours yourself yourselves")
        .Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Reads a list of one's own: a word a line, in UTF-8. Empty lines and lines that begin with <c>#</c> are left out.</summary>
    /// <exception cref="TextFileException">A line has white space within it, is too long or is not UTF-8.</exception>
    /// <exception cref="DataFileException">There is no such file.</exception>
    public static IReadOnlySet<string> Load(string path)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        foreach ((long line, string text) in TextLines.Read(StrictTextReader.Open(path), MaximumWordLength))
        {
            string word = text.Trim();
            if (word.Any(char.IsWhiteSpace) && word[0] != '#')
                throw new TextFileException(path, line, "one word", ModelFileException.Quote(word));
            if (word.Length > 0 && word[0] != '#')
                words.Add(word);
        }

        return words.ToFrozenSet(StringComparer.Ordinal);
    }
}
