using System.Globalization;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>A tokenizer and a model do not belong together: one has tokens that the other lacks.</summary>
public sealed class TokenizerMismatchException : AnnealException
{
    internal TokenizerMismatchException(int tokenizerIds, int modelVocabulary, string message) : base(message) =>
        (TokenizerIds, ModelVocabulary) = (tokenizerIds, modelVocabulary);

    /// <exception cref="TokenizerMismatchException">The tokenizer has tokens that the model does not have.</exception>
    internal static void RequireTokens(Tokenizer tokenizer, string model, int vocabulary)
    {
        if (tokenizer.IdCount <= vocabulary)
            return;
        throw new TokenizerMismatchException(tokenizer.IdCount, vocabulary, string.Create(
            CultureInfo.InvariantCulture,
            $"The tokenizer has tokens up to {tokenizer.IdCount - 1}, but the model {model} only up to {vocabulary - 1}. Hint: they do not belong together, or the model's embedding must grow."));
    }

    /// <summary>One more than the largest id of the tokenizer.</summary>
    public int TokenizerIds { get; }

    /// <summary>The number of tokens that the model has.</summary>
    public int ModelVocabulary { get; }
}
