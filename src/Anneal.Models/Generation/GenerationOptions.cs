using System.Globalization;

namespace Anneal.Models;

/// <summary>When beam search ends.</summary>
public enum BeamStopping
{
    /// <summary>When as many texts are found as there are beams, and the best beam as it stands is no better than the worst of them; <c>false</c> in transformers.</summary>
    Heuristic,

    /// <summary>As soon as there are as many texts as beams; <c>true</c> in transformers.</summary>
    WhenFull,

    /// <summary>
    /// Not before the best beam can no longer become better than the worst text that is found, however long it grows; <c>never</c> in transformers.
    /// </summary>
    Never,
}

/// <summary>
/// How a text is continued. Without <see cref="Temperature"/> each token is the most probable one (greedy), or beams are searched; with it tokens are
/// drawn. The changes of the scores have the definitions and the order of transformers: repetition penalty (then frequency and presence), repeated
/// n-grams, forbidden tokens, least lengths, temperature, top-k, top-p, min-p.
/// </summary>
public sealed partial record GenerationOptions
{
    // Far above any use; each beam has keys and values of its own.
    private const int MostBeams = 1 << 16;

    /// <summary>The most tokens that are generated, at least 1; null goes on to the end of the context.</summary>
    public int? MaximumNewTokens { get; init; }

    /// <summary>
    /// The most tokens of the whole text, prompt included, at least 1; null sets no limit. The context sets one in any case. Where an encoder reads the
    /// prompt, this counts what is written, the token that begins it included.
    /// </summary>
    public int? MaximumLength { get; init; }

    /// <summary>How many tokens are generated before one of <see cref="EndTokens"/> may come; null is none.</summary>
    public int? MinimumNewTokens { get; init; }

    /// <summary>How many tokens the whole text has, counted as in <see cref="MaximumLength"/>, before one of <see cref="EndTokens"/> may come; null is none.</summary>
    public int? MinimumLength { get; init; }

    /// <summary>Tokens that end the text. The one that does is the last one given.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    /// <summary>Tokens that are never chosen.</summary>
    public IReadOnlyList<int> ForbiddenTokens { get; init; } = [];

    /// <summary>What takes the place of a prompt without any token; null refuses one.</summary>
    public int? BeginToken { get; init; }

    /// <summary>The token that begins what a decoder with an encoder writes; null is what the model's configuration says. Other models take none.</summary>
    public int? DecoderStartToken { get; init; }

    /// <summary>
    /// What the scores of tokens that the text already has, the prompt included, are divided by where they are positive and multiplied by where
    /// they are negative (Keskar et al., 2019). More than 0; 1 changes nothing, more makes repetitions rarer.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>
    /// What is taken from a token's score for each time that it was generated, the prompt not included, as OpenAI defines it. A finite number; 0
    /// changes nothing.
    /// </summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>
    /// What is taken from the scores of tokens that were generated at all, the prompt not included, as OpenAI defines it. A finite number; 0 changes
    /// nothing.
    /// </summary>
    public double PresencePenalty { get; init; }

    /// <summary>The length of sequences of tokens that no text has twice, its prompt included, at least 1; null admits repetitions.</summary>
    public int? NoRepeatSize { get; init; }

    /// <summary>What scores are divided by before tokens are drawn, more than 0; null chooses the most probable token. Needs <see cref="Seed"/>.</summary>
    public double? Temperature { get; init; }

    /// <summary>Draws only from so many most probable tokens, at least 1; those as probable as the last of them count too. Needs <see cref="Temperature"/>.</summary>
    public int? TopK { get; init; }

    /// <summary>
    /// Draws only from the most probable tokens whose probabilities together reach this number (Holtzman et al., 2020), more than 0 and at most 1.
    /// Needs <see cref="Temperature"/>.
    /// </summary>
    public double? TopP { get; init; }

    /// <summary>
    /// Draws only from tokens that have at least this fraction of the largest probability (Nguyen et al., 2024), from 0 to 1. Needs
    /// <see cref="Temperature"/>.
    /// </summary>
    public double? MinP { get; init; }

    /// <summary>The seed of the draws, at least 0: the same seed, prompt and options give the same text. Needs <see cref="Temperature"/>.</summary>
    public long? Seed { get; init; }

    /// <summary>How many beams are searched, from 1 to 65536; 1 is greedy. Beams are not drawn, so <see cref="Temperature"/> must be null for more.</summary>
    public int BeamCount { get; init; } = 1;

    /// <summary>
    /// To which power the number of new tokens divides the sum of their logarithmic probabilities, which gives a beam's score: more than 0 favours longer
    /// texts, less than 0 shorter ones, 1 compares means. For several beams.
    /// </summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When the search ends. For several beams.</summary>
    public BeamStopping BeamStopping { get; init; }

    /// <summary>How many texts <see cref="TokenGenerator.SearchBeams"/> returns, at most <see cref="BeamCount"/>.</summary>
    public int ReturnedSequences { get; init; } = 1;

