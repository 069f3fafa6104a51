using System.Collections.Immutable;

namespace Anneal.Data;

/// <content>Expressions.</content>
internal sealed partial class TemplateRun
{
    internal TemplateValue Evaluate(TemplateExpression node, TemplateScope scope)
    {
        Enter(node.At);
        TemplateValue value = node switch
        {
            ConstantExpression constant => constant.Value,
            NameExpression name => scope.Find(name.Name) ?? new TemplateUndefined($"{ModelFileException.Quote(name.Name)} is not defined"),
            ListExpression list => EvaluateList(list, scope),
            MapExpression map => EvaluateMap(map, scope),
            AttributeExpression attribute => TemplateMembers.Attribute(this, At(Evaluate(attribute.Target, scope), node), attribute.Name),
            ItemExpression item => EvaluateItem(item, scope),
            SliceExpression slice => EvaluateSlice(slice, scope),
            CallExpression call => EvaluateCall(call, scope),
            FilterExpression filter => Filter(Evaluate(filter.Value, scope), [filter.Call], scope),
            TestExpression test => EvaluateTest(test, scope),
            SignExpression sign => Sign(sign, scope),
            NotExpression not => TemplateBoolean.Of(!Evaluate(not.Operand, scope).IsTrue),
            BinaryExpression binary => EvaluateBinary(binary, scope),
            LogicalExpression logical => EvaluateLogical(logical, scope),
            CompareExpression compare => EvaluateCompare(compare, scope),
            ConcatExpression concat => EvaluateConcat(concat, scope),
            ConditionalExpression conditional => EvaluateConditional(conditional, scope),
            _ => throw new InvalidOperationException($"No rule for {node.GetType().Name}."),
        };
        _depth--;
        return value;
    }

    internal TemplateValue Call(TemplateValue target, CallArguments arguments) => target switch
    {
        TemplateFunction function => function.Call(this, arguments),
        TemplateUndefined => throw FailUndefined(target),
        _ => throw Fail($"{arguments.Callee} is a {target.TypeName}, which cannot be called"),
    };

    // What follows happens at the node, also where its parts have moved the place.
    private TemplateValue At(TemplateValue value, TemplateExpression node)
    {
        _at = node.At;
        return value;
    }

    private TemplateValue Sign(SignExpression sign, TemplateScope scope)
    {
        TemplateValue operand = At(Evaluate(sign.Operand, scope), sign);
        return sign.IsMinus ? TemplateOperators.Negate(this, operand) : TemplateOperators.Positive(this, operand);
    }

    private TemplateSequence EvaluateList(ListExpression list, TemplateScope scope)
    {
        Charge(8L * list.Items.Length);
        var items = new TemplateValue[list.Items.Length];
        for (int i = 0; i < items.Length; i++)
            items[i] = Evaluate(list.Items[i], scope);
        _at = list.At;
        return List(items, list.Kind);
    }

    private TemplateMap EvaluateMap(MapExpression map, TemplateScope scope)
    {
        OrderedDictionary<TemplateValue, TemplateValue> entries = TemplateMap.NewEntries(map.Entries.Length);
        foreach ((TemplateExpression key, TemplateExpression value) in map.Entries)
        {
            TemplateValue name = Evaluate(key, scope);
            entries[Key(name)] = Evaluate(value, scope);
        }

        _at = map.At;
        return Map(entries);
    }

    private TemplateValue EvaluateItem(ItemExpression item, TemplateScope scope)
    {
        TemplateValue target = Evaluate(item.Target, scope), index = Evaluate(item.Index, scope);
        return TemplateMembers.Item(this, At(target, item), index);
    }

