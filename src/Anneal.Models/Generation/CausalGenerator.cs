using System.Globalization;

namespace Anneal.Models;

/// <summary>
/// Continues texts with a causal language model. A prompt is read by a program for its length, rounded up to a power of two, and each further
/// token of all texts by one program whose shapes never change; keys and values of the texts so far are kept from step to step.
/// </summary>
public sealed class CausalGenerator : TokenGenerator
{
    private readonly CausalLanguageModel _model;
    private readonly Program _prefill;

    /// <summary>Makes a generator; programs are compiled when they are first needed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="contextLength">
    /// The most tokens of a text, prompt and continuation together; memory for keys and values of as many tokens is kept, and each step reads it.
    /// Null is the longest text that the model was made for.
    /// </param>
    /// <exception cref="OptionException">The context is less than 1 or longer than the model was made for.</exception>
    public CausalGenerator(CausalLanguageModel model, int? contextLength = null)
        : base(model ?? throw new ArgumentNullException(nameof(model)), model.VocabularySize, Checked(model, contextLength))
    {
        _model = model;
        model.EnsureBuilt([.. model.InputsToBuild]);
        _prefill = CausalSession.PrefillOf(model);
    }

    private protected override DecodingSession CreateSession(int rows) => new CausalSession(_model, _prefill, rows, ContextLength);

    private protected override void RequireRoom(int length, GenerationOptions options, int? index)
    {
        if (options.DecoderStartToken is not null)
            throw new OptionException($"{nameof(options.DecoderStartToken)} begins what a decoder with an encoder writes, but {_model.Name} continues its prompt. Hint: leave it out.");
        int count = options.MaximumNewTokens ?? 1;
        if ((long)length + count > ContextLength)
            throw new ContextLengthException(length, count, ContextLength, index);
    }

    private protected override GeneratedText Lay(int[] prompt, GenerationOptions options, int index) =>
        new(null, prompt, Math.Min(CountFor(prompt.Length, options), ContextLength - prompt.Length), TokenSampler.DrawsOf(options, index), index);

    private static int Checked(CausalLanguageModel model, int? contextLength) => contextLength is not { } given ? model.MaximumPositions
        : given >= 1 && given <= model.MaximumPositions ? given
        : throw new OptionException(string.Create(
            CultureInfo.InvariantCulture, $"{nameof(contextLength)} must be from 1 to {model.MaximumPositions}, the context of the model {model.Name}, not {given}."));
}
