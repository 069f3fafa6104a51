using System.Globalization;

namespace Anneal.Data;

/// <summary>
/// Finds what the assistant wrote in a rendered conversation whose template does not mark it. Where the text up to a turn, and that up to its end, are how
/// the whole text begins, the turn lies between. Templates that write a turn in another way when others follow (they drop its thoughts) are asked
/// with a mark in the turn's content: the text before and after the mark is where the content begins and ends. Turns around which the template writes
/// the same are measured once (<see cref="ChatGaps"/>), so that a long conversation takes a few renderings and not some for each turn.
/// </summary>
internal sealed class AssistantRanges(ChatTemplate template, ChatConversation conversation, ChatRenderOptions options, string text)
{
    /// <summary>The role of the assistant.</summary>
    internal const string Assistant = "assistant";

    private readonly string _mark = Mark(text);

    /// <summary>How often the conversation, or its beginning, was rendered.</summary>
    internal int Renderings { get; private set; }

    /// <summary>How many turns were known from others.</summary>
    internal int Known { get; private set; }

    /// <summary>The parts of the assistant.</summary>
    /// <param name="measuresAll">Whether each turn is measured by itself, with which what is measured once is compared in tests.</param>
    internal List<TextRange> Find(bool measuresAll = false)
    {
        var ranges = new List<TextRange>();
        ChatGaps? gaps = measuresAll ? null : ChatGaps.Find(conversation, text, _mark, marked => Render(marked, options));
        int from = 0;
        for (int i = 0; i < conversation.Messages.Count; i++)
        {
            if (conversation.Messages[i].Role != Assistant)
                continue;
            if (gaps?.Known(i) is not { } range)
            {
                range = FindTurn(i, from);
                gaps?.Learn(i, range);
            }
            else
            {
                Known++;
            }

            ranges.Add(range);
            from = range.End;
        }

        return ranges;
    }

    private TextRange FindTurn(int index, int from)
    {
        string? before = TryRender(index, addsPrompt: true), through = TryRender(index + 1, addsPrompt: false);
        int? start = before is not null && before.Length >= from && text.StartsWith(before, StringComparison.Ordinal) ? before.Length : null;
        if (conversation.Messages[index].ContentParts is not null)
        {
            return start is { } at && through is not null && through.Length > at && text.StartsWith(through, StringComparison.Ordinal)
                ? new TextRange(at, WithoutTrailingSpace(at, through.Length))
                : throw Unclear(index);
        }

        string content = conversation.Messages[index].Content ?? "";
        string last = RenderWith(conversation.Messages.Count, index, content + _mark);
        if (!last.Contains(_mark, StringComparison.Ordinal))
            throw Unclear(index);
        int contentEnd = text.Length - CommonSuffix(text, last);
        start ??= StartOf(index, content, before, from);
        int end = contentEnd + LengthOfEnd(index, content, contentEnd);
        if (start < from || end <= start)
            throw Unclear(index);
        return new TextRange(start.Value, WithoutTrailingSpace(contentEnd, end));
    }

    /// <summary>Where a turn begins in a text that does not begin like the text before the turn with its generation prompt.</summary>
    private int StartOf(int index, string content, string? before, int from)
    {
        string first = RenderWith(conversation.Messages.Count, index, _mark + content);
        int? contentStart = first.Contains(_mark, StringComparison.Ordinal) ? text.AsSpan().CommonPrefixLength(first) : null;
        int? promptEnd = before is null ? null : Math.Max(from, text.AsSpan().CommonPrefixLength(before));
        return contentStart is { } shown && promptEnd is { } prompt ? Math.Min(shown, prompt) : contentStart ?? promptEnd ?? throw Unclear(index);
    }

    /// <summary>How much of what follows the content belongs to the turn: what follows it too where the text ends with the turn.</summary>
    private int LengthOfEnd(int index, string content, int contentEnd)
    {
        string alone = RenderWith(index + 1, index, content + _mark);
        int mark = alone.LastIndexOf(_mark, StringComparison.Ordinal);
        ReadOnlySpan<char> tail = mark < 0 ? default : alone.AsSpan(mark + _mark.Length), rest = text.AsSpan(contentEnd);
        int length = rest.CommonPrefixLength(tail);
        if (length == tail.Length || length == rest.Length)
            return length;

        // The end of the text and the next turn may begin alike, as </s> and <|user|> do: what is only the beginning of something belongs to neither.
        while (length > 0 && !EndsSomething(rest[length - 1]))
            length--;
        return length;
    }

    private static bool EndsSomething(char character) =>
        character == '>' || TemplateStrings.IsSpace(character) || char.GetUnicodeCategory(character) == UnicodeCategory.ClosePunctuation;

    // Line ends behind the token that ends a turn are the template's; where there is nothing else, they are what ends the turn.
    private int WithoutTrailingSpace(int contentEnd, int end)
    {
        int trimmed = end;
        while (trimmed > contentEnd && TemplateStrings.IsSpace(text[trimmed - 1]))
            trimmed--;
        return trimmed > contentEnd ? trimmed : end;
    }

    /// <summary>The first messages as text; null where the template refuses so few.</summary>
    private string? TryRender(int count, bool addsPrompt)
    {
        try
        {
            return Render(conversation with { Messages = [.. conversation.Messages.Take(count)] }, options with { AddGenerationPrompt = addsPrompt });
        }
        catch (Exception e) when (e is ChatRejectedException or ChatTemplateException)
        {
            return null;
        }
    }

    private string RenderWith(int count, int index, string content)
    {
        ChatMessage[] messages = [.. conversation.Messages.Take(count)];
        messages[index] = messages[index] with { Content = content };
        return Render(conversation with { Messages = messages }, options);
    }

    private string Render(ChatConversation changed, ChatRenderOptions how)
    {
        Renderings++;
        return template.Render(changed, how);
    }

    private ChatTemplateException Unclear(int index) => new(FormattableString.Invariant(
        $"What the assistant wrote in message {index} cannot be told from the rendered text: the template changes it. It needs {{% generation %}} blocks around what the assistant writes."));

    private static int CommonSuffix(string left, string right)
    {
        int length = 0, most = Math.Min(left.Length, right.Length);
        while (length < most && left[^(length + 1)] == right[^(length + 1)])
            length++;
        return length;
    }

    /// <summary>A character for private use that the text does not have.</summary>
    internal static string Mark(string text)
    {
        const char First = '\uE000', Last = '\uF8FF';
        for (char c = First; c <= Last; c++)
        {
            if (!text.Contains(c, StringComparison.Ordinal))
                return c.ToString();
        }

        throw new ChatTemplateException("The conversation has every character for private use, one of which is needed to find what was written by whom.");
    }
}
