using System.Collections.Immutable;
using System.Globalization;

namespace Anneal.Data;

/// <content>Expressions, from those that bind least to those that bind most.</content>
internal sealed partial class TemplateParser
{
    private static bool IsWord(TemplateLexeme token) =>
        token.Kind == TokenKind.Name && token.Text is "and" or "or" or "not" or "if" or "else" or "in" or "is" or "true" or "false" or "none" or "True" or "False" or "None";

    /// <summary>An expression, or several with commas between them, which are a tuple.</summary>
    private TemplateExpression ParseTuple(bool conditional = true, bool inParentheses = false)
    {
        int at = Current.At;
        var items = ImmutableArray.CreateBuilder<TemplateExpression>();
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
                Expect(",");
            if (Current.Kind is TokenKind.OutputEnd or TokenKind.BlockEnd || Current.Is(")"))
                break;
            items.Add(conditional ? ParseExpression() : ParseOr());
            if (!Current.Is(","))
                break;
            isTuple = true;
        }

        if (!isTuple && items.Count == 1)
            return items[0];
        return items.Count > 0 || inParentheses ? new ListExpression(at, items.ToImmutable(), SequenceKind.Tuple) : throw Fail(Current, "expected an expression");
    }

    private TemplateExpression ParseExpression()
    {
        Enter();
        TemplateExpression value = ParseOr();
        while (Current.IsName("if"))
        {
            int at = Current.At;
            _index++;
            TemplateExpression condition = ParseOr();
            TemplateExpression? otherwise = SkipName("else") ? ParseExpression() : null;
            value = new ConditionalExpression(at, condition, value, otherwise);
        }

        _nested--;
        return value;
    }

    private TemplateExpression ParseOr()
    {
        TemplateExpression left = ParseAnd();
        for (int at = Current.At; SkipName("or"); at = Current.At)
            left = new LogicalExpression(at, false, left, ParseAnd());
        return left;
    }

    private TemplateExpression ParseAnd()
    {
        TemplateExpression left = ParseNot();
        for (int at = Current.At; SkipName("and"); at = Current.At)
            left = new LogicalExpression(at, true, left, ParseNot());
        return left;
    }

    private TemplateExpression ParseNot()
    {
        int at = Current.At;
        if (!SkipName("not"))
            return ParseCompare();
        Enter();
        var node = new NotExpression(at, ParseNot());
        _nested--;
        return node;
    }

    private TemplateExpression ParseCompare()
    {
        int at = Current.At;
        TemplateExpression first = ParseSum();
        var rest = ImmutableArray.CreateBuilder<(CompareOperator, TemplateExpression)>();
        while (CompareSign() is { } sign)
            rest.Add((sign, ParseSum()));
        return rest.Count == 0 ? first : new CompareExpression(at, first, rest.ToImmutable());
    }

    private CompareOperator? CompareSign()
    {
        TemplateLexeme token = Current;
        CompareOperator? sign = (token.Kind, token.Text) switch
        {
            (TokenKind.Operator, "==") => CompareOperator.Equal,
            (TokenKind.Operator, "!=") => CompareOperator.NotEqual,
            (TokenKind.Operator, "<") => CompareOperator.Less,
            (TokenKind.Operator, "<=") => CompareOperator.LessOrEqual,
            (TokenKind.Operator, ">") => CompareOperator.Greater,
            (TokenKind.Operator, ">=") => CompareOperator.GreaterOrEqual,
            (TokenKind.Name, "in") => CompareOperator.In,
            (TokenKind.Name, "not") when _tokens[_index + 1].IsName("in") => CompareOperator.NotIn,
            _ => null,
        };
        _index += sign is null ? 0 : sign == CompareOperator.NotIn ? 2 : 1;
        return sign;
    }

    private TemplateExpression ParseSum()
    {
        TemplateExpression left = ParseConcat();
        while (Current.Is("+") || Current.Is("-"))
        {
            TemplateLexeme sign = _tokens[_index++];
            left = new BinaryExpression(sign.At, sign.Text == "+" ? BinaryOperator.Add : BinaryOperator.Subtract, left, ParseConcat());
        }

        return left;
    }

    private TemplateExpression ParseConcat()
    {
        int at = Current.At;
        TemplateExpression first = ParseProduct();
        if (!Current.Is("~"))
            return first;
        var parts = ImmutableArray.CreateBuilder<TemplateExpression>();
        parts.Add(first);
        while (Skip("~"))
            parts.Add(ParseProduct());
        return new ConcatExpression(at, parts.ToImmutable());
    }

    private TemplateExpression ParseProduct()
    {
        TemplateExpression left = ParsePower();
        while (Current.Kind == TokenKind.Operator && Current.Text is "*" or "/" or "//" or "%")
        {
            TemplateLexeme sign = _tokens[_index++];
            BinaryOperator kind = sign.Text switch
            {
                "*" => BinaryOperator.Multiply,
                "/" => BinaryOperator.Divide,
                "//" => BinaryOperator.FloorDivide,
                _ => BinaryOperator.Remainder,
            };
            left = new BinaryExpression(sign.At, kind, left, ParsePower());
        }

        return left;
    }

    private TemplateExpression ParsePower()
    {
        TemplateExpression left = ParseUnary(filters: true);
        for (int at = Current.At; Skip("**"); at = Current.At)
            left = new BinaryExpression(at, BinaryOperator.Power, left, ParseUnary(filters: true));
        return left;
    }

    private TemplateExpression ParseUnary(bool filters)
    {
        Enter();
        TemplateLexeme token = Current;
        TemplateExpression node;
        if (Skip("-"))
            node = new SignExpression(token.At, true, ParseUnary(filters: false));
        else if (Skip("+"))
            node = new SignExpression(token.At, false, ParseUnary(filters: false));
        else
            node = ParsePrimary();
        node = ParsePostfix(node);
        if (filters)
            node = ParseFiltersAndTests(node);
        _nested--;
        return node;
    }

    private TemplateExpression ParsePrimary()
    {
        TemplateLexeme token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ParseName(token);
            case TokenKind.String:
                string text = "";
                while (Current.Kind == TokenKind.String)
                    text += _tokens[_index++].Text;
                return new ConstantExpression(token.At, new TemplateString(text));
            case TokenKind.Integer:
                _index++;
                return long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long whole)
                    ? new ConstantExpression(token.At, new TemplateInteger(whole))
                    : throw _source.Fail(token.At, $"{ModelFileException.Quote(token.Text)} is too large");
            case TokenKind.Float:
                _index++;
                return new ConstantExpression(token.At, new TemplateFloat(double.Parse(token.Text, CultureInfo.InvariantCulture)));
            case TokenKind.Operator when token.Text == "(":
                _index++;
                TemplateExpression inner = ParseTuple(inParentheses: true);
                Expect(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return ParseList();
            case TokenKind.Operator when token.Text == "{":
                return ParseMap();
            default:
                throw Fail(token, "expected an expression");
        }
    }

    private TemplateExpression ParseName(TemplateLexeme token)
    {
        _index++;
        return token.Text switch
        {
            "true" or "True" => new ConstantExpression(token.At, TemplateBoolean.True),
            "false" or "False" => new ConstantExpression(token.At, TemplateBoolean.False),
            "none" or "None" => new ConstantExpression(token.At, TemplateNone.Instance),
            _ => IsWord(token) ? throw Fail(token, "expected an expression") : new NameExpression(token.At, token.Text),
        };
    }

    private ListExpression ParseList()
    {
        int at = Current.At;
        var items = ImmutableArray.CreateBuilder<TemplateExpression>();
        Expect("[");
        while (!Skip("]"))
        {
            if (items.Count > 0)
                Expect(",");
            if (!Current.Is("]"))
                items.Add(ParseExpression());
        }

        return new ListExpression(at, items.ToImmutable(), SequenceKind.List);
    }

    private MapExpression ParseMap()
    {
        int at = Current.At;
        var entries = ImmutableArray.CreateBuilder<(TemplateExpression, TemplateExpression)>();
        Expect("{");
        while (!Skip("}"))
        {
            if (entries.Count > 0)
                Expect(",");
            if (Current.Is("}"))
                continue;
            TemplateExpression key = ParseExpression();
            Expect(":");
            entries.Add((key, ParseExpression()));
        }

        return new MapExpression(at, entries.ToImmutable());
    }

    private TemplateExpression ParsePostfix(TemplateExpression node)
    {
        while (true)
        {
            if (Current.Is("."))
                node = ParseAttribute(node);
            else if (Current.Is("["))
                node = ParseSubscript(node);
            else if (Current.Is("("))
                node = new CallExpression(Current.At, node, ParseArguments());
            else
                return node;
        }
    }

    private TemplateExpression ParseAttribute(TemplateExpression node)
    {
        _index++;
        TemplateLexeme token = Current;
        if (token.Kind == TokenKind.Integer)
            return new ItemExpression(token.At, node, ParsePrimary());
        return new AttributeExpression(token.At, node, ExpectAnyName());
    }

    private TemplateExpression ParseSubscript(TemplateExpression node)
    {
        int at = Current.At;
        Expect("[");
        TemplateExpression? start = Current.Is(":") ? null : ParseExpression();
        if (!Skip(":"))
        {
            if (Current.Is(","))
                throw _source.Fail(Current.At, "several indices in one pair of brackets are not supported");
            Expect("]");
            return new ItemExpression(at, node, start!);
        }

        TemplateExpression? stop = Current.Is(":") || Current.Is("]") ? null : ParseExpression(), step = null;
        if (Skip(":") && !Current.Is("]"))
            step = ParseExpression();
        Expect("]");
        return new SliceExpression(at, node, start, stop, step);
    }

    private ArgumentList ParseArguments()
    {
        var positional = ImmutableArray.CreateBuilder<TemplateExpression>();
        var named = ImmutableArray.CreateBuilder<(string Name, TemplateExpression Value)>();
        Expect("(");
        while (!Skip(")"))
        {
            if (positional.Count + named.Count > 0)
                Expect(",");
            if (Current.Is(")"))
                continue;
            TemplateLexeme token = Current;
            if (token.Is("*") || token.Is("**"))
                throw _source.Fail(token.At, $"arguments from a list or mapping ('{token.Text}') are not supported");
            if (token.Kind == TokenKind.Name && _tokens[_index + 1].Is("="))
            {
                _index += 2;
                if (named.Any(n => n.Name == token.Text))
                    throw _source.Fail(token.At, $"the argument {ModelFileException.Quote(token.Text)} is there twice");
                named.Add((token.Text, ParseExpression()));
            }
            else if (named.Count > 0)
            {
                throw _source.Fail(token.At, "an argument without a name follows one with a name");
            }
            else
            {
                positional.Add(ParseExpression());
            }
        }

        return new ArgumentList(positional.ToImmutable(), named.ToImmutable());
    }

    private TemplateExpression ParseFiltersAndTests(TemplateExpression node)
    {
        while (true)
        {
            if (Skip("|"))
            {
                FilterCall call = ParseFilterCall();
                node = new FilterExpression(call.At, node, call);
            }
            else if (Current.IsName("is"))
            {
                node = ParseTest(node);
            }
            else if (Current.Is("("))
            {
                node = new CallExpression(Current.At, node, ParseArguments());
            }
            else
            {
                return node;
            }
        }
    }

    private ImmutableArray<FilterCall> ParseFilters()
    {
        var filters = ImmutableArray.CreateBuilder<FilterCall>();
        while (Skip("|"))
            filters.Add(ParseFilterCall());
        return filters.ToImmutable();
    }

    private FilterCall ParseFilterCall()
    {
        TemplateLexeme token = Current;
        string name = ExpectAnyName();
        TemplateFilter filter = TemplateFilters.Find(name) ?? throw _source.Fail(token.At, $"the filter {ModelFileException.Quote(name)} is not supported");
        return new FilterCall(token.At, name, filter, Current.Is("(") ? ParseArguments() : ArgumentList.Empty);
    }

    private TestExpression ParseTest(TemplateExpression node)
    {
        _index++;
        bool isNegated = SkipName("not");
        TemplateLexeme token = Current;
        string name = ExpectAnyName();
        TemplateTest test = TemplateTests.Find(name) ?? throw _source.Fail(token.At, $"the test {ModelFileException.Quote(name)} is not supported");
        var arguments = ArgumentList.Empty;
        if (Current.Is("("))
            arguments = ParseArguments();
        else if (BeginsOperand(Current))
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], []);
        return new TestExpression(token.At, node, name, test, arguments, isNegated);
    }

    private static bool BeginsOperand(TemplateLexeme token) => token.Kind switch
    {
        TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
        TokenKind.Name => token.Text is not ("else" or "or" or "and" or "is" or "if" or "in" or "not"),
        TokenKind.Operator => token.Text is "[" or "{",
        _ => false,
    };
}
