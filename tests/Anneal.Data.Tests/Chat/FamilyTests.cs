using System.Text.Json.Nodes;

namespace Anneal.Data.Tests;

/// <summary>What the templates of public model families make of a conversation, written out.</summary>
public sealed class FamilyTests
{
    private static readonly ChatMessage[] Turns =
        [ChatMessage.System("Be brief."), ChatMessage.User(" Hello there! "), ChatMessage.Assistant("Hi. How can I help?"), ChatMessage.User("What is 2+2?")];

    private static readonly ChatRenderOptions Plain = new() { Now = new DateTimeOffset(2024, 7, 26, 9, 5, 3, TimeSpan.Zero) };
    private static readonly ChatRenderOptions Prompt = Plain with { AddGenerationPrompt = true };

    [Fact]
    public void Qwen2() => Same(
        """
        <|im_start|>system
        Be brief.<|im_end|>
        <|im_start|>user
         Hello there! <|im_end|>
        <|im_start|>assistant
        Hi. How can I help?<|im_end|>
        <|im_start|>user
        What is 2+2?<|im_end|>
        <|im_start|>assistant

        """,
        Render("qwen2", Turns, Prompt));

    [Fact]
    public void Qwen25() => Same(
        """
        <|im_start|>system
        Be brief.<|im_end|>
        <|im_start|>user
         Hello there! <|im_end|>
        <|im_start|>assistant
        Hi. How can I help?<|im_end|>
        <|im_start|>user
        What is 2+2?<|im_end|>
        <|im_start|>assistant

        """,
        Render("qwen25", Turns, Prompt));

    [Fact]
    public void Qwen3() => Same(
        """
        <|im_start|>system
        Be brief.<|im_end|>
        <|im_start|>user
         Hello there! <|im_end|>
        <|im_start|>assistant
        Hi. How can I help?<|im_end|>
        <|im_start|>user
        What is 2+2?<|im_end|>
        <|im_start|>assistant

        """,
        Render("qwen3", Turns, Prompt));

    [Fact]
    public void Llama2() => Same(
        """
        <s>[INST] <<SYS>>
        Be brief.
        <</SYS>>

         Hello there! [/INST] Hi. How can I help? </s><s>[INST] What is 2+2? [/INST]
        """,
        Render("llama2", Turns, Prompt));

    [Fact]
    public void Llama3() => Same(
        """
        <s><|start_header_id|>system<|end_header_id|>

        Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>

        Hello there!<|eot_id|><|start_header_id|>assistant<|end_header_id|>

        Hi. How can I help?<|eot_id|><|start_header_id|>user<|end_header_id|>

        What is 2+2?<|eot_id|><|start_header_id|>assistant<|end_header_id|>


        """,
        Render("llama3", Turns, Prompt));

    [Fact]
    public void Llama31() => Same(
        """
        <s><|start_header_id|>system<|end_header_id|>

        Cutting Knowledge Date: December 2023
        Today Date: 26 Jul 2024

        Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>

        Hello there!<|eot_id|><|start_header_id|>assistant<|end_header_id|>

        Hi. How can I help?<|eot_id|><|start_header_id|>user<|end_header_id|>

        What is 2+2?<|eot_id|><|start_header_id|>assistant<|end_header_id|>


        """,
        Render("llama31", Turns, Prompt));

    [Fact]
    public void Mistral() => Same(
        """
        <s>[INST]  Hello there! [/INST] Hi. How can I help?</s>[INST] Be brief.

        What is 2+2?[/INST]
        """,
        Render("mistral", Turns, Prompt));

    [Fact]
    public void Glm4() => Same(
        """
        [gMASK]<sop><|system|>
        Be brief.<|user|>
         Hello there! <|assistant|>
        Hi. How can I help?<|user|>
        What is 2+2?<|assistant|>
        """,
        Render("glm4", Turns, Prompt));

    [Fact]
    public void Gemma() => Same(
        """
        <s><start_of_turn>user
        Hello there!<end_of_turn>
        <start_of_turn>model
        Hi. How can I help?<end_of_turn>
        <start_of_turn>user
        What is 2+2?<end_of_turn>
        <start_of_turn>model

        """,
        Render("gemma", Turns[1..], Prompt));

    [Fact]
    public void Gemma3() => Same(
        """
        <s><start_of_turn>user
        Be brief.

        Hello there!<end_of_turn>
        <start_of_turn>model
        Hi. How can I help?<end_of_turn>
        <start_of_turn>user
        What is 2+2?<end_of_turn>
        <start_of_turn>model

        """,
        Render("gemma3", Turns, Prompt));

    [Fact]
    public void Phi3() => Same(
        """
        <|system|>
        Be brief.<|end|>
        <|user|>
         Hello there! <|end|>
        <|assistant|>
        Hi. How can I help?<|end|>
        <|user|>
        What is 2+2?<|end|>
        <|assistant|>

        """,
        Render("phi3", Turns, Prompt));

    [Fact]
    public void DeepSeek() => Same(
        """
        <s>Be brief.<｜User｜> Hello there! <｜Assistant｜>Hi. How can I help?<｜end▁of▁sentence｜><｜User｜>What is 2+2?<｜Assistant｜>
        """,
        Render("deepseek", Turns, Prompt));

