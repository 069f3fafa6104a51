using System.Globalization;
using System.Text;

namespace Anneal.Data;

/// <summary>Which words a <see cref="WordVocabulary"/> has.</summary>
public sealed record WordVocabularyOptions
{
    /// <summary>How often a word must occur; at least 1.</summary>
    public int MinimumCount { get; init; } = 1;

    /// <summary>How many numbers there are at most, those of padding and unknown words among them; at least 2. Null is no limit.</summary>
    public int? MaximumSize { get; init; }

    internal void Check()
    {
        Require.AtLeastOne(MinimumCount, nameof(WordVocabularyOptions), nameof(MinimumCount));
        if (MaximumSize < WordVocabulary.FirstWord)
        {
            throw new OptionException(FormattableString.Invariant(
                $"{nameof(WordVocabularyOptions)}: {nameof(MaximumSize)} must be at least {WordVocabulary.FirstWord}, but is {MaximumSize}."));
        }
    }
}

/// <summary>
/// Words and their numbers: 0 is padding, 1 any word that is not in the vocabulary, and from 2 on the words by how often they occurred; those that occurred
/// equally often in the order of their UTF-16 code units.
/// </summary>
public sealed class WordVocabulary
{
    /// <summary>The number that fills up short texts.</summary>
    public const int Padding = 0;

    /// <summary>The number of every word that is not in the vocabulary.</summary>
    public const int Unknown = 1;

    internal const int FirstWord = 2;
    private const string Header = "anneal-words 1";
    private const int MaximumWordLength = 1 << 20;
    private readonly string[] _words;
    private readonly Dictionary<string, int> _numbers;

    /// <summary>Makes a vocabulary of words in a given order, which have the numbers from 2 on.</summary>
    /// <exception cref="OptionException">A word is empty, there twice, holds a control character or is not Unicode.</exception>
    public WordVocabulary(IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        _words = [.. words];
        _numbers = new Dictionary<string, int>(_words.Length, StringComparer.Ordinal);
        for (int i = 0; i < _words.Length; i++)
        {
            if (Mistake(_words[i]) is { } mistake)
                throw new OptionException(FormattableString.Invariant($"{nameof(WordVocabulary)}: word {i + FirstWord} must be {mistake}."));
            if (!_numbers.TryAdd(_words[i], i + FirstWord))
                throw new OptionException(FormattableString.Invariant($"{nameof(WordVocabulary)}: {ModelFileException.Quote(_words[i])} is there twice."));
        }
    }

    /// <summary>How many numbers there are: the words, padding and unknown words.</summary>
    public int Size => _words.Length + FirstWord;

    /// <summary>The words, in the order of their numbers; the first has number 2.</summary>
    public IReadOnlyList<string> Words => _words;

    /// <summary>The number of a word; <see cref="Unknown"/> where it is not in the vocabulary.</summary>
    public int this[string word] => _numbers.GetValueOrDefault(word, Unknown);

    /// <summary>Counts the words of texts and keeps the frequent ones.</summary>
    /// <param name="texts">The words of each text.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option is out of range, or a word holds a control character or is not Unicode.</exception>
    public static WordVocabulary Build(IEnumerable<IEnumerable<string>> texts, WordVocabularyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        options ??= new WordVocabularyOptions();
        options.Check();
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string word in texts.SelectMany(t => t))
            counts[word] = counts.GetValueOrDefault(word) + 1;
        return new WordVocabulary(counts
            .Where(c => c.Value >= options.MinimumCount)
            .OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal)
            .Select(c => c.Key)
            .Take((options.MaximumSize ?? int.MaxValue) - FirstWord));
    }

    /// <summary>The number of each word.</summary>
    public int[] Encode(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var numbers = new int[words.Count];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = this[words[i]];
        return numbers;
    }

    /// <summary>Reads a vocabulary that <see cref="Save"/> wrote.</summary>
    /// <exception cref="TextFileException">The file has another first line, or a line that is no word or there twice; it is named.</exception>
    /// <exception cref="DataFileException">There is no such file.</exception>
    public static WordVocabulary Load(string path) => Read(StrictTextReader.Open(path), path);

    /// <summary>Writes the vocabulary as a text file: a first line that says what it is, then a word a line.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string part = path + ".part";
        using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write))
            Write(stream);
        File.Move(part, path, overwrite: true);
    }

    internal void Write(Stream stream)
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(Header);
        foreach (string word in _words)
            writer.WriteLine(word);
    }

    internal static WordVocabulary Read(StrictTextReader reader, string file)
    {
        var words = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        bool hasHeader = false;
        foreach ((long line, string text) in TextLines.Read(reader, MaximumWordLength))
        {
            if (line == 1)
            {
                hasHeader = text == Header ? true : throw new TextFileException(file, line, $"'{Header}'", ModelFileException.Quote(text));
                continue;
            }

            if (Mistake(text) is { } mistake)
                throw new TextFileException(file, line, mistake, text.Length == 0 ? "an empty line" : ModelFileException.Quote(text));
            if (!seen.Add(text))
                throw new TextFileException(file, line, "each word once", ModelFileException.Quote(text) + " again");
            words.Add(text);
        }

        return hasHeader ? new WordVocabulary(words) : throw new TextFileException(file, 1, $"'{Header}'", "an empty file");
    }

    /// <summary>What a word would have to be; null where it is.</summary>
    private static string? Mistake(string word)
    {
        if (string.IsNullOrEmpty(word) || word.Length > MaximumWordLength)
            return string.Create(CultureInfo.InvariantCulture, $"a word of 1 to {MaximumWordLength} characters");
        if (word.Any(char.IsControl) || word[0] == '\uFEFF')
            return "a word without control characters";
        for (int i = 0; i < word.Length; i++)
        {
            if (char.IsSurrogate(word[i]) && (i + 1 == word.Length || !char.IsSurrogatePair(word[i], word[++i])))
                return "a word of whole characters";
        }

        return null;
    }
}
