using System.Runtime.CompilerServices;
using System.Text;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>Continues texts with a causal language model and its tokenizer. Like its <see cref="CausalGenerator"/> it continues one text at a time.</summary>
public sealed class TextGenerator
{
    private readonly CausalGenerator _generator;
    private readonly Tokenizer _tokenizer;
    private readonly EncodeOptions _encoding;

    /// <summary>Makes a generator of text.</summary>
    /// <param name="generator">Continues the tokens.</param>
    /// <param name="tokenizer">The tokenizer of the generator's model.</param>
    /// <param name="encoding">How prompts become tokens; null is as the tokenizer's file says. Nothing is cut or filled unless these options say so.</param>
    /// <exception cref="VocabularyException">The tokenizer has tokens that the model does not have.</exception>
    public TextGenerator(CausalGenerator generator, Tokenizer tokenizer, EncodeOptions? encoding = null)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.IdCount > generator.VocabularySize)
            throw new VocabularyException(generator.ModelName, tokenizer.IdCount, generator.VocabularySize);
        encoding ??= new EncodeOptions();
        (_generator, _tokenizer) = (generator, tokenizer);
        _encoding = encoding with { Truncation = encoding.Truncation ?? TruncationOptions.None, Padding = encoding.Padding ?? PaddingOptions.None };
    }

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text.</param>
    /// <param name="options">How; null is greedy to the end of the context.</param>
    /// <param name="stopStrings">Ends the text before the first of these that it would have; the prompt does not count. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>The new text without the prompt, the token that ended it, special tokens and the stop string.</returns>
    /// <exception cref="AnnealException">As <see cref="CausalGenerator.Generate"/>, or the tokenizer cannot encode the prompt, or a stop string is empty.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public string Generate(string prompt, GenerationOptions? options = null, IReadOnlyList<string>? stopStrings = null, CancellationToken cancellationToken = default)
    {
        (int[] tokens, GenerationOptions prepared, Pieces pieces) = Prepare(prompt, options, stopStrings);
        var text = new StringBuilder();
        foreach (int token in _generator.Enumerate(tokens, prepared, cancellationToken))
        {
            text.Append(pieces.Push(token));
            if (pieces.IsStopped)
                break;
        }

        return text.Append(pieces.Flush()).ToString();
    }

    /// <summary>Continues a text and gives its pieces as soon as they are whole characters that belong to no stop string.</summary>
    /// <param name="prompt">The text.</param>
    /// <param name="options">How; null is greedy to the end of the context.</param>
    /// <param name="stopStrings">Ends the text before the first of these that it would have; the prompt does not count. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <returns>Pieces, none of them empty, which joined are what <see cref="Generate"/> gives.</returns>
    /// <exception cref="AnnealException">As <see cref="CausalGenerator.StreamAsync"/>, or the tokenizer cannot encode the prompt, or a stop string is empty.</exception>
    /// <exception cref="OperationCanceledException">In the loop: the work was cancelled.</exception>
    public IAsyncEnumerable<string> StreamAsync(string prompt, GenerationOptions? options = null, IReadOnlyList<string>? stopStrings = null, CancellationToken cancellationToken = default)
    {
        (int[] tokens, GenerationOptions prepared, Pieces pieces) = Prepare(prompt, options, stopStrings);
        return StreamPiecesAsync(_generator.StreamAsync(tokens, prepared, cancellationToken), pieces, CancellationToken.None);
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

    private (int[] Tokens, GenerationOptions Options, Pieces Pieces) Prepare(string prompt, GenerationOptions? options, IReadOnlyList<string>? stopStrings)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        string[] stops = [.. stopStrings ?? []];
        if (stops.Any(string.IsNullOrEmpty))
            throw new OptionException($"{nameof(stopStrings)} has an empty string, before which every text would end.");
        int[] tokens = [.. _tokenizer.Encode(prompt, _encoding).Ids];
        options ??= new GenerationOptions();
        return (tokens, options, new Pieces(_tokenizer, tokens, options.EndTokens ?? [], stops));
    }

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
    }
}
