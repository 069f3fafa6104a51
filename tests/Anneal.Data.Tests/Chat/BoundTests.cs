using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Anneal.Data.Tests;

/// <summary>Templates without end, or that explode, end with an error soon and in little memory.</summary>
public sealed class BoundTests
{
    private const string Million = "{% set r = range(100000) %}";

    [Theory]
    [InlineData(Million + "{% for a in r %}{% for b in r %}{% for c in r %}{% endfor %}{% endfor %}{% endfor %}")]
    [InlineData(Million + "{% for a in r %}{% for b in r %}x{% endfor %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}")]
    [InlineData("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{{ 'x' * 1000000000000 }}")]
    [InlineData("{{ [0] * 1000000000000 }}")]
    [InlineData("{{ 'x' * 9223372036854775807 }}")]
    [InlineData("{% set ns = namespace(s='x') %}{% for a in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s='x') %}{% for a in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for a in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for a in range(90) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for a in range(90) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s|tojson(indent=1) }}")]
    [InlineData("{% set ns = namespace(s=[1], t=[1]) %}{% for a in range(90) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for a in range(100000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}")]
    [InlineData("{{ ('a' * 10000000 + 'b') in ('a' * 20000000) }}")]
    [InlineData("{{ ('a' * 20000000).replace('a' * 10000000 + 'b', 'c') }}")]
    [InlineData("{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}")]
    [InlineData("{{ ('a' * 1000000).replace('', 'b' * 1000000) }}")]
    [InlineData("{{ ('a' * 20000000).strip('b' * 10000000 + 'a') }}")]
    [InlineData("{{ ('x' * 1000000).split('x')|join('y' * 1000000) }}")]
    [InlineData("{{ [1]|tojson(indent=1000000000) }}")]
    [InlineData("{{ 'x'|indent(1000000000) }}")]
    [InlineData("{{ 'x'.center(1000000000) }}")]
    [InlineData("{{ 'x'.zfill(9223372036854775807) }}")]
    [InlineData("{{ 'x'|center(9000000000000000000) }}")]
    [InlineData("{% set ns = namespace() %}{% macro m() %}{% for x in range(100000) %}{{ caller() }}{% endfor %}{% endmacro %}{% call m() %}{% call m() %}y{% endcall %}{% endcall %}")]
    public void WhatNeverEndsIsEnded(string template)
    {
        long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        var options = new ChatRenderOptions { Limits = new ChatTemplateLimits { MaximumSteps = 2_000_000, MaximumCharacters = 50_000_000 } };
        Assert.Throws<ChatTemplateLimitException>(() => ChatTemplate.Parse(template).Render([], options));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1L << 30);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 60);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("1 if 1 else ", "")]
    [InlineData("f(", ")")]
    [InlineData("{1:", "}")]
    public void DeepExpressionsAreRefused(string open, string close)
    {
        string deep = "{{ " + string.Concat(Enumerable.Repeat(open, 20_000)) + "1" + string.Concat(Enumerable.Repeat(close, 20_000)) + " }}";
        Assert.Contains("nested deeper", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(deep)).Message);
    }

    [Fact]
    public void DeepBlocksAreRefused() => Assert.Contains(
        "nested deeper",
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(string.Concat(Enumerable.Repeat("{% if 1 %}", 20_000)))).Message);

    [Theory]
    [InlineData("1", "+1", 50_000)]
    [InlineData("'a'", "|upper", 50_000)]
    [InlineData("user", ".x", 50_000)]
    [InlineData("1", " or 0", 50_000)]
    public void LongChainsAreRefusedWhenTheyAreEvaluated(string first, string link, int count)
    {
        ChatTemplate template = ChatTemplate.Parse("{{ " + first + string.Concat(Enumerable.Repeat(link, count)) + " }}");
        Assert.Throws<ChatTemplateLimitException>(() => template.Render([]));
    }

    [Fact]
    public void LimitsSayWhereTheyArePassed()
    {
        var options = new ChatRenderOptions { Limits = new ChatTemplateLimits { MaximumSteps = 1000 } };
        string message = Assert.Throws<ChatTemplateLimitException>(() => ChatTemplate.Parse("\n{% for x in range(2000) %}{{ x }}{% endfor %}").Render([], options)).Message;
        Assert.Contains("line 2", message);
        Assert.Contains("ChatTemplateLimits.MaximumSteps", message);
        Assert.Throws<OptionException>(() => ChatTemplate.Parse("x").Render([], new ChatRenderOptions { Limits = new ChatTemplateLimits { MaximumSteps = 0 } }));
    }

    [Fact]
    public void LongTemplatesAndDeepInputsAreRefused()
    {
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(new string('x', (1 << 20) + 1)));
        JsonNode deep = 1;
        for (int i = 0; i < 70; i++)
            deep = new JsonArray(deep);
        Assert.Throws<InputException>(() => ChatTemplate.Parse("x").Render([], new ChatRenderOptions { Variables = new JsonObject { ["deep"] = deep } }));
    }

    /// <summary>A long conversation stays far below the limits.</summary>
    [Fact]
    public void LongConversationsAreRendered()
    {
        ChatMessage[] turns = [.. Enumerable.Range(0, 1000).SelectMany(i => new[] { ChatMessage.User(new string('q', 500)), ChatMessage.Assistant(new string('a', 500)) })];
        Assert.InRange(ChatTemplates.Load("qwen3").Render(turns).Length, 1_000_000, 1_100_000);
    }
}
