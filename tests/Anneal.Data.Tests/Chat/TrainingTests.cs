using System.Text.Json.Nodes;

namespace Anneal.Data.Tests;

/// <summary>Which parts of a rendered conversation are the assistant's.</summary>
public sealed class TrainingTests
{
    private static readonly ChatMessage[] Turns =
    [
        ChatMessage.User(" Hello there! "), ChatMessage.Assistant("Hi. How can I help?"), ChatMessage.User("What is 2+2?"), ChatMessage.Assistant("4"),
    ];

    private static readonly ChatRenderOptions Options = new() { Now = new DateTimeOffset(2024, 7, 26, 0, 0, 0, TimeSpan.Zero) };

    [Theory]
    [InlineData("chatml-generation", "Hi. How can I help?<|im_end|>", "4<|im_end|>")]
    [InlineData("qwen2", "Hi. How can I help?<|im_end|>", "4<|im_end|>")]
    [InlineData("qwen25", "Hi. How can I help?<|im_end|>", "4<|im_end|>")]
    [InlineData("qwen3", "Hi. How can I help?<|im_end|>", "<think>\n\n</think>\n\n4<|im_end|>")]
    [InlineData("llama2", " Hi. How can I help? </s>", " 4 </s>")]
    [InlineData("llama3", "Hi. How can I help?<|eot_id|>", "4<|eot_id|>")]
    [InlineData("llama31", "Hi. How can I help?<|eot_id|>", "4<|eot_id|>")]
    [InlineData("mistral", " Hi. How can I help?</s>", " 4</s>")]
    [InlineData("glm4", "\nHi. How can I help?", "\n4")]
    [InlineData("gemma", "Hi. How can I help?<end_of_turn>", "4<end_of_turn>")]
    [InlineData("gemma3", "Hi. How can I help?<end_of_turn>", "4<end_of_turn>")]
    [InlineData("phi3", "Hi. How can I help?<|end|>", "4<|end|>\n</s>")]
    [InlineData("deepseek", "Hi. How can I help?<｜end▁of▁sentence｜>", "4<｜end▁of▁sentence｜>")]
    [InlineData("zephyr", "Hi. How can I help?</s>", "4</s>")]
    [InlineData("command-r", "Hi. How can I help?<|END_OF_TURN_TOKEN|>", "4<|END_OF_TURN_TOKEN|>")]
    public void TheEndOfATurnBelongsToIt(string name, string first, string second)
    {
        RenderedChat chat = ChatTemplates.Load(name).RenderForTraining(new ChatConversation(Turns), Options);
        Assert.Equal(ChatTemplates.Load(name).Render(Turns, Options), chat.Text);
        Assert.Equal([first, second], chat.AssistantRanges.Select(r => chat.Text[r.Start..r.End]));
    }

    [Fact]
    public void ThoughtsThatAreDroppedLaterAreNoTarget()
    {
        ChatMessage[] turns =
        [
            ChatMessage.User("a"), ChatMessage.Assistant("<think>\nhm\n</think>\n\nb"), ChatMessage.User("c"),
            ChatMessage.Assistant("d") with { ReasoningContent = "well" },
        ];
        RenderedChat chat = ChatTemplates.Load("qwen3").RenderForTraining(new ChatConversation(turns));
        Assert.Equal(["b<|im_end|>", "<think>\nwell\n</think>\n\nd<|im_end|>"], Parts(chat));
        chat = ChatTemplates.Load("qwen3").RenderForTraining(new ChatConversation(turns), new ChatRenderOptions { Variables = new JsonObject { ["enable_thinking"] = false } });
        Assert.Equal("b<|im_end|>", Parts(chat)[0]);
    }

