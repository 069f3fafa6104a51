using System.Runtime.InteropServices;

namespace Anneal.Data;

/// <summary>Makes a tokenizer of byte-pair encoding (Sennrich et al., 2016) from a corpus.</summary>
public static class BpeTrainer
{
    /// <summary>Learns a vocabulary and its merges. The same texts and options give the same tokenizer everywhere, in any order of the texts.</summary>
    /// <param name="corpus">The texts.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option cannot be.</exception>
    public static Tokenizer Train(IEnumerable<string> corpus, BpeTrainingOptions? options = null)
    {
        options ??= new BpeTrainingOptions();
        bool isBytes = options.Unit switch
        {
            BpeUnit.Bytes => true,
            BpeUnit.Characters => false,
            _ => throw new OptionException($"{options.Unit} is nothing that byte-pair encoding begins with."),
        };
        IReadOnlyList<AddedToken> special = isBytes ? options.SpecialTokens : PairTraining.WithUnknown(options.SpecialTokens, options.UnknownToken);
        (options with { SpecialTokens = special }).Check();
        PreTokenizer preTokenizer = options.PreTokenizer ?? (isBytes ? PreTokenizer.ByteLevel() : PreTokenizer.Metaspace());

        // A vocabulary of bytes needs them spelled as such, whatever else cuts the text.
        if (isBytes && !PairTraining.EndsInBytes(preTokenizer))
            preTokenizer = PreTokenizer.Sequence(preTokenizer, PreTokenizer.ByteLevel(useRegex: false));
        string alphabet = isBytes ? string.Concat(Enumerable.Range(0, 256).Select(b => ByteAlphabet.CharOf((byte)b))) + options.InitialAlphabet : options.InitialAlphabet;
        List<(string Word, long Count)> words = WordCounter.Count(corpus, options.Normalizer, preTokenizer, special, options.Threads);
        PairTrainer trainer = PairTraining.Begin(words, special, alphabet, isBytes ? null : options.LimitAlphabet, prefix: "", options.VocabularySize);
        trainer.Learn(options.VocabularySize, options.MinFrequency, options.MaxTokenLength ?? int.MaxValue);
        Vocabulary vocabulary = PairTraining.VocabularyOf(trainer);
        var pairs = new PairTable(trainer.Merges.Count);
        for (int rank = 0; rank < trainer.Merges.Count; rank++)
            pairs.Set(trainer.Merges[rank].Left, trainer.Merges[rank].Right, rank, trainer.Merges[rank].Merged);
        var settings = new BpeSettings { UnknownToken = isBytes ? null : options.UnknownToken, FuseUnknown = !isBytes };
        return new Tokenizer(new TokenizerParts(new BpeModel(vocabulary, [.. trainer.Merges.Select(m => (m.Left, m.Right))], pairs, settings))
        {
            Normalizer = options.Normalizer,
            PreTokenizer = preTokenizer,
            Decoder = isBytes ? new ByteLevelDecoder(true, true, true) : new MetaspaceDecoder(MetaspacePreTokenizer.Sign, PrependScheme.Always, true),
            AddedTokens = [.. special.Select((token, id) => (token, id))],
        });
    }
}

/// <summary>Makes a WordPiece tokenizer (Wu et al., 2016) from a corpus, with the pieces of byte-pair encoding.</summary>
public static class WordPieceTrainer
{
    /// <summary>Learns a vocabulary. The same texts and options give the same tokenizer everywhere, in any order of the texts.</summary>
    /// <param name="corpus">The texts.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option cannot be.</exception>
    public static Tokenizer Train(IEnumerable<string> corpus, WordPieceTrainingOptions? options = null)
    {
        options ??= new WordPieceTrainingOptions();
        IReadOnlyList<AddedToken> special = PairTraining.WithUnknown(options.SpecialTokens, options.UnknownToken);
        (options with { SpecialTokens = special }).Check();
        PreTokenizer preTokenizer = options.PreTokenizer ?? PreTokenizer.Bert;
        List<(string Word, long Count)> words = WordCounter.Count(corpus, options.Normalizer, preTokenizer, special, options.Threads);
        PairTrainer trainer = PairTraining.Begin(words, special, options.InitialAlphabet, options.LimitAlphabet, options.ContinuingSubwordPrefix, options.VocabularySize);
        trainer.Learn(options.VocabularySize, options.MinFrequency, int.MaxValue);
        var model = new WordPieceModel(PairTraining.VocabularyOf(trainer), options.UnknownToken, options.ContinuingSubwordPrefix, maxInputCharsPerWord: 100);
        return new Tokenizer(new TokenizerParts(model)
        {
            Normalizer = options.Normalizer,
            PreTokenizer = preTokenizer,
            Decoder = new WordPieceDecoder(options.ContinuingSubwordPrefix, cleanup: true),
            AddedTokens = [.. special.Select((token, id) => (token, id))],
        });
    }
}

/// <summary>What trainers of merges have in common.</summary>
internal static class PairTraining
{
    /// <summary>The special tokens, with that of what is not known first if it is none of them.</summary>
    internal static IReadOnlyList<AddedToken> WithUnknown(IReadOnlyList<AddedToken> special, string? unknown) =>
        unknown is null || special.Any(t => t.Content == unknown) ? special : [AddedToken.Special(unknown), .. special];

    internal static bool EndsInBytes(PreTokenizer preTokenizer) =>
        preTokenizer is ByteLevelPreTokenizer || preTokenizer is PreTokenizerSequence { Items: [.., var last] } && EndsInBytes(last);

    /// <summary>Takes the alphabet and the words of a corpus.</summary>
    internal static PairTrainer Begin(
        List<(string Word, long Count)> words, IReadOnlyList<AddedToken> special, string initialAlphabet, int? limitAlphabet, string prefix, int vocabularySize)
    {
        var counts = new Dictionary<string, long>();
        foreach ((string word, long count) in words)
        {
            for (int i = 0; i < word.Length;)
            {
                CodePoints.At(word, i, out int length);
                CollectionsMarshal.GetValueRefOrAddDefault(counts, word.Substring(i, length), out _) += count;
                i += length;
            }
        }

        foreach (int point in CodePoints.Of(initialAlphabet))
            counts[char.ConvertFromUtf32(point)] = long.MaxValue;
        IEnumerable<string> alphabet = counts.Keys;
        if (limitAlphabet is { } limit && counts.Count > limit)
            alphabet = counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(limit).Select(c => c.Key);
        string[] sorted = [.. alphabet.OrderBy(c => char.ConvertToUtf32(c, 0))];
        if (special.Count + sorted.Length > vocabularySize)
        {
            throw new OptionException(
                $"A vocabulary of {vocabularySize} tokens has no room for {special.Count} special ones and {sorted.Length} characters. Raise VocabularySize or set LimitAlphabet.");
        }

        var known = new HashSet<string>(sorted);
        var trainer = new PairTrainer(special.Select(t => t.Content), sorted, prefix);
        foreach ((string word, long count) in words)
            trainer.AddWord(word, count, known.Contains);
        return trainer.Tokens.Count <= vocabularySize
            ? trainer
            : throw new OptionException($"A vocabulary of {vocabularySize} tokens has no room for the {trainer.Tokens.Count} that words begin and go on with. Raise VocabularySize or set LimitAlphabet.");
    }

    internal static Vocabulary VocabularyOf(PairTrainer trainer) => new(trainer.Tokens.Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id));
}
