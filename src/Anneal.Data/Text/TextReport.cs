using System.Globalization;

namespace Anneal.Data;

/// <summary>
/// How well a classifier tells texts apart that it has not seen: a table by class, and the same scores of logistic regression on TF-IDF, which knows words but not
/// their order. <see cref="object.ToString"/> is the report as text.
/// </summary>
/// <param name="Name">What the classifier is called in the report.</param>
/// <param name="ClassNames">The names of the classes.</param>
/// <param name="Matrix">True classes against those that the classifier predicts.</param>
/// <param name="Baseline">True classes against those that the regression predicts.</param>
public sealed record TextReport(string Name, IReadOnlyList<string> ClassNames, ConfusionMatrix Matrix, ConfusionMatrix Baseline)
{
    /// <summary>Tests a classifier, and fits the baseline on all but the test part.</summary>
    /// <param name="name">What the classifier is called in the report.</param>
    /// <param name="classifier">The classifier.</param>
    /// <param name="texts">The texts that it was made with.</param>
    /// <param name="baseline">Which terms the baseline knows; null for words of at least two texts, counted by the logarithm.</param>
    /// <exception cref="AnnealException">The texts have other classes than the classifier, or none has a term.</exception>
    public static TextReport Of(string name, ITextClassifier classifier, TextParts texts, TfIdfOptions? baseline = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(texts);
        TfIdfClassifier regression = TfIdfClassifier.Fit(texts.Learning, baseline ?? new TfIdfOptions { MinimumTexts = 2, IsSublinear = true });
        return new TextReport(name, classifier.ClassNames, classifier.Evaluate(texts.Test), regression.Evaluate(texts.Test));
    }

    /// <summary>Writes the report and the curves of training: <c>report.txt</c> and <c>curves.svg</c>.</summary>
    /// <param name="folder">Where to; made where there is none.</param>
    /// <param name="history">What training saw.</param>
    public void Save(string folder, History history)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(history);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "report.txt"), ToString() + "\n");
        LearningCurves.Save(history, Path.Combine(folder, "curves.svg"));
    }

    /// <inheritdoc/>
    public override string ToString() => Matrix.Report(ClassNames, digits: 4) + Line("TF-IDF", Baseline) + "\n" + Line(Name, Matrix);

    private static string Line(string name, ConfusionMatrix matrix) => string.Create(
        CultureInfo.InvariantCulture, $"{name} accuracy {matrix.Accuracy:F4}, macro-F1 {matrix.FBeta(1, Averaging.Macro):F4}");
}
