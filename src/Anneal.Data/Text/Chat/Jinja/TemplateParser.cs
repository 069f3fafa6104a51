using System.Collections.Immutable;

namespace Anneal.Data;

/// <summary>Makes a tree of a template: statements here, expressions in the other part.</summary>
internal sealed partial class TemplateParser
{
    // Blocks within blocks and brackets within brackets; published templates have about ten.
    private const int MostNested = 100;
    private static readonly string[] Statements = ["for", "if", "set", "macro", "call", "filter", "with", "generation", "break", "continue", "raw"];

    private readonly TemplateSource _source;
    private readonly List<TemplateLexeme> _tokens;
    private int _index, _nested, _loops;

    private TemplateParser(TemplateSource source) => (_source, _tokens) = (source, TemplateLexer.Read(source));

    /// <summary>Whether the template says itself what the assistant wrote.</summary>
    private bool HasGeneration { get; set; }

    private TemplateLexeme Current => _tokens[_index];

    internal static (ImmutableArray<TemplateStatement> Body, bool HasGeneration) Parse(TemplateSource source)
    {
        var parser = new TemplateParser(source);
        return (parser.ParseBody(null), parser.HasGeneration);
    }

    /// <summary>Statements up to a tag that begins with one of these words, whose word is then the current token; null is up to the end.</summary>
    private ImmutableArray<TemplateStatement> ParseBody(string[]? ends)
    {
        Enter();
        var body = ImmutableArray.CreateBuilder<TemplateStatement>();
        while (true)
        {
            TemplateLexeme token = Current;
            switch (token.Kind)
            {
                case TokenKind.Text:
                    _index++;
                    body.Add(new TextStatement(token.At, token.Text));
                    continue;
                case TokenKind.OutputBegin:
                    _index++;
                    body.Add(new OutputStatement(token.At, ParseTuple()));
                    Expect(TokenKind.OutputEnd, "'}}'");
                    continue;
                case TokenKind.BlockBegin:
                    _index++;
                    if (ends is not null && Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                        break;
                    body.Add(ParseStatement(token.At));
                    continue;
                default:
                    if (ends is not null)
                        throw Fail(token, "expected " + string.Join(" or ", ends));
                    break;
            }

            _nested--;
            return body.ToImmutable();
        }
    }

    private TemplateStatement ParseStatement(int at)
    {
        TemplateLexeme name = Current;
        if (name.Kind != TokenKind.Name)
            throw Fail(name, "expected a statement");
        _index++;
        return name.Text switch
        {
            "for" => ParseFor(at),
            "if" => ParseIf(at),
            "set" => ParseSet(at),
            "macro" => ParseMacro(at),
            "call" => ParseCallBlock(at),
            "filter" => ParseFilterBlock(at),
            "with" => ParseWith(at),
            "generation" => ParseGeneration(at),
            "break" => Jump(new BreakStatement(at), name),
            "continue" => Jump(new ContinueStatement(at), name),
            _ when name.Text.StartsWith("end", StringComparison.Ordinal) || name.Text is "else" or "elif" => throw _source.Fail(name.At, $"{ModelFileException.Quote(name.Text)} closes nothing"),
            _ => throw _source.Fail(name.At, $"the statement {ModelFileException.Quote(name.Text)} is not supported; those that are: {string.Join(", ", Statements)}"),
        };
    }

    private TemplateStatement Jump(TemplateStatement statement, TemplateLexeme name)
    {
        if (_loops == 0)
            throw _source.Fail(name.At, $"'{name.Text}' stands outside of a loop");
        EndTag();
        return statement;
    }

    private IfStatement ParseIf(int at)
    {
        var branches = ImmutableArray.CreateBuilder<(TemplateExpression, ImmutableArray<TemplateStatement>)>();
        ImmutableArray<TemplateStatement> otherwise = [];
        while (true)
        {
            TemplateExpression condition = ParseTuple(conditional: false);
            EndTag();
            branches.Add((condition, ParseBody(["elif", "else", "endif"])));
            string word = Word();
            if (word == "elif")
                continue;
            if (word == "else")
            {
                EndTag();
                otherwise = ParseBlock("endif");
            }
            else
            {
                EndTag();
            }

            return new IfStatement(at, branches.ToImmutable(), otherwise);
        }
    }

    private ForStatement ParseFor(int at)
    {
        AssignTarget target = ParseTarget(withNamespace: false);
        ExpectName("in");
        TemplateExpression items = ParseTuple(conditional: false);
        TemplateExpression? condition = SkipName("if") ? ParseExpression() : null;
        if (Current.IsName("recursive"))
            throw _source.Fail(Current.At, "recursive loops are not supported");
        EndTag();
        _loops++;
        ImmutableArray<TemplateStatement> body = ParseBody(["else", "endfor"]), otherwise = [];
        _loops--;
        if (Word() == "else")
        {
            EndTag();
            otherwise = ParseBlock("endfor");
        }
        else
        {
            EndTag();
        }

        return new ForStatement(at, target, items, condition, body, otherwise);
    }

    private TemplateStatement ParseSet(int at)
    {
        AssignTarget target = ParseTarget(withNamespace: true);
        if (Skip("="))
        {
            TemplateExpression value = ParseTuple();
            EndTag();
            return new SetStatement(at, target, value);
        }

        ImmutableArray<FilterCall> filters = ParseFilters();
        EndTag();
        return new SetBlockStatement(at, target, filters, ParseFunctionBody("endset"));
    }

    private MacroStatement ParseMacro(int at)
    {
        string name = ExpectIdentifier();
        ImmutableArray<(string, TemplateExpression?)> parameters = ParseParameters();
        EndTag();
        return new MacroStatement(at, name, parameters, ParseFunctionBody("endmacro"));
    }

    // A loop around a macro, or around text that becomes a value, cannot be left from within.
    private ImmutableArray<TemplateStatement> ParseFunctionBody(string end)
    {
        (int loops, _loops) = (_loops, 0);
        ImmutableArray<TemplateStatement> body = ParseBlock(end);
        _loops = loops;
        return body;
    }

    private ImmutableArray<(string, TemplateExpression?)> ParseParameters()
    {
        var parameters = ImmutableArray.CreateBuilder<(string Name, TemplateExpression? Default)>();
        Expect("(");
        while (!Skip(")"))
        {
            if (parameters.Count > 0)
                Expect(",");
            TemplateLexeme at = Current;
            string name = ExpectIdentifier();
            TemplateExpression? value = Skip("=") ? ParseExpression() : null;
            if (value is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw _source.Fail(at.At, "a parameter without a default follows one with a default");
            if (parameters.Any(p => p.Name == name))
                throw _source.Fail(at.At, $"the parameter {ModelFileException.Quote(name)} is there twice");
            parameters.Add((name, value));
        }

        return parameters.ToImmutable();
    }

    private CallStatement ParseCallBlock(int at)
    {
        ImmutableArray<(string, TemplateExpression?)> parameters = Current.Is("(") ? ParseParameters() : [];
        TemplateLexeme token = Current;
        if (ParseExpression() is not CallExpression call)
            throw Fail(token, "expected a call");
        EndTag();
        return new CallStatement(at, call, new MacroStatement(at, "caller", parameters, ParseFunctionBody("endcall")));
    }

    private FilterStatement ParseFilterBlock(int at)
    {
        var filters = ImmutableArray.CreateBuilder<FilterCall>();
        filters.Add(ParseFilterCall());
        filters.AddRange(ParseFilters());
        EndTag();
        return new FilterStatement(at, filters.ToImmutable(), ParseFunctionBody("endfilter"));
    }

    private WithStatement ParseWith(int at)
    {
        var variables = ImmutableArray.CreateBuilder<(AssignTarget, TemplateExpression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                Expect(",");
            AssignTarget target = ParseSingleTarget(withNamespace: false);
            Expect("=");
            variables.Add((target, ParseExpression()));
        }

        EndTag();
        return new WithStatement(at, variables.ToImmutable(), ParseBlock("endwith"));
    }

    private GenerationStatement ParseGeneration(int at)
    {
        HasGeneration = true;
        EndTag();
        return new GenerationStatement(at, ParseBlock("endgeneration"));
    }

    private ImmutableArray<TemplateStatement> ParseBlock(string end)
    {
        ImmutableArray<TemplateStatement> body = ParseBody([end]);
        _index++;
        EndTag();
        return body;
    }

    private AssignTarget ParseTarget(bool withNamespace)
    {
        int at = Current.At;
        AssignTarget first = ParseSingleTarget(withNamespace);
        if (!Current.Is(","))
            return first;
        var targets = ImmutableArray.CreateBuilder<AssignTarget>();
        targets.Add(first);
        while (Skip(",") && (Current.Is("(") || (Current.Kind == TokenKind.Name && !Current.IsName("in"))))
            targets.Add(ParseSingleTarget(withNamespace));
        return new TupleTarget(at, targets.ToImmutable());
    }

    private AssignTarget ParseSingleTarget(bool withNamespace)
    {
        int at = Current.At;
        if (Skip("("))
        {
            Enter();
            AssignTarget inner = ParseTarget(withNamespace);
            Expect(")");
            _nested--;
            return inner;
        }

        string name = ExpectIdentifier();
        return withNamespace && Skip(".") ? new NamespaceTarget(at, name, ExpectAnyName()) : new NameTarget(at, name);
    }

    private void EndTag() => Expect(TokenKind.BlockEnd, "'%}'");

    private string Word() => _tokens[_index++].Text;

    private void Enter()
    {
        if (++_nested > MostNested)
            throw _source.Fail(Current.At, FormattableString.Invariant($"blocks and brackets are nested deeper than {MostNested}"));
    }

    private bool Skip(string sign)
    {
        if (!Current.Is(sign))
            return false;
        _index++;
        return true;
    }

    private bool SkipName(string name)
    {
        if (!Current.IsName(name))
            return false;
        _index++;
        return true;
    }

    private void Expect(string sign)
    {
        if (!Skip(sign))
            throw Fail(Current, $"expected '{sign}'");
    }

    private void Expect(TokenKind kind, string shown)
    {
        if (Current.Kind != kind)
            throw Fail(Current, "expected " + shown);
        _index++;
    }

    private void ExpectName(string name)
    {
        if (!SkipName(name))
            throw Fail(Current, $"expected '{name}'");
    }

    private string ExpectAnyName() => Current.Kind == TokenKind.Name ? _tokens[_index++].Text : throw Fail(Current, "expected a name");

    /// <summary>A name that can be assigned to.</summary>
    private string ExpectIdentifier() => IsWord(Current) ? throw Fail(Current, "expected a name") : ExpectAnyName();

    private ChatTemplateException Fail(TemplateLexeme token, string expected) => _source.Fail(token.At, $"{expected}, found {token.Shown}");
}
