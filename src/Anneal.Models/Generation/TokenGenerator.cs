using System.Globalization;
using System.Runtime.CompilerServices;

namespace Anneal.Models;

/// <summary>
/// Makes texts of tokens with a model: <see cref="CausalGenerator"/> continues prompts, <see cref="EncoderDecoderGenerator"/> answers them. A generator does
/// one thing at a time; it uses the weights that the model has when a text is begun. What it remembers of its last texts takes memory until
/// others take their place.
/// </summary>
public abstract class TokenGenerator
{
    private DecodingSession? _single, _several;
    private int _isBusy;

    private protected TokenGenerator(PretrainedModel model, int vocabularySize, int contextLength) =>
        (Model, VocabularySize, ContextLength) = (model, vocabularySize, contextLength);

    /// <summary>The most tokens of a text.</summary>
    public int ContextLength { get; }

    /// <summary>The model.</summary>
    public PretrainedModel Model { get; }

    /// <summary>The number of tokens that the model has.</summary>
    public int VocabularySize { get; }

    /// <summary>Makes the new tokens of a text.</summary>
    /// <param name="prompt">The tokens of the prompt; it may be empty where <see cref="GenerationOptions.BeginToken"/> stands for it.</param>
    /// <param name="options">How; null is greedy to the end of the context.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The new tokens, with the end token where one ended the text.</returns>
    /// <exception cref="ContextLengthException">The prompt, or the prompt with the new tokens, is longer than the context.</exception>
    /// <exception cref="InputException">The prompt is empty or has a token outside of the vocabulary.</exception>
    /// <exception cref="OptionException">An option is out of its range, or has no meaning without another one.</exception>
    /// <exception cref="ModelException">The generator is at work on another text, or the model's logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public int[] Generate(IReadOnlyList<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateBatch([prompt], options, cancellationToken)[0];

    /// <summary>
    /// Makes the new tokens of several texts at once, which takes little longer than one: each gets what it would get in any company (with more than
    /// eight texts and large weights products are summed in another order, which moves the last digits of logits). With draws,
    /// the text of index i has the draws that <see cref="GenerationOptions.Seed"/> and i give, the first one those that it has alone; so a prompt
    /// that is given several times is continued in several ways. Keys and values of all texts are kept, which takes memory.
    /// </summary>
    /// <param name="prompts">The tokens of each prompt, of any lengths.</param>
    /// <param name="options">How; null is greedy to the end of the context.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The new tokens of each text, with the end token where one ended it.</returns>
    /// <exception cref="ContextLengthException">A prompt, or a prompt with the new tokens, is longer than the context; the longest one is named.</exception>
    /// <exception cref="InputException">A prompt is empty or has a token outside of the vocabulary, or there is no prompt.</exception>
    /// <exception cref="OptionException">An option is out of its range, or has no meaning without another one.</exception>
    /// <exception cref="ModelException">The generator is at work on another text, or the model's logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public int[][] GenerateBatch(IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        (GeneratedText[] texts, GenerationOptions prepared) = Prepare(prompts, options);
        prepared.RequireNoSearch();
        if (prepared.BeamCount > 1)
            return Array.ConvertAll(Search(texts, prepared, cancellationToken), found => found[0].Tokens.ToArray());
        foreach (GeneratedText text in Run(texts, prepared, cancellationToken))
        {
        }

