using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;

namespace Anneal.Data;

/// <summary>What a loop does after a statement.</summary>
internal enum Flow
{
    Next, Break, Continue,
}

/// <summary>One rendering of a template: statements here, expressions and bounds in the other parts.</summary>
internal sealed partial class TemplateRun
{
    private readonly TemplateSource _source;
    private readonly ChatTemplateLimits _limits;
    private readonly TemplateScope _root;
    private readonly List<TextRange> _generations = [];
    private readonly bool _tracks;
    private StringBuilder _output = new();
    private int _at, _depth, _captures;
    private long _steps, _characters;

    internal TemplateRun(TemplateSource source, ChatTemplateLimits limits, bool tracks = false)
    {
        (_source, _limits, _tracks) = (source, limits, tracks);
        _root = new TemplateScope(null);
        foreach ((string name, TemplateCall call) in TemplateFunctions.All)
            _root.Set(name, new TemplateFunction(name, call));
    }

    /// <summary>The time that <c>strftime_now</c> tells; null is none.</summary>
    internal DateTimeOffset? Now { get; init; }

    /// <summary>What the template marked as the assistant's.</summary>
    internal IReadOnlyList<TextRange> Generations => _generations;

    internal void SetVariable(string name, TemplateValue value) => _root.Set(name, value);

    internal string Render(ImmutableArray<TemplateStatement> body)
    {
        Execute(body, new TemplateScope(_root));
        return _output.ToString();
    }

