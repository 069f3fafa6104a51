namespace Anneal.Data;

/// <summary>How a <see cref="WordEncoder"/> turns texts into rows of numbers.</summary>
public sealed record WordEncoderOptions
{
    /// <summary>How texts are cut into words.</summary>
    public WordOptions Words { get; init; } = new();

    /// <summary>Which words have a number of their own.</summary>
    public WordVocabularyOptions Vocabulary { get; init; } = new();

    /// <summary>The length of every row in words; at least 1.</summary>
    public int Length { get; init; } = 256;

    /// <summary>Whether <see cref="Length"/> is a bound: rows are no longer than the longest of the texts that words are learned from. What comes later is cut and counted.</summary>
    public bool FitsLength { get; init; }

    /// <summary>What happens to longer texts. Texts that come later can be longer than all that were learned from, so the default keeps the start and counts.</summary>
    public Truncation Truncation { get; init; } = Truncation.KeepStart;

    /// <summary>Where shorter texts are filled up.</summary>
    public PaddingSide Side { get; init; }

    internal SequencePaddingOptions Padding => new() { Length = Length, Truncation = Truncation, Side = Side };

    internal void Check()
    {
        Words.Check();
        Vocabulary.Check();
        Padding.Check();
        Require.AtLeastOne(Length, nameof(WordEncoderOptions), nameof(Length));
    }
}

/// <summary>Turns texts into rows of the numbers of their words.</summary>
public sealed class WordEncoder
{
    private readonly WordEncoderOptions _options;

    private WordEncoder(WordEncoderOptions options, WordVocabulary vocabulary) => (_options, Vocabulary) = (options, vocabulary);

    /// <summary>The words and their numbers.</summary>
    public WordVocabulary Vocabulary { get; }

    /// <summary>The length of every row in words.</summary>
    public int Length => _options.Length;

    /// <summary>Learns the words of texts.</summary>
    /// <param name="texts">The texts of the training part alone.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static WordEncoder Fit(IReadOnlyList<string> texts, WordEncoderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        options ??= new WordEncoderOptions();
        options.Check();
        IReadOnlyList<string>[] words = [.. texts.Select(t => WordSplitter.Split(t, options.Words))];
        if (options.FitsLength)
            options = options with { Length = Math.Clamp(words.Select(w => w.Count).DefaultIfEmpty().Max(), 1, options.Length) };
        return new WordEncoder(options, WordVocabulary.Build(words, options.Vocabulary));
    }

    /// <summary>The numbers of the words of each text, int32 <c>[texts, length]</c>, and how much was cut off.</summary>
    /// <exception cref="DatasetException">There is no text, or one is too long and may not be cut off.</exception>
    public PaddedSequences Encode(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return SequencePadding.Pad([.. texts.Select(t => Vocabulary.Encode(WordSplitter.Split(t, _options.Words)))], _options.Padding);
    }

    internal void Write(LayerConfig config)
    {
        config.Set("length", _options.Length);
        config.Set("truncation", _options.Truncation);
        config.Set("side", _options.Side);
        config.Set("lowercase", _options.Words.Lowercase);
        config.Set("punctuation", _options.Words.Punctuation);
        config.Set("digits", _options.Words.Digits);
        if (_options.Words.StopWords is { } stopWords)
            config.SetStrings("stopWords", stopWords.Order(StringComparer.Ordinal));
    }

    internal static WordEncoder Read(LayerConfig config, WordVocabulary vocabulary)
    {
        var options = new WordEncoderOptions
        {
            Length = config.GetInt32("length"),
            Truncation = config.GetEnum<Truncation>("truncation"),
            Side = config.GetEnum<PaddingSide>("side"),
            Words = new WordOptions
            {
                Lowercase = config.GetBoolean("lowercase"),
                Punctuation = config.GetEnum<PunctuationHandling>("punctuation"),
                Digits = config.GetEnum<DigitHandling>("digits"),
                StopWords = config.Contains("stopWords") ? config.GetStrings("stopWords").ToHashSet(StringComparer.Ordinal) : null,
            },
        };
        options.Check();
        return new WordEncoder(options, vocabulary);
    }
}
