namespace Anneal.Data.Tests;

public sealed class TfIdfTests
{
    private static readonly string[] Documents =
    [
        "This is the first document.", "This document is the second document.", "And this is the third one.", "Is this the first document?",
    ];

    [Fact]
    public void RowsAreThoseOfTheDefinition()
    {
        TfIdf terms = TfIdf.Fit(Documents);
        Assert.Equal(["and", "document", "first", "is", "one", "second", "the", "third", "this"], terms.Terms);
        Assert.Equal(Math.Log(5.0 / 4) + 1, terms.Weights[1], 15);
        Assert.Equal(Math.Log(5.0 / 2) + 1, terms.Weights[0], 15);
        SparseMatrix rows = terms.Transform(Documents);
        Assert.Equal((4, 9, 21), (rows.Rows, rows.Columns, rows.Count));
        Assert.Equal([1, 3, 5, 6, 8], rows.ColumnsOf(1).ToArray());

        // The example of scikit-learn's documentation.
        Assert.Equal([0.46979139, 0.58028582, 0.38408524, 0.38408524, 0.38408524], rows.ValuesOf(0).ToArray().Select(v => Math.Round(v, 8)));
        Assert.Equal([0.6876236, 0.28108867, 0.53864762, 0.28108867, 0.28108867], rows.ValuesOf(1).ToArray().Select(v => Math.Round(v, 8)));
        float[] dense = rows.ToDense().ToArray<float>();
        Assert.Equal(21, dense.Count(v => v != 0));
        Assert.Equal((float)rows.ValuesOf(1)[0], dense[9 + 1]);
    }

    [Fact]
    public void OptionsChooseTerms()
    {
        Assert.Equal(["document", "first", "is", "the", "this"], TfIdf.Fit(Documents, new() { MinimumTexts = 2 }).Terms);
        Assert.Equal(["and", "document", "first", "one", "second", "third"], TfIdf.Fit(Documents, new() { MaximumShare = 0.75 }).Terms);
        Assert.Equal(["document", "is", "the"], TfIdf.Fit(Documents, new() { MaximumTerms = 3 }).Terms);
        Assert.Contains("is the", TfIdf.Fit(Documents, new() { MaximumLength = 2 }).Terms);
        Assert.Equal(["a", "ab", "b"], TfIdf.Fit(["Ab"], new() { Unit = TermUnit.Characters, MaximumLength = 2 }).Terms);
        SparseMatrix sublinear = TfIdf.Fit(["a a a b"], new() { IsSublinear = true }).Transform(["a a a b"]);
        Assert.Equal(1 + Math.Log(3), sublinear.ValuesOf(0)[0] / sublinear.ValuesOf(0)[1], 12);
        Assert.Equal(0, TfIdf.Fit(Documents).Transform(["nothing known", ""]).Count);
        Assert.Throws<DatasetException>(() => TfIdf.Fit([]));
        Assert.Throws<DatasetException>(() => TfIdf.Fit(["", "!"]));
        Assert.Throws<OptionException>(() => TfIdf.Fit(Documents, new() { MaximumShare = 0 }));
        Assert.Throws<OptionException>(() => TfIdf.Fit(Documents, new() { MinimumLength = 2 }));
    }

    [Fact]
    public void RegressionFindsTheMinimum()
    {
        string[] texts = [.. Enumerable.Range(0, 60).Select(i => $"w{i % 7} w{i % 5} w{i * i % 11} c{i % 3}")];
        int[] labels = [.. Enumerable.Range(0, 60).Select(i => i % 10 == 0 ? (i + 1) % 3 : i % 3)];
        SparseMatrix rows = TfIdf.Fit(texts).Transform(texts);
        const double C = 2;
        LogisticRegression fitted = LogisticRegression.Fit(rows, labels, 3, new() { InverseRegularization = C, Tolerance = 1e-9 });
        Assert.True(fitted.HasConverged);

        // At the minimum Σ x (p - y) + w / C is 0 for every weight, and Σ (p - y) for every bias.
        var gradient = new double[rows.Columns + 1, 3];
        for (int row = 0; row < rows.Rows; row++)
        {
            double[] x = new double[rows.Columns + 1];
            x[^1] = 1;
            for (int i = 0; i < rows.ColumnsOf(row).Length; i++)
                x[rows.ColumnsOf(row)[i]] = rows.ValuesOf(row)[i];
            double[] scores = [.. Enumerable.Range(0, 3).Select(c => Math.Exp(x.Select((v, j) => v * fitted.Weight(j, c)).Sum()))];
            for (int c = 0; c < 3; c++)
            {
                for (int j = 0; j < x.Length; j++)
                    gradient[j, c] += x[j] * (scores[c] / scores.Sum() - (labels[row] == c ? 1 : 0));
            }
        }

        for (int c = 0; c < 3; c++)
        {
            for (int j = 0; j <= rows.Columns; j++)
                Assert.InRange(gradient[j, c] + (j < rows.Columns ? fitted.Weight(j, c) / C : 0), -1e-6, 1e-6);
        }

        Assert.Equal(fitted.Predict(rows).ToArray<float>(), LogisticRegression.Fit(rows, labels, 3, new() { InverseRegularization = C, Tolerance = 1e-9 }).Predict(rows).ToArray<float>());
        LogisticRegression stopped = LogisticRegression.Fit(rows, labels, 3, new() { MaximumIterations = 2 });
        Assert.Equal((2, false), (stopped.Iterations, stopped.HasConverged));
    }

    [Fact]
    public void MistakesAreTold()
    {
        SparseMatrix rows = TfIdf.Fit(Documents).Transform(Documents);
        Assert.Throws<DatasetException>(() => LogisticRegression.Fit(rows, [0, 1], 2));
        Assert.Throws<DatasetException>(() => LogisticRegression.Fit(rows, [0, 1, 2, 0], 2));
        Assert.Throws<OptionException>(() => LogisticRegression.Fit(rows, [0, 0, 0, 0], 1));
        Assert.Throws<OptionException>(() => LogisticRegression.Fit(rows, [0, 1, 1, 0], 2, new() { InverseRegularization = 0 }));
        Assert.Throws<DatasetException>(() => LogisticRegression.Fit(rows, [0, 1, 1, 0], 2).Predict(TfIdf.Fit(["x"]).Transform(["x"])));
    }
}
