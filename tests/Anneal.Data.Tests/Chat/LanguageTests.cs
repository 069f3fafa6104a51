using System.Text.Json.Nodes;

namespace Anneal.Data.Tests;

/// <summary>What parts of the language mean, as Jinja with the settings of transformers has them.</summary>
public sealed class LanguageTests
{
    private static readonly JsonObject Variables = JsonNode.Parse("""
        {
          "text": "  Ab cd\n", "n": 7, "f": 2.5, "items": [3, 1, 2], "names": ["b", "A", "c"], "user": {"name": "Ann", "age": 30, "tags": ["x", "y"]},
          "rows": [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "a", "v": 3}], "emoji": "a\ud83d\ude00b", "yes": true, "nothing": null, "quote": "it's \"so\"\n"
        }
        """)!.AsObject();

    [Theory]
    [InlineData("{{ 1 + 2 * 3 - 4 // 3 }} {{ 7 % 3 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}", "6 1 -4 2 3.5 64 4")]
    [InlineData("{{ 1.5 + 1 }} {{ 1e3 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e15 }} {{ 0.00001 }} {{ 10 / 5 }} {{ 2.5 // 1 }} {{ -2.5 % 2 }}", "2.5 1000.0 0.30000000000000004 1e+16 1000000000000000.0 1e-05 2.0 2.0 1.5")]
    [InlineData("{{ 'a' ~ 1 ~ none ~ true ~ 1.0 ~ [1, 'x'] ~ undefinedname }}", "a1NoneTrue1.0[1, 'x']")]
    [InlineData("{{ 'a' + 'b' * 3 }} {{ [1] + [2, 3] }} {{ (1,) + (2,) }} {{ [0] * 2 }} {{ 2 * 'ab' }}", "abbb [1, 2, 3] (1, 2) [0, 0] abab")]
    [InlineData("{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 == 1.0 }} {{ true == 1 }} {{ '1' == 1 }} {{ [1] == (1,) }}", "True False True True True True False False")]
    [InlineData("{{ 'b' in 'abc' }} {{ 2 in items }} {{ 'name' in user }} {{ 'x' not in user }} {{ not 1 in items }} {{ 'a' in missing }}", "True True True True False False")]
    [InlineData("{{ 1 and 2 }} {{ 0 or 'x' }} {{ not '' }} {{ none or [] or 'z' }} {{ 1 or missing.x }}", "2 x True z 1")]
    [InlineData("{{ 'a' if n > 5 else 'b' }} {{ 'a' if n > 9 }}|{{ 1 if false else 2 if false else 3 }}", "a |3")]
    [InlineData("{{ {'a': 1, 'b': [1, {'c': none}]} }} {{ {} }} {{ [] }} {{ () }} {{ (1, 2) }} {{ ('x',) }} {{ [true, false, none, 1.5] }}", "{'a': 1, 'b': [1, {'c': None}]} {} [] () (1, 2) ('x',) [True, False, None, 1.5]")]
    [InlineData("{{ user.name }} {{ user['age'] }} {{ user.tags[0] }} {{ user.tags.1 }} {{ user.get('zzz', 'no') }} {{ user.get('zzz') }} {{ user.missing }}|{{ user.missing is defined }}", "Ann 30 x y no None |False")]
    [InlineData("{{ items[0] }} {{ items[-1] }} {{ items[1:] }} {{ items[:-1] }} {{ items[::-1] }} {{ items[::2] }} {{ items[5] }}|{{ items[5:] }} {{ items[-2:] }} {{ items[2:0:-1] }}", "3 2 [1, 2] [3, 1] [2, 1, 3] [3, 2] |[] [1, 2] [2, 1]")]
    [InlineData("{{ 'hello'[1] }} {{ 'hello'[-2:] }} {{ 'hello'[::-1] }} {{ 'hello'[1:10] }} {{ emoji[1] }} {{ emoji[1:] }} {{ emoji[::-1] }} {{ emoji|length }}", "e lo olleh ello 😀 😀b b😀a 3")]
    [InlineData("{{ \"a\\tb\\\\n\\x41\\u00e9\\n\" }} {{ 'it''s' }} {{ 'a' \"b\" }} {{ '\\q' }} {{ '\\101' }}", "a\tb\\nAé\n its ab \\q A")]
    [InlineData("{{ quote }} {{ [quote] }} {{ ['it\\'s', 'a\\\\b', \"\\t\\x01\\u00e9\\u200b\"] }}", "it's \"so\"\n ['it\\'s \"so\"\\n'] [\"it's\", 'a\\\\b', '\\t\\x01é\\u200b']")]
    [InlineData("{{ 1_000 }} {{ 10 // 3 }} {{ 3.0 }} {{ -0.0 }} {{ 123456789012345678 }}", "1000 3 3.0 -0.0 123456789012345678")]
    [InlineData("{{ ns is defined }} {{ namespace(a=1).a }} {{ dict(a=1, b='x') }} {{ range(3)|list }} {{ range(5, 1, -2)|list }} {{ range(2, 4)|length }}", "False 1 {'a': 1, 'b': 'x'} [0, 1, 2] [5, 3] 2")]
    [InlineData("{{ 9007199254740993 == 9007199254740992 }} {{ {9007199254740993: 1, 9007199254740992: 2} }}", "False {9007199254740993: 1, 9007199254740992: 2}")]
    [InlineData("{{ nothing[1:] }}|{{ n[:-1] }}|{{ 'x' if nothing[1:] is defined else 'y' }}", "||y")]
    [InlineData("{{ '\U0001F600a'.strip('\U0001F601') }} {{ 'a\U0001F600'.rstrip('\U0001F600') }}", "😀a a")]
    [InlineData("{{ 2.5 is odd }} {{ 2.0 is even }} {{ -3 is odd }} {{ missing is callable }}", "False True True True")]
    public void ExpressionsMeanWhatTheyMeanInJinja(string template, string expected) => Assert.Equal(expected, Render(template));

