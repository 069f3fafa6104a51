namespace Anneal.Models;

/// <summary>
/// What changes the scores of the next token before one is chosen: penalties for what the text has already, and tokens that may not come. Scores
/// are logits where tokens are chosen or drawn, and logarithms of probabilities in beam search.
/// </summary>
internal sealed class ScoreRules
{
    private readonly GenerationOptions _options;
    private readonly int[] _forbidden, _ends;

    // How often each token occurs; zero for all of them between two texts.
    private readonly int[] _counts;

    internal ScoreRules(GenerationOptions options, int vocabularySize)
    {
        (_options, _forbidden, _ends) = (options, [.. options.ForbiddenTokens], [.. options.EndTokens]);
        _counts = new int[vocabularySize];
        IsEmpty = options is { RepetitionPenalty: 1, FrequencyPenalty: 0, PresencePenalty: 0, NoRepeatSize: null, MinimumLength: null, MinimumNewTokens: null } && _forbidden.Length == 0;
    }

    /// <summary>Whether nothing ever changes.</summary>
    internal bool IsEmpty { get; }

    /// <summary>Changes the scores for the token behind <paramref name="prompt"/> and <paramref name="made"/>.</summary>
    internal void Apply(Span<double> scores, ReadOnlySpan<int> prompt, ReadOnlySpan<int> made)
    {
        if (_options.RepetitionPenalty != 1)
            Repeat(scores, prompt, made);
        if (_options.FrequencyPenalty != 0 || _options.PresencePenalty != 0)
            Frequent(scores, made);
        if (_options.NoRepeatSize is { } size)
            ForbidRepeats(scores, prompt, made, size);
        foreach (int token in _forbidden)
            scores[token] = double.NegativeInfinity;
        if (made.Length < (_options.MinimumNewTokens ?? 0) || prompt.Length + made.Length < (_options.MinimumLength ?? 0))
        {
            foreach (int token in _ends)
                scores[token] = double.NegativeInfinity;
        }
    }

    private void Repeat(Span<double> scores, ReadOnlySpan<int> prompt, ReadOnlySpan<int> made)
    {
        Once(scores, prompt, _options.RepetitionPenalty);
        Once(scores, made, _options.RepetitionPenalty);
        foreach (int token in prompt)
            _counts[token] = 0;
        foreach (int token in made)
            _counts[token] = 0;
    }

    private void Once(Span<double> scores, ReadOnlySpan<int> tokens, double penalty)
    {
        foreach (int token in tokens)
        {
            if (_counts[token]++ == 0)
                scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty;
        }
    }

    private void Frequent(Span<double> scores, ReadOnlySpan<int> made)
    {
        foreach (int token in made)
            _counts[token]++;
        foreach (int token in made)
        {
            if (_counts[token] == 0)
                continue;
            scores[token] -= _counts[token] * _options.FrequencyPenalty + _options.PresencePenalty;
            _counts[token] = 0;
        }
    }

    /// <summary>Forbids each token that once followed the last ones of the text.</summary>
    private static void ForbidRepeats(Span<double> scores, ReadOnlySpan<int> prompt, ReadOnlySpan<int> made, int size)
    {
        int length = prompt.Length + made.Length, context = size - 1;
        for (int start = 0; start + context < length; start++)
        {
            int i = 0;
            while (i < context && At(prompt, made, start + i) == At(prompt, made, length - context + i))
                i++;
            if (i == context)
                scores[At(prompt, made, start + context)] = double.NegativeInfinity;
        }
    }

    private static int At(ReadOnlySpan<int> prompt, ReadOnlySpan<int> made, int index) => index < prompt.Length ? prompt[index] : made[index - prompt.Length];
}
