namespace Anneal.Models;

/// <summary>A continuation that beam search has found.</summary>
/// <param name="Tokens">The new tokens, with the end token where one ended the text.</param>
/// <param name="Score">
/// The sum of the logarithms of the tokens' probabilities over their number to the power of <see cref="GenerationOptions.LengthPenalty"/>.
/// </param>
public sealed record BeamHypothesis(IReadOnlyList<int> Tokens, double Score);

/// <summary>
/// The beams of one text, as transformers defines them: in each step the best continuations of all beams are found, twice as many as there are beams
/// or more where several tokens end a text. Those among the best of the number of beams that end are kept as found; the best that do not end go
/// on. Of equal scores that of the earlier beam and of the smaller token comes first.
/// </summary>
internal sealed class BeamSearch
{
    private readonly GenerationOptions _options;
    private readonly ScoreRules _rules;
    private readonly GeneratedText _text;
    private readonly int[] _ends;
    private readonly List<BeamHypothesis> _found = [];
    private readonly Candidate[] _candidates;
    private readonly int _vocabulary;

    // The beams that go on, the best one first, and of which beam of the step before each one is the continuation.
    private List<Beam> _beams = [new([], 0, 0)];

    internal BeamSearch(GenerationOptions options, ScoreRules rules, GeneratedText text, int vocabularySize)
    {
        (_options, _rules, _text, _vocabulary, _ends) = (options, rules, text, vocabularySize, [.. options.EndTokens]);
        _candidates = new Candidate[(int)Math.Min((long)options.BeamCount * vocabularySize, (long)options.BeamCount * Math.Max(2, 1 + _ends.Distinct().Count()))];
    }

    internal bool IsDone { get; private set; }

    /// <summary>The best hypotheses, the best one first.</summary>
    internal BeamHypothesis[] Best(int count) => [.. _found.Take(count)];

    /// <summary>Takes one step.</summary>
    /// <param name="session">Has the logits of the beams.</param>
    /// <param name="first">The row of the first beam.</param>
    /// <param name="scores">Room for the scores of one beam.</param>
    internal void Advance(DecodingSession session, int first, double[] scores)
    {
        int count = 0, length = _beams[0].Made.Length + 1;
        for (int beam = 0; beam < _beams.Count; beam++)
        {
            LogProbabilities(session.Logits(first + beam), scores);
            _rules.Apply(scores, _text.Prompt, _beams[beam].Made);
            count = Merge(scores, beam, count);
        }

        if (count == 0)
            throw new ModelException("All tokens that are not forbidden have a logit of -∞: no beam can go on.");
        bool isFull = _found.Count == _options.BeamCount;
        var going = new List<Beam>(_options.BeamCount);
        for (int i = 0; i < count; i++)
        {
            Candidate candidate = _candidates[i];
            bool ends = length == _text.Count || _ends.Contains(candidate.Token);
            if (ends && i < _options.BeamCount && !(isFull && _options.BeamStopping == BeamStopping.WhenFull))
                Keep(new BeamHypothesis([.. _beams[candidate.Beam].Made, candidate.Token], Penalized(candidate.Score, length)));
            else if (!ends && going.Count < _options.BeamCount)
                going.Add(new Beam([.. _beams[candidate.Beam].Made, candidate.Token], candidate.Score, candidate.Beam));
        }

        _beams = going;
        IsDone = going.Count == 0 || !CanImprove(length);
    }

    /// <summary>Says what the rows of the beams read next. Rows without a beam repeat the first one.</summary>
    internal void Place(Span<long> tokens, Span<long> positions, Span<long> source, int first)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            Beam? beam = IsDone ? null : _beams[i < _beams.Count ? i : 0];
            tokens[i] = beam?.Made[^1] ?? _text.Last;
            positions[i] = beam is null ? _text.Position : _text.Prompt.Length + beam.Made.Length - 1;
            source[i] = first + (beam?.Source ?? i);
        }
    }

    private static void LogProbabilities(ReadOnlySpan<float> logits, Span<double> scores)
    {
        float largest = float.NegativeInfinity;
        for (int token = 0; token < logits.Length; token++)
        {
            if (!(logits[token] < float.PositiveInfinity))
                throw new ModelException(FormattableString.Invariant($"The logit of token {token} is {logits[token]}: nothing can be chosen. Hint: the weights may not be finite."));
            largest = Math.Max(largest, logits[token]);
        }

        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - (double)largest);
        double shift = largest + Math.Log(sum);
        for (int token = 0; token < scores.Length; token++)
            scores[token] = logits[token] - shift;
    }

    /// <summary>Takes the continuations of a beam in among the best ones so far, and gives how many these are.</summary>
    private int Merge(double[] scores, int beam, int count)
    {
        double before = _beams[beam].Score;
        for (int token = 0; token < _vocabulary; token++)
        {
            double score = before + scores[token];
            if (!(score > double.NegativeInfinity) || (count == _candidates.Length && !(score > _candidates[count - 1].Score)))
                continue;
            int at = count == _candidates.Length ? count - 1 : count++;
            while (at > 0 && score > _candidates[at - 1].Score)
            {
                _candidates[at] = _candidates[at - 1];
                at--;
            }

            _candidates[at] = new Candidate(beam, token, score);
        }

        return count;
    }

    private void Keep(BeamHypothesis hypothesis)
    {
        int at = _found.FindLastIndex(f => f.Score >= hypothesis.Score) + 1;
        _found.Insert(at, hypothesis);
        if (_found.Count > _options.BeamCount)
            _found.RemoveAt(_found.Count - 1);
    }

    /// <summary>Whether the best beam that goes on may still become better than the worst that is kept.</summary>
    private bool CanImprove(int length)
    {
        if (_found.Count < _options.BeamCount)
            return true;
        if (_options.BeamStopping == BeamStopping.WhenFull)
            return false;
        int reached = _options.BeamStopping == BeamStopping.Never && _options.LengthPenalty > 0 ? _text.Count : length;
        return Penalized(_beams[0].Score, reached) > _found[^1].Score;
    }

    private double Penalized(double score, int length) => score / Math.Pow(length, _options.LengthPenalty);

    /// <summary>A continuation of a beam by one token.</summary>
    private readonly record struct Candidate(int Beam, int Token, double Score);

    /// <summary>A beam that goes on.</summary>
    private sealed record Beam(int[] Made, double Score, int Source);
}
