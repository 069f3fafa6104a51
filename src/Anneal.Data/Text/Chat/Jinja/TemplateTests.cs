using System.Collections.Frozen;

namespace Anneal.Data;

/// <summary>What a test asks of a value.</summary>
internal delegate bool TemplateTest(TemplateRun run, TemplateValue value, CallArguments arguments);

/// <summary>The tests, which stand behind <c>is</c>.</summary>
internal static class TemplateTests
{
    private static readonly FrozenDictionary<string, TemplateTest> All = new Dictionary<string, TemplateTest>(StringComparer.Ordinal)
    {
        ["defined"] = Plain(value => value is not TemplateUndefined),
        ["undefined"] = Plain(value => value is TemplateUndefined),
        ["none"] = Plain(value => value is TemplateNone),
        ["boolean"] = Plain(value => value is TemplateBoolean),
        ["true"] = Plain(value => value is TemplateBoolean { Value: true }),
        ["false"] = Plain(value => value is TemplateBoolean { Value: false }),
        ["integer"] = Plain(value => value is TemplateInteger),
        ["float"] = Plain(value => value is TemplateFloat),
        ["number"] = Plain(value => TemplateOperators.Number(value) is not null),
        ["string"] = Plain(value => value is TemplateString),
        ["mapping"] = Plain(value => value is TemplateMap),
        ["sequence"] = Plain(value => value is TemplateString or TemplateMap or TemplateUndefined or TemplateSequence { Kind: not SequenceKind.View }),
        ["iterable"] = Plain(value => value is TemplateString or TemplateMap or TemplateSequence or TemplateIterator or TemplateUndefined),
        ["callable"] = Plain(value => value is TemplateFunction or TemplateUndefined),
        ["odd"] = (run, value, a) => IsHalved(run, value, a, 1),
        ["even"] = (run, value, a) => IsHalved(run, value, a, 0),
        ["divisibleby"] = (run, value, a) =>
            TemplateOperators.Apply(run, BinaryOperator.Remainder, value, a.Bind(run, 1, "num")[0]!) is TemplateInteger { Value: 0 } or TemplateFloat { Value: 0 },
        ["lower"] = (run, value, a) => IsCase(run, value, a, char.IsLower, char.IsUpper),
        ["upper"] = (run, value, a) => IsCase(run, value, a, char.IsUpper, char.IsLower),
        ["sameas"] = (run, value, a) => IsSame(value, Other(run, a)),
        ["filter"] = (run, value, a) => value is TemplateString name && Name(run, name, a) is { } text && TemplateFilters.Find(text) is not null,
        ["test"] = (run, value, a) => value is TemplateString name && Name(run, name, a) is { } text && Find(text) is not null,
        ["in"] = Compare(CompareOperator.In),
        ["=="] = Compare(CompareOperator.Equal),
        ["eq"] = Compare(CompareOperator.Equal),
        ["equalto"] = Compare(CompareOperator.Equal),
        ["!="] = Compare(CompareOperator.NotEqual),
        ["ne"] = Compare(CompareOperator.NotEqual),
        [">"] = Compare(CompareOperator.Greater),
        ["gt"] = Compare(CompareOperator.Greater),
        ["greaterthan"] = Compare(CompareOperator.Greater),
        [">="] = Compare(CompareOperator.GreaterOrEqual),
        ["ge"] = Compare(CompareOperator.GreaterOrEqual),
        ["<"] = Compare(CompareOperator.Less),
        ["lt"] = Compare(CompareOperator.Less),
        ["lessthan"] = Compare(CompareOperator.Less),
        ["<="] = Compare(CompareOperator.LessOrEqual),
        ["le"] = Compare(CompareOperator.LessOrEqual),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The test of this name, or null.</summary>
    internal static TemplateTest? Find(string name) => All.GetValueOrDefault(name);

    private static TemplateTest Plain(Predicate<TemplateValue> test) => (run, value, arguments) =>
    {
        arguments.None(run);
        return test(value);
    };

    private static TemplateTest Compare(CompareOperator sign) => (run, value, arguments) => TemplateOperators.Compare(run, sign, value, Other(run, arguments));

    private static TemplateValue Other(TemplateRun run, CallArguments arguments) => arguments.Bind(run, 1, "other")[0]!;

    private static string Name(TemplateRun run, TemplateString name, CallArguments arguments)
    {
        arguments.None(run);
        return name.Value;
    }

    // Of a number with a point too, which is mostly neither.
    private static bool IsHalved(TemplateRun run, TemplateValue value, CallArguments arguments, long remainder)
    {
        arguments.None(run);
        if (value is not TemplateUndefined && TemplateOperators.Number(value) is null)
            throw run.Fail($"{arguments.Callee} needs a number, found {value.TypeName}");
        return TemplateOperators.AreEqualNumbers(TemplateOperators.Apply(run, BinaryOperator.Remainder, value, new TemplateInteger(2)), new TemplateInteger(remainder));
    }

    private static bool IsCase(TemplateRun run, TemplateValue value, CallArguments arguments, Func<char, bool> one, Func<char, bool> never)
    {
        arguments.None(run);
        string text = TemplateWriter.ToText(run, value);
        run.Work(text.Length);
        return text.Any(one) && !text.Any(never);
    }

    // Simple values that are equal are one value, as small ones are in Python; other values are the same where they are one object.
    private static bool IsSame(TemplateValue value, TemplateValue other) => (value, other) switch
    {
        (TemplateInteger a, TemplateInteger b) => a.Value == b.Value,
        (TemplateString a, TemplateString b) => string.Equals(a.Value, b.Value, StringComparison.Ordinal),
        _ => ReferenceEquals(value, other),
    };
}
