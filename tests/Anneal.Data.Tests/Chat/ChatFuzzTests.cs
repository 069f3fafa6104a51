using System.Text;
using Xunit.Abstractions;

namespace Anneal.Data.Tests;

/// <summary>
/// Damaged templates and conversations: each gives a text, or one of the errors of rendering, with bounded memory and time.
/// </summary>
public sealed class ChatFuzzTests(ITestOutputHelper output)
{
    private static readonly ChatTemplateLimits Limits = new() { MaximumSteps = 100_000, MaximumCharacters = 500_000 };

    // Templates hold each other's parts, so that damage makes new constructs and not only errors of spelling.
    private static readonly string[] Pieces =
    [
        "{% for x in messages %}", "{% endfor %}", "{% if x %}", "{% else %}", "{% endif %}", "{{ x }}", "{{- ", " -}}", "{%- ", " -%}", "{#", "#}", "{% raw %}", "{% endraw %}",
        "{% macro m(a, b=1) %}", "{% endmacro %}", "{{ m(1) }}", "{% set x = 1 %}", "{% set x %}", "{% endset %}", "{% generation %}", "{% endgeneration %}", "{% break %}", "{% continue %}",
        "|", "|tojson(indent=2)", "|join(',')", "|map('upper')", "|selectattr('role')", "|list", "|length", "|int", "|replace('a', 'b')", "|sort", "|indent(3)", "|trim", "|first", "|items",
        " is defined", " is string", " is not none", " in ", " not in ", " and ", " or ", " not ", " if ", " else ", "[0]", "[-1]", "[::-1]", "[1:]", ".content", ".items()", ".split('a')", ".strip()",
        "(", ")", "[", "]", "{", "}", "+", "-", "*", "**", "//", "%", "~", "==", "<", ",", ":", "=", ".", "'a'", "\"", "'", "\\", "1", "0", "9223372036854775807", "1.5", "none", "true",
        "messages", "tools", "namespace(x=1)", "range(9)", "range(99999)", "loop.index", "raise_exception('x')", "strftime_now('%d')", "ns", "'x' * 99999", "\n", "  ", "\t", "😀", "\ud800", "\0",
    ];

    private static readonly byte[][] Conversations =
    [
        [
            .. """{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "function": """u8,
            .. """{"name": "f", "arguments": {"x": [1.5, "\ud83d\ude00"]}}}]}, {"role": "tool", "content": [{"type": "text", "text": "t"}]}],"""u8,
            .. """ "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}]}"""u8,
        ],
        """[{"role": "system", "content": "零"}, {"role": "user", "content": "q", "name": "A"}, {"role": "assistant", "reasoning_content": "why", "tool_calls": null}]"""u8.ToArray(),
    ];

    [Fact]
    public void DamagedTemplatesNeverDoMoreThanThrow()
    {
        string[] seeds = [.. ChatTemplates.Names.Select(ChatTemplates.Text)];
        ChatConversation[] conversations = [.. Enumerable.Range(0, 8).Select(seed => RandomConversation(new Random(seed)))];
        Count("templates", random =>
        {
            string template = Damage(seeds[random.Next(seeds.Length)], random);
            ChatConversation conversation = conversations[random.Next(conversations.Length)];
            ChatTemplate parsed = ChatTemplate.Parse(template, ChatTemplates.SpecialTokens);
            var options = new ChatRenderOptions { Limits = Limits, Now = DateTimeOffset.UnixEpoch, AddGenerationPrompt = random.Next(2) == 0 };
            parsed.Render(conversation, options);
            if (random.Next(4) == 0)
                parsed.RenderForTraining(conversation, options);
        });
    }

    [Fact]
    public void RandomTemplatesNeverDoMoreThanThrow() => Count("random templates", random =>
    {
        string template = string.Concat(random.GetItems(Pieces, random.Next(1, 25)));
        ChatTemplate.Parse(random.Next(2) == 0 ? template : "{{ " + template + " }}").Render([ChatMessage.User("a")], new ChatRenderOptions { Limits = Limits });
    });

