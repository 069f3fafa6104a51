namespace Anneal.Data;

/// <summary>Texts as rows that a causal language model is trained on.</summary>
/// <param name="Data">
/// Inputs as the model takes them; the target is the next token where that is learned and -100, which losses do not count, everywhere else, int32
/// <c>[length]</c>. A row is an example.
/// </param>
/// <param name="Report">How much was cut off.</param>
/// <param name="LearnedTokens">How many tokens are learned.</param>
/// <param name="Unlearned">Of how many texts truncation left nothing that is learned.</param>
public sealed record SupervisedRows(Dataset Data, TruncationReport Report, long LearnedTokens, int Unlearned);

/// <summary>
/// Lays texts into rows for supervised fine-tuning: with <c>Loss.SparseCategoricalCrossentropy(fromLogits: true)</c> a model is trained, and evaluated,
/// on the tokens that are learned and on no others; the loss is their mean over the batch.
/// </summary>
public static class SupervisedTexts
{
    /// <summary>The label of a place where nothing is learned, as losses know it by default.</summary>
    internal const int Ignored = -100;

    /// <summary>Several texts a row, none of which sees another: inputs tokens, attention mask, positions and segments, each int32 <c>[length]</c>.</summary>
    /// <param name="texts">The texts; at least one.</param>
    /// <param name="length">The length of a row; at least 1.</param>
    /// <param name="truncation">What happens to a text that is longer than a row.</param>
    /// <param name="padding">The token that rows are filled up with.</param>
    /// <exception cref="DatasetException">There is no text, or one is too long and may not be cut off.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static SupervisedRows Pack(IReadOnlyList<SupervisedText> texts, int length, Truncation truncation = Truncation.Refuse, int padding = WordVocabulary.Padding)
    {
        ArgumentNullException.ThrowIfNull(texts);
        PackedSequences packed = SequencePacking.Pack([.. texts.Select(t => t.Tokens)], length, truncation, padding);
        return Label(texts, packed.Tokens, packed.Places, truncation, packed.Report, labels => new ArrayDataset([packed.Tokens, packed.Segments, packed.Positions, packed.Segments], [labels]));
    }

    /// <summary>A text a row: inputs tokens int32 and attention mask bool, each <c>[length]</c>.</summary>
    /// <param name="texts">The texts; at least one.</param>
    /// <param name="options">Null for the defaults: as long as the longest, filled up behind the end.</param>
    /// <exception cref="DatasetException">There is no text, or one is too long and may not be cut off.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static SupervisedRows Pad(IReadOnlyList<SupervisedText> texts, SequencePaddingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        options ??= new SequencePaddingOptions();
        PaddedSequences padded = SequencePadding.Pad([.. texts.Select(t => t.Tokens)], options);
        int length = (int)padded.Tokens.Shape[1];
        PackedPlace[] places = [.. texts.Select((t, row) => Place(row, Math.Min(t.Tokens.Length, length)))];
        return Label(texts, padded.Tokens, places, options.Truncation, padded.Report, labels => new ArrayDataset([padded.Tokens, padded.Mask], [labels]));

        PackedPlace Place(int row, int count) => new(row, options.Side == PaddingSide.Start ? length - count : 0, count);
    }

    /// <summary>Where the part of a text begins that was kept.</summary>
    internal static int FirstKept(SupervisedText text, int kept, Truncation truncation) => truncation == Truncation.KeepEnd ? text.Tokens.Length - kept : 0;

    private static SupervisedRows Label(
        IReadOnlyList<SupervisedText> texts, TensorData tokens, IReadOnlyList<PackedPlace> places, Truncation truncation, TruncationReport report, Func<TensorData, Dataset> lay)
    {
        var labels = new TensorData(DType.Int32, tokens.Shape);
        labels.AsSpan<int>().Fill(Ignored);
        int length = (int)tokens.Shape[1], unlearned = 0;
        long learned = 0;
        for (int i = 0; i < places.Count; i++)
        {
            PackedPlace place = places[i];
            Span<int> to = labels.AsSpan<int>().Slice(place.Row * length + place.Start, place.Length);
            int count = texts[i].WriteLabels(FirstKept(texts[i], place.Length, truncation), to, Ignored);
            learned += count;
            unlearned += count == 0 ? 1 : 0;
        }

        return new SupervisedRows(lay(labels), report, learned, unlearned);
    }
}
