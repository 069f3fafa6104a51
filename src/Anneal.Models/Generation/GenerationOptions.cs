using System.Globalization;

namespace Anneal.Models;

/// <summary>
/// How a text is continued. Without <see cref="Temperature"/> each token is the most probable one (greedy); with it tokens are drawn. The changes
/// of the scores have the definitions and the order of transformers: repetition penalty, forbidden tokens, temperature, top-k, top-p, min-p.
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens that are generated, at least 1; null goes on to the end of the context.</summary>
    public int? MaximumNewTokens { get; init; }

    /// <summary>Tokens that end the text. The one that does is the last one given.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    /// <summary>Tokens that are never chosen.</summary>
    public IReadOnlyList<int> ForbiddenTokens { get; init; } = [];

    /// <summary>
    /// What the scores of tokens that the text already has, the prompt included, are divided by where they are positive and multiplied by where
    /// they are negative (Keskar et al., 2019). More than 0; 1 changes nothing, more makes repetitions rarer.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

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

    /// <summary>Makes sure that the options make sense for a vocabulary.</summary>
    /// <exception cref="OptionException">They do not.</exception>
    internal void Check(int vocabularySize)
    {
        Require(MaximumNewTokens is null or >= 1, nameof(MaximumNewTokens), "at least 1", MaximumNewTokens);
        Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), nameof(RepetitionPenalty), "a finite number more than 0", RepetitionPenalty);
        Require(Temperature is null || (Temperature > 0 && double.IsFinite(Temperature.Value)), nameof(Temperature), "a finite number more than 0; null chooses the most probable token", Temperature);
        Require(TopK is null or >= 1, nameof(TopK), "at least 1", TopK);
        Require(TopP is null or (> 0 and <= 1), nameof(TopP), "more than 0 and at most 1", TopP);
        Require(MinP is null or (>= 0 and <= 1), nameof(MinP), "from 0 to 1", MinP);
        Require(Seed is null or >= 0, nameof(Seed), "at least 0", Seed);
        CheckTokens(vocabularySize);
        CheckDraws();
    }

    private void CheckTokens(int vocabularySize)
    {
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
