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
        IReadOnlyList<int>[] tokens = [.. prompts.Select(prompt => Encode(prompt ?? throw new ArgumentException("A prompt is null.", nameof(prompts))))];
        return Array.ConvertAll(GenerateResults(tokens, options, stopStrings, cancellationToken), result => result.Text);
    }

    /// <summary>The tokens of a prompt, as this generator encodes it.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <exception cref="TokenizationException">The tokenizer cannot encode it.</exception>
    public IReadOnlyList<int> Encode(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Tokenizer.Encode(prompt, _encoding).Ids.ToArray();
    }

    /// <summary>Makes the texts of several prompts at once, and says how each ended; see <see cref="TokenGenerator.GenerateBatch"/>.</summary>
    /// <param name="prompts">The tokens of each prompt.</param>
    /// <param name="options">How; null is <see cref="Options"/>.</param>
    /// <param name="stopStrings">Ends each text before the first of these that it would have; prompts do not count. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <exception cref="AnnealException">As <see cref="TokenGenerator.GenerateBatch"/>, or a stop string is empty.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public GenerationResult[] GenerateResults(
        IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options = null, IReadOnlyList<string>? stopStrings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= Options;
        string[] stops = Checked(stopStrings, options);
        options.RequireNoSearch();
        (GeneratedText[] texts, GenerationOptions prepared) = _generator.Prepare(prompts, options);
        Pieces[] pieces = [.. prompts.Select(prompt => CreatePieces(prompt, prepared, stops))];
        if (prepared.BeamCount > 1)
            return [.. _generator.Search(texts, prepared, cancellationToken).Select((found, i) => pieces[i].Result(pieces[i].All(found[0].Tokens)))];
        var made = Array.ConvertAll(texts, _ => new StringBuilder());
        foreach (GeneratedText text in _generator.Run(texts, prepared, cancellationToken))
        {
            made[text.Index].Append(pieces[text.Index].Push(text.Last));
            text.IsEnded |= pieces[text.Index].IsStopped;
        }

        return [.. made.Select((m, i) => pieces[i].Result(m.Append(pieces[i].Flush()).ToString()))];
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
        return Texts(StreamPiecesAsync(Encode(prompt), options, stopStrings, cancellationToken));

        static async IAsyncEnumerable<string> Texts(IAsyncEnumerable<GenerationPiece> pieces)
        {
            await foreach (GenerationPiece piece in pieces.ConfigureAwait(false))
            {
                if (piece.Text.Length > 0)
                    yield return piece.Text;
            }
        }
    }

    /// <summary>
    /// Makes a text and gives its pieces as soon as they are whole characters that belong to no stop string, with the number of tokens that were made; the last
    /// piece says why the text ended.
    /// </summary>
    /// <param name="prompt">The tokens of the prompt.</param>
    /// <param name="options">How; null is <see cref="Options"/>.</param>
    /// <param name="stopStrings">Ends the text before the first of these that it would have; the prompt does not count. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <exception cref="AnnealException">As <see cref="TokenGenerator.StreamAsync"/>, or a stop string is empty.</exception>
    /// <exception cref="OperationCanceledException">In the loop: the work was cancelled.</exception>
    public IAsyncEnumerable<GenerationPiece> StreamPiecesAsync(
        IReadOnlyList<int> prompt, GenerationOptions? options = null, IReadOnlyList<string>? stopStrings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= Options;
        string[] stops = Checked(stopStrings, options);
        return StreamPiecesAsync(_generator.StreamAsync(prompt, options, cancellationToken), CreatePieces(prompt, options, stops), CancellationToken.None);
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
        IReadOnlyList<int> tokens = Encode(prompt);
        return [.. _generator.SearchBeams(tokens, options, cancellationToken).Select(found => (CreatePieces(tokens, options, []).All(found.Tokens), found.Score))];
    }

    private static async IAsyncEnumerable<GenerationPiece> StreamPiecesAsync(IAsyncEnumerable<int> tokens, Pieces pieces, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (int token in tokens.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (pieces.Push(token) is { Length: > 0 } piece)
                yield return new GenerationPiece(piece, pieces.Count, null);
            if (pieces.IsStopped)
                break;
        }

        yield return new GenerationPiece(pieces.Flush(), pieces.Count, pieces.Reason);
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

    private static string[] Checked(IReadOnlyList<string>? stopStrings, GenerationOptions options)
    {
        string[] stops = [.. stopStrings ?? []];
        if (stops.Any(string.IsNullOrEmpty))
            throw new OptionException($"{nameof(stopStrings)} has an empty string, before which every text would end.");
        if (stops.Length > 0 && options.BeamCount > 1)
            throw new OptionException($"{nameof(stopStrings)} end texts as they are made, but {nameof(options.BeamCount)} searches for whole ones. Hint: leave one of the two out.");
        return stops;
    }

    /// <summary>What turns the tokens of a text into its pieces. What another text answers does not continue it.</summary>
    private Pieces CreatePieces(IReadOnlyList<int> prompt, GenerationOptions options, string[] stops) =>
        new(Tokenizer, prompt, _generator is CausalGenerator, options.EndTokens ?? [], stops);

    /// <summary>Turns the new tokens of one text into its pieces.</summary>
    private sealed class Pieces
    {
        private readonly StreamingDecoder _decoder;
        private readonly StopFilter _filter;
        private readonly HashSet<int> _ends;
        private readonly int _promptCount;
        private bool _hasEnd;

        internal Pieces(Tokenizer tokenizer, IReadOnlyList<int> prompt, bool continues, IReadOnlyList<int> ends, string[] stops)
        {
            (_decoder, _filter, _ends, _promptCount) = (tokenizer.CreateStreamingDecoder(), new StopFilter(stops), [.. ends], prompt.Count);

            // Whether a space stands before the first new word depends on the tokens before it.
            foreach (int token in continues ? prompt : [])
                _decoder.Push(token);
        }

        /// <summary>How many tokens there are.</summary>
        internal int Count { get; private set; }

        internal bool IsStopped => _filter.IsStopped;

        internal FinishReason Reason => IsStopped ? FinishReason.StopString : _hasEnd ? FinishReason.EndToken : FinishReason.Length;

        internal string Push(int token)
        {
            Count++;
            _hasEnd = _ends.Contains(token);
            return _hasEnd ? "" : _filter.Push(_decoder.Push(token));
        }

        internal string Flush() => IsStopped ? "" : _filter.Push(_decoder.Flush()) + _filter.Flush();

        internal string All(IReadOnlyList<int> tokens) => string.Concat(tokens.Select(Push)) + Flush();

        internal GenerationResult Result(string text) => new(text, _promptCount, Count, Reason);
    }
}
