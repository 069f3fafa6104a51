using System.Globalization;

namespace Anneal.Models;

/// <summary>In which pieces a long text is read.</summary>
public sealed record PerplexityOptions
{
    /// <summary>The tokens of a window; null is the longest text that the model was made for.</summary>
    public int? ContextLength { get; init; }

    /// <summary>
    /// How far one window stands behind the one before: each judges so many new tokens, and reads the others as their context. Null is half of the
    /// window. Small strides are exact and slow; a stride of a whole window leaves the first token of each without context, and so unjudged.
    /// </summary>
    public int? Stride { get; init; }
}

/// <summary>How well a model foretells a text.</summary>
/// <param name="Value">The perplexity: e to the power of <paramref name="MeanNegativeLogLikelihood"/>.</param>
/// <param name="MeanNegativeLogLikelihood">The mean of minus the natural logarithm of the probability of each judged token, given those before it in its window.</param>
/// <param name="TokenCount">The judged tokens: all but the first one, unless the stride is a whole window.</param>
public sealed record PerplexityResult(double Value, double MeanNegativeLogLikelihood, long TokenCount);

/// <summary>The perplexity of causal models, also over texts that are longer than their context: a window slides over the text.</summary>
public static class TextPerplexity
{
    /// <summary>Measures how well a model foretells a text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The tokens of the text, at least two.</param>
    /// <param name="options">In which pieces it is read; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the work before the next window.</param>
    /// <exception cref="InputException">There are fewer than two tokens, or one outside of the vocabulary.</exception>
    /// <exception cref="OptionException">The window is longer than the model's context or shorter than two tokens, or the stride longer than the window.</exception>
    /// <exception cref="ModelException">The model's logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static PerplexityResult Of(CausalLanguageModel model, IReadOnlyList<int> tokens, PerplexityOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        (int window, int stride) = Checked(model, options ?? new PerplexityOptions());
        long[] text = CheckedTokens(model, tokens);
        window = Math.Min(window, text.Length);
        model.EnsureBuilt([.. model.InputsToBuild]);
        Program costs = Program.Compile((Tensor ids) => CostsOf(model, ids), model.ProgramOptions("perplexity", 1));

        double sum = 0;
        long count = 0;
        for (int begin = 0, judged = 1; judged < text.Length; begin += stride)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int end = Math.Min(begin + window, text.Length);

            // The last window is filled up: tokens on the right change nothing on their left.
            var ids = new TensorData(DType.Int64, [1, window]);
            text.AsSpan(begin, end - begin).CopyTo(ids.AsSpan<long>());
            ReadOnlySpan<float> found = costs.Run(ids).AsSpan<float>();
            for (int at = Math.Max(judged, begin + 1); at < end; at++, count++)
                sum += found[at - begin - 1];
            judged = end;
        }

        double mean = sum / count;
        return double.IsNaN(mean)
            ? throw new ModelException($"The logits of the model {model.Name} are not numbers, so the text has no perplexity. Hint: the weights may not be finite.")
            : new PerplexityResult(Math.Exp(mean), mean, count);
    }

    /// <summary>What each token but the first costs: minus the logarithm of its probability, <c>[time - 1]</c>.</summary>
    private static Tensor CostsOf(CausalLanguageModel model, Tensor ids)
    {
        long judged = ids.Shape[1] - 1;
        Tensor logits = model.Apply(ids).Narrow(1, 0, judged), next = ids.Narrow(1, 1, judged).ExpandAxis(-1);
        return (logits.LogSumExp(-1) - logits.GatherAlong(-1, next).Reshape(1, judged)).Reshape(judged);
    }

    private static (int Window, int Stride) Checked(CausalLanguageModel model, PerplexityOptions options)
    {
        int window = options.ContextLength ?? model.MaximumPositions;
        if (window < 2 || window > model.MaximumPositions)
        {
            throw new OptionException(string.Create(
                CultureInfo.InvariantCulture, $"{nameof(options.ContextLength)} must be from 2 to {model.MaximumPositions}, the context of the model {model.Name}, not {window}."));
        }

        int stride = options.Stride ?? window / 2;
        return stride >= 1 && stride <= window
            ? (window, stride)
            : throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"{nameof(options.Stride)} must be from 1 to {window}, the length of the window, not {stride}."));
    }

    private static long[] CheckedTokens(CausalLanguageModel model, IReadOnlyList<int> tokens)
    {
        long[] text = [.. tokens.Select(t => (long)t)];
        if (text.Length < 2)
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"The text has {text.Length} tokens, but perplexity needs two: the first one is only context."));
        int wrong = Array.FindIndex(text, t => t < 0 || t >= model.VocabularySize);
        return wrong < 0
            ? text
            : throw new InputException(string.Create(
                CultureInfo.InvariantCulture,
                $"Token {wrong} of the text is {text[wrong]}, but the model {model.Name} has tokens from 0 to {model.VocabularySize - 1}. Hint: do tokenizer and model belong together?"));
    }
}