    [Fact]
    public void CallsOfToolsAreTheAssistants()
    {
        ChatMessage call = new("assistant", null) { ToolCalls = [new ChatToolCall("f", new JsonObject { ["x"] = 1 })] };
        RenderedChat chat = ChatTemplates.Load("qwen25").RenderForTraining(new ChatConversation([ChatMessage.User("a"), call, ChatMessage.Tool("2"), ChatMessage.Assistant("two")]));
        Assert.Equal(["<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call><|im_end|>", "two<|im_end|>"], Parts(chat));
        chat = ChatTemplates.Load("qwen3").RenderForTraining(new ChatConversation([ChatMessage.User("a"), call, ChatMessage.Tool("2"), ChatMessage.Assistant("two")]));
        Assert.EndsWith("{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call><|im_end|>", Parts(chat)[0]);
        Assert.Equal("<think>\n\n</think>\n\ntwo<|im_end|>", Parts(chat)[1]);
    }

    [Fact]
    public void AConversationWithoutTheAssistantHasNoRanges() =>
        Assert.Empty(ChatTemplates.Load("qwen2").RenderForTraining(new ChatConversation([ChatMessage.User("a")])).AssistantRanges);

    [Fact]
    public void WhereNothingCanBeToldThereIsAnError()
    {
        ChatTemplate upper = ChatTemplate.Parse("{% for m in messages|reverse %}{{ m.content|length }};{% endfor %}");
        Assert.Contains("generation", Assert.Throws<ChatTemplateException>(() => upper.RenderForTraining(new ChatConversation(Turns))).Message);
        ChatTemplate captured = ChatTemplate.Parse("{% macro m(x) %}{% generation %}{{ x }}{% endgeneration %}{% endmacro %}{% for m1 in messages %}{{ m(m1.content) }}{% endfor %}");
        Assert.True(captured.HasGenerationBlocks);
        Assert.Equal((1, 17), Assert.Throws<ChatTemplateException>(() => captured.RenderForTraining(new ChatConversation(Turns))) is var e ? (e.Line, e.Column) : default);
        Assert.Equal(" Hello there! Hi. How can I help?What is 2+2?4", captured.Render(Turns));
    }

    [Fact]
    public void TokensOfTheAssistantAreMasked()
    {
        Tokenizer tokenizer = TokenizerFiles.Load("bytelevel_bpe_gpt2.json");
        RenderedChat chat = ChatTemplates.Load("llama3").RenderForTraining(new ChatConversation(Turns));
        TokenizedText tokens = tokenizer.Encode(chat.Text, new EncodeOptions { AddSpecialTokens = false });
        bool[] mask = chat.AssistantMask(tokens);
        Assert.Equal(tokens.Count, mask.Length);
        string marked = string.Concat(Enumerable.Range(0, mask.Length).Where(i => mask[i]).Select(i => chat.Text[tokens.Offsets[i].Start..tokens.Offsets[i].End]));
        Assert.Contains("How can I help?", marked);
        Assert.DoesNotContain("Hello", marked);
    }

