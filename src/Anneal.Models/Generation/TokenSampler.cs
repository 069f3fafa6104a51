using System.Runtime.CompilerServices;

namespace Anneal.Models;

/// <summary>
/// Chooses the next token of a text from its logits. All numbers are computed on the host in double precision, and the draws depend on the seed
/// alone. Choosing allocates nothing, and no choice sorts the vocabulary: what top-k and top-p leave out lies behind one token in the order of the
/// scores, which is found by counting tokens in buckets of scores and dividing the one bucket that holds it.
/// </summary>
internal sealed class TokenSampler
{
    // Draws of tokens share no numbers with other draws from one seed.
    private const uint Stream = 0x746F6B65;
    private readonly GenerationOptions _options;
    private readonly ScoreRules _rules;
    private const int BitsOfBucket = 18;
    private readonly double[] _scores, _weights, _buckets;
    private readonly int[] _order;

    internal TokenSampler(GenerationOptions options, int vocabularySize)
    {
        (_options, _rules) = (options, new ScoreRules(options, vocabularySize));
        _scores = new double[vocabularySize];
        _weights = options.Temperature is null ? [] : new double[vocabularySize];
        bool selects = options.TopK is not null || options.TopP is not null;
        _order = selects ? new int[vocabularySize] : [];
        _buckets = selects ? new double[1 << (31 - BitsOfBucket)] : [];
    }

    /// <summary>After <see cref="Weigh"/>: the probability of each token, but for a factor; 0 for those that are left out.</summary>
    internal ReadOnlySpan<double> Weights => _weights;

    /// <summary>The draws of one of several texts.</summary>
    internal static RandomWords DrawsOf(GenerationOptions options, int index) => new(options.Seed ?? 0, Stream, index);

    /// <summary>The next token.</summary>
    /// <exception cref="ModelException">A logit is not a number or infinitely large, or no token is possible.</exception>
    internal int Choose(ReadOnlySpan<float> logits, GeneratedText text)
    {
        if (_options.Temperature is null)
            return _rules.IsEmpty ? Largest(logits) : Score(logits, text);
        double left = text.NextUniform() * Weigh(logits, text);
        int chosen = -1;
        for (int token = 0; token < _weights.Length; token++)
        {
            if (_weights[token] == 0)
                continue;
            chosen = token;
            left -= _weights[token];
            if (left < 0)
                break;
        }

        return chosen;
    }

    /// <summary>Computes <see cref="Weights"/> and gives their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal double Weigh(ReadOnlySpan<float> logits, GeneratedText text)
    {
        // Weights relative to the largest score: however small the temperature, they do not become infinite.
        double largest = _scores[Score(logits, text)], temperature = _options.Temperature!.Value, total = 0;
        var last = new Place(double.NegativeInfinity, int.MaxValue);
        if (_options.TopK is { } k && k < _scores.Length)
            last = new Place(_scores[Select(largest, k, byWeight: false)], int.MaxValue);
        for (int token = 0; token < _scores.Length; token++)
        {
            double weight = last.Admits(_scores[token], token) ? Math.Exp((_scores[token] - largest) / temperature) : 0;
            _weights[token] = weight;
            total += weight;
        }

        if (_options.TopP is { } p && p < 1)
        {
            int token = Select(largest, p * total, byWeight: true);
            last = new Place(_scores[token], token);
        }

        double least = _options.MinP ?? 0;
        total = 0;
        for (int token = 0; token < _scores.Length; token++)
        {
            if (_weights[token] < least || !last.Admits(_scores[token], token))
                _weights[token] = 0;
            total += _weights[token];
        }

        return total;
    }

    /// <summary>The token of the largest logit, of equal ones the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Largest(ReadOnlySpan<float> logits)
    {
        int best = -1;
        float largest = float.NegativeInfinity;
        for (int token = 0; token < logits.Length; token++)
        {
            float logit = logits[token];
            if (!(logit < float.PositiveInfinity))
                throw NotFinite(logits, token);
            if (logit > largest)
                (best, largest) = (token, logit);
        }

        return best >= 0 ? best : throw Nothing();
    }