    [Fact]
    public void Zephyr() => Same(
        """
        <|system|>
        Be brief.</s>
        <|user|>
         Hello there! </s>
        <|assistant|>
        Hi. How can I help?</s>
        <|user|>
        What is 2+2?</s>
        <|assistant|>

        """,
        Render("zephyr", Turns, Prompt));

    [Fact]
    public void Alpaca() => Same(
        """
        Be brief.

        ### Instruction:
        Hello there!

        ### Response:
        Hi. How can I help?</s>


        ### Instruction:
        What is 2+2?

        ### Response:

        """,
        Render("alpaca", Turns, Prompt));

    [Fact]
    public void CommandR() => Same(
        """
        <s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be brief.<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hello there!<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hi. How can I help?<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>What is 2+2?<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>
        """,
        Render("command-r", Turns, Prompt));

    [Fact]
    public void ChatMLWithGenerationBlocks() => Same(
        """
        <|im_start|>system
        Be brief.<|im_end|>
        <|im_start|>user
         Hello there! <|im_end|>
        <|im_start|>assistant
        Hi. How can I help?<|im_end|>
        <|im_start|>user
        What is 2+2?<|im_end|>
        <|im_start|>assistant

        """,
        Render("chatml-generation", Turns, Prompt));

    [Fact]
    public void Qwen2AddsItsOwnSystemMessage() => Same(
        """
        <|im_start|>system
        You are a helpful assistant.<|im_end|>
        <|im_start|>user
        What is 2+2?<|im_end|>
        <|im_start|>assistant
        4<|im_end|>

        """,
        Render("qwen2", [ChatMessage.User("What is 2+2?"), ChatMessage.Assistant("4")], Plain));

    [Fact]
    public void ZephyrEndsFinishedTurns() => Same(
        """
        <|user|>
        What is 2+2?</s>
        <|assistant|>
        4</s>

        """,
        Render("zephyr", [ChatMessage.User("What is 2+2?"), ChatMessage.Assistant("4")], Plain));

    [Fact]
    public void Qwen3KeepsTheThoughtsOfItsLastTurn() => Same(
        """
        <|im_start|>user
         Hello there! <|im_end|>
        <|im_start|>assistant
        Hi.<|im_end|>
        <|im_start|>user
        What is 2+2?<|im_end|>
        <|im_start|>assistant
        <think>
        2+2 is 4.
        </think>

        4<|im_end|>

        """,
        Render(
            "qwen3",
            [
                ChatMessage.User(" Hello there! "), ChatMessage.Assistant("<think>\nA greeting.\n</think>\n\nHi."), ChatMessage.User("What is 2+2?"),
                ChatMessage.Assistant("4") with { ReasoningContent = "2+2 is 4." },
            ],
            Plain));

    [Fact]
    public void Qwen3IsToldNotToThink() => Same(
        """
        <|im_start|>user
        Hi<|im_end|>
        <|im_start|>assistant
        <think>

        </think>


        """,
        Render("qwen3", [ChatMessage.User("Hi")], Prompt with { Variables = new JsonObject { ["enable_thinking"] = false } }));

    [Theory]
    [InlineData("llama2")]
    [InlineData("mistral")]
    [InlineData("gemma")]
    [InlineData("gemma3")]
    [InlineData("command-r")]
    public void TurnsThatDoNotAlternateAreRefused(string name)
    {
        ChatRejectedException error = Assert.Throws<ChatRejectedException>(() => Render(name, [ChatMessage.User("a"), ChatMessage.User("b")], Plain));
        Assert.Contains("roles must alternate user/assistant/user/assistant/...", error.Reason);
    }

    [Fact]
    public void GemmaRefusesASystemMessage() =>
        Assert.Equal("This model knows no system message", Assert.Throws<ChatRejectedException>(() => Render("gemma", Turns, Plain)).Reason);

    [Fact]
    public void ContentCanBeAListOfParts() => Same(
        """
        <s><start_of_turn>user
        <start_of_image>What is it?<end_of_turn>

        """,
        Render("gemma3", [new ChatMessage("user", null) { ContentParts = [new JsonObject { ["type"] = "image" }, new JsonObject { ["type"] = "text", ["text"] = " What is it? " }] }], Plain));

    [Fact]
    public void TheTimeIsGivenAndNeverRead()
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Render("llama31", Turns, new ChatRenderOptions()));
        Assert.Equal((6, 70), (error.Line, error.Column));
        Assert.Contains("ChatRenderOptions.Now", error.Message);
        Assert.Contains("Today Date: 01 Jan 2030", Render("llama31", Turns, new ChatRenderOptions { Variables = new JsonObject { ["date_string"] = "01 Jan 2030" } }));
    }

    private static void Same(string expected, string rendered) => Assert.Equal(expected.ReplaceLineEndings("\n"), rendered);

    private static string Render(string name, ChatMessage[] messages, ChatRenderOptions options) => ChatTemplates.Load(name).Render(messages, options);
}
