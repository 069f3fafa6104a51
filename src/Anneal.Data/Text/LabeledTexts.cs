namespace Anneal.Data;

/// <summary>The parts of texts that a classifier is made with. A baseline that needs no validation learns from <see cref="Learning"/>, so that both see as much.</summary>
/// <param name="Learning">All but the test part.</param>
/// <param name="Train">What is learned from.</param>
/// <param name="Validation">What says when to stop.</param>
/// <param name="Test">What neither has seen.</param>
public sealed record TextParts(LabeledTexts Learning, LabeledTexts Train, LabeledTexts Validation, LabeledTexts Test);

/// <summary>Texts, each of one of a few classes.</summary>
public sealed class LabeledTexts
{
    // Classes of a test part must not depend on which of them occur in it, so parts share the names.
    private const int MostClasses = 4096;
    private static readonly string[] Columns = ["id", "category", "title", "content"];
    private readonly string[] _texts, _classNames;
    private readonly int[] _labels;

    /// <summary>Puts texts and classes together.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="labels">The class of each, a place in <paramref name="classNames"/>.</param>
    /// <param name="classNames">The names of the classes, from 2 to 4096, each once.</param>
    /// <exception cref="DatasetException">There are not as many labels as texts, a label is out of range, or the classes are too few, too many or named twice.</exception>
    public LabeledTexts(IReadOnlyList<string> texts, IReadOnlyList<int> labels, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(classNames);
        (_texts, _labels, _classNames) = ([.. texts], [.. labels], [.. classNames]);
        if (_texts.Length != _labels.Length)
            throw new DatasetException($"Each text needs a label, but found {_texts.Length} texts and {_labels.Length} labels.");
        if (_classNames.Length is < 2 or > MostClasses || _classNames.Distinct().Count() != _classNames.Length)
            throw new DatasetException($"Texts are told apart by 2 to {MostClasses} classes of different names, but found {_classNames.Length}: {Csv.Show(_classNames)}.");
        int wrong = Array.FindIndex(_labels, l => (uint)l >= (uint)_classNames.Length);
        if (wrong >= 0)
            throw new DatasetException($"Label {wrong} is {_labels[wrong]}, but {_classNames.Length} classes have labels 0 to {_classNames.Length - 1}.");
    }

    /// <summary>How many texts there are.</summary>
    public int Count => _texts.Length;

    /// <summary>The texts.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>The class of each text, a place in <see cref="ClassNames"/>.</summary>
    public IReadOnlyList<int> Labels => _labels;

    /// <summary>The names of the classes.</summary>
    public IReadOnlyList<string> ClassNames => _classNames;

    /// <summary>
    /// Reads a CSV file, plain or gzipped, with the columns <c>id</c>, <c>category</c>, <c>title</c> and <c>content</c>. A text is the title and, on the next line, the content;
    /// where one is empty, the other alone. Classes are the categories in the order of their UTF-16 code units.
    /// </summary>
    /// <exception cref="TextFileException">A column is missing, a row is not as the header says, or has neither title nor content, or no category.</exception>
    /// <exception cref="DataFileException">There is no such file, or its compression is damaged.</exception>
    /// <exception cref="DatasetException">There are fewer than 2 categories, or more than 4096.</exception>
    public static LabeledTexts ReadCsv(string path)
    {
        var texts = new List<string>();
        var categories = new List<string>();
        foreach (TableRow row in Csv.Read(path, Columns))
        {
            (string category, string title, string content) = (row[1], row[2], row[3]);
            if (string.IsNullOrWhiteSpace(category))
                throw new TextFileException(path, row.Line, "a category", "none");
            if (string.IsNullOrWhiteSpace(title) && string.IsNullOrWhiteSpace(content))
                throw new TextFileException(path, row.Line, "a title or a content", "neither");
            texts.Add(title.Length == 0 ? content : content.Length == 0 ? title : title + "\n" + content);
            categories.Add(category);
        }

        string[] names = [.. categories.Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> places = names.Index().ToDictionary(n => n.Item, n => n.Index);
        return new LabeledTexts(texts, [.. categories.Select(c => places[c])], names);
    }

    /// <summary>Splits the texts at random in two parts that share none, in which every class has the same share, to the nearest whole text.</summary>
    /// <param name="testFraction">The share of the test part, between 0 and 1.</param>
    /// <param name="seed">Chooses which text goes where; the same everywhere.</param>
    /// <exception cref="DatasetException">A part would be empty.</exception>
    public (LabeledTexts Train, LabeledTexts Test) Split(double testFraction, long seed)
    {
        int[] places = [.. Enumerable.Range(0, Count)];
        Dataset all = Dataset.From(TensorData.From(places), TensorData.From(_labels));
        (Dataset train, Dataset test) = TrainTestSplit.Of(
            all, new TrainTestSplitOptions { TestFraction = testFraction, Seed = seed, Balance = SplitBalance.Stratified });
        return (Part(train), Part(test));
    }

    /// <summary>Splits the texts at random in three parts, as <see cref="Split"/> does: one to learn from, one to know when to stop, and one to test.</summary>
    /// <param name="testFraction">The share of the test part, between 0 and 1.</param>
    /// <param name="validationFraction">The share of the rest that says when to stop, between 0 and 1.</param>
    /// <param name="seed">Chooses which text goes where; the same everywhere.</param>
    /// <exception cref="DatasetException">A part would be empty.</exception>
    public TextParts SplitInThree(double testFraction, double validationFraction, long seed)
    {
        (LabeledTexts learning, LabeledTexts test) = Split(testFraction, seed);
        (LabeledTexts train, LabeledTexts validation) = learning.Split(validationFraction, seed);
        return new TextParts(learning, train, validation, test);
    }

    /// <exception cref="DatasetException">The texts have other classes than a classifier.</exception>
    internal void RequireClasses(IReadOnlyList<string> classNames)
    {
        if (!_classNames.SequenceEqual(classNames))
            throw new DatasetException($"The classifier tells {Csv.Show(classNames)} apart, but the texts have the classes {Csv.Show(_classNames)}.");
    }

    private LabeledTexts Part(Dataset part)
    {
        Batch batch = part.CreateBatch(part.Count);
        part.Fill([.. Enumerable.Range(0, part.Count)], batch);
        int[] places = batch.Inputs[0].ToArray<int>();
        return new LabeledTexts(Array.ConvertAll(places, p => _texts[p]), Array.ConvertAll(places, p => _labels[p]), _classNames);
    }
}