    private Flow Execute(ImmutableArray<TemplateStatement> body, TemplateScope scope)
    {
        foreach (TemplateStatement statement in body)
        {
            Flow flow = Execute(statement, scope);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Execute(TemplateStatement statement, TemplateScope scope)
    {
        Enter(statement.At);
        Flow flow = Flow.Next;
        switch (statement)
        {
            case TextStatement text:
                Write(text.Text);
                break;
            case OutputStatement output:
                TemplateValue value = Evaluate(output.Value, scope);
                _at = output.At;
                Write(TemplateWriter.ToText(this, value));
                break;
            case IfStatement branch:
                flow = ExecuteIf(branch, scope);
                break;
            case ForStatement loop:
                flow = ExecuteFor(loop, scope);
                break;
            case SetStatement set:
                Assign(set.Target, Evaluate(set.Value, scope), scope);
                break;
            case SetBlockStatement set:
                string captured = Capture(() => Execute(set.Body, new TemplateScope(scope)));
                Assign(set.Target, Filter(new TemplateString(captured), set.Filters, scope), scope);
                break;
            case MacroStatement macro:
                scope.Set(macro.Name, Function(macro, scope));
                break;
            case CallStatement call:
                ExecuteCall(call, scope);
                break;
            case FilterStatement filter:
                string body = Capture(() => Execute(filter.Body, new TemplateScope(scope)));
                Write(TemplateWriter.ToText(this, Filter(new TemplateString(body), filter.Filters, scope)));
                break;
            case WithStatement with:
                flow = ExecuteWith(with, scope);
                break;
            case GenerationStatement generation:
                flow = ExecuteGeneration(generation, scope);
                break;
            default:
                flow = statement is BreakStatement ? Flow.Break : Flow.Continue;
                break;
        }

        _depth--;
        return flow;
    }

    private Flow ExecuteIf(IfStatement branch, TemplateScope scope)
    {
        foreach ((TemplateExpression condition, ImmutableArray<TemplateStatement> body) in branch.Branches)
        {
            if (Evaluate(condition, scope).IsTrue)
                return Execute(body, scope);
        }

        return Execute(branch.Else, scope);
    }

    private Flow ExecuteFor(ForStatement loop, TemplateScope scope)
    {
        TemplateValue all = Evaluate(loop.Items, scope);
        _at = loop.At;
        TemplateValue[] items = Items(all);
        if (loop.Condition is not null)
        {
            items = Array.FindAll(items, item =>
            {
                var inner = new TemplateScope(scope);
                Assign(loop.Target, item, inner);
                return Evaluate(loop.Condition, inner).IsTrue;
            });
        }

        var state = new TemplateLoop(items);
        for (int i = 0; i < items.Length; i++)
        {
            Step();
            var inner = new TemplateScope(scope);
            state.Index = i;
            inner.Set("loop", state);
            Assign(loop.Target, items[i], inner);
            if (Execute(loop.Body, inner) == Flow.Break)
                break;
        }

        return items.Length == 0 ? Execute(loop.Else, scope) : Flow.Next;
    }

    private Flow ExecuteWith(WithStatement with, TemplateScope scope)
    {
        var inner = new TemplateScope(scope);
        foreach ((AssignTarget target, TemplateExpression value) in with.Variables)
            Assign(target, Evaluate(value, scope), inner);
        return Execute(with.Body, inner);
    }

    private Flow ExecuteGeneration(GenerationStatement generation, TemplateScope scope)
    {
        if (_tracks && _captures > 0)
            throw _source.Fail(generation.At, "a generation block in a macro, or in a block whose text becomes a value, has no place in the rendered text");
        int start = _output.Length;
        Flow flow = Execute(generation.Body, new TemplateScope(scope));
        if (_captures == 0)
            _generations.Add(new TextRange(start, _output.Length));
        return flow;
    }

    private void ExecuteCall(CallStatement call, TemplateScope scope)
    {
        TemplateValue target = Evaluate(call.Call.Target, scope);
        TemplateFunction caller = Function(call.Caller, scope);
        CallArguments given = Arguments(Shown(call.Call.Target), call.Call.Arguments, scope);
        var arguments = new CallArguments(given.Callee, given.All, [.. given.Named, ("caller", caller)]);
        _at = call.At;
        Write(TemplateWriter.ToText(this, Call(target, arguments)));
    }

    private TemplateFunction Function(MacroStatement macro, TemplateScope scope) => new(macro.Name, (_, arguments) =>
    {
        var inner = new TemplateScope(scope);
        if (arguments.All.Length > macro.Parameters.Length)
            throw Fail(FormattableString.Invariant($"the macro {ModelFileException.Quote(macro.Name)} takes {macro.Parameters.Length} arguments, found {arguments.All.Length}"));
        foreach ((string name, TemplateValue value) in arguments.Named)
        {
            int index = Array.FindIndex([.. macro.Parameters], p => p.Name == name);
            if (index >= 0 ? index < arguments.All.Length : name != "caller")
                throw Fail($"the macro {ModelFileException.Quote(macro.Name)} does not take {ModelFileException.Quote(name)} {(index >= 0 ? "twice" : "as an argument")}");
            inner.Set(name, value);
        }

        for (int i = 0; i < macro.Parameters.Length; i++)
        {
            (string name, TemplateExpression? value) = macro.Parameters[i];
            if (i < arguments.All.Length)
                inner.Set(name, arguments.All[i]);
            else if (!inner.Has(name))
                inner.Set(name, value is null ? new TemplateUndefined($"the parameter {ModelFileException.Quote(name)} was not given") : Evaluate(value, inner));
        }

        return new TemplateString(Capture(() => Execute(macro.Body, inner)));
    });

    private string Capture(Action write)
    {
        (StringBuilder outer, _output) = (_output, new StringBuilder());
        _captures++;
        write();
        _captures--;
        string text = _output.ToString();
        _output = outer;
        return text;
    }

    private void Write(string text)
    {
        Charge(text.Length);
        _output.Append(text);
    }

    private void Assign(AssignTarget target, TemplateValue value, TemplateScope scope)
    {
        switch (target)
        {
            case NameTarget name:
                scope.Set(name.Name, value);
                break;
            case NamespaceTarget attribute:
                _at = target.At;
                if (scope.Find(attribute.Name) is not TemplateNamespace space)
                    throw Fail($"{ModelFileException.Quote(attribute.Name)} is no namespace, so its attributes cannot be set");
                Charge(16);
                space.Attributes[attribute.Attribute] = value;
                break;
            case TupleTarget tuple:
                _at = target.At;
                TemplateValue[] values = Items(value);
                if (values.Length != tuple.Targets.Length)
                    throw Fail(FormattableString.Invariant($"{tuple.Targets.Length} names are assigned to, but there are {values.Length} values"));
                for (int i = 0; i < values.Length; i++)
                    Assign(tuple.Targets[i], values[i], scope);
                break;
        }
    }

    /// <summary>Goes one level deeper into the tree.</summary>
    private void Enter(int at)
    {
        _at = at;
        Step();
        if (++_depth > MostDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw _source.Exceeded(at, "macros or expressions are nested too deep");
    }
}

/// <summary>Variables of a part of a template, and the parts around it.</summary>
internal sealed class TemplateScope(TemplateScope? parent)
{
    // Few: a list is smaller than a dictionary, and a scope is made for each item of each loop.
    private readonly List<(string Name, TemplateValue Value)> _variables = [];

    internal TemplateValue? Find(string name)
    {
        for (TemplateScope? scope = this; scope is not null; scope = scope.Parent)
        {
            int index = scope.IndexOf(name);
            if (index >= 0)
                return scope._variables[index].Value;
        }

        return null;
    }

    internal bool Has(string name) => IndexOf(name) >= 0;

    internal void Set(string name, TemplateValue value)
    {
        int index = IndexOf(name);
        if (index >= 0)
            _variables[index] = (name, value);
        else
            _variables.Add((name, value));
    }

    private TemplateScope? Parent => parent;

    private int IndexOf(string name)
    {
        for (int i = 0; i < _variables.Count; i++)
        {
            if (_variables[i].Name == name)
                return i;
        }

        return -1;
    }
}
