using System.Globalization;
using System.Runtime.CompilerServices;
using Anneal.Data;
using Anneal.Models;
using Microsoft.Extensions.AI;
using Message = Microsoft.Extensions.AI.ChatMessage;

namespace Anneal.Extensions.AI;

/// <summary>
/// A model with a chat template as a chat client. Requests that come at once wait for each other. Tools reach the model in the text that its template
/// makes of them, and what it answers is text: who wants calls in it to be found does that with its own parser of the model's form.
/// </summary>
public sealed class AnnealChatClient : IChatClient
{
    private readonly TextGenerator _generator;
    private readonly ChatClientOptions _options;
    private readonly ChatClientMetadata _metadata;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _responses;

    /// <summary>Makes a client.</summary>
    /// <param name="generator">Makes the texts; it has a chat template.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ModelException">The generator has no chat template.</exception>
    /// <exception cref="OptionException">The seed is negative.</exception>
    public AnnealChatClient(TextGenerator generator, ChatClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(generator);
        if (generator.ChatTemplate is null)
            throw new ModelException($"The model {generator.Model.Name} has no chat template, so it takes no conversations.");
        (_generator, _options) = (generator, options ?? new ChatClientOptions());
        if (_options.Seed < 0)
            throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"{nameof(ChatClientOptions)}: {nameof(ChatClientOptions.Seed)} must be at least 0, not {_options.Seed}."));
        _metadata = new ChatClientMetadata("anneal", null, _options.ModelId ?? generator.Model.Name);
    }

    /// <summary>Makes the next turn of a conversation, on the thread pool.</summary>
    /// <param name="messages">The conversation: texts, calls of tools and their results.</param>
    /// <param name="options">
    /// Instructions, sampling, length, stop sequences, tools and the seed are heeded; further properties are variables of the template
    /// (<see cref="ChatRenderOptions.Variables"/>); <c>RawRepresentationFactory</c> may give <see cref="GenerationOptions"/> to begin with.
    /// What cannot be heeded is an error.
    /// </param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <exception cref="OptionException">An option is out of range, or is not supported.</exception>
    /// <exception cref="InputException">A message has content that is not supported.</exception>
    /// <exception cref="AnnealException">As <see cref="TextGenerator.Answer"/>.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<Message> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatRequest request = Read(messages, options);
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        GenerationResult result;
        try
        {
            result = await Task.Run(
                () => _generator.Answer(request.Conversation, request.Generation, request.Rendering, request.StopStrings, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }

        string id = NextId();
        return new ChatResponse(new Message(ChatRole.Assistant, result.Text) { MessageId = id })
        {
            ResponseId = id,
            ModelId = _metadata.DefaultModelId,
            FinishReason = ReasonOf(result.FinishReason),
            Usage = UsageOf(result.PromptTokenCount, result.NewTokenCount),
            RawRepresentation = result,
        };
    }

    /// <summary>Makes the next turn of a conversation piece by piece; the last update says why it ended and what it took.</summary>
    /// <param name="messages">As for <see cref="GetResponseAsync"/>.</param>
    /// <param name="options">As for <see cref="GetResponseAsync"/>.</param>
    /// <param name="cancellationToken">Ends the work before the next token.</param>
    /// <exception cref="AnnealException">As for <see cref="GetResponseAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">In the loop: the work was cancelled.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<Message> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        StreamAsync(Read(messages, options), cancellationToken, CancellationToken.None);

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(_generator) ? _generator
            : null;
    }

    /// <summary>Ends the queue of requests; the generator belongs to who made it.</summary>
    public void Dispose() => _turn.Dispose();

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(ChatRequest request, CancellationToken given, [EnumeratorCancellation] CancellationToken ofTheLoop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(given, ofTheLoop);
        await _turn.WaitAsync(either.Token).ConfigureAwait(false);
        try
        {
            string id = NextId();
            IReadOnlyList<int> prompt = _generator.EncodeChat(request.Conversation, request.Rendering);
            GenerationOptions generation = _generator.EndingTurns(request.Generation, request.Rendering);
            await foreach (GenerationPiece piece in _generator.StreamPiecesAsync(prompt, generation, request.StopStrings, either.Token).ConfigureAwait(false))
            {
                var update = new ChatResponseUpdate(ChatRole.Assistant, piece.Text) { ResponseId = id, MessageId = id, ModelId = _metadata.DefaultModelId, RawRepresentation = piece };
                if (piece.FinishReason is { } reason)
                {
                    update.FinishReason = ReasonOf(reason);
                    update.Contents.Add(new UsageContent(UsageOf(prompt.Count, piece.NewTokenCount)));
                }

                yield return update;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private ChatRequest Read(IEnumerable<Message> messages, ChatOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (options?.ModelId is { } model && model != _metadata.DefaultModelId)
            throw new OptionException($"The options ask for the model '{model}', but this is '{_metadata.DefaultModelId}'.");
        GenerationOptions generation = options?.RawRepresentationFactory?.Invoke(this) switch
        {
            null => _generator.Options,
            GenerationOptions given => given,
            var other => throw new OptionException($"RawRepresentationFactory gives {other.GetType().Name}, but this client begins with {nameof(GenerationOptions)} or null."),
        };
        return ChatRequest.Read(messages, options, generation, _options);
    }

    private string NextId() => string.Create(CultureInfo.InvariantCulture, $"{_metadata.DefaultModelId}-{Interlocked.Increment(ref _responses)}");

    private static ChatFinishReason ReasonOf(FinishReason reason) => reason == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;

    private static UsageDetails UsageOf(int prompt, int made) => new() { InputTokenCount = prompt, OutputTokenCount = made, TotalTokenCount = (long)prompt + made };
}
