using System.Text.Json.Nodes;

namespace Anneal.Data.Tests;

/// <summary>What the templates of public model families make of tools, calls and their answers, written out.</summary>
public sealed class ToolTests
{
    private static readonly ChatMessage[] Question = [ChatMessage.User("How is the weather?")];

    private static readonly ChatMessage Answer = ChatMessage.Tool("""{"sky": "clear"}""") with { Fields = new JsonObject { ["tool_call_id"] = "abcdefghi" } };

    private static readonly ChatTool Weather = new("get_weather", "The weather at a place.", JsonNode.Parse("""
        {"type": "object", "properties": {"city": {"type": "string", "description": "Die Stadt, z. B. Köln"}, "days": {"type": "integer"}}, "required": ["city"]}
        """)!.AsObject());

    [Fact]
    public void Qwen25() => Same(
        """
        <|im_start|>system
        You are Qwen, created by Alibaba Cloud. You are a helpful assistant.

        # Tools

        You may call one or more functions to assist with the user query.

        You are provided with function signatures within <tools></tools> XML tags:
        <tools>
        {"type": "function", "function": {"name": "get_weather", "description": "The weather at a place.", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Die Stadt, z. B. Köln"}, "days": {"type": "integer"}}, "required": ["city"]}}}
        </tools>

        For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
        <tool_call>
        {"name": <function-name>, "arguments": <args-json-object>}
        </tool_call><|im_end|>
        <|im_start|>user
        How is the weather?<|im_end|>
        <|im_start|>assistant
        <tool_call>
        {"name": "get_weather", "arguments": {"city": "Köln", "days": 3}}
        </tool_call><|im_end|>
        <|im_start|>user
        <tool_response>
        {"sky": "clear"}
        </tool_response><|im_end|>
        <|im_start|>assistant

        """,
        RenderWithTools("qwen25", [.. Question, Call(new JsonObject { ["city"] = "Köln", ["days"] = 3 }), Answer]));

    [Fact]
    public void Qwen3() => Same(
        """
        <|im_start|>system
        # Tools

        You may call one or more functions to assist with the user query.

        You are provided with function signatures within <tools></tools> XML tags:
        <tools>
        {"type": "function", "function": {"name": "get_weather", "description": "The weather at a place.", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Die Stadt, z. B. Köln"}, "days": {"type": "integer"}}, "required": ["city"]}}}
        </tools>

        For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
        <tool_call>
        {"name": <function-name>, "arguments": <args-json-object>}
        </tool_call><|im_end|>
        <|im_start|>user
        How is the weather?<|im_end|>
        <|im_start|>assistant
        <tool_call>
        {"name": "get_weather", "arguments": {"city": "Köln", "days": 3}}
        </tool_call><|im_end|>
        <|im_start|>user
        <tool_response>
        {"sky": "clear"}
        </tool_response><|im_end|>
        <|im_start|>assistant

        """,
        RenderWithTools("qwen3", [.. Question, Call(new JsonObject { ["city"] = "Köln", ["days"] = 3 }), Answer]));

    [Fact]
    public void Llama31() => Same(
        """
        <s><|start_header_id|>system<|end_header_id|>

        Environment: ipython
        Cutting Knowledge Date: December 2023
        Today Date: 26 Jul 2024

        <|eot_id|><|start_header_id|>user<|end_header_id|>

        Given the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.

        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "The weather at a place.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "city": {
                            "type": "string",
                            "description": "Die Stadt, z. B. Köln"
                        },
                        "days": {
                            "type": "integer"
                        }
                    },
                    "required": [
                        "city"
                    ]
                }
            }
        }

        How is the weather?<|eot_id|><|start_header_id|>assistant<|end_header_id|>

        {"name": "get_weather", "parameters": {"city": "Köln", "days": 3}}<|eot_id|><|start_header_id|>ipython<|end_header_id|>

        "{\"sky\": \"clear\"}"<|eot_id|><|start_header_id|>assistant<|end_header_id|>


        """,
        RenderWithTools("llama31", [.. Question, Call(new JsonObject { ["city"] = "Köln", ["days"] = 3 }), Answer]));

    [Fact]
    public void Mistral() => Same(
        """
        <s>[AVAILABLE_TOOLS] [{"type": "function", "function": {"name": "get_weather", "description": "The weather at a place.", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Die Stadt, z. B. Köln"}, "days": {"type": "integer"}}, "required": ["city"]}}}][/AVAILABLE_TOOLS][INST] How is the weather?[/INST][TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Köln", "days": 3}, "id": "abcdefghi"}]</s>[TOOL_RESULTS] {"content": {"sky": "clear"}, "call_id": "abcdefghi"}[/TOOL_RESULTS]
        """,
        RenderWithTools("mistral", [.. Question, Call(new JsonObject { ["city"] = "Köln", ["days"] = 3 }), Answer]));

    [Fact]
    public void Glm4() => Same(
        """
        [gMASK]<sop><|system|>
        # 可用工具

        ## get_weather

        {
            "name": "get_weather",
            "description": "The weather at a place.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {
                        "type": "string",
                        "description": "Die Stadt, z. B. Köln"
                    },
                    "days": {
                        "type": "integer"
                    }
                },
                "required": [
                    "city"
                ]
            }
        }
        在调用上述函数时，请使用 Json 格式表示调用的参数。<|user|>
        How is the weather?<|assistant|>
        """,
        RenderWithTools("glm4", Question));

    [Fact]
    public void DeepSeek() => Same(
        """
        <s><｜User｜>How is the weather?<｜Assistant｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather
        ```json
        {"city": "Köln"}
        ```<｜tool▁call▁end｜><｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>{"sky": "clear"}<｜tool▁output▁end｜><｜tool▁outputs▁end｜>
        """,
        RenderWithTools("deepseek", [.. Question, Call("{\"city\": \"Köln\"}"), Answer]));

    [Fact]
    public void CommandR() => Same(
        """"
        <s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>## Available Tools
        ```python
        def get_weather(city: str, days: Optional[int] = None) -> List[Dict]:
            """The weather at a place."""
            pass
        ```<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>How is the weather?<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>
        Action:```json
        [
            {
                "tool_name": "get_weather",
                "parameters": {
                    "city": "Köln",
                    "days": 3
                }
            }
        ]```<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|><results>
        {"sky": "clear"}</results><|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>
        """",
        RenderWithTools("command-r-tools", [.. Question, Call(new JsonObject { ["city"] = "Köln", ["days"] = 3 }), Answer]));

    [Fact]
    public void ACallWithoutWhatTheTemplateNeedsIsRefused()
    {
        ChatMessage call = Call(new JsonObject()) with { ToolCalls = [new ChatToolCall("get_weather", new JsonObject()) { Id = "short" }] };
        ChatRejectedException error = Assert.Throws<ChatRejectedException>(() => RenderWithTools("mistral", [.. Question, call]));
        Assert.Equal("The id of a call must have a length of 9, letters and digits.", error.Reason);
    }

    private static void Same(string expected, string rendered) => Assert.Equal(expected.ReplaceLineEndings("\n"), rendered);

    private static ChatMessage Call(JsonNode arguments) => new("assistant", null) { ToolCalls = [new ChatToolCall("get_weather", arguments) { Id = "abcdefghi" }] };

    private static string RenderWithTools(string name, ChatMessage[] messages) => ChatTemplates.Load(name).Render(
        new ChatConversation(messages) { Tools = [Weather] },
        new ChatRenderOptions { AddGenerationPrompt = true, Now = new DateTimeOffset(2024, 7, 26, 9, 5, 3, TimeSpan.Zero) });
}