    private TemplateValue EvaluateSlice(SliceExpression slice, TemplateScope scope)
    {
        TemplateValue target = Evaluate(slice.Target, scope);
        long? start = Bound(slice.Start), stop = Bound(slice.Stop), step = Bound(slice.Step);
        _at = slice.At;
        return TemplateMembers.Slice(this, target, start, stop, step ?? 1);

        long? Bound(TemplateExpression? node)
        {
            if (node is null || At(Evaluate(node, scope), node) is not { } value || value is TemplateNone)
                return null;
            return TemplateOperators.Whole(value) ?? throw Fail($"a slice needs whole numbers, found {value.TypeName}");
        }
    }

    private TemplateValue EvaluateCall(CallExpression call, TemplateScope scope)
    {
        TemplateValue target = Evaluate(call.Target, scope);
        CallArguments arguments = Arguments(Shown(call.Target), call.Arguments, scope);
        return Call(At(target, call), arguments);
    }

    private static string Shown(TemplateExpression callee) => callee switch
    {
        NameExpression name => ModelFileException.Quote(name.Name),
        AttributeExpression attribute => ModelFileException.Quote(attribute.Name),
        _ => "what is called",
    };

    private CallArguments Arguments(string callee, ArgumentList list, TemplateScope scope)
    {
        var positional = new TemplateValue[list.Positional.Length];
        for (int i = 0; i < positional.Length; i++)
            positional[i] = Evaluate(list.Positional[i], scope);
        var named = new (string, TemplateValue)[list.Named.Length];
        for (int i = 0; i < named.Length; i++)
            named[i] = (list.Named[i].Name, Evaluate(list.Named[i].Value, scope));
        return new CallArguments(callee, positional, named);
    }

    private TemplateValue Filter(TemplateValue value, ImmutableArray<FilterCall> filters, TemplateScope scope)
    {
        foreach (FilterCall filter in filters)
        {
            CallArguments arguments = Arguments(filter.Name, filter.Arguments, scope);
            _at = filter.At;
            value = filter.Filter(this, value, arguments);
        }

        return value;
    }

    private TemplateBoolean EvaluateTest(TestExpression test, TemplateScope scope)
    {
        TemplateValue value = Evaluate(test.Value, scope);
        CallArguments arguments = Arguments(test.Name, test.Arguments, scope);
        _at = test.At;
        return TemplateBoolean.Of(test.Test(this, value, arguments) != test.IsNegated);
    }

    private TemplateValue EvaluateBinary(BinaryExpression binary, TemplateScope scope)
    {
        TemplateValue left = Evaluate(binary.Left, scope), right = Evaluate(binary.Right, scope);
        return TemplateOperators.Apply(this, binary.Operator, At(left, binary), right);
    }

    private TemplateValue EvaluateLogical(LogicalExpression logical, TemplateScope scope)
    {
        TemplateValue left = Evaluate(logical.Left, scope);
        return left.IsTrue == logical.IsAnd ? Evaluate(logical.Right, scope) : left;
    }

    private TemplateBoolean EvaluateCompare(CompareExpression compare, TemplateScope scope)
    {
        TemplateValue left = Evaluate(compare.First, scope);
        foreach ((CompareOperator sign, TemplateExpression operand) in compare.Rest)
        {
            TemplateValue right = Evaluate(operand, scope);
            if (!TemplateOperators.Compare(this, sign, At(left, compare), right))
                return TemplateBoolean.False;
            left = right;
        }

        return TemplateBoolean.True;
    }

    private TemplateString EvaluateConcat(ConcatExpression concat, TemplateScope scope)
    {
        var parts = new string[concat.Parts.Length];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = TemplateWriter.ToText(this, Evaluate(concat.Parts[i], scope));
        Charge(parts.Sum(p => (long)p.Length));
        return new TemplateString(string.Concat(parts));
    }

    private TemplateValue EvaluateConditional(ConditionalExpression conditional, TemplateScope scope)
    {
        if (Evaluate(conditional.Condition, scope).IsTrue)
            return Evaluate(conditional.Then, scope);
        return conditional.Else is null ? new TemplateUndefined("the condition is false and there is no 'else'") : Evaluate(conditional.Else, scope);
    }
}