    [Fact]
    public void HalvesOfPairsPassThroughLetterCase()
    {
        const string Text = "A\uD800B\uDC00\uD800";
        Assert.Equal("a\uD800b\uDC00\uD800 A\uD800B\uDC00\uD800 A\uD800b\uDC00\uD800", Render($"{{{{ '{Text}'|lower }}}} {{{{ '{Text}'|upper }}}} {{{{ '{Text}'|capitalize }}}}"));
    }

    [Theory]
    [InlineData("{% for i in items %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}", "3, 1, 2")]
    [InlineData("{% for i in items %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}", "1032TrueFalse31;2121FalseFalse332;3210FalseTrue31;")]
    [InlineData("{% for k, v in user.items() %}{{ k }}={{ v }};{% endfor %}{% for k in user %}{{ k }}{% endfor %}{% for c in 'abc' %}{{ c }}-{% endfor %}", "name=Ann;age=30;tags=['x', 'y'];nameagetagsa-b-c-")]
    [InlineData("{% for i in [] %}x{% else %}none{% endfor %}{% for i in missing %}x{% else %}none{% endfor %}", "nonenone")]
    [InlineData("{% for i in items if i > 1 %}{{ loop.index }}:{{ i }} {% endfor %}", "1:3 2:2 ")]
    [InlineData("{% for i in range(6) %}{% if i == 1 %}{% continue %}{% elif i == 4 %}{% break %}{% else %}{{ i }}{% endif %}{% endfor %}", "023")]
    [InlineData("{% for i in items %}{% for j in items %}{{ loop.index }}{{ loop.depth }}{% endfor %}{{ loop.depth }}{% endfor %}", "112131111213111121311")]
    [InlineData("{% for i in items %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i > 1) }}{% endfor %}", "aTruebTrueaTrue")]
    [InlineData("{% set x = 1 %}{% for i in items %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}", "2221")]
    [InlineData("{% set ns = namespace(x=1) %}{% for i in items %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "7")]
    [InlineData("{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = 1, 2 %}{{ c }}{% if true %}{% set d = 5 %}{% endif %}{{ d }}", "12(1, 2)5")]
    [InlineData("{% set block %}a{{ n }}b{% endset %}[{{ block }}]{% set up | upper | trim %} xyz {% endset %}[{{ up }}]", "[a7b][XYZ]")]
    [InlineData("{% macro m(a, b='B', c=a) %}<{{ a }}{{ b }}{{ c }}>{% endmacro %}{{ m(1) }}{{ m(1, c=2) }}{{ m(b=3, a=2) }}{{ m('x')|length }}", "<1B1><1B2><232>5")]
    [InlineData("{% macro f(k) %}{% if k > 0 %}{{ k }}{{ f(k - 1) }}{% endif %}{% endmacro %}{{ f(4) }}", "4321")]
    [InlineData("{% macro outer() %}({{ caller() }}){% endmacro %}{% call outer() %}in {{ n }}{% endcall %}", "(in 7)")]
    [InlineData("{% macro each(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(x) each(items) %}[{{ x }}]{% endcall %}", "[3][1][2]")]
    [InlineData("{% set x = 1 %}{% macro late() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ late() }}", "2")]
    [InlineData("{% filter upper %}ab{{ names[0] }}{% endfilter %}{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}", "ABB3False")]
    [InlineData("{% raw %}{{ x }} {% if %}{% endraw %}|{# a comment {{ x }} #}|", "{{ x }} {% if %}||")]
    [InlineData("{% generation %}{{ n }}{% set inner = 3 %}{% endgeneration %}{{ inner is defined }}", "7False")]
    [InlineData("{% if n == 1 %}a{% elif n == 7 %}b{% else %}c{% endif %}{% if missing %}x{% endif %}{% if user.age and not nothing %}y{% endif %}", "by")]
    public void StatementsMeanWhatTheyMeanInJinja(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("[{{ text|trim }}] [{{ 'xxaxx'|trim('x') }}] {{ 'aB c'|upper }} {{ 'aB C'|lower }} {{ 'aB C'|capitalize }} {{ 'a-b c(d'|title }}", "[Ab cd] [a] AB C ab c Ab c A-B C(D")]
    [InlineData("{{ items|length }} {{ 'abc'|count }} {{ user|length }} {{ missing|length }} {{ missing|default('d') }} {{ ''|default('d') }} {{ ''|default('d', true) }} {{ nothing|d('x', boolean=true) }}", "3 3 3 0 d  d x")]
    [InlineData("{{ items|join(', ') }} {{ rows|join('/', attribute='k') }} {{ [1, none, 'a']|join }} {{ items|first }} {{ items|last }} {{ []|first }}| {{ 'abc'|first }}{{ 'abc'|last }}", "3, 1, 2 a/b/a 1Nonea 3 2 | ac")]
    [InlineData("{{ items|sort }} {{ names|sort }} {{ names|sort(case_sensitive=true) }} {{ items|sort(reverse=true) }} {{ rows|sort(attribute='k')|map(attribute='v')|list }} {{ items|reverse|list }} {{ 'abc'|reverse }}", "[1, 2, 3] ['A', 'b', 'c'] ['A', 'b', 'c'] [3, 2, 1] [1, 3, 2] [2, 1, 3] cba")]
    [InlineData("{{ rows|map(attribute='v')|list }} {{ rows|map(attribute='z', default=0)|list }} {{ names|map('upper')|join }} {{ names|map('replace', 'b', 'q')|list }} {{ rows|selectattr('k', 'equalto', 'a')|list }}", "[1, 2, 3] [0, 0, 0] BAC ['q', 'A', 'c'] [{'k': 'a', 'v': 1}, {'k': 'a', 'v': 3}]")]
    [InlineData("{{ rows|rejectattr('k', 'equalto', 'a')|map(attribute='v')|list }} {{ items|select('gt', 1)|list }} {{ items|reject('odd')|list }} {{ [0, 1, '', 'x']|select|list }} {{ rows|selectattr('v')|list|length }}", "[2] [3, 2] [2] [1, 'x'] 3")]
    [InlineData("{{ items|sum }} {{ rows|sum(attribute='v') }} {{ items|max }} {{ items|min }} {{ rows|map(attribute='k')|unique|list }} {{ [1, 2, 3, 4, 5]|batch(2)|list }} {{ [1, 2, 3]|batch(2, 0)|list }}", "6 6 3 1 ['a', 'b'] [[1, 2], [3, 4], [5]] [[1, 2], [3, 0]]")]
    [InlineData("{{ '42'|int }} {{ '4.9'|int }} {{ 'x'|int }} {{ 'x'|int(5) }} {{ 3.9|int }} {{ '2.5'|float }} {{ 'x'|float }} {{ 3|float }} {{ -3|abs }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 3.5|round|int }} {{ 2.1|round(0, 'ceil') }}", "42 4 0 5 3 2.5 0.0 3.0 3 2.57 2.0 4 3.0")]
    [InlineData("{{ user|tojson }} {{ emoji|tojson }} {{ emoji|tojson(ensure_ascii=true) }} {{ quote|tojson }} {{ [1.0, 1e20, true, none]|tojson }} {{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }} {{ [1, {'a': 2}]|tojson(separators=(',', ':')) }}", "{\"name\": \"Ann\", \"age\": 30, \"tags\": [\"x\", \"y\"]} \"a😀b\" \"a\\ud83d\\ude00b\" \"it's \\\"so\\\"\\n\" [1.0, 1e+20, true, null] {\"a\": 2, \"b\": 1} [1,{\"a\":2}]")]
    [InlineData("{{ user|tojson(indent=2) }} {{ []|tojson(indent=2) }} {{ {'a': {}}|tojson(indent=4) }} {{ {1: 2, none: 3, true: 4}|tojson }}", "{\n  \"name\": \"Ann\",\n  \"age\": 30,\n  \"tags\": [\n    \"x\",\n    \"y\"\n  ]\n} [] {\n    \"a\": {}\n} {\"1\": 4, \"null\": 3}")]
    [InlineData("{{ 'a\\nb\\n\\nc'|indent(2) }}|{{ 'a\\nb'|indent(2, true) }}|{{ 'a\\n\\nb'|indent(width='> ', blank=true) }}|{{ user|tojson(indent=1)|indent(4) }}", "a\n  b\n\n  c|  a\n  b|a\n> \n> b|{\n     \"name\": \"Ann\",\n     \"age\": 30,\n     \"tags\": [\n      \"x\",\n      \"y\"\n     ]\n    }")]
    [InlineData("{{ user|items|list }} {{ missing|items|list }} {{ user|dictsort }} {{ {'b': 1, 'A': 2}|dictsort(by='value') }} {{ 'a b  c'|wordcount }} {{ 5|string ~ 'x' }} {{ 'abc'|list }} {{ '<a>'|safe }} {{ \"<a href='x'>&\"|e }}", "[('name', 'Ann'), ('age', 30), ('tags', ['x', 'y'])] [] [('age', 30), ('name', 'Ann'), ('tags', ['x', 'y'])] [('b', 1), ('A', 2)] 3 5x ['a', 'b', 'c'] <a> &lt;a href=&#39;x&#39;&gt;&amp;")]
    [InlineData("{{ 'aaa'|replace('a', 'b', 2) }} {{ 'abc'|replace('', '-') }} {{ 12|replace(1, 'x') }} {{ 'abc'|center(9) }}| {{ 'x y'|upper|replace(' ', '_') }} {{ 1|string|length }} {{ ['a', 'b']|join(',')|upper }}", "bba -a-b-c- x2    abc   | X_Y 1 A,B")]
    [InlineData("{% if items|select('gt', 9) %}true{% endif %} {% set it = items|select('gt', 1) %}{{ it|first }}{{ it|list }}{{ it|list }}", "true 3[2][]")]
    [InlineData("{{ 2.675|round(2) }} {{ 1.005|round(2) }} {{ 0.125|round(2) }} {{ 2.5|round }} {{ -2.675|round(2) }} {{ 5e-324|round(1) }} {{ 1e300|round(2) }}", "2.67 1.0 0.12 2.0 -2.67 0.0 1e+300")]
    [InlineData("{{ nothing|map('upper')|list }} {{ nothing|selectattr('k')|list }} {{ false|reject|list }} {{ 0|map(attribute='x')|list }}", "[] [] [] []")]
    [InlineData("{{ rows|sort(attribute='k,v', reverse=true)|map(attribute='v')|list }} {{ rows|sort(attribute='zzz')|map(attribute='v')|list }}", "[2, 3, 1] [1, 2, 3]")]
    public void FiltersMeanWhatTheyMeanInJinja(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ n is defined }} {{ missing is defined }} {{ missing is undefined }} {{ nothing is none }} {{ n is not none }} {{ missing is none }} {{ user.zzz is undefined }}", "True False True True True False True")]
    [InlineData("{{ text is string }} {{ n is string }} {{ user is mapping }} {{ items is mapping }} {{ items is iterable }} {{ text is iterable }} {{ n is iterable }} {{ user is iterable }} {{ items is sequence }} {{ text is sequence }} {{ user.items() is sequence }}", "True False True False True True False True True True False")]
    [InlineData("{{ n is number }} {{ f is number }} {{ yes is number }} {{ yes is boolean }} {{ n is boolean }} {{ n is integer }} {{ yes is integer }} {{ f is float }} {{ yes is true }} {{ n is true }} {{ false is false }}", "True True True True False True False True True False True")]
    [InlineData("{{ n is odd }} {{ n is even }} {{ 6 is divisibleby 3 }} {{ n is equalto 7 }} {{ n is eq(7) }} {{ n is ne 8 }} {{ n is gt 3 }} {{ n is lt 3 }} {{ n is ge 7 }} {{ 2 is in [1, 2] }} {{ 'a' is in 'abc' }} {{ nothing is sameas none }}", "True False True True True True True False True True True True")]
    [InlineData("{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ range is callable }} {{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'defined' is test }} {{ not missing is defined and true }} {{ n is defined and n == 7 }}", "True True True True False True True True")]
    public void TestsMeanWhatTheyMeanInJinja(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("[{{ text.strip() }}] [{{ text.lstrip() }}] [{{ text.rstrip() }}] {{ 'xxaxx'.strip('x') }} {{ 'xya'.lstrip('yx') }} {{ 'a,b,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a  b '.split() }} {{ ' a  b c '.split(none, 1) }} {{ 'a</think>b'.split('</think>')[-1] }}", "[Ab cd] [Ab cd\n] [  Ab cd] a a ['a', 'b', 'c'] ['a', 'b,c'] ['a,b', 'c'] ['a', 'b'] ['a', 'b c '] b")]
    [InlineData("{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('bc') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'aBc'.upper() }} {{ 'aBc'.lower() }} {{ 'a b-c'.title() }} {{ 'aBC'.capitalize() }} {{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }}", "True True True ABC abc A B-C Abc a-b- a-bX")]
    [InlineData("{{ 'abcb'.find('b') }} {{ 'abc'.find('z') }} {{ 'abcb'.rfind('b') }} {{ 'abcb'.index('b') }} {{ 'abcb'.count('b') }} {{ ','.join(['a', 'b']) }} {{ '12'.isdigit() }} {{ 'a1'.isalpha() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'A'.isupper() }} {{ 'a'.islower() }}", "1 -1 3 1 2 a,b True False True True True True")]
    [InlineData("{{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('=') }} {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.txt'.removesuffix('.txt') }} {{ 'a\\nb\\r\\nc'.splitlines() }} {{ '7'.zfill(3) }} {{ 'a'.ljust(3) }}|{{ 'a'.rjust(3, '.') }}|{{ 'ab'.center(5, '*') }} {{ 'abc'.center(6, '*') }}", "('a', '=', 'b=c') ('a=b', '=', 'c') ('abc', '', '') x x ['a', 'b', 'c'] 007 a  |..a|**ab* *abc**")]
    [InlineData("{{ user.keys()|list }} {{ user.values()|list }} {{ user.items()|list }} {{ user.copy() == user }} {{ items.index(2) }} {{ items.count(3) }} {{ emoji.find('b') }} {{ 'Straße'.upper() }} {{ user.nope }}| {{ 'x'.nope is defined }}", "['name', 'age', 'tags'] ['Ann', 30, ['x', 'y']] [('name', 'Ann'), ('age', 30), ('tags', ['x', 'y'])] True 2 1 2 STRASSE | False")]
    public void MethodsMeanWhatTheyMeanInJinja(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc")]
    [InlineData("a {%- if true -%} \n b \n{%- endif %} c", "ab c")]
    [InlineData("a\n  {{- n -}}  \n b", "a7b")]
    [InlineData("  {%+ if true %}x{% endif +%}\n y", "  x\n y")]
    [InlineData("a\n{# c #}\nb\n  {#- c -#}  \nd", "a\nbd")]
    [InlineData("{% for i in items %}\n  {{ i }}\n{% endfor %}\nend\n\n", "  3\n  1\n  2\nend\n")]
    [InlineData("x {% if true %}y{% endif %} \n", "x y ")]
    [InlineData("\n\n{% set a = 1 %}\n\n{{ a }}\n", "\n\n\n1")]
    [InlineData("{%- set a = 1 -%}\n\n{{ a }}\r\n{% if a %}\r\nb\r\n{% endif %}", "1\nb\n")]
    [InlineData("  {% raw %}\n {{ x }}\n  {% endraw %}\n z", "\n {{ x }}\n z")]
    [InlineData("a  {# x #}  b\n\t{# y #}\n c", "a    b\n c")]
    [InlineData("{{ {\"a\": {\"b\": 1}}[\"a\"][\"b\"] }}{{ \"}}\" }}{% if \"%}\" %}ok{% endif %}", "1}}ok")]
    [InlineData("{{-1}} {{ -1 }} {{+1}}", "1 -1 1")]
    [InlineData("<s>{{ \"a\" -}}\n\n{%- if true %}\n  b{% endif %}\n", "<s>a  b")]
    [InlineData("{% if true %}\n\n  a\n{% endif %}", "\n  a\n")]
    public void WhiteSpaceMeanWhatTheyMeanInJinja(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("%d %b %Y", "05 Mar 2024")]
    [InlineData("%A %a %B %-d %e %j %y %m", "Tuesday Tue March 5  5 065 24 03")]
    [InlineData("%H:%M:%S %I %p %f %z %Z %% %F %T", "16:07:08 04 PM 000009 +0000 UTC % 2024-03-05 16:07:08")]
    public void TimesAreWrittenAsPythonWritesThem(string format, string expected) => Assert.Equal(
        expected,
        ChatTemplate.Parse($"{{{{ strftime_now('{format}') }}}}").Render([], new ChatRenderOptions { Now = new DateTimeOffset(2024, 3, 5, 16, 7, 8, TimeSpan.Zero).AddMicroseconds(9) }));

    [Theory]
    [InlineData("a\n{% include 'x' %}", 2, 4, "'include'")]
    [InlineData("{{ x | nope }}", 1, 8, "'nope'")]
    [InlineData("{{ x is nope }}", 1, 9, "'nope'")]
    [InlineData("{% if x %}", 1, 11, "elif or else or endif")]
    [InlineData("{% for x in y %}{% endif %}", 1, 20, "'endif' closes nothing")]
    [InlineData("{{ x", 1, 1, "does not end")]
    [InlineData("{# x", 1, 1, "does not end")]
    [InlineData("{% raw %}x", 1, 1, "does not end")]
    [InlineData("{{ 'x }}", 1, 4, "does not end")]
    [InlineData("{{ x ? y }}", 1, 6, "'?'")]
    [InlineData("{{ (1, 2 }}", 1, 10, "'}' closes nothing")]
    [InlineData("{{ f(*x) }}", 1, 6, "'*'")]
    [InlineData("{% for x in y recursive %}{% endfor %}", 1, 15, "recursive")]
    [InlineData("{% break %}", 1, 4, "outside of a loop")]
    [InlineData("{% for x in y %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", 1, 35, "outside of a loop")]
    [InlineData("{{ }}", 1, 4, "expected an expression")]
    [InlineData("{% set 1 = 2 %}", 1, 8, "expected a name")]
    [InlineData("{{ 99999999999999999999 }}", 1, 4, "too large")]
    [InlineData("{% set x.y = 1 %}", 1, 8, "no namespace")]
    [InlineData("{{ missing.x }}", 1, 12, "'missing' is not defined")]
    [InlineData("{{ user.zzz.x }}", 1, 13, "'zzz'")]
    [InlineData("{{ missing + 1 }}", 1, 12, "'missing' is not defined")]
    [InlineData("{{ missing() }}", 1, 11, "'missing' is not defined")]
    [InlineData("{{ 1 + 'a' }}", 1, 6, "int and str")]
    [InlineData("{{ 1 // 0 }}", 1, 6, "zero")]
    [InlineData("{{ 9223372036854775807 + 1 }}", 1, 24, "too large")]
    [InlineData("{{ 'a' < 1 }}", 1, 4, "no order")]
    [InlineData("{{ [3, 'a']|sort }}", 1, 13, "no order")]
    [InlineData("{{ n() }}", 1, 5, "cannot be called")]
    [InlineData("{{ n|length }}", 1, 6, "no length")]
    [InlineData("{% for x in n %}{% endfor %}", 1, 1, "no items")]
    [InlineData("{{ items.append(1) }}", 1, 10, "do not change")]
    [InlineData("{{ user.update({}) }}", 1, 9, "do not change")]
    [InlineData("{{ 'a'.encode() }}", 1, 8, "'encode'")]
    [InlineData("{{ '%s' % 1 }}", 1, 9, "not supported")]
    [InlineData("{{ 'a'|trim(x=1) }}", 1, 8, "'x'")]
    [InlineData("{{ 'a'|trim(1, 2) }}", 1, 8, "at most 1")]
    [InlineData("{{ 'a'|replace('b') }}", 1, 8, "'new'")]
    [InlineData("{{ missing|int }}", 1, 12, "'missing' is not defined")]
    [InlineData("{{ missing|float(1) }}", 1, 12, "'missing' is not defined")]
    [InlineData("{{ 'a' is odd }}", 1, 11, "needs a number, found str")]
    [InlineData("{{ missing|tojson }}", 1, 12, "'missing' is not defined")]
    [InlineData("{{ items|select|string }}", 1, 17, "generator")]
    [InlineData("{{ namespace() }}", 1, 1, "namespace")]
    [InlineData("{{ {[1]: 2} }}", 1, 5, "cannot be a key")]
    [InlineData("{{ range(100001) }}", 1, 9, "100000")]
    [InlineData("{{ strftime_now('%Q') }}", 1, 16, "'%Q'")]
    [InlineData("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", 1, 35, "takes 1 arguments")]
    [InlineData("{% set a, b = [1] %}", 1, 8, "2 names")]
    public void MistakesAreNamedWithTheirPlace(string template, int line, int column, string problem)
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Render(template));
        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private static string Render(string template) => ChatTemplate.Parse(template).Render([], new ChatRenderOptions
    {
        Variables = Variables,
        Now = new DateTimeOffset(2024, 3, 5, 16, 7, 8, TimeSpan.Zero),
    });
}