    /// <summary>Penalizes and forbids, and gives the token of the largest score, of equal ones the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Score(ReadOnlySpan<float> logits, GeneratedText text)
    {
        for (int token = 0; token < _scores.Length; token++)
        {
            float logit = logits[token];
            if (!(logit < float.PositiveInfinity))
                throw NotFinite(logits, token);
            _scores[token] = logit;
        }

        _rules.Apply(_scores, text.Prompt, text.Made);
        int best = -1;
        double largest = double.NegativeInfinity;
        for (int token = 0; token < _scores.Length; token++)
        {
            if (_scores[token] > largest)
                (best, largest) = (token, _scores[token]);
        }

        return best >= 0 ? best : throw Nothing();
    }

    /// <summary>
    /// The token at which the possible ones, from the largest score down and of equal scores the first one first, reach a number: of tokens, or the
    /// sum of their weights. Where they do not reach it, the last one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Select(double largest, double wanted, bool byWeight)
    {
        Array.Clear(_buckets);
        for (int token = 0; token < _scores.Length; token++)
        {
            if (_scores[token] > double.NegativeInfinity)
                _buckets[BucketOf(largest - _scores[token])] += byWeight ? _weights[token] : 1;
        }

        int bucket = 0;
        double before = 0;
        for (int i = 0; i < _buckets.Length; i++)
        {
            if (_buckets[i] == 0)
                continue;
            bucket = i;
            if (before + _buckets[i] >= wanted)
                break;
            before += _buckets[i];
        }

        int count = 0;
        for (int token = 0; token < _scores.Length; token++)
        {
            if (_scores[token] > double.NegativeInfinity && BucketOf(largest - _scores[token]) == bucket)
                _order[count++] = token;
        }

        return SelectListed(count, wanted - before, byWeight);
    }

    /// <summary>
    /// The place of a distance from the largest score: the first bits of a float that is not negative grow with it. There are 32 buckets between a
    /// distance and its double, whatever the scale of the scores.
    /// </summary>
    private static int BucketOf(double distance) => BitConverter.SingleToInt32Bits((float)distance) >> BitsOfBucket;

    /// <summary>The listed token at which those listed reach a number, as <see cref="Select"/> counts.</summary>
    private int SelectListed(int count, double wanted, bool byWeight)
    {
        int begin = 0, end = count;
        double before = 0;
        while (end - begin > 1)
        {
            (int pivot, double above) = Partition(begin, end, byWeight);
            double own = byWeight ? _weights[_order[pivot]] : 1;
            if (before + above >= wanted && pivot > begin)
                end = pivot;
            else if (before + above + own >= wanted)
                return _order[pivot];
            else
                (before, begin) = (before + above + own, pivot + 1);
        }

        return _order[Math.Min(begin, count - 1)];
    }

    /// <summary>Brings those before a token in front of it, and those behind it behind. Gives its place and what those in front have together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private (int Pivot, double Above) Partition(int begin, int end, bool byWeight)
    {
        // Of three tokens far from each other the middle one; so scores in order are divided in halves.
        (int a, int b, int c) = (begin, begin + (end - begin) / 2, end - 1);
        int middle = IsBefore(_order[a], _order[b])
            ? IsBefore(_order[b], _order[c]) ? b : IsBefore(_order[a], _order[c]) ? c : a
            : IsBefore(_order[a], _order[c]) ? a : IsBefore(_order[b], _order[c]) ? c : b;
        int token = _order[middle], place = begin;
        double above = 0;
        (_order[middle], _order[end - 1]) = (_order[end - 1], token);
        for (int i = begin; i < end - 1; i++)
        {
            int other = _order[i];
            if (!IsBefore(other, token))
                continue;
            above += byWeight ? _weights[other] : 1;
            (_order[i], _order[place]) = (_order[place], other);
            place++;
        }

        (_order[end - 1], _order[place]) = (_order[place], token);
        return (place, above);
    }

    private bool IsBefore(int a, int b) => _scores[a] > _scores[b] || (_scores[a] == _scores[b] && a < b);

    private static ModelException NotFinite(ReadOnlySpan<float> logits, int token) =>
        new(FormattableString.Invariant($"The logit of token {token} is {logits[token]}: nothing can be chosen. Hint: the weights may not be finite."));

    private static ModelException Nothing() => new("All tokens that are not forbidden have a logit of -∞: nothing can be chosen.");

    /// <summary>The last token, in the order of the scores, that is not left out.</summary>
    private readonly record struct Place(double Score, int Token)
    {
        internal bool Admits(double score, int token) => score > Score || (score == Score && token <= Token);
    }
}
