using System.Globalization;

namespace Anneal.Models;

/// <summary>
/// Writes texts with a model that reads a prompt with an encoder, such as T5. The encoder reads each prompt once; the keys and values that the
/// decoder makes of it are computed once as well, and those of what is written are kept from step to step.
/// </summary>
public sealed class EncoderDecoderGenerator : TokenGenerator
{
    private const int TrainedLength = 512;
    private readonly T5ForConditionalGeneration _model;
    private readonly Program _encode;

    /// <summary>Makes a generator; programs are compiled when they are first needed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="contextLength">
    /// The most tokens of a prompt, and as well the most of what is written, the token with which that begins included; memory for keys and values of
    /// as many tokens of both is kept. T5 itself knows no limit; 512 is the length that it was trained with.
    /// </param>
    /// <exception cref="OptionException">The context is less than 2.</exception>
    public EncoderDecoderGenerator(T5ForConditionalGeneration model, int contextLength = TrainedLength)
        : base(model ?? throw new ArgumentNullException(nameof(model)), model.Config.VocabularySize, contextLength)
    {
        if (contextLength is < 2 or > ConfigFields.MostTokens)
            throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"{nameof(contextLength)} must be from 2 to {ConfigFields.MostTokens}, not {contextLength}."));
        _model = model;
        model.EnsureBuilt([.. model.InputsToBuild]);
        _encode = EncoderDecoderSession.EncodeOf(model);
    }

    private protected override DecodingSession CreateSession(int rows) => new EncoderDecoderSession(_model, _encode, rows, ContextLength);

    private protected override void RequireRoom(int length, GenerationOptions options, int? index)
    {
        if (length > ContextLength)
            throw new ContextLengthException(length, 0, ContextLength, index);
        if (options.MaximumNewTokens >= ContextLength)
        {
            throw new OptionException(string.Create(
                CultureInfo.InvariantCulture,
                $"{nameof(options.MaximumNewTokens)} is {options.MaximumNewTokens}, but behind the token that begins what is written the context of {ContextLength} has room for {ContextLength - 1}. Hint: lower it, or give the generator a longer context."));
        }
    }

    private protected override GeneratedText Lay(int[] prompt, GenerationOptions options, int index) =>
        new(prompt, [options.DecoderStartToken ?? _model.Config.DecoderStartId], Math.Min(CountFor(1, options), ContextLength - 1), TokenSampler.DrawsOf(options, index), index);
}
