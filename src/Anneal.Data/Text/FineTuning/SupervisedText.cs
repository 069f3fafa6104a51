namespace Anneal.Data;

/// <summary>
/// A text to be trained on: its tokens, and which of them the model learns to write. In a conversation these are the assistant's with what ends its
/// turns; everything else is read but not learned.
/// </summary>
public sealed class SupervisedText
{
    private readonly int[] _ids;
    private readonly bool[] _learned;

    /// <summary>Makes a text.</summary>
    /// <param name="ids">The tokens.</param>
    /// <param name="learned">For each token whether it is learned. The first one never is, because nothing stands before it.</param>
    /// <exception cref="DatasetException">There are not as many of one as of the other, or nothing is learned.</exception>
    public SupervisedText(IReadOnlyList<int> ids, IReadOnlyList<bool> learned)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(learned);
        if (ids.Count != learned.Count)
            throw new DatasetException(FormattableString.Invariant($"A text of {ids.Count} tokens says of {learned.Count} whether they are learned. Hint: say it of each."));
        (_ids, _learned) = ([.. ids], [.. learned]);
        if (!_learned.Skip(1).Any(l => l))
            throw new DatasetException(FormattableString.Invariant($"Nothing is learned of a text of {ids.Count} tokens. Hint: at least one token behind the first must be the assistant's."));
    }

    /// <summary>The tokens.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>For each token whether it is learned.</summary>
    public IReadOnlyList<bool> Learned => _learned;

    /// <summary>A prompt with its answer, which is learned.</summary>
    /// <param name="prompt">The tokens of the prompt; at least one.</param>
    /// <param name="answer">The tokens of the answer.</param>
    /// <param name="end">The token that ends the answer, which is learned too, so that the model stops; null where the answer has it already or is to have none.</param>
    /// <exception cref="DatasetException">Nothing would be learned.</exception>
    public static SupervisedText OfAnswer(IReadOnlyList<int> prompt, IReadOnlyList<int> answer, int? end)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(answer);
        int[] ids = end is { } last ? [.. prompt, .. answer, last] : [.. prompt, .. answer];
        return new SupervisedText(ids, [.. ids.Select((_, i) => i >= prompt.Count)]);
    }

    /// <summary>
    /// A conversation as the template of a model renders it, of which the assistant's turns are learned, each with what ends it. The same template then makes the
    /// prompts of the trained model.
    /// </summary>
    /// <param name="template">The template.</param>
    /// <param name="conversation">The conversation, with at least one turn of the assistant.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="rendering">How the conversation becomes text; null for the defaults.</param>
    /// <param name="encoding">
    /// How the text becomes tokens; null for the defaults. A template that writes nothing at the end of a turn needs <see cref="ChatEncodeOptions.EndTokens"/>,
    /// without which the model is not taught to stop.
    /// </param>
    /// <exception cref="DatasetException">Nothing would be learned.</exception>
    /// <exception cref="AnnealException">As <see cref="ChatTemplate.RenderForTraining"/> and <see cref="RenderedChat.Encode"/>.</exception>
    public static SupervisedText OfConversation(
        ChatTemplate template, ChatConversation conversation, Tokenizer tokenizer, ChatRenderOptions? rendering = null, ChatEncodeOptions? encoding = null)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(conversation);
        TokenizedChat tokens = template.RenderForTraining(conversation, rendering).Encode(tokenizer, encoding);
        return new SupervisedText(tokens.Ids, tokens.AssistantMask);
    }

    internal int[] Tokens => _ids;

    /// <summary>Writes for each place of a part of this text what is to be learned there: the next token, or <paramref name="ignored"/>.</summary>
    /// <param name="start">Where the part begins.</param>
    /// <param name="to">A label for each token of the part.</param>
    /// <param name="ignored">The label of places where nothing is learned.</param>
    /// <returns>How many places something is learned at.</returns>
    internal int WriteLabels(int start, Span<int> to, int ignored)
    {
        int count = 0;
        for (int i = 0; i < to.Length; i++)
        {
            bool isLearned = i + 1 < to.Length && _learned[start + i + 1];
            to[i] = isLearned ? _ids[start + i + 1] : ignored;
            count += isLearned ? 1 : 0;
        }

        return count;
    }
}
