using System.Text.Json.Nodes;

namespace Anneal.Data.Tests;

/// <summary>Templates in the folders of models, and conversations in JSON.</summary>
public sealed class ChatFileTests
{
    private static readonly ChatMessage[] Hello = [ChatMessage.User("Hi")];

    [Fact]
    public void ATemplateIsReadFromTheConfigurationOfTheTokenizer()
    {
        using var folder = new TemporaryFolder();
        Assert.False(ChatTemplate.IsIn(folder.Path));
        File.WriteAllText(folder.File("tokenizer_config.json"), """
            {"bos_token": {"content": "<b>", "lstrip": false}, "eos_token": "<e>", "pad_token": null, "model_max_length": 5,
             "chat_template": "{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}{{ pad_token is defined }}"}
            """);
        Assert.True(ChatTemplate.IsIn(folder.Path));
        ChatTemplate template = ChatTemplate.Load(folder.Path);
        Assert.Equal("<b>Hi<e>False", template.Render(Hello));
        Assert.Equal("<b>Hi!False", template.Render(Hello, new ChatRenderOptions { SpecialTokens = new Dictionary<string, string> { ["eos_token"] = "!" } }));
        Assert.Equal(["default"], template.Names);
    }

    [Fact]
    public void SeveralTemplatesAreChosenByNameAndByTools()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tokenizer_config.json"), """
            {"chat_template": [{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T"}, {"name": "rag", "template": "R"}]}
            """);
        var conversation = new ChatConversation(Hello) { Tools = [new ChatTool("f", "", [])] };
        ChatTemplate template = ChatTemplate.Load(folder.Path);
        using var other = new TemporaryFolder();
        template.Save(other.Path);
        foreach (ChatTemplate each in (ChatTemplate[])[template, ChatTemplate.Load(other.Path)])
        {
            Assert.Equal(["default", "rag", "tool_use"], each.Names.Order());
            Assert.Equal("D", each.Text);
            Assert.Equal("D", each.Render(Hello));
            Assert.Equal("T", each.Render(conversation));
            Assert.Equal("R", each.Render(conversation, new ChatRenderOptions { Template = "rag" }));
            Assert.Contains("'rag'", Assert.Throws<OptionException>(() => each.Render(Hello, new ChatRenderOptions { Template = "x" })).Message);
        }
    }

    [Fact]
    public void TheFileOfItsOwnComesFirst()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"eos_token": "<e>", "chat_template": "old"}""");
        File.WriteAllText(folder.File("chat_template.json"), """{"chat_template": "json"}""");
        Assert.Equal("json", ChatTemplate.Load(folder.Path).Render(Hello));
        File.WriteAllText(folder.File("chat_template.jinja"), "new{{ eos_token }}\n");
        Assert.Equal("new<e>", ChatTemplate.Load(folder.Path).Render(Hello));
    }

    [Fact]
    public void WhatIsSavedIsLoadedAgain()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"eos_token": {"content": "</s>", "special": true}, "model_max_length": 512, "chat_template": "old"}""");
        File.WriteAllText(folder.File("chat_template.json"), """{"chat_template": "older"}""");
        ChatTemplate template = ChatTemplates.Load("qwen3");
        template.Save(folder.Path);
        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.File("tokenizer_config.json")))!.AsObject();
        Assert.Equal(["bos_token", "eos_token", "model_max_length"], config.Select(m => m.Key).Order());
        Assert.True((bool)config["eos_token"]!["special"]!);
        ChatTemplate again = ChatTemplate.Load(folder.Path);
        Assert.Equal(template.Text, again.Text);
        Assert.Equal(template.SpecialTokens.OrderBy(t => t.Key), again.SpecialTokens.OrderBy(t => t.Key));
        Assert.Equal(template.Render(Hello), again.Render(Hello));
        Assert.Empty(Directory.GetFiles(folder.Path, "*.tmp"));
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"chat_template": 5}""")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "default"}]}""")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "../x", "template": "x"}]}""")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "a", "template": "x"}, {"name": "a", "template": "y"}]}""")]
    [InlineData("tokenizer_config.json", """{"chat_template": "x", "chat_template": "y"}""")]
    [InlineData("tokenizer_config.json", """{"chat_template": "x", "eos_token": 5}""")]
    [InlineData("tokenizer_config.json", "{")]
    [InlineData("tokenizer_config.json", "{}")]
    [InlineData("chat_template.json", "{}")]
    [InlineData("other.txt", "")]
    public void WhatIsNoTemplateIsRefused(string name, string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(name), content);
        Assert.Throws<ModelFileException>(() => ChatTemplate.Load(folder.Path));
    }

    [Fact]
    public void BytesThatAreNotUtf8AreRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("chat_template.jinja"), [(byte)'a', 0xFF]);
        Assert.Equal("byte 1", Assert.Throws<ModelFileException>(() => ChatTemplate.Load(folder.Path)).Where);
    }

    [Fact]
    public void ConversationsAreReadFromJson()
    {
        ChatConversation conversation = ChatConversation.Parse("""
            {"id": 5, "messages": [
              {"role": "system", "content": "s"},
              {"role": "user", "content": [{"type": "text", "text": "q"}], "name": "Ann"},
              {"role": "assistant", "content": null, "reasoning_content": "r", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"x": [1.5, 2]}}}]},
              {"role": "tool", "content": "t", "tool_call_id": "1"}],
             "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}}]}
            """);
        ChatTemplate template = ChatTemplate.Parse("{% for m in messages %}{{ m|tojson }}\n{% endfor %}{{ tools|tojson }}");
        Assert.Equal(
            """
            {"role": "system", "content": "s"}
            {"role": "user", "content": [{"type": "text", "text": "q"}], "name": "Ann"}
            {"role": "assistant", "content": null, "reasoning_content": "r", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"x": [1.5, 2]}}, "id": "1"}]}
            {"role": "tool", "content": "t", "tool_call_id": "1"}
            [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}}]
            """.ReplaceLineEndings("\n"),
            template.Render(conversation));
        Assert.Equal("Hi", ChatConversation.Parse("""[{"role": "user", "content": "Hi"}]""").Messages[0].Content);
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("5", "messages")]
    [InlineData("{}", "messages")]
    [InlineData("""[{"content": "x"}]""", "messages[0] has no role")]
    [InlineData("""[{"role": 5}]""", "messages[0].role")]
    [InlineData("""[{"role": "user", "role": "x"}]""", "line 1")]
    [InlineData("""[{"role": "user", "content": 5}]""", "messages[0].content")]
    [InlineData("""[5]""", "messages[0]")]
    [InlineData("""[{"role": "a", "tool_calls": [{}]}]""", "tool_calls[0].name")]
    [InlineData("""{"messages": [], "tools": 5}""", "tools")]
    [InlineData("""[{"role": "\ud800"}]""", "half of a character")]
    [InlineData("""[{"role": "user", "x": {"y": "\ud800"}}]""", "half of a character")]
    public void BrokenConversationsAreRefused(string json, string problem) =>
        Assert.Contains(problem, Assert.Throws<InputException>(() => ChatConversation.Parse(json)).Message, StringComparison.Ordinal);

    /// <summary>What a file leaves out is written as nothing, and none as the word that Python has for it.</summary>
    [Theory]
    [InlineData("""[{"role": "assistant"}]""", "", "False")]
    [InlineData("""[{"role": "assistant", "content": null}]""", "None", "True")]
    public void ContentThatIsLeftOutIsNotThere(string json, string written, string isThere)
    {
        ChatConversation conversation = ChatConversation.Parse(json);
        Assert.Equal(written + isThere, ChatTemplate.Parse("{{ messages[0].content }}{{ 'content' in messages[0] }}").Render(conversation));
        Assert.Equal(isThere == "True", conversation.Messages[0].ToJson().ContainsKey("content"));
        Assert.Equal("xTrue", ChatTemplate.Parse("{{ messages[0].content }}{{ 'content' in messages[0] }}").Render([conversation.Messages[0] with { Content = "x" }]));
    }

    [Fact]
    public void FilesOfConversationsAreReadLineByLine()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("talks.jsonl");
        File.WriteAllText(path, """[{"role": "user", "content": "a"}]""" + "\n" + """{"messages": [{"role": "user", "content": "b"}], "id": 1}""" + "\n");
        IEnumerable<ChatConversation> talks = ChatConversation.Read(path);
        for (int pass = 0; pass < 2; pass++)
            Assert.Equal(["a", "b"], talks.Select(t => t.Messages[0].Content));
        File.AppendAllText(path, "[{}]\n");
        TextFileException error = Assert.Throws<TextFileException>(() => talks.Count());
        Assert.Equal(3, error.Line);
        Assert.Contains("messages[0] has no role", error.Message, StringComparison.Ordinal);
        Assert.Throws<DataFileException>(() => ChatConversation.Read(folder.File("none")).Count());
    }

    [Fact]
    public void FieldsAndVariablesDoNotReplaceWhatIsThere()
    {
        ChatMessage twice = ChatMessage.User("a") with { Fields = new JsonObject { ["role"] = "b" } };
        Assert.Throws<InputException>(() => ChatTemplate.Parse("x").Render([twice]));
        Assert.Throws<OptionException>(() => ChatTemplate.Parse("x").Render(Hello, new ChatRenderOptions { Variables = new JsonObject { ["messages"] = 1 } }));
    }

    [Fact]
    public void OneTemplateRendersOnManyThreads()
    {
        ChatTemplate template = ChatTemplates.Load("qwen3");
        string expected = template.Render(Hello);
        Parallel.For(0, 200, _ => Assert.Equal(expected, template.Render(Hello)));
    }
}