    /// <summary>Makes sure that the options make sense for a vocabulary.</summary>
    /// <exception cref="OptionException">They do not.</exception>
    internal void Check(int vocabularySize)
    {
        Require(MaximumNewTokens is null or >= 1, nameof(MaximumNewTokens), "at least 1", MaximumNewTokens);
        Require(MaximumLength is null or >= 1, nameof(MaximumLength), "at least 1", MaximumLength);
        Require(MinimumNewTokens is null or >= 0, nameof(MinimumNewTokens), "at least 0", MinimumNewTokens);
        Require(MinimumLength is null or >= 0, nameof(MinimumLength), "at least 0", MinimumLength);
        Require(!(MinimumNewTokens > MaximumNewTokens), nameof(MinimumNewTokens), $"at most {nameof(MaximumNewTokens)}", MinimumNewTokens);
        Require(!(MinimumLength > MaximumLength), nameof(MinimumLength), $"at most {nameof(MaximumLength)}", MinimumLength);
        Require(double.IsFinite(FrequencyPenalty), nameof(FrequencyPenalty), "a finite number", FrequencyPenalty);
        Require(double.IsFinite(PresencePenalty), nameof(PresencePenalty), "a finite number", PresencePenalty);
        Require(NoRepeatSize is null or >= 1, nameof(NoRepeatSize), "at least 1", NoRepeatSize);
        Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), nameof(RepetitionPenalty), "a finite number more than 0", RepetitionPenalty);
        Require(Temperature is null || (Temperature > 0 && double.IsFinite(Temperature.Value)), nameof(Temperature), "a finite number more than 0; null chooses the most probable token", Temperature);
        Require(TopK is null or >= 1, nameof(TopK), "at least 1", TopK);
        Require(TopP is null or (> 0 and <= 1), nameof(TopP), "more than 0 and at most 1", TopP);
        Require(MinP is null or (>= 0 and <= 1), nameof(MinP), "from 0 to 1", MinP);
        Require(Seed is null or >= 0, nameof(Seed), "at least 0", Seed);
        CheckTokens(vocabularySize);
        CheckDraws();
        CheckBeams();
    }

    /// <summary>Makes sure that nothing is set that only a search of beams heeds.</summary>
    /// <exception cref="OptionException">Something is.</exception>
    internal void RequireNoSearch()
    {
        if (ReturnedSequences > 1)
            throw new OptionException($"{nameof(ReturnedSequences)} is {ReturnedSequences}, but one continuation is returned here. Hint: {nameof(TokenGenerator.SearchBeams)} returns several.");
        if (BeamCount == 1 && (LengthPenalty != 1 || BeamStopping != BeamStopping.Heuristic))
            throw new OptionException($"{(LengthPenalty != 1 ? nameof(LengthPenalty) : nameof(BeamStopping))} is for several beams. Hint: set {nameof(BeamCount)}.");
    }

    private void CheckBeams()
    {
        Require(BeamCount is >= 1 and <= MostBeams, nameof(BeamCount), string.Create(CultureInfo.InvariantCulture, $"from 1 to {MostBeams}"), BeamCount);
        Require(double.IsFinite(LengthPenalty), nameof(LengthPenalty), "a finite number", LengthPenalty);
        Require(ReturnedSequences >= 1 && ReturnedSequences <= BeamCount, nameof(ReturnedSequences), string.Create(CultureInfo.InvariantCulture, $"from 1 to {nameof(BeamCount)}, which is {BeamCount}"), ReturnedSequences);
        if (!Enum.IsDefined(BeamStopping))
            throw new OptionException($"{nameof(BeamStopping)} has no value {(int)BeamStopping}.");
        if (BeamCount > 1 && Temperature is not null)
            throw new OptionException($"{nameof(Temperature)} draws tokens, but {nameof(BeamCount)} searches the most probable ones. Hint: leave one of the two out.");
    }

    private void CheckTokens(int vocabularySize)
    {
        RequireTokens(BeginToken is { } begin ? [begin] : [], nameof(BeginToken), vocabularySize);
        RequireTokens(DecoderStartToken is { } start ? [start] : [], nameof(DecoderStartToken), vocabularySize);
        RequireTokens(EndTokens, nameof(EndTokens), vocabularySize);
        RequireTokens(ForbiddenTokens, nameof(ForbiddenTokens), vocabularySize);
        if (ForbiddenTokens.Distinct().Count() == vocabularySize)
            throw new OptionException($"{nameof(ForbiddenTokens)} has all tokens of the vocabulary; at least one must be left.");
        foreach (int token in EndTokens)
        {
            if (ForbiddenTokens.Contains(token))
                throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"The token {token} is in {nameof(EndTokens)} and in {nameof(ForbiddenTokens)}, so it could never end the text."));
        }
    }

    private void CheckDraws()
    {
        if (Temperature is not null)
        {
            if (Seed is null)
                throw new OptionException($"{nameof(Temperature)} draws tokens, which needs a {nameof(Seed)}.");
            return;
        }

        RequireDraws(TopK is not null, nameof(TopK));
        RequireDraws(TopP is not null, nameof(TopP));
        RequireDraws(MinP is not null, nameof(MinP));
        RequireDraws(Seed is not null, nameof(Seed));
    }

    private static void RequireDraws(bool isSet, string option)
    {
        if (isSet)
            throw new OptionException($"{option} is for draws, but without {nameof(Temperature)} the most probable token is chosen. Hint: set {nameof(Temperature)}, 1 leaves probabilities as they are.");
    }

    private static void RequireTokens(IReadOnlyList<int> tokens, string option, int vocabularySize)
    {
        if (tokens is null)
            throw new OptionException($"{option} is null. Hint: an empty list stands for no tokens.");
        foreach (int token in tokens)
            Require(token >= 0 && token < vocabularySize, option, string.Create(CultureInfo.InvariantCulture, $"made of tokens from 0 to {vocabularySize - 1}"), token);
    }

    private static void Require(bool holds, string option, string expected, IFormattable? found)
    {
        if (!holds)
            throw new OptionException($"{option} must be {expected}, not {found?.ToString(null, CultureInfo.InvariantCulture)}.");
    }
}
