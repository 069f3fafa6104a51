namespace Anneal.Data;

/// <summary>
/// What a template writes between the contents of a conversation's turns. Where a turn of the assistant begins and ends, counted from its content, is the
/// same wherever the roles and the texts on both sides of the content are the same; so it is measured for one of such turns.
/// </summary>
internal sealed class ChatGaps
{
    private readonly ChatConversation _conversation;
    private readonly string _text;
    private readonly TextRange[] _contents;
    private readonly Dictionary<(string Before, string After, string? RoleBefore, string? RoleAfter, bool IsLast), (int Start, int End)> _measured = [];

    private ChatGaps(ChatConversation conversation, string text, TextRange[] contents) => (_conversation, _text, _contents) = (conversation, text, contents);

    /// <summary>Finds where the contents are, by a rendering with a mark on both sides of each; null where the template writes them otherwise than they are.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="text">The conversation as text.</param>
    /// <param name="mark">A character that the text does not have.</param>
    /// <param name="render">Renders a conversation.</param>
    internal static ChatGaps? Find(ChatConversation conversation, string text, string mark, Func<ChatConversation, string> render)
    {
        const int FewTurns = 4;
        if (conversation.Messages.Count < FewTurns || conversation.Messages.Any(m => m.Content is null || m.ContentParts is not null))
            return null;
        string marked;
        try
        {
            marked = render(conversation with { Messages = [.. conversation.Messages.Select(m => m with { Content = mark + m.Content + mark })] });
        }
        catch (Exception e) when (e is ChatRejectedException or ChatTemplateException)
        {
            return null;
        }

        int count = conversation.Messages.Count, length = marked.Length - 2 * count;
        if (length != text.Length || marked.Replace(mark, "", StringComparison.Ordinal) != text)
            return null;
        var contents = new TextRange[count];
        int from = 0;
        for (int i = 0; i < count; i++)
        {
            int start = marked.IndexOf(mark, from, StringComparison.Ordinal), end = marked.IndexOf(mark, start + 1, StringComparison.Ordinal);
            if (!marked.AsSpan(start + 1, end - start - 1).SequenceEqual(conversation.Messages[i].Content))
                return null;
            contents[i] = new TextRange(start - 2 * i, end - 2 * i - 1);
            from = end + 1;
        }

        return new ChatGaps(conversation, text, contents);
    }

    /// <summary>A turn of the assistant, where one like it was measured.</summary>
    internal TextRange? Known(int index) => IsPlain(index) && _measured.TryGetValue(Key(index), out (int Start, int End) found)
        ? new TextRange(_contents[index].Start - found.Start, _contents[index].End + found.End)
        : null;

    /// <summary>Remembers where a turn was found.</summary>
    internal void Learn(int index, TextRange range)
    {
        // White space at an end of the content is no part of what a template writes, so where it counts differs from turn to turn.
        (int start, int end) = (_contents[index].Start - range.Start, range.End - _contents[index].End);
        if (IsPlain(index) && start >= 0 && end >= 0)
            _measured.TryAdd(Key(index), (start, end));
    }

    private bool IsPlain(int index) => _conversation.Messages[index] is { ToolCalls.Count: 0, ReasoningContent: null, Fields: null, Content: { Length: > 0 } content }
        && !TemplateStrings.IsSpace(content[0]) && !TemplateStrings.IsSpace(content[^1]);

    private (string, string, string?, string?, bool) Key(int index)
    {
        int last = _contents.Length - 1;
        return (
            index == 0 ? _text[.._contents[0].Start] : _text[_contents[index - 1].End.._contents[index].Start],
            index == last ? _text[_contents[index].End..] : _text[_contents[index].End.._contents[index + 1].Start],
            index == 0 ? null : _conversation.Messages[index - 1].Role,
            index == last ? null : _conversation.Messages[index + 1].Role,
            index == last);
    }
}
