using System.Globalization;
using System.Runtime.CompilerServices;

namespace Anneal.Models;

/// <summary>
/// Continues texts with a causal language model. A prompt is read by a program for its length, rounded up to a power of two, and each further
/// token by one program whose shapes never change; keys and values of the text so far are kept from step to step. One generator continues one text
/// at a time; it uses the weights that the model has when a text is continued.
/// </summary>
public sealed class CausalGenerator
{
    private const int SmallestBucket = 16;
    private readonly CausalLanguageModel _model;
    private readonly Program _prefill, _decode;
    private int _isBusy;

    /// <summary>Makes a generator; programs are compiled when they are first needed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="contextLength">
    /// The most tokens of a text, prompt and continuation together; memory for keys and values of as many tokens is kept, and each step reads it.
    /// Null is the longest text that the model was made for.
    /// </param>
    /// <exception cref="OptionException">The context is less than 1 or longer than the model was made for.</exception>
    public CausalGenerator(CausalLanguageModel model, int? contextLength = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (contextLength is { } given && (given < 1 || given > model.MaximumPositions))
        {
            throw new OptionException(string.Create(
                CultureInfo.InvariantCulture, $"{nameof(contextLength)} must be from 1 to {model.MaximumPositions}, the context of the model {model.Name}, not {given}."));
        }

        _model = model;
        ContextLength = contextLength ?? model.MaximumPositions;
        model.EnsureBuilt([.. model.InputsToBuild]);
        var cache = new FixedCache(model.CacheExtents, ContextLength);
        _prefill = Program.Compile(
            (ids, last) =>
            {
                long time = ids.Shape[1];

                // What fills the prompt up stands where its last token stands, so that no position lies behind the text.
                Tensor positions = Tensor.Minimum(Tensor.Range(time, DType.Int64), last);
                return model.Apply(ids, positions, cache.Prefill(time), last);
            },
            new ProgramOptions { Name = "prefill of " + model.Name, CacheSize = 32 });
        _decode = Program.Compile((ids, position) => model.Apply(ids, position, cache.Decode(position)), new ProgramOptions { Name = "decoding of " + model.Name, CacheSize = 1 });
    }

    /// <summary>The most tokens of a text, prompt and continuation together.</summary>
    public int ContextLength { get; }

    /// <summary>The number of tokens that the model has.</summary>
    internal int VocabularySize => _model.VocabularySize;

    /// <summary>The name of the model.</summary>
    internal string ModelName => _model.Name;

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The tokens of the text, at least one.</param>
    /// <param name="options">How; null is greedy to the end of the context.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The new tokens, with the end token where one ended the text.</returns>
    /// <exception cref="ContextLengthException">The prompt, or the prompt with the new tokens, is longer than the context.</exception>
    /// <exception cref="InputException">The prompt is empty or has a token outside of the vocabulary.</exception>
    /// <exception cref="OptionException">An option is out of its range, or has no meaning without another one.</exception>
    /// <exception cref="ModelException">The generator is continuing another text, or the model's logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public int[] Generate(IReadOnlyList<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        [.. Enumerate(prompt, options, cancellationToken)];

    /// <summary>Continues a text and gives each token as soon as it is chosen. The work is done on the thread pool.</summary>
    /// <param name="prompt">The tokens of the text, at least one.</param>
    /// <param name="options">How; null is greedy to the end of the context.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The tokens that <see cref="Generate"/> gives. To stop early, leave the loop.</returns>
    /// <exception cref="ContextLengthException">The prompt, or the prompt with the new tokens, is longer than the context.</exception>
    /// <exception cref="InputException">The prompt is empty or has a token outside of the vocabulary.</exception>
    /// <exception cref="OptionException">An option is out of its range, or has no meaning without another one.</exception>
    /// <exception cref="ModelException">In the loop: the generator is continuing another text, or the model's logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">In the loop: the work was cancelled.</exception>
    public IAsyncEnumerable<int> StreamAsync(IReadOnlyList<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        (int[] tokens, GenerationOptions checkedOptions, int count) = Prepare(prompt, options);
        return StreamPreparedAsync(tokens, checkedOptions, count, cancellationToken);
    }

    /// <summary>The tokens of <see cref="Generate"/>, each computed when it is asked for; prompt and options are checked at once.</summary>
    internal IEnumerable<int> Enumerate(IReadOnlyList<int> prompt, GenerationOptions? options, CancellationToken cancellationToken)
    {
        (int[] tokens, GenerationOptions checkedOptions, int count) = Prepare(prompt, options);
        return Continue(tokens, checkedOptions, count, cancellationToken);
    }

    private async IAsyncEnumerable<int> StreamPreparedAsync(int[] prompt, GenerationOptions options, int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using IEnumerator<int> tokens = Continue(prompt, options, count, cancellationToken).GetEnumerator();
        while (await Task.Run(tokens.MoveNext, cancellationToken).ConfigureAwait(false))
            yield return tokens.Current;
    }

    /// <summary>Checks everything that can be checked before any work, and copies what the caller could change.</summary>
    private (int[] Prompt, GenerationOptions Options, int Count) Prepare(IReadOnlyList<int> prompt, GenerationOptions? options)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new GenerationOptions();
        options.Check(_model.VocabularySize);
        int[] tokens = [.. prompt];
        if (tokens.Length == 0)
            throw new InputException("The prompt is empty. Hint: a text begins with at least one token, such as the one that begins all texts.");
        int count = options.MaximumNewTokens ?? Math.Max(1, ContextLength - tokens.Length);
        if ((long)tokens.Length + count > ContextLength)
            throw new ContextLengthException(tokens.Length, count, ContextLength);
        int wrong = Array.FindIndex(tokens, t => t < 0 || t >= _model.VocabularySize);
        if (wrong >= 0)
        {
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture,
                $"The token {wrong} of the prompt is {tokens[wrong]}, but the model {_model.Name} has tokens from 0 to {_model.VocabularySize - 1}. Hint: do tokenizer and model belong together?"));
        }

        return (tokens, options with { EndTokens = [.. options.EndTokens], ForbiddenTokens = [.. options.ForbiddenTokens] }, count);
    }

    private IEnumerable<int> Continue(int[] prompt, GenerationOptions options, int count, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isBusy, 1) == 1)
            throw new ModelException($"The generator of {_model.Name} is continuing another text. Hint: finish that one first, or make another {nameof(CausalGenerator)} over the same model.");
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var sampler = new TokenSampler(options, _model.VocabularySize);
            Array.ForEach(prompt, sampler.See);
            TensorData logits = Prefill(prompt);
            for (int made = 1; ; made++)
            {
                int token = sampler.Choose(logits.AsSpan<float>());
                sampler.See(token);
                yield return token;
                if (made == count || options.EndTokens.Contains(token))
                    yield break;
                cancellationToken.ThrowIfCancellationRequested();
                logits = _decode.Run(TensorData.From([(long)token], [1, 1]), TensorData.From([(long)prompt.Length + made - 1]));
            }
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    /// <summary>Reads a prompt and gives the logits of the token behind it.</summary>
    private TensorData Prefill(int[] prompt)
    {
        long bucket = SmallestBucket;
        while (bucket < prompt.Length)
            bucket *= 2;
        var ids = new TensorData(DType.Int64, [1, Math.Min(bucket, ContextLength)]);
        for (int i = 0; i < prompt.Length; i++)
            ids.AsSpan<long>()[i] = prompt[i];
        return _prefill.Run(ids, TensorData.From([prompt.Length - 1L]));
    }
}
