using System.Text.Json;
using Anneal.Saving;

namespace Anneal.Data;

/// <summary>
/// A model together with all that raw text needs to reach it and to come back as the name of a class: words, their numbers, and names. They are saved as
/// one and at one stroke.
/// </summary>
/// <example><code>
/// WordEncoder words = WordEncoder.Fit(train.Texts);
/// var model = new Sequential(new Embedding(words.Vocabulary.Size, 64, maskZero: true), new Lstm(64), new Dense(train.ClassNames.Count));
/// model.Compile(new Adam(), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
/// var classifier = new TextClassifier(model, words, train.ClassNames);
/// model.Fit(classifier.ToDataset(train), new FitOptions { Epochs = 5 });
/// classifier.Save("news");
/// Console.WriteLine(TextClassifier.Load("news").Classify(["Wheat prices fell"])[0].ClassName);
/// </code></example>
public sealed class TextClassifier : ITextClassifier
{
    private const string Settings = "text.json", Vocabulary = "vocabulary.txt";
    private const int FormatVersion = 1;
    private readonly string[] _classNames;

    /// <summary>Puts a model and words together.</summary>
    /// <param name="model">Takes int32 <c>[batch, length]</c> and gives a logit for each class, float32 <c>[batch, classes]</c>.</param>
    /// <param name="encoder">What turns texts into the model's inputs.</param>
    /// <param name="classNames">The name of each class.</param>
    public TextClassifier(Model model, WordEncoder encoder, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(classNames);
        (Model, Encoder, _classNames) = (model, encoder, [.. classNames]);
    }

    /// <summary>The model.</summary>
    public Model Model { get; }

    /// <summary>What turns texts into the model's inputs.</summary>
    public WordEncoder Encoder { get; }

    /// <summary>The name of each class.</summary>
    public IReadOnlyList<string> ClassNames => _classNames;

    /// <summary>Texts and labels as the model takes them.</summary>
    /// <exception cref="DatasetException">The texts have other classes, or there is none.</exception>
    public Dataset ToDataset(LabeledTexts texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        texts.RequireClasses(_classNames);
        return Dataset.From(Encoder.Encode(texts.Texts).Tokens, TensorData.From<int>([.. texts.Labels]));
    }

    /// <summary>Says for each text which class is likeliest.</summary>
    /// <param name="texts">The texts; at least one.</param>
    /// <exception cref="AnnealException">There is no text, one may not be cut off, or the model gives something else than a logit for each class.</exception>
    public IReadOnlyList<TextPrediction> Classify(IReadOnlyList<string> texts)
    {
        return TextPrediction.Of(Model.Predict(Encoder.Encode(texts).Tokens), _classNames);
    }

    /// <summary>Counts true classes against predicted ones.</summary>
    /// <exception cref="AnnealException">As for <see cref="Classify"/>, or the texts have other classes.</exception>
    public ConfusionMatrix Evaluate(LabeledTexts texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        Dataset data = ToDataset(texts);
        return ConfusionMatrix.Of(data.Labels(), TextPrediction.Checked(Model.Predict(data), _classNames.Length));
    }

    /// <summary>
    /// Saves model, words and names to a folder, as <see cref="Model.Save(string)"/> does: a save replaces an earlier one at one stroke. <see cref="Anneal.Model.Load(string)"/> reads
    /// the model alone.
    /// </summary>
    /// <exception cref="ModelException">The model is not built.</exception>
    /// <exception cref="ModelFileException">The folder cannot be used.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Model.RequireBuilt();
        byte[] settings = WriteSettings();
        ModelStore.Save(Model, folder, [new ModelFile(Settings, stream => stream.Write(settings)), new ModelFile(Vocabulary, Encoder.Vocabulary.Write)]);
    }

    /// <summary>Loads what <see cref="Save"/> wrote; it predicts the same bits.</summary>
    /// <exception cref="ModelFileException">There is no model in the folder, it has no words or no names, or a file is damaged.</exception>
    /// <exception cref="TextFileException">The list of words is not what it should be.</exception>
    public static TextClassifier Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using ModelFolder files = ModelFolder.Open(folder);
        Model model = ModelStore.Load(files, folder);
        WordVocabulary vocabulary = ReadVocabulary(files[Vocabulary], Path.Combine(folder, Vocabulary));
        string path = Path.Combine(folder, Settings);
        LayerConfig settings = ModelStore.ReadConfig(files[Settings], path);
        TextClassifier classifier;
        try
        {
            string[] names = settings.GetStrings("classes");
            if (names.Length == 0 || names.Distinct().Count() != names.Length)
                throw settings.Fail("classes", "names of classes, each once", Csv.Show(names));
            classifier = new TextClassifier(model, WordEncoder.Read(settings.Part("words"), vocabulary), names);
        }
        catch (OptionException e)
        {
            throw new ModelFileException(path, "the settings", "options that an encoder accepts", e.Message, e);
        }

        settings.RequireAllRead();
        classifier.RequireFits(path);
        return classifier;
    }

    private static WordVocabulary ReadVocabulary(Stream stream, string path)
    {
        // The stream belongs to the folder, and a reader disposes of its own.
        var copy = new MemoryStream();
        stream.CopyTo(copy);
        return WordVocabulary.Read(StrictTextReader.Of(copy, path), path);
    }

    private byte[] WriteSettings()
    {
        var root = new LayerConfig("the classifier");
        root.Set("formatVersion", FormatVersion);
        root.SetStrings("classes", _classNames);
        var words = new LayerConfig("the words");
        Encoder.Write(words);
        root.SetPart("words", words);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            root.Values.WriteTo(json);
        return buffer.ToArray();
    }

    /// <summary>Makes sure that a stored model takes what the stored words give.</summary>
    private void RequireFits(string path)
    {
        TensorType takes = Model.InputTypes is [var only] ? only : throw new ModelFileException(path, "the model", "one input", "several");
        if (takes.DType != DType.Int32 || takes.Shape != new Shape(Encoder.Length))
            throw new ModelFileException(path, "length", $"that of the model's input, {takes}", $"{Encoder.Length}");
    }
}
