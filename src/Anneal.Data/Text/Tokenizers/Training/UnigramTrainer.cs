namespace Anneal.Data;

/// <summary>
/// Makes a tokenizer with a unigram language model (Kudo, 2018) from a corpus: from many likely pieces those go, in rounds, that the corpus loses least
/// without, while the probabilities of the others are estimated by expectation and maximization.
/// </summary>
public static class UnigramTrainer
{
    // Rounds of estimation aim somewhat higher than the size that is asked for, so that the last choice is by probability.
    private const double Surplus = 1.1;

    /// <summary>Learns pieces and their probabilities. The same texts and options give the same tokenizer everywhere, in any order of the texts.</summary>
    /// <param name="corpus">The texts.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option cannot be.</exception>
    public static Tokenizer Train(IEnumerable<string> corpus, UnigramTrainingOptions? options = null)
    {
        options ??= new UnigramTrainingOptions();
        IReadOnlyList<AddedToken> special = PairTraining.WithUnknown(options.SpecialTokens, options.UnknownToken);
        (options with { SpecialTokens = special }).Check();
        if (options.MaxPieceLength < 1 || options.SeedSize < 1 || options.SubIterations < 1 || !(options.ShrinkingFactor is > 0 and < 1))
            throw new OptionException("Pieces need a length and a number of at least 1, estimation at least one iteration, and a shrinking factor between 0 and 1.");
        PreTokenizer preTokenizer = options.PreTokenizer ?? PreTokenizer.Metaspace();
        List<(string Word, long Count)> words = WordCounter.Count(corpus, options.Normalizer, preTokenizer, special, options.Threads);
        if (words.Count == 0 && options.InitialAlphabet.Length == 0)
            throw new OptionException("The corpus has no text to learn pieces from.");
        int wanted = options.VocabularySize - special.Count;
        List<UnigramPiece> seeds = UnigramSeeds.Find(words, options.MaxPieceLength, options.SeedSize, options.InitialAlphabet);
        var isRequired = seeds.TakeWhile(p => CodePoints.Of(p.Text).Length == 1).Select(p => p.Text).ToHashSet();
        if (isRequired.Count > wanted)
        {
            throw new OptionException(
                $"A vocabulary of {options.VocabularySize} tokens has no room for {special.Count} special ones and {isRequired.Count} characters. Raise VocabularySize.");
        }

        // A piece that is a special token already would have two ids.
        seeds.RemoveAll(p => special.Any(t => t.Content == p.Text));
        List<UnigramPiece> pieces = Shrink(seeds, words, isRequired, (int)(wanted * Surplus), options);
        return Make(Choose(pieces, isRequired, wanted), special, preTokenizer, options);
    }

    private static List<UnigramPiece> Shrink(
        List<UnigramPiece> pieces, List<(string Word, long Count)> words, HashSet<string> isRequired, int target, UnigramTrainingOptions options)
    {
        while (true)
        {
            for (int i = 0; i < options.SubIterations; i++)
                pieces = new UnigramEstimator(pieces, words, options.Threads).Estimate(isRequired);
            if (pieces.Count <= target)
                return pieces;
            int kept = Math.Max(target, (int)(pieces.Count * options.ShrinkingFactor));
            List<UnigramPiece> fewer = new UnigramEstimator(pieces, words, options.Threads).Prune(kept);
            if (fewer.Count >= pieces.Count)
                return pieces;
            pieces = fewer;
        }
    }

    // Every character stays, so that no text of the corpus is unknown; the others by their probability.
    private static List<UnigramPiece> Choose(List<UnigramPiece> pieces, HashSet<string> isRequired, int wanted)
    {
        double least = pieces.Count > 0 ? pieces.Min(p => p.Score) : 0;
        Dictionary<string, double> scores = pieces.ToDictionary(p => p.Text, p => p.Score);
        List<UnigramPiece> chosen = [.. isRequired.Order(StringComparer.Ordinal).Select((c, i) => new UnigramPiece(c, scores.GetValueOrDefault(c, least - 1e-4 * (i + 1))))];
        chosen.AddRange(pieces.Where(p => !isRequired.Contains(p.Text)).OrderByDescending(p => p.Score).ThenBy(p => p.Text, StringComparer.Ordinal).Take(wanted - chosen.Count));
        chosen.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(a.Text, b.Text));
        return chosen;
    }

    private static Tokenizer Make(List<UnigramPiece> pieces, IReadOnlyList<AddedToken> special, PreTokenizer preTokenizer, UnigramTrainingOptions options)
    {
        var ids = new Dictionary<string, int>();
        foreach (string token in special.Select(t => t.Content).Concat(pieces.Select(p => p.Text)))
            ids.TryAdd(token, ids.Count);
        var scores = new double[ids.Count];
        foreach (UnigramPiece piece in pieces)
            scores[ids[piece.Text]] = piece.Score;
        return new Tokenizer(new TokenizerParts(new UnigramModel(new Vocabulary(ids), scores, ids[options.UnknownToken], byteFallback: false))
        {
            Normalizer = options.Normalizer,
            PreTokenizer = preTokenizer,
            Decoder = new MetaspaceDecoder(MetaspacePreTokenizer.Sign, PrependScheme.Always, true),
            AddedTokens = [.. special.Select((token, id) => (token, id))],
        });
    }
}
