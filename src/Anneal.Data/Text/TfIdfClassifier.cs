namespace Anneal.Data;

/// <summary>The baseline of text classification: logistic regression on TF-IDF. What a network is worth shows beside it.</summary>
public sealed class TfIdfClassifier
{
    private readonly string[] _classNames;

    private TfIdfClassifier(TfIdf terms, LogisticRegression regression, IReadOnlyList<string> classNames) =>
        (Terms, Regression, _classNames) = (terms, regression, [.. classNames]);

    /// <summary>What turns texts into rows.</summary>
    public TfIdf Terms { get; }

    /// <summary>What turns rows into classes.</summary>
    public LogisticRegression Regression { get; }

    /// <summary>Learns from texts.</summary>
    /// <param name="train">The texts.</param>
    /// <param name="terms">Which terms there are; null for the defaults.</param>
    /// <param name="regression">How the regression is fitted; null for C = 10, since rows of length 1 need larger weights than scikit-learn's default allows.</param>
    /// <exception cref="AnnealException">An option is out of range, or no term is left.</exception>
    public static TfIdfClassifier Fit(LabeledTexts train, TfIdfOptions? terms = null, LogisticRegressionOptions? regression = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        TfIdf fitted = TfIdf.Fit(train.Texts, terms);
        regression ??= new LogisticRegressionOptions { InverseRegularization = 10 };
        return new TfIdfClassifier(
            fitted, LogisticRegression.Fit(fitted.Transform(train.Texts), train.Labels, train.ClassNames.Count, regression), train.ClassNames);
    }

    /// <summary>Counts true classes against predicted ones.</summary>
    /// <exception cref="DatasetException">The texts have other classes.</exception>
    public ConfusionMatrix Evaluate(LabeledTexts texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        texts.RequireClasses(_classNames);
        return ConfusionMatrix.Of([.. texts.Labels.Select(l => (long)l)], Regression.Predict(Terms.Transform(texts.Texts)));
    }
}