        return Array.ConvertAll(texts, t => t.Made.ToArray());
    }

    /// <summary>Makes the new tokens of a text and gives each as soon as it is chosen. The work is done on the thread pool.</summary>
    /// <param name="prompt">The tokens of the prompt; it may be empty where <see cref="GenerationOptions.BeginToken"/> stands for it.</param>
    /// <param name="options">How; null is greedy to the end of the context.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The tokens that <see cref="Generate"/> gives. To stop early, leave the loop.</returns>
    /// <exception cref="ContextLengthException">The prompt, or the prompt with the new tokens, is longer than the context.</exception>
    /// <exception cref="InputException">The prompt is empty or has a token outside of the vocabulary.</exception>
    /// <exception cref="OptionException">An option is out of its range, has no meaning without another one, or is for several beams.</exception>
    /// <exception cref="ModelException">In the loop: the generator is at work on another text, or the model's logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">In the loop: the work was cancelled.</exception>
    public IAsyncEnumerable<int> StreamAsync(IReadOnlyList<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        (GeneratedText[] texts, GenerationOptions prepared) = Prepare([prompt], options);
        prepared.RequireNoSearch();
        if (prepared.BeamCount > 1)
            throw new OptionException($"{nameof(GenerationOptions.BeamCount)} is {prepared.BeamCount}, but a beam is known only when the search has ended. Hint: use {nameof(Generate)}, or one beam.");
        return StreamPreparedAsync(texts, prepared, cancellationToken);
    }

    /// <summary>
    /// Searches for the most probable continuations with <see cref="GenerationOptions.BeamCount"/> beams, as transformers defines the search.
    /// </summary>
    /// <param name="prompt">The tokens of the prompt; it may be empty where <see cref="GenerationOptions.BeginToken"/> stands for it.</param>
    /// <param name="options">How; <see cref="GenerationOptions.Temperature"/> must be null.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>
    /// The best continuations, <see cref="GenerationOptions.ReturnedSequences"/> of them, the best one first; fewer where there are not so many.
    /// </returns>
    /// <exception cref="AnnealException">As <see cref="Generate"/>.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public IReadOnlyList<BeamHypothesis> SearchBeams(IReadOnlyList<int> prompt, GenerationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Temperature is not null)
            throw new OptionException($"{nameof(GenerationOptions.Temperature)} draws tokens, but beams are searched. Hint: leave it out.");
        (GeneratedText[] texts, GenerationOptions prepared) = Prepare([prompt], options);
        return Search(texts, prepared, cancellationToken)[0];
    }

    /// <summary>Makes the tokens of texts one after another, each when it is asked for: gives the text that has got one. Who reads may end a text.</summary>
    internal IEnumerable<GeneratedText> Run(GeneratedText[] texts, GenerationOptions options, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            DecodingSession session = Begin(texts, 1, cancellationToken);
            var sampler = new TokenSampler(options, VocabularySize);
            int[] ends = [.. options.EndTokens];
            var tokens = new long[texts.Length];
            var positions = new long[texts.Length];
            while (true)
            {
                for (int row = 0; row < texts.Length; row++)
                {
                    GeneratedText text = texts[row];
                    if (text.IsEnded)
                        continue;
                    text.Add(sampler.Choose(session.Logits(row), text), ends);
                    (tokens[row], positions[row]) = (text.Last, text.Position);
                    yield return text;
                }

                if (Array.TrueForAll(texts, t => t.IsEnded))
                    yield break;
                cancellationToken.ThrowIfCancellationRequested();
                session.Step(tokens, positions);
            }
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    /// <summary>The best continuations of each text.</summary>
    internal BeamHypothesis[][] Search(GeneratedText[] texts, GenerationOptions options, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            int beams = options.BeamCount;
            DecodingSession session = Begin(texts, beams, cancellationToken);
            var rules = new ScoreRules(options, VocabularySize);
            var scores = new double[VocabularySize];
            BeamSearch[] searches = Array.ConvertAll(texts, t => new BeamSearch(options, rules, t, VocabularySize));
            var (tokens, positions, source) = (new long[session.Rows], new long[session.Rows], new long[session.Rows]);
            while (true)
            {
                for (int i = 0; i < searches.Length; i++)
                {
                    int first = i * beams;
                    if (!searches[i].IsDone)
                        searches[i].Advance(session, first, scores);
                    searches[i].Place(tokens.AsSpan(first, beams), positions.AsSpan(first, beams), source.AsSpan(first, beams), first);
                }

                if (Array.TrueForAll(searches, s => s.IsDone))
                    return Array.ConvertAll(searches, s => s.Best(options.ReturnedSequences));
                cancellationToken.ThrowIfCancellationRequested();
                session.Step(tokens, positions, source);
            }
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    /// <summary>Checks everything that can be checked before any work, and copies what the caller could change.</summary>
    internal (GeneratedText[] Texts, GenerationOptions Options) Prepare(IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new GenerationOptions();
        options.Check(VocabularySize);
        options = options with { EndTokens = [.. options.EndTokens], ForbiddenTokens = [.. options.ForbiddenTokens] };
        if (prompts.Count == 0)
            throw new InputException("There is no prompt.");
        var tokens = new int[prompts.Count][];
        for (int i = 0; i < tokens.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(prompts[i], nameof(prompts));
            tokens[i] = [.. prompts[i]];
            if (tokens[i].Length == 0 && options.BeginToken is { } begin)
                tokens[i] = [begin];
            CheckPrompt(tokens[i], tokens.Length == 1 ? "The prompt" : string.Create(CultureInfo.InvariantCulture, $"Prompt {i}"));
        }

        // Of several that are too long the longest is named, which tells how much is to be cut.
        int longest = Array.FindIndex(tokens, t => t.Length == tokens.Max(other => other.Length));
        RequireRoom(tokens[longest].Length, options, tokens.Length == 1 ? null : longest);
        return (Array.ConvertAll([.. tokens.Index()], t => Lay(t.Item, options, t.Index)), options);
    }

    /// <summary>Makes rows for texts.</summary>
    private protected abstract DecodingSession CreateSession(int rows);

    /// <summary>Makes sure that a prompt and what is made of it have room.</summary>
    /// <param name="length">The tokens of the longest prompt.</param>
    /// <param name="options">How many tokens are wanted.</param>
    /// <param name="index">Which prompt it is; null is the only one.</param>
    private protected abstract void RequireRoom(int length, GenerationOptions options, int? index);

    /// <summary>What a prompt is for this kind of model.</summary>
    private protected abstract GeneratedText Lay(int[] prompt, GenerationOptions options, int index);

    /// <summary>The most new tokens of a text of which so many stand.</summary>
    private protected int CountFor(int standing, GenerationOptions options)
    {
        int count = options.MaximumNewTokens ?? Math.Max(1, ContextLength - standing);
        if (options.MaximumLength is not { } longest)
            return count;
        return longest > standing
            ? Math.Min(count, longest - standing)
            : throw new OptionException(string.Create(
                CultureInfo.InvariantCulture,
                $"{nameof(options.MaximumLength)} is {longest}, which leaves no room for a new token behind the {standing} of a prompt. Hint: raise it, or set {nameof(options.MaximumNewTokens)} instead."));
    }

    private async IAsyncEnumerable<int> StreamPreparedAsync(GeneratedText[] texts, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using IEnumerator<GeneratedText> steps = Run(texts, options, cancellationToken).GetEnumerator();
        while (await Task.Run(steps.MoveNext, cancellationToken).ConfigureAwait(false))
            yield return steps.Current.Last;
    }

    private void CheckPrompt(int[] tokens, string which)
    {
        if (tokens.Length == 0)
        {
            throw new InputException(
                $"{which} is empty. Hint: a text begins with at least one token, such as the one that begins all texts; {nameof(GenerationOptions.BeginToken)} takes the place of an empty prompt.");
        }

        int wrong = Array.FindIndex(tokens, t => t < 0 || t >= VocabularySize);
        if (wrong >= 0)
        {
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture,
                $"{which}: token {wrong} of the prompt is {tokens[wrong]}, but the model {Model.Name} has tokens from 0 to {VocabularySize - 1}. Hint: do tokenizer and model belong together?"));
        }
    }

    private void Enter()
    {
        if (Interlocked.Exchange(ref _isBusy, 1) == 1)
            throw new ModelException($"The generator of {Model.Name} is at work on another text. Hint: finish that one first, or make another generator over the same model.");
    }

    /// <summary>Reads all prompts. Rows for a single text are kept beside those for the last batch.</summary>
    private DecodingSession Begin(GeneratedText[] texts, int copies, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int rows = checked(texts.Length * copies);
        DecodingSession session;
        if (rows == 1)
            session = _single ??= CreateSession(1);
        else if (_several?.Rows == rows)
            session = _several;
        else
            (_several, session) = (null, _several = CreateSession(rows));
        for (int i = 0; i < texts.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            session.Begin(i * copies, copies, texts[i]);
        }

        session.Start();
        return session;
    }
}
