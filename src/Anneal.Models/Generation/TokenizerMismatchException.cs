namespace Anneal.Models;

/// <summary>A tokenizer and a model do not belong together: one has tokens that the other lacks.</summary>
public sealed class TokenizerMismatchException : AnnealException
{
    internal TokenizerMismatchException(int tokenizerIds, int modelVocabulary, string message) : base(message) =>
        (TokenizerIds, ModelVocabulary) = (tokenizerIds, modelVocabulary);

    /// <summary>One more than the largest id of the tokenizer.</summary>
    public int TokenizerIds { get; }

    /// <summary>The number of tokens that the model has.</summary>
    public int ModelVocabulary { get; }
}
