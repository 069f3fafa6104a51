namespace Anneal;

/// <summary>Compares two forms of a model: with an adapter and merged, in 32 and 16 bits, before and after a save, here and in another runtime.</summary>
public static class Parity
{
    /// <summary>
    /// Compares two functions from inputs to logits, sample by sample; nothing is kept of a sample. Sums are in double precision.
    /// </summary>
    /// <param name="original">The form that is right: logits float32 <c>[batch, ..., classes]</c> of inputs.</param>
    /// <param name="exported">The form that should give the same.</param>
    /// <param name="samples">What they are given; gone through once.</param>
    /// <param name="tolerance">What is allowed; null for the defaults.</param>
    /// <exception cref="ShapeException">The two forms give logits of different shapes, or a mask does not fit.</exception>
    /// <exception cref="DTypeException">Logits are not float32.</exception>
    /// <exception cref="OptionException">There is no position to compare, or a tolerance is out of range.</exception>
    public static ParityCertificate Check(
        Func<IReadOnlyList<TensorData>, TensorData> original, Func<IReadOnlyList<TensorData>, TensorData> exported, IEnumerable<ParitySample> samples,
        ParityTolerance? tolerance = null)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(exported);
        return CheckAll(inputs => [original(inputs)], inputs => [exported(inputs)], samples, tolerance);
    }

    /// <summary>
    /// Compares two functions from inputs to any number of outputs. Of several, each must lie within the tolerance, by its own largest logit;
    /// <see cref="ParityCertificate.Outputs"/> has them one by one.
    /// </summary>
    /// <param name="original">The form that is right: float32 outputs <c>[batch, ..., classes]</c> of inputs.</param>
    /// <param name="exported">The form that should give the same.</param>
    /// <param name="samples">What they are given; gone through once.</param>
    /// <param name="tolerance">What is allowed; null for the defaults.</param>
    /// <exception cref="ShapeException">The two forms give other numbers of outputs, or outputs of other shapes, or a mask does not fit.</exception>
    /// <exception cref="DTypeException">Outputs are not float32.</exception>
    /// <exception cref="OptionException">There is no position to compare, or a tolerance is out of range.</exception>
    public static ParityCertificate CheckAll(
        Func<IReadOnlyList<TensorData>, IReadOnlyList<TensorData>> original, Func<IReadOnlyList<TensorData>, IReadOnlyList<TensorData>> exported,
        IEnumerable<ParitySample> samples, ParityTolerance? tolerance = null)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(exported);
        ArgumentNullException.ThrowIfNull(samples);
        tolerance ??= new ParityTolerance();
        tolerance.Check();
        var all = new ParitySums();
        List<ParitySums> outputs = [];
        foreach (ParitySample sample in samples)
        {
            IReadOnlyList<TensorData> expected = original(sample.Inputs), found = exported(sample.Inputs);
            if (expected.Count != found.Count || (outputs.Count > 0 && outputs.Count != expected.Count))
                throw new ShapeException(FormattableString.Invariant($"Parity: expected as many outputs of both forms, but found {expected.Count} and {found.Count}."));
            for (int i = outputs.Count; i < expected.Count; i++)
                outputs.Add(new ParitySums());
            all.CountSample();
            for (int i = 0; i < expected.Count; i++)
            {
                all.Add(expected[i], found[i], sample.Mask);
                outputs[i].CountSample();
                outputs[i].Add(expected[i], found[i], sample.Mask);
            }
        }

        ParityCertificate certificate = all.Certify(tolerance);
        return outputs.Count == 1 ? certificate : certificate with { Outputs = [.. outputs.Select(o => o.Certify(tolerance))] };
    }

    /// <summary>Compares two models.</summary>
    /// <param name="original">The model that is right.</param>
    /// <param name="exported">The model that should give the same.</param>
    /// <param name="samples">What they are given; gone through once.</param>
    /// <param name="tolerance">What is allowed; null for the defaults.</param>
    /// <exception cref="AnnealException">As for the other forms; or a model cannot take its input.</exception>
    public static ParityCertificate Check(Model original, Model exported, IEnumerable<ParitySample> samples, ParityTolerance? tolerance = null)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(exported);
        return CheckAll(OutputsOf(original), OutputsOf(exported), samples, tolerance);
    }

    /// <summary>What a model gives for inputs.</summary>
    internal static Func<IReadOnlyList<TensorData>, IReadOnlyList<TensorData>> OutputsOf(Model model) => inputs => model.PredictAll(new ArrayDataset([.. inputs], []));
}

