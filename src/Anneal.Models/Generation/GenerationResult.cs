namespace Anneal.Models;

/// <summary>Why a text ended.</summary>
public enum FinishReason
{
    /// <summary>The model chose one of <see cref="GenerationOptions.EndTokens"/>.</summary>
    EndToken,

    /// <summary>A stop string came.</summary>
    StopString,

    /// <summary>There was no room, or no leave, for another token.</summary>
    Length,
}

/// <summary>A text that was made.</summary>
/// <param name="Text">The new text without the prompt, the token that ended it, special tokens and the stop string.</param>
/// <param name="PromptTokenCount">The tokens of the prompt.</param>
/// <param name="NewTokenCount">The tokens that were made, the one that ended the text included.</param>
/// <param name="FinishReason">Why it ended.</param>
public sealed record GenerationResult(string Text, int PromptTokenCount, int NewTokenCount, FinishReason FinishReason);

/// <summary>A piece of a text that is being made.</summary>
/// <param name="Text">Whole characters that belong to no stop string; only the last piece may have none.</param>
/// <param name="NewTokenCount">The tokens that were made so far.</param>
/// <param name="FinishReason">Why the text ended, in the last piece; null before.</param>
public sealed record GenerationPiece(string Text, int NewTokenCount, FinishReason? FinishReason);
