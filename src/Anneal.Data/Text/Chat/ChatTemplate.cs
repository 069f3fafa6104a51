using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Anneal.Data;

/// <summary>
/// Makes text of conversations, as the template of a model says: for training, evaluation and generation alike. Templates are written in a subset of
/// Jinja, with its settings in transformers (<c>trim_blocks</c>, <c>lstrip_blocks</c>, a sandbox in which values do not change). Statements, filters
/// and tests that are not supported are found when a template is parsed. One object can be used from any number of threads.
/// </summary>
public sealed partial class ChatTemplate
{
    internal const string DefaultName = "default";
    private const string ToolsName = "tool_use";
    private const int LongestText = 1 << 20;
    private static readonly string[] OwnVariables = ["messages", "tools", "documents", "add_generation_prompt"];

    private readonly OrderedDictionary<string, ParsedTemplate> _templates;

    private ChatTemplate(OrderedDictionary<string, ParsedTemplate> templates, IReadOnlyDictionary<string, string> specialTokens) =>
        (_templates, SpecialTokens) = (templates, specialTokens);

    /// <summary>The text of the default template, or of the only one.</summary>
    public string Text => (_templates.TryGetValue(DefaultName, out ParsedTemplate? found) ? found : _templates.GetAt(0).Value).Text;

    /// <summary>The names of the templates of the model; <c>default</c> alone for most.</summary>
    public IReadOnlyList<string> Names => [.. _templates.Keys];

    /// <summary>The special tokens by the variables under which the template knows them, such as <c>bos_token</c>.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; }

    /// <summary>Whether the default template marks itself what the assistant wrote, by <c>{% generation %}</c> blocks.</summary>
    public bool HasGenerationBlocks => Choose(null, hasTools: false).HasGeneration;

    /// <summary>Parses a template.</summary>
    /// <param name="text">The template.</param>
    /// <param name="specialTokens">The model's special tokens by their variables, such as <c>bos_token</c>; null for none.</param>
    /// <exception cref="ChatTemplateException">It is wrong, or uses what is not supported; the message names it with line and column.</exception>
    public static ChatTemplate Parse(string text, IReadOnlyDictionary<string, string>? specialTokens = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new ChatTemplate(
            new OrderedDictionary<string, ParsedTemplate> { [DefaultName] = ParsedTemplate.Parse(text) },
            new Dictionary<string, string>(specialTokens ?? new Dictionary<string, string>(), StringComparer.Ordinal));
    }

    /// <summary>All templates of a model by their names.</summary>
    /// <param name="texts">The names and templates, each name once; at least one.</param>
    /// <param name="specialTokens">The special tokens by their variables.</param>
    internal static ChatTemplate OfTexts(IEnumerable<(string Name, string Text)> texts, IReadOnlyDictionary<string, string> specialTokens) =>
        new(new OrderedDictionary<string, ParsedTemplate>(texts.Select(t => KeyValuePair.Create(t.Name, ParsedTemplate.Parse(t.Text)))), specialTokens);

    /// <summary>The templates by their names.</summary>
    internal IEnumerable<(string Name, string Text)> NamedTexts => _templates.Select(t => (t.Key, t.Value.Text));

    /// <summary>Makes text of messages.</summary>
    /// <exception cref="AnnealException">As <see cref="Render(ChatConversation, ChatRenderOptions?)"/>.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, ChatRenderOptions? options = null) => Render(new ChatConversation(messages), options);

    /// <summary>Makes text of a conversation.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ChatRejectedException">The template refuses the conversation.</exception>
    /// <exception cref="ChatTemplateException">The template cannot go on with these values.</exception>
    /// <exception cref="ChatTemplateLimitException">It takes too much time or memory.</exception>
    /// <exception cref="InputException">A field of a message cannot be given to a template.</exception>
    /// <exception cref="OptionException">An option is out of range, or names a template or variable that it cannot.</exception>
    public string Render(ChatConversation conversation, ChatRenderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        return Render(conversation, options ?? ChatRenderOptions.Default, tracks: false, out _);
    }

    /// <summary>
    /// Makes text of a conversation and finds what the assistant wrote in it, the end of its turns included: by the <c>{% generation %}</c> blocks of
    /// the template where it has them, otherwise by rendering the conversation turn by turn.
    /// </summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="options">How; null for the defaults. A generation prompt is not added, whatever they say.</param>
    /// <exception cref="AnnealException">As <see cref="Render(ChatConversation, ChatRenderOptions?)"/>.</exception>
    /// <exception cref="ChatTemplateException">What the assistant wrote cannot be told from the rest, or is marked where it cannot be found.</exception>
    public RenderedChat RenderForTraining(ChatConversation conversation, ChatRenderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        options = (options ?? ChatRenderOptions.Default) with { AddGenerationPrompt = false };
        bool hasGeneration = Choose(options.Template, conversation.Tools.Count > 0).HasGeneration;
        string text = Render(conversation, options, hasGeneration, out IReadOnlyList<TextRange> ranges);
        return Rendered(text, hasGeneration ? ranges : new AssistantRanges(this, conversation, options, text).Find(), conversation, options);
    }