/// <summary>What is added up over samples.</summary>
internal sealed class ParitySums
{
    private long _samples, _positions, _nonFinite, _agreements, _differences;
    private double _largestDifference, _differenceSum, _largestLogit, _divergenceSum, _largestDivergence;

    internal void CountSample() => _samples++;

    internal void Add(TensorData original, TensorData exported, TensorData? mask)
    {
        if (original.DType != DType.Float32 || exported.DType != DType.Float32)
            throw new DTypeException($"Parity: expected float32 logits, but found {original.Type} and {exported.Type}.");
        if (original.Shape != exported.Shape || original.Shape.Rank < 1 || original.Shape[^1] < 1)
            throw new ShapeException($"Parity: expected logits [..., classes] of one shape, but found {original.Shape} and {exported.Shape}.");
        if (mask is not null && mask.Shape != original.Shape[..^1])
            throw new ShapeException($"Parity: the mask of logits {original.Shape} has the shape {original.Shape[..^1]}, but found {mask.Shape}.");
        int classes = checked((int)original.Shape[^1]);
        long rows = original.Shape.ElementCount / classes;
        float[] a = new float[classes], b = new float[classes];
        for (long row = 0; row < rows; row++)
        {
            if (mask is not null && mask.GetDouble(row) == 0)
                continue;
            original.AsBytes(row * classes * sizeof(float), classes * sizeof(float)).CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(a.AsSpan()));
            exported.AsBytes(row * classes * sizeof(float), classes * sizeof(float)).CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(b.AsSpan()));
            AddRow(a, b);
        }
    }

    internal ParityCertificate Certify(ParityTolerance tolerance) => _positions == 0
        ? throw new OptionException("Parity: there is no position to compare. Hint: give at least one sample whose mask is not 0 everywhere.")
        : new ParityCertificate
        {
            Samples = _samples,
            Positions = _positions,
            NonFinitePositions = _nonFinite,
            Top1Agreement = (double)_agreements / _positions,
            LargestDifference = _largestDifference,
            MeanDifference = _differences == 0 ? double.NaN : _differenceSum / _differences,
            LargestLogit = _largestLogit,
            MeanDivergence = _positions == _nonFinite ? double.NaN : _divergenceSum / (_positions - _nonFinite),
            LargestDivergence = _largestDivergence,
            Tolerance = tolerance,
        };

    /// <summary>One position. An infinity is equal to itself alone; what is not a number is equal to nothing.</summary>
    private void AddRow(ReadOnlySpan<float> original, ReadOnlySpan<float> exported)
    {
        _positions++;
        double row = 0;
        for (int i = 0; i < original.Length; i++)
        {
            if (!float.IsFinite(original[i]) || !float.IsFinite(exported[i]))
            {
                if (original[i] == exported[i] && original[i] < 0)
                    continue;
                _nonFinite++;
                return;
            }

            row = Math.Max(row, Math.Abs((double)original[i] - exported[i]));
        }

        for (int i = 0; i < original.Length; i++)
        {
            if (!float.IsFinite(original[i]))
                continue;
            _differences++;
            _differenceSum += Math.Abs((double)original[i] - exported[i]);
            _largestLogit = Math.Max(_largestLogit, Math.Abs((double)original[i]));
        }

        _largestDifference = Math.Max(_largestDifference, row);
        _agreements += Best(original) == Best(exported) ? 1 : 0;
        double divergence = Divergence(original, exported);
        _divergenceSum += divergence;
        _largestDivergence = Math.Max(_largestDivergence, divergence);
    }

    private static int Best(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }

        return best;
    }

    /// <summary>Σ p · (log p - log q), with what rounding leaves below 0 taken as 0. A class of probability 0 in both adds nothing.</summary>
    private static double Divergence(ReadOnlySpan<float> original, ReadOnlySpan<float> exported)
    {
        double a = LogSum(original), b = LogSum(exported), sum = 0;
        for (int i = 0; i < original.Length; i++)
        {
            double log = original[i] - a;
            if (!double.IsNegativeInfinity(log))
                sum += Math.Exp(log) * (log - (exported[i] - b));
        }

        return sum < 0 ? 0 : sum;
    }

    private static double LogSum(ReadOnlySpan<float> logits)
    {
        double most = logits[Best(logits)], sum = 0;
        if (double.IsNegativeInfinity(most))
            return 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - most);
        return most + Math.Log(sum);
    }
}
