namespace Anneal.Data;

/// <summary>How <see cref="CharacterTrainer"/> makes a vocabulary.</summary>
public sealed record CharacterTrainingOptions : TokenizerTrainingOptions
{
    /// <summary>The token of a character that is not known, which becomes the first special one if it is none.</summary>
    public string UnknownToken { get; init; } = "<unk>";

    /// <summary>The token that begins every text, which becomes a special one if it is none; null: none does.</summary>
    public string? BeginToken { get; init; }

    /// <summary>How often a character must occur; at least 1.</summary>
    public long MinFrequency { get; init; } = 1;
}

/// <summary>Makes a tokenizer whose tokens are characters (Unicode code points), as for Chinese poems or for proteins.</summary>
public static class CharacterTrainer
{
    /// <summary>Takes the most frequent characters of a corpus; those that occur equally often in the order of their code points. Their ids follow the code points.</summary>
    /// <param name="corpus">The texts.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option cannot be.</exception>
    public static Tokenizer Train(IEnumerable<string> corpus, CharacterTrainingOptions? options = null)
    {
        options ??= new CharacterTrainingOptions();
        IReadOnlyList<AddedToken> special = PairTraining.WithUnknown(options.SpecialTokens, options.UnknownToken);
        if (options.BeginToken is { } begin && special.All(t => t.Content != begin))
            special = [.. special, AddedToken.Special(begin)];
        (options with { SpecialTokens = special }).Check();
        if (options.MinFrequency < 1)
            throw new OptionException(FormattableString.Invariant($"{nameof(options.MinFrequency)} must be at least 1, but is {options.MinFrequency}."));

        // With line breaks, which a dot alone does not stand for.
        PreTokenizer characters = PreTokenizer.Split(@"[\s\S]", SplitBehavior.Isolated);
        Dictionary<string, long> counts = WordCounter.Count(corpus, options.Normalizer, characters, special, options.Threads)
            .Where(c => c.Count >= options.MinFrequency).ToDictionary(c => c.Word, c => c.Count);
        foreach (int point in CodePoints.Of(options.InitialAlphabet))
            counts[char.ConvertFromUtf32(point)] = long.MaxValue;
        string[] kept =
        [
            .. counts.Where(c => special.All(t => t.Content != c.Key))
                .OrderByDescending(c => c.Value).ThenBy(c => char.ConvertToUtf32(c.Key, 0)).Take(options.VocabularySize - special.Count)
                .Select(c => c.Key).OrderBy(c => char.ConvertToUtf32(c, 0)),
        ];
        Dictionary<string, int> ids = special.Select(t => t.Content).Concat(kept).Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id);
        return new Tokenizer(new TokenizerParts(new WordLevelModel(new Vocabulary(ids), options.UnknownToken))
        {
            Normalizer = options.Normalizer,
            PreTokenizer = characters,
            PostProcessor = options.BeginToken is { } first ? BeginWith(first, ids[first]) : null,
            Decoder = new FuseDecoder(),
            AddedTokens = [.. special.Select((token, id) => (token, id))],
        });
    }

    private static TemplatePostProcessor BeginWith(string token, int id)
    {
        var begin = new TemplatePlace(-1, token, 0);
        TemplatePlace first = new(0, null, 0), second = new(1, null, 1);
        return new TemplatePostProcessor([begin, first], [begin, first, begin with { TypeId = 1 }, second], new() { [token] = new TemplateToken(token, [id], [token]) });
    }
}
