namespace Anneal.Data;

/// <summary>Two answers to one prompt, of which people like one better. What is compared are the tokens that are learned.</summary>
/// <param name="Chosen">The prompt with the better answer.</param>
/// <param name="Rejected">The prompt with the other one.</param>
public sealed record PreferencePair(SupervisedText Chosen, SupervisedText Rejected)
{
    /// <summary>A prompt with two answers.</summary>
    /// <param name="prompt">The tokens of the prompt; at least one.</param>
    /// <param name="chosen">The tokens of the better answer.</param>
    /// <param name="rejected">The tokens of the other one.</param>
    /// <param name="end">The token that ends both, which is learned too; null for none.</param>
    /// <exception cref="DatasetException">An answer is empty.</exception>
    public static PreferencePair OfAnswers(IReadOnlyList<int> prompt, IReadOnlyList<int> chosen, IReadOnlyList<int> rejected, int? end) =>
        new(SupervisedText.OfAnswer(prompt, chosen, end), SupervisedText.OfAnswer(prompt, rejected, end));

    /// <summary>A conversation with two turns with which the assistant could go on, as the template of a model renders it. Earlier turns are read but not learned.</summary>
    /// <param name="template">The template.</param>
    /// <param name="prompt">The conversation before the answer.</param>
    /// <param name="chosen">The assistant's better answer.</param>
    /// <param name="rejected">The assistant's other answer.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="rendering">How conversations become text; null for the defaults.</param>
    /// <param name="encoding">As for <see cref="SupervisedText.OfConversation"/>.</param>
    /// <exception cref="DatasetException">An answer is not the assistant's, or of one nothing would be learned.</exception>
    /// <exception cref="AnnealException">As <see cref="ChatTemplate.RenderForTraining"/> and <see cref="RenderedChat.Encode"/>.</exception>
    public static PreferencePair OfConversation(
        ChatTemplate template,
        ChatConversation prompt,
        ChatMessage chosen,
        ChatMessage rejected,
        Tokenizer tokenizer,
        ChatRenderOptions? rendering = null,
        ChatEncodeOptions? encoding = null)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(prompt);
        return new PreferencePair(Of(chosen, nameof(chosen)), Of(rejected, nameof(rejected)));

        SupervisedText Of(ChatMessage answer, string which)
        {
            ArgumentNullException.ThrowIfNull(answer, which);
            if (answer.Role != AssistantRanges.Assistant)
                throw new DatasetException($"The {which} answer is of the role {ModelFileException.Quote(answer.Role)}. Hint: answers are the assistant's.");
            TokenizedChat tokens = template.RenderAnswer(prompt, answer, rendering).Encode(tokenizer, encoding);
            return new SupervisedText(tokens.Ids, tokens.AssistantMask);
        }
    }
}

/// <summary>Pairs of answers as rows of one length, filled up behind their ends.</summary>
/// <param name="Tokens">The chosen text and the rejected one of each pair, int32 <c>[pairs, 2, length]</c>.</param>
/// <param name="Labels">The next token where that is learned, and -100 everywhere else, int32 <c>[pairs, 2, length]</c>.</param>
/// <param name="Report">How much was cut off.</param>
public sealed record PreferenceRows(TensorData Tokens, TensorData Labels, TruncationReport Report)
{
    /// <summary>The pairs as a preference is learned from them: inputs tokens and labels; the target of each is 1, the chosen answer's.</summary>
    /// <param name="referenceLogProbabilities">
    /// The logarithms of the probabilities that the reference model gives the answers, float32 <c>[pairs, 2]</c>, as a third input; null where the
    /// model that is trained is its own reference without its adapter.
    /// </param>
    /// <exception cref="DatasetException">There are not as many of them as pairs.</exception>
    public Dataset ToDataset(TensorData? referenceLogProbabilities = null)
    {
        var ones = new TensorData(DType.Float32, [Tokens.Shape[0], 1]);
        ones.AsSpan<float>().Fill(1);
        return new ArrayDataset(referenceLogProbabilities is null ? [Tokens, Labels] : [Tokens, Labels, referenceLogProbabilities], [ones]);
    }
}

/// <summary>Lays pairs of answers into rows.</summary>
public static class PreferencePairs
{
    /// <summary>Fills up short texts, and cuts off long ones where that is allowed.</summary>
    /// <param name="pairs">The pairs; at least one.</param>
    /// <param name="length">The length of a row; null is that of the longest text.</param>
    /// <param name="truncation">What happens to longer texts. Mostly <see cref="Truncation.KeepEnd"/> suits, because answers stand there.</param>
    /// <param name="padding">The token that rows are filled up with.</param>
    /// <exception cref="DatasetException">There is no pair, or a text is too long and may not be cut off, or nothing that is learned is left of one.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static PreferenceRows Pad(IReadOnlyList<PreferencePair> pairs, int? length = null, Truncation truncation = Truncation.Refuse, int padding = WordVocabulary.Padding)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        SupervisedText[] texts = [.. pairs.SelectMany(p => new[] { p.Chosen, p.Rejected })];
        var options = new SequencePaddingOptions { Length = length, Truncation = truncation, Padding = padding };
        PaddedSequences padded = SequencePadding.Pad([.. texts.Select(t => t.Tokens)], options);
        int width = (int)padded.Tokens.Shape[1];
        TensorData tokens = new(DType.Int32, [pairs.Count, 2, width]), labels = new(DType.Int32, tokens.Shape);
        padded.Tokens.AsSpan<int>().CopyTo(tokens.AsSpan<int>());
        labels.AsSpan<int>().Fill(SupervisedTexts.Ignored);
        for (int i = 0; i < texts.Length; i++)
        {
            int kept = Math.Min(texts[i].Tokens.Length, width), first = SupervisedTexts.FirstKept(texts[i], kept, truncation);
            if (texts[i].WriteLabels(first, labels.AsSpan<int>().Slice(i * width, kept), SupervisedTexts.Ignored) == 0)
            {
                throw new DatasetException(FormattableString.Invariant(
                    $"Nothing that is learned is left of the {(i % 2 == 0 ? "chosen" : "rejected")} text of pair {i / 2} when it is cut off to {width} tokens. Hint: allow a larger length, or keep the end."));
            }
        }

        return new PreferenceRows(tokens, labels, padded.Report);
    }
}
