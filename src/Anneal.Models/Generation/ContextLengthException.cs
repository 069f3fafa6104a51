using System.Globalization;

namespace Anneal.Models;

/// <summary>A text, with the tokens that are to be generated, is longer than the context of the model. Nothing is cut.</summary>
public sealed class ContextLengthException : AnnealException
{
    internal ContextLengthException(int promptTokens, int newTokens, int contextLength)
        : base(MessageOf(promptTokens, newTokens, contextLength)) => (PromptTokens, NewTokens, ContextLength) = (promptTokens, newTokens, contextLength);

    /// <summary>The tokens of the prompt.</summary>
    public int PromptTokens { get; }

    /// <summary>The tokens that were to be generated.</summary>
    public int NewTokens { get; }

    /// <summary>The tokens for which there is room.</summary>
    public int ContextLength { get; }

    /// <summary>How many tokens there are too many.</summary>
    public long Excess => (long)PromptTokens + NewTokens - ContextLength;

    private static string MessageOf(int prompt, int added, int context) => prompt > context
        ? string.Create(CultureInfo.InvariantCulture, $"The prompt has {prompt} tokens, {prompt - context} more than the context of {context}. Hint: shorten the prompt.")
        : string.Create(
            CultureInfo.InvariantCulture,
            $"The prompt of {prompt} tokens with {added} new ones is {(long)prompt + added - context} tokens longer than the context of {context}. Hint: shorten the prompt or lower {nameof(GenerationOptions.MaximumNewTokens)}.");
}
