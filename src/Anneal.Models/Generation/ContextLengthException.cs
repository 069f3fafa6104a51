using System.Globalization;

namespace Anneal.Models;

/// <summary>A text, with the tokens that are to be generated, is longer than the context of the model. Nothing is cut.</summary>
public sealed class ContextLengthException : AnnealException
{
    internal ContextLengthException(int promptTokens, int newTokens, int contextLength, int? promptIndex = null)
        : base(MessageOf(promptTokens, newTokens, contextLength, promptIndex)) =>
        (PromptTokens, NewTokens, ContextLength, PromptIndex) = (promptTokens, newTokens, contextLength, promptIndex);

    /// <summary>The tokens of the prompt.</summary>
    public int PromptTokens { get; }

    /// <summary>The tokens that were to be generated.</summary>
    public int NewTokens { get; }

    /// <summary>The tokens for which there is room.</summary>
    public int ContextLength { get; }

    /// <summary>Which of several prompts it is, from 0: the longest one; null where there is only one.</summary>
    public int? PromptIndex { get; }

    /// <summary>How many tokens there are too many.</summary>
    public long Excess => (long)PromptTokens + NewTokens - ContextLength;

    private static string MessageOf(int prompt, int added, int context, int? index)
    {
        string which = index is { } at ? string.Create(CultureInfo.InvariantCulture, $"Prompt {at}, the longest one,") : "The prompt";
        return prompt > context
            ? string.Create(CultureInfo.InvariantCulture, $"{which} has {prompt} tokens, {prompt - context} more than the context of {context}. Hint: shorten the prompt.")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{which} of {prompt} tokens with {added} new ones is {(long)prompt + added - context} tokens longer than the context of {context}. Hint: shorten the prompt or lower {nameof(GenerationOptions.MaximumNewTokens)}.");
    }
}
