using System.Text;

namespace Anneal.Data.Tests;

public sealed class TextClassifierTests
{
    [Fact]
    public void ATableGivesTextsAndClasses()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("t.csv");
        Csv.Write(path, ["content", "id", "category", "title", "more"], [["c1", "1", "b", "t1", ""], ["c2", "2", "a", "", ""], ["", "3", "b", "t3", ""]]);
        LabeledTexts texts = LabeledTexts.ReadCsv(path);
        Assert.Equal(["t1\nc1", "c2", "t3"], texts.Texts);
        Assert.Equal(["a", "b"], texts.ClassNames);
        Assert.Equal([1, 0, 1], texts.Labels);
        Csv.Write(path, ["content", "id", "category", "title"], [["c1", "1", "b", "t1"], ["c2", "2", " ", ""]]);
        Assert.Equal(3, Assert.Throws<TextFileException>(() => LabeledTexts.ReadCsv(path)).Line);
        Csv.Write(path, ["content", "id", "category", "title"], [["", "1", "b", ""]]);
        Assert.Equal(2, Assert.Throws<TextFileException>(() => LabeledTexts.ReadCsv(path)).Line);
        Csv.Write(path, ["content", "id", "category", "title"], [["x", "1", "b", ""]]);
        Assert.Throws<DatasetException>(() => LabeledTexts.ReadCsv(path));
        Csv.Write(path, ["content", "id", "category"], [["x", "1", "b"]]);
        Assert.Contains("'title'", Assert.Throws<TextFileException>(() => LabeledTexts.ReadCsv(path)).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => new LabeledTexts(["x"], [2], ["a", "b"]));
        Assert.Throws<DatasetException>(() => new LabeledTexts(["x"], [0, 1], ["a", "b"]));
        Assert.Throws<DatasetException>(() => new LabeledTexts(["x"], [0], ["a", "a"]));
    }

    [Fact]
    public void ASplitKeepsTheSharesOfClasses()
    {
        LabeledTexts texts = Texts(200);
        (LabeledTexts train, LabeledTexts test) = texts.Split(0.2, seed: 3);
        Assert.Equal((160, 40), (train.Count, test.Count));
        Assert.Equal((30, 10), (test.Labels.Count(l => l == 0), test.Labels.Count(l => l == 1)));
        Assert.Equal(texts.Texts.Order(), train.Texts.Concat(test.Texts).Order());
        Assert.All(test.Texts.Zip(test.Labels), t => Assert.Equal(t.First.Contains("wheat", StringComparison.Ordinal), t.Second == 1));
        Assert.Equal(test.Texts, texts.Split(0.2, seed: 3).Test.Texts);
    }

    [Fact]
    public void AClassifierThatWasSavedPredictsTheSameBits()
    {
        LabeledTexts texts = Texts(120);
        TextClassifier classifier = Trained(texts);
        Assert.True(classifier.Evaluate(texts).Accuracy > 0.95);
        using var folder = new TemporaryFolder();
        classifier.Save(folder.Path);
        TextClassifier loaded = TextClassifier.Load(folder.Path);
        Assert.Equal(classifier.ClassNames, loaded.ClassNames);
        Assert.Equal(classifier.Encoder.Vocabulary.Words, loaded.Encoder.Vocabulary.Words);
        string[] raw = ["Wheat, 1,234 tonnes!", "gold shares", "", "something 山 unknown"];
        Assert.Equal(classifier.Classify(raw), loaded.Classify(raw));
        Assert.Equal("crops", loaded.Classify(["the WHEAT of word5"])[0].ClassName);
        Assert.All(loaded.Classify(raw), p => Assert.InRange(p.Probability, 0.5, 1));

        // The model alone can be read from the same folder, and a second save replaces the first.
        Assert.NotNull(Model.Load(folder.Path));
        loaded.Save(folder.Path);
        Assert.Equal(classifier.Classify(raw), TextClassifier.Load(folder.Path).Classify(raw));
        Assert.Throws<DatasetException>(() => loaded.Evaluate(new LabeledTexts(["x"], [0], ["a", "b"])));
    }

    [Fact]
    public void FoldersThatAreNoClassifierAreRefused()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ModelFileException>(() => TextClassifier.Load(folder.Path));
        TextClassifier classifier = Trained(Texts(40));
        classifier.Model.Save(folder.Path);
        Assert.Throws<ModelFileException>(() => TextClassifier.Load(folder.Path));
        classifier.Save(folder.Path);
        string vocabulary = Directory.GetFiles(folder.Path, "vocabulary.*").Single();
        File.AppendAllText(vocabulary, "more\n");
        Assert.Throws<ModelFileException>(() => TextClassifier.Load(folder.Path));
        WordEncoder other = WordEncoder.Fit(["a"], new() { Length = 9 });
        using var wrong = new TemporaryFolder();
        new TextClassifier(classifier.Model, other, classifier.ClassNames).Save(wrong.Path);
        Assert.Contains("length", Assert.Throws<ModelFileException>(() => TextClassifier.Load(wrong.Path)).Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => new TextClassifier(classifier.Model, classifier.Encoder, ["one", "two", "three"]).Classify(["x"]));
    }

    [Fact]
    public void TheBaselineLearnsWords()
    {
        (LabeledTexts train, LabeledTexts test) = Texts(200).Split(0.25, seed: 1);
        TfIdfClassifier baseline = TfIdfClassifier.Fit(train);
        Assert.True(baseline.Regression.HasConverged);
        Assert.Equal(1, baseline.Evaluate(test).Accuracy);
    }

    [Fact]
    public void PoemsHaveLinesOfOneLengthOrNone()
    {
        Assert.Equal(5, new TangPoem("", "", "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。").LineLength);
        Assert.Equal(7, new TangPoem("", "", "朝辭白帝彩雲間，千里江陵一日還").LineLength);
        Assert.Null(new TangPoem("", "", "前不見古人，後不見來者。念天地之悠悠，獨愴然而涕下。").LineLength);
        Assert.Null(new TangPoem("", "", "。，").LineLength);
        Assert.Equal(1, new TangPoem("", "", "𠀀，𠀁。").LineLength);
    }

    [Fact]
    public void TheFormsOfThePoemsAreATable()
    {
        using var folder = new TemporaryFolder();
        string table = folder.File("forms.csv.gz");
        TangPoems.WriteForms(Path.Combine(Repository.Root, "datasets", "tang", "poems.jsonl.gz"), table);
        LabeledTexts texts = LabeledTexts.ReadCsv(table);
        Assert.Equal(["five", "seven"], texts.ClassNames);
        Assert.True(texts.Count > 15_000);
        Assert.All(texts.Texts.Zip(texts.Labels), t => Assert.Equal(0, t.First.EnumerateRunes().Count(r => !Rune.IsPunctuation(r)) % (t.Second == 0 ? 5 : 7)));
    }

    [Fact]
    public void PoemsAreToldApartByFormAndByAuthor()
    {
        string poems = Path.Combine(Repository.Root, "datasets", "tang", "poems.jsonl.gz");
        LabeledTexts forms = TangPoems.ByForm(poems), authors = TangPoems.ByAuthor(poems, 3);
        Assert.All(forms.Texts.Zip(forms.Labels), t => Assert.Equal(t.Second == 0 ? 5 : 7, new TangPoem("", "", t.First).LineLength));
        Assert.Equal(["杜甫", "李白", "劉禹錫"], authors.ClassNames);
        int[] counts = [.. authors.Labels.CountBy(l => l).OrderBy(l => l.Key).Select(l => l.Value)];
        Assert.Equal(counts.OrderDescending(), counts);
        Assert.DoesNotContain("不詳", TangPoems.ByAuthor(poems, 40).ClassNames);
        Assert.Throws<OptionException>(() => TangPoems.ByAuthor(poems, 1));
        Assert.Throws<DatasetException>(() => TangPoems.ByAuthor(poems, 4000));
    }

    [Theory]
    [InlineData("白日依山盡，黃河入海流。欲窮千里目，更上一層樓。", 2, 2)]
    [InlineData("白日依山盡，黃河入海流。欲窮千里目，更上一樓。", 1, 2)]
    [InlineData("𠀀𠀁，黃河？欲窮千里目！", 1, 2)]
    [InlineData("一，二，三。一，二", 1, 2)]
    [InlineData("，。", 0, 1)]
    [InlineData("", 0, 0)]
    public void CoupletsAreCounted(string text, int equal, int couplets) => Assert.Equal((equal, couplets), TangPoems.CountCouplets(text));

    [Fact]
    public void ThreePartsShareNothingAndAReportTestsOnTheLast()
    {
        LabeledTexts texts = Texts(200);
        TextParts parts = texts.SplitInThree(0.2, 0.25, seed: 3);
        Assert.Equal((160, 120, 40, 40), (parts.Learning.Count, parts.Train.Count, parts.Validation.Count, parts.Test.Count));
        Assert.Equal(texts.Texts.Order(), parts.Train.Texts.Concat(parts.Validation.Texts).Concat(parts.Test.Texts).Order());
        Assert.Equal(parts.Learning.Texts.Order(), parts.Train.Texts.Concat(parts.Validation.Texts).Order());
        TextClassifier classifier = Trained(parts.Train);
        TextReport report = TextReport.Of("LSTM", classifier, parts);
        Assert.Equal(classifier.Evaluate(parts.Test).Accuracy, report.Matrix.Accuracy);
        Assert.Equal(40, report.Baseline.Total);
        string text = report.ToString();
        Assert.Contains("crops", text, StringComparison.Ordinal);
        Assert.Contains(FormattableString.Invariant($"LSTM accuracy {report.Matrix.Accuracy:F4}, macro-F1 "), text, StringComparison.Ordinal);
        Assert.Contains(FormattableString.Invariant($"TF-IDF accuracy {report.Baseline.Accuracy:F4}, macro-F1 "), text, StringComparison.Ordinal);
        using var folder = new TemporaryFolder();
        report.Save(folder.File("new"), classifier.Model.Fit(classifier.ToDataset(parts.Train), new FitOptions { BatchSize = 20, Verbosity = Verbosity.Silent }));
        Assert.StartsWith(text, File.ReadAllText(Path.Combine(folder.File("new"), "report.txt")), StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(folder.File("new"), "curves.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public void RowsCanBeNoLongerThanTheLongestText()
    {
        string[] texts = ["one two three", "four"];
        Assert.Equal(3, WordEncoder.Fit(texts, new() { Length = 9, FitsLength = true }).Length);
        Assert.Equal(2, WordEncoder.Fit(texts, new() { Length = 2, FitsLength = true }).Length);
        Assert.Equal(9, WordEncoder.Fit(texts, new() { Length = 9 }).Length);
        Assert.Equal(1, WordEncoder.Fit([""], new() { Length = 9, FitsLength = true }).Length);
    }

    [Fact]
    public void AListIsSplitBySeed()
    {
        string[] items = [.. Enumerable.Range(0, 50).Select(i => $"{i}")];
        (string[] train, string[] test) = TrainTestSplit.Of(items, 0.1, seed: 4);
        Assert.Equal((45, 5), (train.Length, test.Length));
        Assert.Equal(items.Order(), train.Concat(test).Order());
        Assert.Equal(test, TrainTestSplit.Of(items, 0.1, seed: 4).Test);
        Assert.NotEqual(test, TrainTestSplit.Of(items, 0.1, seed: 5).Test);
        Assert.Throws<DatasetException>(() => TrainTestSplit.Of(items, 0, seed: 4));
    }

    private static LabeledTexts Texts(int count) => new(
        [.. Enumerable.Range(0, count).Select(i => $"{(i % 4 == 0 ? "wheat" : "shares")} word{i % 13} word{i % 7} {i}")],
        [.. Enumerable.Range(0, count).Select(i => i % 4 == 0 ? 1 : 0)], ["money", "crops"]);

    private static TextClassifier Trained(LabeledTexts texts)
    {
        WordEncoder words = WordEncoder.Fit(texts.Texts, new()
        {
            Length = 6,
            Words = new WordOptions { Digits = DigitHandling.Mask, StopWords = StopWords.English },
            Vocabulary = new WordVocabularyOptions { MinimumCount = 2 },
        });
        var model = new Sequential(new Embedding(words.Vocabulary.Size, 8, maskZero: true), new Lstm(8), new Dense(2)) { Seed = 1 };
        model.Compile(new Adam(0.02), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        var classifier = new TextClassifier(model, words, texts.ClassNames);
        model.Fit(classifier.ToDataset(texts), new FitOptions { Epochs = 8, BatchSize = 20, Verbosity = Verbosity.Silent });
        return classifier;
    }
}
