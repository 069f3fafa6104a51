namespace Anneal.Data;

/// <summary>Something that tells raw texts apart: a model with all that leads from text to it and from it to the name of a class.</summary>
public interface ITextClassifier
{
    /// <summary>The name of each class.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>Texts and labels as the model takes them.</summary>
    /// <exception cref="DatasetException">The texts have other classes, or there is none.</exception>
    Dataset ToDataset(LabeledTexts texts);

    /// <summary>Says for each text which class is likeliest.</summary>
    /// <exception cref="AnnealException">There is no text, or one cannot be read.</exception>
    IReadOnlyList<TextPrediction> Classify(IReadOnlyList<string> texts);

    /// <summary>Counts true classes against predicted ones.</summary>
    /// <exception cref="AnnealException">As for <see cref="Classify"/>, or the texts have other classes.</exception>
    ConfusionMatrix Evaluate(LabeledTexts texts);

    /// <summary>Saves all that is needed to classify raw text again.</summary>
    void Save(string folder);
}