    /// <summary>As <see cref="RenderForTraining"/>, but of what the assistant wrote only its last turn counts.</summary>
    internal RenderedChat RenderAnswer(ChatConversation prompt, ChatMessage answer, ChatRenderOptions? options)
    {
        RenderedChat whole = RenderForTraining(prompt with { Messages = [.. prompt.Messages, answer] }, options);
        int earlier = prompt.Messages.Count(m => m.Role == AssistantRanges.Assistant);

        // Without blocks a turn is one part; with them it has as many as the template gives it.
        if (earlier > 0 && Choose(options?.Template, prompt.Tools.Count > 0).HasGeneration)
            earlier = RenderForTraining(prompt, options).AssistantRanges.Count;
        return whole.AssistantRanges.Count > earlier
            ? whole.From(earlier)
            : throw new ChatTemplateException("The chat template marks nothing of the last turn as what the assistant wrote.");
    }

    /// <summary>Makes text of a conversation with which a model goes on: it ends with what begins a turn of the assistant.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="options">How; null for the defaults. A generation prompt is added, whatever they say.</param>
    /// <exception cref="AnnealException">As <see cref="Render(ChatConversation, ChatRenderOptions?)"/>.</exception>
    public RenderedChat RenderPrompt(ChatConversation conversation, ChatRenderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        options = (options ?? ChatRenderOptions.Default) with { AddGenerationPrompt = true };
        return Rendered(Render(conversation, options, tracks: false, out _), [], conversation, options);
    }

    /// <summary>
    /// The special token with which the template ends a turn of the assistant, which generation should stop at; null where it writes none, or none that
    /// can be told.
    /// </summary>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="options">How conversations are rendered; null for the defaults.</param>
    /// <exception cref="AnnealException">As <see cref="RenderedChat.Encode"/>.</exception>
    public int? EndOfTurn(Tokenizer tokenizer, ChatRenderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= ChatRenderOptions.Default;
        RenderedChat chat;
        try
        {
            chat = RenderForTraining(new ChatConversation([ChatMessage.User("a"), ChatMessage.Assistant("b")]), options with { Now = options.Now ?? DateTimeOffset.UnixEpoch });
        }
        catch (Exception e) when (e is ChatRejectedException or ChatTemplateException)
        {
            // Some templates take no conversation as simple as this; what ends their turns is then not known.
            return null;
        }

        TokenizedChat tokens = chat.Encode(tokenizer);
        for (int i = tokens.Ids.Count - 1; i >= 0; i--)
        {
            // The token of what a tokenizer does not know is special too, but does not stand in the text.
            if (tokens.AssistantMask[i] && tokenizer.IsSpecial(tokens.Ids[i]) && chat.Text.Contains(tokenizer.TokenOf(tokens.Ids[i])!, StringComparison.Ordinal))
                return tokens.Ids[i];
        }

        return null;
    }

    private RenderedChat Rendered(string text, IReadOnlyList<TextRange> ranges, ChatConversation conversation, ChatRenderOptions options) =>
        new(text, ranges, change => Render(
            TypedTokens.Change(conversation, change), options with { Variables = (JsonObject?)TypedTokens.Change(options.Variables, change) }, tracks: false, out _));

    private string Render(ChatConversation conversation, ChatRenderOptions options, bool tracks, out IReadOnlyList<TextRange> generations)
    {
        options.Limits.Check();
        ParsedTemplate template = Choose(options.Template, conversation.Tools.Count > 0);
        var run = new TemplateRun(template.Source, options.Limits, tracks) { Now = options.Now };
        foreach ((string name, string token) in SpecialTokens)
            run.SetVariable(name, new TemplateString(token));
        foreach ((string name, string token) in options.SpecialTokens ?? SpecialTokens)
            run.SetVariable(name, new TemplateString(token));
        run.SetVariable("messages", TemplateInput.Messages(conversation.Messages));
        run.SetVariable("tools", TemplateInput.Tools(conversation.Tools));
        run.SetVariable("documents", TemplateNone.Instance);
        run.SetVariable("add_generation_prompt", TemplateBoolean.Of(options.AddGenerationPrompt));
        foreach ((string name, JsonNode? value) in options.Variables ?? [])
        {
            if (OwnVariables.Contains(name) && name != "documents")
                throw new OptionException($"{nameof(ChatRenderOptions)}.{nameof(options.Variables)} has '{name}', which the conversation and the options give.");
            run.SetVariable(name, TemplateInput.From(value, $"the variable {ModelFileException.Quote(name)}"));
        }

        string text = run.Render(template.Body);
        generations = run.Generations;
        return text;
    }

    private ParsedTemplate Choose(string? name, bool hasTools)
    {
        if (name is not null)
            return _templates.TryGetValue(name, out ParsedTemplate? named) ? named : throw Unknown(name);
        if (hasTools && _templates.TryGetValue(ToolsName, out ParsedTemplate? forTools))
            return forTools;
        if (_templates.TryGetValue(DefaultName, out ParsedTemplate? usual))
            return usual;
        return _templates.Count == 1 ? _templates.GetAt(0).Value : throw Unknown(DefaultName);
    }

    private OptionException Unknown(string name) =>
        new($"The model has no chat template {ModelFileException.Quote(name)}; it has {string.Join(", ", _templates.Keys.Select(ModelFileException.Quote))}.");

    /// <summary>A template and its tree.</summary>
    private sealed record ParsedTemplate(string Text, TemplateSource Source, ImmutableArray<TemplateStatement> Body, bool HasGeneration)
    {
        internal static ParsedTemplate Parse(string text)
        {
            if (text.Length > LongestText)
                throw new ChatTemplateException(FormattableString.Invariant($"A chat template has at most {LongestText} characters, but this one has {text.Length}."));
            var source = new TemplateSource(text);
            (ImmutableArray<TemplateStatement> body, bool hasGeneration) = TemplateParser.Parse(source);
            return new ParsedTemplate(text, source, body, hasGeneration);
        }
    }
}