    [Fact]
    public void RandomMessagesNeverDoMoreThanThrow()
    {
        ChatTemplate[] templates = [.. ChatTemplates.Names.Select(ChatTemplates.Load)];
        Count("messages", random =>
        {
            var options = new ChatRenderOptions { Limits = Limits, Now = DateTimeOffset.UnixEpoch, AddGenerationPrompt = random.Next(2) == 0 };
            ChatTemplate template = templates[random.Next(templates.Length)];
            ChatConversation conversation = RandomConversation(random);
            template.Render(conversation, options);
            template.RenderForTraining(conversation, options);
        });
    }

    [Fact]
    public void DamagedConversationsNeverDoMoreThanThrow()
    {
        ChatTemplate template = ChatTemplates.Load("qwen3");
        string[] seeds = [.. Conversations.Select(Encoding.UTF8.GetString)];
        Count("conversations", random => template.Render(ChatConversation.Parse(Damage(seeds[random.Next(seeds.Length)], random)), new ChatRenderOptions { Limits = Limits }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DamagedFilesOfConversationsNeverDoMoreThanThrow(bool compressed)
    {
        byte[][] files = [[.. Conversations[0], (byte)'\n', .. Conversations[1]], [.. Encoding.UTF8.Preamble, .. Conversations[1], (byte)'\r', (byte)'\n', .. Conversations[0], (byte)'\n']];
        byte[][] whole = compressed ? [.. files.Select(IdxBytes.Gzip)] : files;
        Array.ForEach(whole, Read);
        FuzzCount count = Fuzzing.Run("files of conversations", number => compressed && number % 2 == 0 ? IdxBytes.Gzip(FileDamage.Of(files, number / 2)) : FileDamage.Of(whole, number), Read);
        output.WriteLine($"files of conversations: {count}");
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);

        static void Read(byte[] bytes)
        {
            foreach (ChatConversation conversation in ChatConversation.ReadLines(() => StrictTextReader.Of(new MemoryStream(bytes), "m"), "m"))
                Assert.All(conversation.Messages, m => Assert.NotNull(m.ToJson()));
        }
    }

    /// <summary>An input is the number from which a template, a conversation and the options follow.</summary>
    private void Count(string what, Action<Random> run)
    {
        FuzzCount count = Fuzzing.Run(what, BitConverter.GetBytes, number =>
        {
            try
            {
                run(new Random(BitConverter.ToInt32(number)));
            }
            catch (AnnealException e) when (e is not (ChatTemplateException or ChatRejectedException or ChatTemplateLimitException or InputException))
            {
                throw new InvalidOperationException("An error of another kind than rendering has.", e);
            }
        });
        output.WriteLine($"{what}: {count}");
        Assert.InRange(count.Refused, count.Inputs / 20, count.Inputs - 1);
    }

    private static string Damage(string seed, Random random)
    {
        var text = new StringBuilder(seed);
        for (int count = random.Next(1, 5); count > 0 && text.Length > 0; count--)
        {
            int at = random.Next(text.Length), length = Math.Min(random.Next(1, 30), text.Length - at);
            switch (random.Next(5))
            {
                case 0: text.Remove(at, length); break;
                case 1: text.Insert(at, Pieces[random.Next(Pieces.Length)]); break;
                case 2: text.Insert(random.Next(text.Length), text.ToString(at, length)); break;
                case 3: text[at] = (char)random.Next(32, 127); break;
                default: text.Remove(at, length).Insert(at, Pieces[random.Next(Pieces.Length)]); break;
            }
        }

        return text.ToString();
    }

    private static ChatConversation RandomConversation(Random random)
    {
        string[] roles = ["user", "assistant", "user", "assistant", "system", "tool", "x"];
        ChatMessage[] messages = [.. Enumerable.Range(0, random.Next(6)).Select(i => new ChatMessage(
            random.Next(4) == 0 ? roles[random.Next(roles.Length)] : roles[i % 2],
            random.Next(12) == 0 ? null : string.Concat(random.GetItems(Pieces, random.Next(4))))
        {
            ToolCalls = random.Next(8) == 0 ? [new ChatToolCall("f", new System.Text.Json.Nodes.JsonObject { ["x"] = random.Next() }) { Id = random.Next(2) == 0 ? "123456789" : null }] : [],
            ReasoningContent = random.Next(8) == 0 ? "why" : null,
        })];
        return new ChatConversation(messages) { Tools = random.Next(4) == 0 ? [new ChatTool("f", "d", [])] : [] };
    }
}