    /// <summary>Whatever is said, the ranges hold the assistant's words, in order, with the end of each turn.</summary>
    [Theory]
    [InlineData("qwen2", "<|im_end|>")]
    [InlineData("qwen3", "<|im_end|>")]
    [InlineData("llama3", "<|eot_id|>")]
    [InlineData("gemma", "<end_of_turn>")]
    [InlineData("zephyr", "</s>")]
    [InlineData("mistral", "</s>")]
    public void RandomConversationsAreMarked(string name, string end)
    {
        string[] words = ["a", "4", " b", "\n", "😀", "é", "user", "<|", "assistant", "  ", "é\n\nx"];
        ChatTemplate template = ChatTemplates.Load(name);
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            ChatMessage[] turns = [.. Enumerable.Range(0, 2 * random.Next(1, 4)).Select(i => new ChatMessage(i % 2 == 0 ? "user" : "assistant", string.Concat(random.GetItems(words, random.Next(0, 6)))))];
            RenderedChat chat = template.RenderForTraining(new ChatConversation(turns), Options);
            string[] parts = Parts(chat);
            Assert.Equal(turns.Length / 2, parts.Length);
            for (int i = 0; i < parts.Length; i++)
            {
                Assert.EndsWith(end, parts[i]);
                Assert.Contains(turns[2 * i + 1].Content!.Trim(), parts[i]);
            }
        }
    }

    /// <summary>Turns that are known from others like them are those that are found turn by turn, for every template and any conversation.</summary>
    [Fact]
    public void TurnsThatAreMeasuredOnceAreWhereEachIsFound()
    {
        string[] words = ["a", "4", " b", "\n", "😀", "user", "<|im_start|>assistant\n", "</think>", "[/INST]", "  ", "é\n\nx", "<s>"], plain = ["a", "4", "é 😀", "user", "b\n\nc"];
        int known = 0, found = 0;
        foreach (string name in ChatTemplates.Names.Where(n => !ChatTemplates.Load(n).HasGenerationBlocks))
        {
            ChatTemplate template = ChatTemplates.Load(name);
            for (int seed = 0; seed < 80; seed++)
            {
                var random = new Random(seed);
                ChatMessage[] turns = [.. Enumerable.Range(0, random.Next(4, 14)).Select(i => Turn(random, i, seed % 2 == 0 ? plain : words))];
                var conversation = new ChatConversation(turns);
                string text;
                try
                {
                    text = template.Render(conversation, Options);
                }
                catch (Exception e) when (e is ChatRejectedException or ChatTemplateException)
                {
                    continue;
                }

                var quick = new AssistantRanges(template, conversation, Options, text);
                List<TextRange>? expected = Try(new AssistantRanges(template, conversation, Options, text), measuresAll: true), actual = Try(quick, measuresAll: false);
                Assert.True(expected is null == actual is null && (expected is null || expected.SequenceEqual(actual!)), $"{name}, seed {seed}: {text}");
                (known, found) = (known + quick.Known, found + (actual?.Count ?? 0));
            }
        }

        Assert.True(known > found / 4, $"{known} of {found} turns were known from others");

        static ChatMessage Turn(Random random, int index, string[] words)
        {
            string content = string.Concat(random.GetItems(words, random.Next(1, 4)));
            return new ChatMessage(index % 2 == 0 ? "user" : "assistant", content)
            {
                ReasoningContent = index % 2 == 1 && random.Next(6) == 0 ? "why" : null,
                ToolCalls = index % 2 == 1 && random.Next(12) == 0 ? [new ChatToolCall("f", new JsonObject { ["x"] = 1 })] : [],
            };
        }

        static List<TextRange>? Try(AssistantRanges ranges, bool measuresAll)
        {
            try
            {
                return ranges.Find(measuresAll);
            }
            catch (ChatTemplateException)
            {
                return null;
            }
        }
    }

    /// <summary>A conversation of hundreds of turns is rendered some times, not some times for each turn.</summary>
    [Theory]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("llama31")]
    [InlineData("mistral")]
    [InlineData("glm4")]
    [InlineData("gemma3")]
    public void LongConversationsAreRenderedAFewTimes(string name)
    {
        ChatMessage[] turns = [.. Enumerable.Range(0, 400).Select(i => i % 2 == 0 ? ChatMessage.User($"What is {i}?") : ChatMessage.Assistant($"It is {i}."))];
        ChatTemplate template = ChatTemplates.Load(name);
        string text = template.Render(turns, Options);
        var ranges = new AssistantRanges(template, new ChatConversation(turns), Options, text);
        List<TextRange> found = ranges.Find();
        Assert.Equal(200, found.Count);
        Assert.All(found.Index(), r => Assert.Contains($"It is {2 * r.Index + 1}.", text[r.Item.Start..r.Item.End]));
        Assert.InRange(ranges.Renderings, 1, 25);
    }

    private static string[] Parts(RenderedChat chat) => [.. chat.AssistantRanges.Select(r => chat.Text[r.Start..r.End])];
}
