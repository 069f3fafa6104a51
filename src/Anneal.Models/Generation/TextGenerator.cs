using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>
/// Makes texts with a model and its tokenizer. Like its <see cref="TokenGenerator"/> it does one thing at a time. Where no other encoding is asked for,
/// special tokens that somebody typed into a prompt are text like any other.
/// </summary>
public sealed partial class TextGenerator
{
    private readonly TokenGenerator _generator;
    private readonly EncodeOptions _encoding;

    /// <summary>Makes a generator of text.</summary>
    /// <param name="generator">Makes the tokens.</param>
    /// <param name="tokenizer">The tokenizer of the generator's model.</param>
    /// <param name="encoding">
    /// How prompts become tokens; null is as the tokenizer's file says, with typed special tokens as text. Nothing is cut or filled unless these options
    /// say so.
    /// </param>
    /// <exception cref="TokenizerMismatchException">The tokenizer has tokens that the model does not have, or lacks those that end the model's texts.</exception>
    public TextGenerator(TokenGenerator generator, Tokenizer tokenizer, EncodeOptions? encoding = null)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(tokenizer);
        RequireFits(generator, tokenizer);
        encoding ??= new EncodeOptions { TypedSpecialTokens = TypedSpecialTokens.Text };
        (_generator, Tokenizer) = (generator, tokenizer);
        _encoding = encoding with { Truncation = encoding.Truncation ?? TruncationOptions.None, Padding = encoding.Padding ?? PaddingOptions.None };
    }

    /// <summary>What turns text into tokens.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The model.</summary>
    public PretrainedModel Model => _generator.Model;

    /// <summary>
    /// What holds where no options are given: those of the folder where the generator was loaded from one, otherwise greedy to the end of the context.
    /// </summary>
    public GenerationOptions Options { get; init; } = new();

    /// <summary>Makes the text that follows a prompt, or answers it.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="options">How; null is <see cref="Options"/>.</param>
    /// <param name="stopStrings">Ends the text before the first of these that it would have; the prompt does not count. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The new text without the prompt, the token that ended it, special tokens and the stop string.</returns>
    /// <exception cref="AnnealException">As <see cref="TokenGenerator.Generate"/>, or the tokenizer cannot encode the prompt, or a stop string is empty.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public string Generate(string prompt, GenerationOptions? options = null, IReadOnlyList<string>? stopStrings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return GenerateBatch([prompt], options, stopStrings, cancellationToken)[0];
    }

    /// <summary>Makes the texts of several prompts at once; see <see cref="TokenGenerator.GenerateBatch"/>.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="options">How; null is <see cref="Options"/>.</param>
    /// <param name="stopStrings">Ends each text before the first of these that it would have; prompts do not count. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The new texts, each as <see cref="Generate"/> gives it.</returns>
    /// <exception cref="AnnealException">As <see cref="TokenGenerator.GenerateBatch"/>, or the tokenizer cannot encode a prompt, or a stop string is empty.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public string[] GenerateBatch(
        IReadOnlyList<string> prompts, GenerationOptions? options = null, IReadOnlyList<string>? stopStrings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        (int[][] tokens, options, string[] stops) = Encode(prompts, options, stopStrings);
        options.RequireNoSearch();
        (GeneratedText[] texts, GenerationOptions prepared) = _generator.Prepare(tokens, options);
        Pieces[] pieces = Array.ConvertAll(tokens, t => CreatePieces(t, prepared, stops));
        if (prepared.BeamCount > 1)
            return [.. _generator.Search(texts, prepared, cancellationToken).Select((found, i) => pieces[i].All(found[0].Tokens))];
        var made = Array.ConvertAll(texts, _ => new StringBuilder());
        foreach (GeneratedText text in _generator.Run(texts, prepared, cancellationToken))
        {
            made[text.Index].Append(pieces[text.Index].Push(text.Last));
            text.IsEnded |= pieces[text.Index].IsStopped;
        }

        return [.. made.Select((m, i) => m.Append(pieces[i].Flush()).ToString())];
    }

    /// <summary>Makes a text and gives its pieces as soon as they are whole characters that belong to no stop string.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="options">How; null is <see cref="Options"/>.</param>
    /// <param name="stopStrings">Ends the text before the first of these that it would have; the prompt does not count. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>Pieces, none of them empty, which joined are what <see cref="Generate"/> gives.</returns>
    /// <exception cref="AnnealException">As <see cref="TokenGenerator.StreamAsync"/>, or the tokenizer cannot encode the prompt, or a stop string is empty.</exception>
    /// <exception cref="OperationCanceledException">In the loop: the work was cancelled.</exception>
    public IAsyncEnumerable<string> StreamAsync(string prompt, GenerationOptions? options = null, IReadOnlyList<string>? stopStrings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        (int[][] tokens, options, string[] stops) = Encode([prompt], options, stopStrings);
        return StreamPiecesAsync(_generator.StreamAsync(tokens[0], options, cancellationToken), CreatePieces(tokens[0], options, stops), CancellationToken.None);
    }

    /// <summary>Searches for the most probable texts; see <see cref="TokenGenerator.SearchBeams"/>.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The best texts with their scores, the best one first.</returns>
    /// <exception cref="AnnealException">As <see cref="TokenGenerator.SearchBeams"/>, or the tokenizer cannot encode the prompt.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public IReadOnlyList<(string Text, double Score)> SearchBeams(string prompt, GenerationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(options);
        (int[][] tokens, options, string[] stops) = Encode([prompt], options, null);
        return [.. _generator.SearchBeams(tokens[0], options, cancellationToken).Select(found => (CreatePieces(tokens[0], options, stops).All(found.Tokens), found.Score))];
    }

    private static async IAsyncEnumerable<string> StreamPiecesAsync(IAsyncEnumerable<int> tokens, Pieces pieces, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (int token in tokens.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (pieces.Push(token) is { Length: > 0 } piece)
                yield return piece;
            if (pieces.IsStopped)
                break;
        }

        if (pieces.Flush() is { Length: > 0 } rest)
            yield return rest;
    }

    private static void RequireFits(TokenGenerator generator, Tokenizer tokenizer)
    {
        int ids = tokenizer.IdCount, vocabulary = generator.VocabularySize;
        TokenizerMismatchException.RequireTokens(tokenizer, generator.Model.Name, vocabulary);
        IReadOnlyList<int> ends = generator.Model.Config switch { DecoderConfig c => c.EndIds, Gpt2Config c => c.EndIds, T5Config c => c.EndIds, _ => [] };
        foreach (int end in ends)
        {
            if (tokenizer.TokenOf(end) is null)
            {
                throw new TokenizerMismatchException(ids, vocabulary, string.Create(
                    CultureInfo.InvariantCulture,
                    $"The texts of the model {generator.Model.Name} end with token {end}, which the tokenizer does not have. Hint: they do not belong together, or the tokenizer lacks its special tokens."));
            }
        }
    }

    private (int[][] Tokens, GenerationOptions Options, string[] Stops) Encode(IReadOnlyList<string> prompts, GenerationOptions? options, IReadOnlyList<string>? stopStrings)
    {
        options ??= Options;
        string[] stops = [.. stopStrings ?? []];
        if (stops.Any(string.IsNullOrEmpty))
            throw new OptionException($"{nameof(stopStrings)} has an empty string, before which every text would end.");
        if (stops.Length > 0 && options.BeamCount > 1)
            throw new OptionException($"{nameof(stopStrings)} end texts as they are made, but {nameof(options.BeamCount)} searches for whole ones. Hint: leave one of the two out.");
        var tokens = new int[prompts.Count][];
        for (int i = 0; i < tokens.Length; i++)
            tokens[i] = [.. Tokenizer.Encode(prompts[i] ?? throw new ArgumentException("A prompt is null.", nameof(prompts)), _encoding).Ids];
        return (tokens, options, stops);
    }

    /// <summary>What turns the tokens of a text into its pieces. What another text answers does not continue it.</summary>
    private Pieces CreatePieces(int[] prompt, GenerationOptions options, string[] stops) =>
        new(Tokenizer, _generator is CausalGenerator ? prompt : [], options.EndTokens ?? [], stops);

    /// <summary>Turns the new tokens of one text into its pieces.</summary>
    private sealed class Pieces
    {
        private readonly StreamingDecoder _decoder;
        private readonly StopFilter _filter;
        private readonly HashSet<int> _ends;

        internal Pieces(Tokenizer tokenizer, int[] prompt, IReadOnlyList<int> ends, string[] stops)
        {
            (_decoder, _filter, _ends) = (tokenizer.CreateStreamingDecoder(), new StopFilter(stops), [.. ends]);

            // Whether a space stands before the first new word depends on the tokens before it.
            foreach (int token in prompt)
                _decoder.Push(token);
        }

        internal bool IsStopped => _filter.IsStopped;

        internal string Push(int token) => _ends.Contains(token) ? "" : _filter.Push(_decoder.Push(token));

        internal string Flush() => IsStopped ? "" : _filter.Push(_decoder.Flush()) + _filter.Flush();

        internal string All(IReadOnlyList<int> tokens) => string.Concat(tokens.Select(Push)) + Flush();
    }
}
