using System.Globalization;

namespace Anneal.Models;

/// <summary>A tokenizer has tokens for which a model has no embedding: the two do not belong together.</summary>
public sealed class VocabularyException : AnnealException
{
    internal VocabularyException(string model, int tokenizerSize, int modelSize) : base(string.Create(
        CultureInfo.InvariantCulture,
        $"The tokenizer has tokens up to {tokenizerSize - 1}, but the model {model} only up to {modelSize - 1}. Hint: they do not belong together, or the model's embedding must grow.")) =>
        (TokenizerSize, ModelSize) = (tokenizerSize, modelSize);

    /// <summary>One more than the tokenizer's largest id.</summary>
    public int TokenizerSize { get; }

    /// <summary>How many tokens the model has.</summary>
    public int ModelSize { get; }
}
