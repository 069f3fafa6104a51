namespace Anneal.Models;

/// <summary>
/// Chooses the next token of one text from its logits. All numbers are computed on the host in double precision, and the draws depend on the seed
/// alone.
/// </summary>
internal sealed class TokenSampler
{
    // Draws of tokens share no numbers with other draws from one seed.
    private const uint Stream = 0x746F6B65;
    private readonly GenerationOptions _options;
    private readonly double[] _scores;
    private readonly HashSet<int> _seen = [];
    private RandomWords _random;

    internal TokenSampler(GenerationOptions options, int vocabularySize)
    {
        _options = options;
        _scores = new double[vocabularySize];
        _random = new RandomWords(options.Seed ?? 0, Stream, 0);
    }

    /// <summary>Takes a token into the text, so that it is penalized from now on.</summary>
    internal void See(int token) => _seen.Add(token);

    /// <summary>The next token.</summary>
    /// <exception cref="ModelException">A logit is not a number or infinitely large, or no token is possible.</exception>
    internal int Choose(ReadOnlySpan<float> logits)
    {
        if (_options.Temperature is null)
            return Score(logits);
        List<Candidate> candidates = Distribution(logits);
        double left = NextUniform() * candidates.Sum(c => c.Weight);
        int chosen = -1;
        foreach ((int token, _, double weight) in candidates)
        {
            if (weight == 0)
                continue;
            chosen = token;
            left -= weight;
            if (left < 0)
                break;
        }

        return chosen;
    }

    /// <summary>The tokens from which one is drawn, in their order.</summary>
    internal List<Candidate> Distribution(ReadOnlySpan<float> logits)
    {
        // Weights relative to the largest score: however small the temperature, they do not become infinite.
        double largest = _scores[Score(logits)], temperature = _options.Temperature!.Value;
        var candidates = new List<Candidate>();
        for (int token = 0; token < _scores.Length; token++)
        {
            if (!double.IsNegativeInfinity(_scores[token]))
                candidates.Add(new Candidate(token, _scores[token], Math.Exp((_scores[token] - largest) / temperature)));
        }

        if (_options.TopK is { } k && k < candidates.Count)
            candidates = KeepTopK(candidates, k);
        if (_options.TopP is { } p && p < 1)
            candidates = KeepTopP(candidates, p);
        if (_options.MinP is { } least)
            candidates.RemoveAll(c => c.Weight < least);
        return candidates;
    }

    /// <summary>Penalizes and forbids, and gives the token of the largest score, of equal ones the first.</summary>
    private int Score(ReadOnlySpan<float> logits)
    {
        for (int token = 0; token < _scores.Length; token++)
        {
            if (float.IsNaN(logits[token]) || float.IsPositiveInfinity(logits[token]))
                throw new ModelException(FormattableString.Invariant($"The logit of token {token} is {logits[token]}: nothing can be chosen. Hint: the weights may not be finite."));
            _scores[token] = logits[token];
        }

        foreach (int token in _seen)
            _scores[token] = _scores[token] < 0 ? _scores[token] * _options.RepetitionPenalty : _scores[token] / _options.RepetitionPenalty;
        foreach (int token in _options.ForbiddenTokens)
            _scores[token] = double.NegativeInfinity;
        int best = 0;
        for (int token = 1; token < _scores.Length; token++)
        {
            if (_scores[token] > _scores[best])
                best = token;
        }

        return !double.IsNegativeInfinity(_scores[best]) ? best : throw new ModelException("All tokens that are not forbidden have a logit of -∞: nothing can be chosen.");
    }

    /// <summary>The k candidates of the largest scores, and those whose scores equal the last of these.</summary>
    private static List<Candidate> KeepTopK(List<Candidate> candidates, int k)
    {
        var largest = new PriorityQueue<double, double>();
        foreach (Candidate candidate in candidates)
        {
            if (largest.Count < k)
                largest.Enqueue(candidate.Score, candidate.Score);
            else if (candidate.Score > largest.Peek())
                largest.EnqueueDequeue(candidate.Score, candidate.Score);
        }

        double last = largest.Peek();
        return candidates.FindAll(c => c.Score >= last);
    }

    /// <summary>
    /// Leaves out the least probable candidates as long as their probabilities together are at most 1 - p, but never the most probable one. Of
    /// equally probable ones the later token goes first.
    /// </summary>
    private static List<Candidate> KeepTopP(List<Candidate> candidates, double p)
    {
        Candidate[] rising = [.. candidates.OrderBy(c => c.Score).ThenByDescending(c => c.Token)];
        double total = rising.Sum(c => c.Weight), passed = 0;
        int dropped = 0;
        while (dropped < rising.Length - 1)
        {
            passed += rising[dropped].Weight;
            if (passed > (1 - p) * total)
                break;
            dropped++;
        }

        return [.. rising.Skip(dropped).OrderBy(c => c.Token)];
    }

    /// <summary>Evenly from [0, 1), 53 bits.</summary>
    private double NextUniform() => ((_random.Next() >> 5) * 67108864.0 + (_random.Next() >> 6)) / 9007199254740992.0;

    /// <summary>A token that can be drawn.</summary>
    /// <param name="Token">The token.</param>
    /// <param name="Score">Its score, penalized but not divided by the temperature, which would change no order.</param>
    /// <param name="Weight">Its probability over that of the most probable token.</param>
    internal readonly record struct Candidate(int Token, double Score, double Weight);
}
