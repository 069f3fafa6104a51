using Anneal.Data;

namespace Anneal.Models;

/// <content>Conversations.</content>
public sealed partial class TextGenerator
{
    private (ChatTemplate Template, string? Name, int? Token)? _endOfTurn;

    /// <summary>What makes text of conversations; null where the model has no such template. <see cref="Load"/> reads it and <see cref="SavePretrained"/> writes it.</summary>
    public ChatTemplate? ChatTemplate { get; init; }

    /// <summary>The tokens of a conversation with which the model goes on. What is typed in it is text (<see cref="ChatEncodeOptions.TypedSpecialTokens"/>).</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="rendering">How it becomes text; null for the defaults.</param>
    /// <exception cref="ModelException">The model has no chat template.</exception>
    /// <exception cref="AnnealException">As <see cref="ChatTemplate.RenderPrompt"/> and <see cref="RenderedChat.Encode"/>.</exception>
    public IReadOnlyList<int> EncodeChat(ChatConversation conversation, ChatRenderOptions? rendering = null)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        return RequireTemplate().RenderPrompt(conversation, rendering).Encode(Tokenizer, new ChatEncodeOptions { TypedSpecialTokens = _encoding.TypedSpecialTokens }).Ids;
    }

    /// <summary>Makes the assistant's next turn of a conversation. It ends where the template ends turns, too.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="options">How; null is <see cref="Options"/>.</param>
    /// <param name="rendering">How the conversation becomes text; null for the defaults.</param>
    /// <param name="stopStrings">Ends the text before the first of these that it would have. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <exception cref="AnnealException">As <see cref="EncodeChat"/> and <see cref="GenerateResults"/>.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public GenerationResult Answer(
        ChatConversation conversation,
        GenerationOptions? options = null,
        ChatRenderOptions? rendering = null,
        IReadOnlyList<string>? stopStrings = null,
        CancellationToken cancellationToken = default) =>
        GenerateResults([EncodeChat(conversation, rendering)], EndingTurns(options, rendering), stopStrings, cancellationToken)[0];

    /// <summary>Makes the assistant's next turn of a conversation piece by piece; see <see cref="Answer"/>.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="options">How; null is <see cref="Options"/>.</param>
    /// <param name="rendering">How the conversation becomes text; null for the defaults.</param>
    /// <param name="stopStrings">Ends the text before the first of these that it would have. Null is none.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <exception cref="AnnealException">As <see cref="EncodeChat"/> and <see cref="StreamPiecesAsync(IReadOnlyList{int}, GenerationOptions?, IReadOnlyList{string}?, CancellationToken)"/>.</exception>
    /// <exception cref="OperationCanceledException">In the loop: the work was cancelled.</exception>
    public IAsyncEnumerable<GenerationPiece> StreamAnswerAsync(
        ChatConversation conversation,
        GenerationOptions? options = null,
        ChatRenderOptions? rendering = null,
        IReadOnlyList<string>? stopStrings = null,
        CancellationToken cancellationToken = default) =>
        StreamPiecesAsync(EncodeChat(conversation, rendering), EndingTurns(options, rendering), stopStrings, cancellationToken);

    /// <summary>Options with the token with which the template ends turns among those that end texts: a model can be taught another end than its base has.</summary>
    /// <param name="options">The options; null is <see cref="Options"/>.</param>
    /// <param name="rendering">How conversations become text; null for the defaults.</param>
    /// <exception cref="ModelException">The model has no chat template.</exception>
    public GenerationOptions EndingTurns(GenerationOptions? options = null, ChatRenderOptions? rendering = null)
    {
        options ??= Options;
        ChatTemplate template = RequireTemplate();
        if (_endOfTurn is not { } known || known.Template != template || known.Name != rendering?.Template)
            _endOfTurn = (template, rendering?.Template, template.EndOfTurn(Tokenizer, rendering));
        return _endOfTurn?.Token is { } end && !options.EndTokens.Contains(end) && !options.ForbiddenTokens.Contains(end)
            ? options with { EndTokens = [.. options.EndTokens, end] }
            : options;
    }

    private ChatTemplate RequireTemplate() => ChatTemplate ?? throw new ModelException(
        $"The model {Model.Name} has no chat template, so it takes no conversations. Hint: {nameof(ChatTemplate)}.{nameof(Data.ChatTemplate.Parse)} makes one of a text.");
}
