namespace Anneal.Data;

/// <summary>
/// A conversation as text, and which parts of it the assistant wrote: what a model is trained on, and what it goes on from. A
/// <see cref="ChatTemplate"/> makes it.
/// </summary>
public sealed class RenderedChat
{
    private readonly Func<Func<string, string>, string> _render;

    /// <param name="text">The text.</param>
    /// <param name="ranges">The assistant's parts.</param>
    /// <param name="render">Makes the text again, with every string of the conversation changed by a function.</param>
    internal RenderedChat(string text, IReadOnlyList<TextRange> ranges, Func<Func<string, string>, string> render) => (Text, AssistantRanges, _render) = (text, ranges, render);

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>The assistant's parts in their order, with what ends its turns; none in a prompt.</summary>
    public IReadOnlyList<TextRange> AssistantRanges { get; }

    /// <summary>The same text, in which only the assistant's parts from one on count.</summary>
    internal RenderedChat From(int range) => new(Text, [.. AssistantRanges.Skip(range)], _render);

    /// <summary>The text as tokens, and which of them are the assistant's. The special tokens are those that the template writes; no others are added.</summary>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ChatTemplateException">The template looks into special tokens that somebody typed, so that they cannot be told from its own.</exception>
    /// <exception cref="TokenizationException">The text cannot be encoded.</exception>
    /// <exception cref="OptionException">There is no such treatment of typed tokens.</exception>
    public TokenizedChat Encode(Tokenizer tokenizer, ChatEncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= ChatEncodeOptions.Default;
        tokenizer = tokenizer.ForTemplates;
        Require.Defined(options.TypedSpecialTokens, nameof(ChatEncodeOptions), nameof(options.TypedSpecialTokens));
        int[]? typed = options.TypedSpecialTokens == TypedSpecialTokens.Text ? TypedTokens.Find(Text, tokenizer, _render) : null;
        TokenizedText tokens = tokenizer.Encode(Text, new EncodeOptions
        {
            AddSpecialTokens = false,
            Truncation = TruncationOptions.None,
            Padding = PaddingOptions.None,
            TypedTokenPlaces = typed,
        });
        var ids = new List<int>(tokens.Ids.ToArray());
        var mask = new List<bool>(AssistantMask(tokens));
        IncludeEnds(ids, mask, tokens, options.EndTokens);
        return new TokenizedChat(ids, mask);
    }

    /// <summary>For each token of the text whether it is the assistant's, so that its prediction counts in a loss.</summary>
    /// <param name="tokens">
    /// The text as tokens, with offsets in units of UTF-16. Templates write the special tokens themselves, so
    /// <see cref="EncodeOptions.AddSpecialTokens"/> should be off.
    /// </param>
    /// <returns>As many values as tokens; one that stands over the boundary of a part counts as what it begins in.</returns>
    public bool[] AssistantMask(TokenizedText tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var mask = new bool[tokens.Count];
        int range = 0;
        for (int i = 0; i < mask.Length; i++)
        {
            TextRange token = tokens.Offsets[i];
            if (token.End <= token.Start)
                continue;
            while (range < AssistantRanges.Count && AssistantRanges[range].End <= token.Start)
                range++;
            mask[i] = range < AssistantRanges.Count && token.Start >= AssistantRanges[range].Start;
        }

        return mask;
    }

    /// <summary>Templates that end a turn with what begins the next one (GLM-4) leave its end outside of it, and none at the end of the text.</summary>
    private void IncludeEnds(List<int> ids, List<bool> mask, TokenizedText tokens, IReadOnlyList<int> ends)
    {
        if (ends.Count == 0)
            return;
        for (int i = ids.Count - 1; i > 0; i--)
        {
            // White space may follow what ends a turn.
            if (mask[i - 1] && !mask[i] && ends.Contains(ids[i]) && !ends.Contains(ids[i - 1]))
                mask[i] = true;
        }

        if (AssistantRanges.Count == 0 || AssistantRanges[^1] is var last && !string.IsNullOrWhiteSpace(Text[last.End..]))
            return;
        for (int i = 0; i < ids.Count; i++)
        {
            if (mask[i] && tokens.Offsets[i].Start >= last.Start && ends.Contains(ids[i]))
                return;
        }

        ids.Add(ends[0]);
        mask.Add(true);
    }
}

/// <summary>How a rendered conversation becomes tokens.</summary>
public sealed record ChatEncodeOptions
{
    internal static readonly ChatEncodeOptions Default = new();

    /// <summary>
    /// What special tokens mean that stand in the strings of the conversation: as <see cref="TypedSpecialTokens.Text"/> nobody can end a turn, or begin
    /// one for somebody else, by typing what a template writes. Those of the template itself are tokens in any case.
    /// </summary>
    public TypedSpecialTokens TypedSpecialTokens { get; init; } = TypedSpecialTokens.Text;

    /// <summary>
    /// The tokens that end the model's texts (<c>GenerationOptions.EndTokens</c>), for templates that write nothing at the end of a turn: such a token behind
    /// a part of the assistant then counts as its end, and a text that ends with a turn without any gets the first of them. Empty leaves all as
    /// the template writes it.
    /// </summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];
}

/// <summary>A conversation as tokens.</summary>
/// <param name="Ids">The tokens.</param>
/// <param name="AssistantMask">Which of them are the assistant's, the end of its turns included: as many values as tokens.</param>
public sealed record TokenizedChat(IReadOnlyList<int> Ids, IReadOnlyList<bool> AssistantMask);
