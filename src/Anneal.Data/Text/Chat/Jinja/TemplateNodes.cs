using System.Collections.Immutable;

namespace Anneal.Data;

/// <summary>A part of a parsed template. The tree never changes, so one template renders from any number of threads.</summary>
/// <param name="At">Where in the text it stands.</param>
internal abstract record TemplateNode(int At);

/// <summary>Something with a value.</summary>
internal abstract record TemplateExpression(int At) : TemplateNode(At);

internal sealed record ConstantExpression(int At, TemplateValue Value) : TemplateExpression(At);

internal sealed record NameExpression(int At, string Name) : TemplateExpression(At);

internal sealed record ListExpression(int At, ImmutableArray<TemplateExpression> Items, SequenceKind Kind) : TemplateExpression(At);

internal sealed record MapExpression(int At, ImmutableArray<(TemplateExpression Key, TemplateExpression Value)> Entries) : TemplateExpression(At);

internal sealed record AttributeExpression(int At, TemplateExpression Target, string Name) : TemplateExpression(At);

internal sealed record ItemExpression(int At, TemplateExpression Target, TemplateExpression Index) : TemplateExpression(At);

internal sealed record SliceExpression(int At, TemplateExpression Target, TemplateExpression? Start, TemplateExpression? Stop, TemplateExpression? Step) : TemplateExpression(At);

internal sealed record CallExpression(int At, TemplateExpression Target, ArgumentList Arguments) : TemplateExpression(At);

internal sealed record FilterExpression(int At, TemplateExpression Value, FilterCall Call) : TemplateExpression(At);

internal sealed record TestExpression(int At, TemplateExpression Value, string Name, TemplateTest Test, ArgumentList Arguments, bool IsNegated) : TemplateExpression(At);

internal sealed record SignExpression(int At, bool IsMinus, TemplateExpression Operand) : TemplateExpression(At);

internal sealed record NotExpression(int At, TemplateExpression Operand) : TemplateExpression(At);

internal sealed record BinaryExpression(int At, BinaryOperator Operator, TemplateExpression Left, TemplateExpression Right) : TemplateExpression(At);

internal sealed record LogicalExpression(int At, bool IsAnd, TemplateExpression Left, TemplateExpression Right) : TemplateExpression(At);

internal sealed record CompareExpression(int At, TemplateExpression First, ImmutableArray<(CompareOperator Operator, TemplateExpression Operand)> Rest) : TemplateExpression(At);

internal sealed record ConcatExpression(int At, ImmutableArray<TemplateExpression> Parts) : TemplateExpression(At);

internal sealed record ConditionalExpression(int At, TemplateExpression Condition, TemplateExpression Then, TemplateExpression? Else) : TemplateExpression(At);

/// <summary>What stands between the parentheses of a call.</summary>
internal sealed record ArgumentList(ImmutableArray<TemplateExpression> Positional, ImmutableArray<(string Name, TemplateExpression Value)> Named)
{
    internal static readonly ArgumentList Empty = new([], []);
}

/// <summary>A filter with its arguments.</summary>
internal sealed record FilterCall(int At, string Name, TemplateFilter Filter, ArgumentList Arguments);

internal enum BinaryOperator
{
    Add, Subtract, Multiply, Divide, FloorDivide, Remainder, Power,
}

internal enum CompareOperator
{
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, In, NotIn,
}

/// <summary>What a value is assigned to.</summary>
internal abstract record AssignTarget(int At) : TemplateNode(At);

internal sealed record NameTarget(int At, string Name) : AssignTarget(At);

internal sealed record NamespaceTarget(int At, string Name, string Attribute) : AssignTarget(At);

internal sealed record TupleTarget(int At, ImmutableArray<AssignTarget> Targets) : AssignTarget(At);

/// <summary>Something that is done.</summary>
internal abstract record TemplateStatement(int At) : TemplateNode(At);

internal sealed record TextStatement(int At, string Text) : TemplateStatement(At);

internal sealed record OutputStatement(int At, TemplateExpression Value) : TemplateStatement(At);

internal sealed record IfStatement(int At, ImmutableArray<(TemplateExpression Condition, ImmutableArray<TemplateStatement> Body)> Branches, ImmutableArray<TemplateStatement> Else) : TemplateStatement(At);

internal sealed record ForStatement(int At, AssignTarget Target, TemplateExpression Items, TemplateExpression? Condition, ImmutableArray<TemplateStatement> Body, ImmutableArray<TemplateStatement> Else) : TemplateStatement(At);

internal sealed record SetStatement(int At, AssignTarget Target, TemplateExpression Value) : TemplateStatement(At);

internal sealed record SetBlockStatement(int At, AssignTarget Target, ImmutableArray<FilterCall> Filters, ImmutableArray<TemplateStatement> Body) : TemplateStatement(At);

internal sealed record MacroStatement(int At, string Name, ImmutableArray<(string Name, TemplateExpression? Default)> Parameters, ImmutableArray<TemplateStatement> Body) : TemplateStatement(At);

internal sealed record CallStatement(int At, CallExpression Call, MacroStatement Caller) : TemplateStatement(At);

internal sealed record FilterStatement(int At, ImmutableArray<FilterCall> Filters, ImmutableArray<TemplateStatement> Body) : TemplateStatement(At);

internal sealed record WithStatement(int At, ImmutableArray<(AssignTarget Target, TemplateExpression Value)> Variables, ImmutableArray<TemplateStatement> Body) : TemplateStatement(At);

/// <summary>What it writes is the assistant's.</summary>
internal sealed record GenerationStatement(int At, ImmutableArray<TemplateStatement> Body) : TemplateStatement(At);

internal sealed record BreakStatement(int At) : TemplateStatement(At);

internal sealed record ContinueStatement(int At) : TemplateStatement(At);
