using System.Globalization;
using System.Reflection;
using System.Text;
using System.Xml.Linq;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>Writes docs/operations.md from the operations, their records and cases, and from the comments in the source.</summary>
internal sealed class OperationsDocument
{
    private static readonly DType[] DTypes = Enum.GetValues<DType>();

    private readonly Dictionary<string, string> _summaries;
    private readonly StringBuilder _text = new();

    private OperationsDocument()
    {
        XDocument comments = XDocument.Load(Path.ChangeExtension(typeof(Tensor).Assembly.Location, ".xml"));
        _summaries = comments.Descendants("member").Where(m => m.Element("summary") is not null)
            .ToDictionary(m => (string)m.Attribute("name")!, m => Plain(m.Element("summary")!));
    }

    internal static string Write()
    {
        var document = new OperationsDocument();
        document.Introduce();
        document.Functions();
        document.Operations();
        return document._text.ToString();
    }

    private void Introduce() => _text.Append(
        """
        # Operations

        Written from the source by a test: `ANNEAL_WRITE_DOCS=1 dotnet test -c Release tests/Anneal.Core.Tests --filter OperationsDocumentTests`.

        First what users call, then the primitives that everything is made of. [numerics](numerics.md) says how sums are ordered and what
        happens at the ends of the number types.


        """);

    /// <summary>The public functions of tensors.</summary>
    private void Functions()
    {
        _text.Append("## Functions of tensors\n\n");
        MethodInfo[] methods = [.. typeof(Tensor).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(m => m.ReturnType == typeof(Tensor) && !m.IsSpecialName)];
        Table("Made of values", methods.Where(m => m.IsStatic && m.GetParameters().All(p => p.ParameterType != typeof(Tensor) && p.ParameterType != typeof(ReadOnlySpan<Tensor>))));
        Table("Functions `Tensor.F(x, ...)`", methods.Where(m => m.IsStatic && m.GetParameters().Any(p => p.ParameterType == typeof(Tensor) || p.ParameterType == typeof(ReadOnlySpan<Tensor>))));
        Table("Methods `x.F(...)`", methods.Where(m => !m.IsStatic));
        _text.Append(
            "Operators between tensors, and between tensors and numbers: `+ - * /`, unary `-`, and for truth values `& | !`. Shapes are broadcast.\n\n");
    }

    private void Table(string title, IEnumerable<MethodInfo> methods)
    {
        _text.Append(CultureInfo.InvariantCulture, $"### {title}\n\n| function | what |\n| --- | --- |\n");
        foreach (MethodInfo method in methods.OrderBy(m => m.Name, StringComparer.Ordinal).ThenBy(DocumentationId, StringComparer.Ordinal))
            _text.Append(CultureInfo.InvariantCulture, $"| `{Signature(method)}` | {_summaries[DocumentationId(method)]} |\n");
        _text.Append('\n');
    }

    /// <summary>The primitives by kind.</summary>
    private void Operations()
    {
        _text.Append(
            """
            ## Primitives

            Operands of elementwise primitives have one shape; broadcasting is a primitive of its own. "Tolerance" is the largest error of one
            application in float32, in units in the last place; "exact" is the correctly rounded result. "Tested on" is where inputs are drawn
            from; the ends of the number types are tested as well.


            """);
        Type[] types = [.. typeof(Op).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract).OrderBy(t => t.Name, StringComparer.Ordinal)];
        ILookup<Type, OpCase> cases = OpCases.All().ToLookup(c => c.Op.GetType());
        foreach ((OpKind kind, string title) in ((OpKind, string)[])[
            (OpKind.Elementwise, "Element by element"), (OpKind.Reduction, "Reductions"), (OpKind.View, "Views, which move nothing"),
            (OpKind.Reshape, "Reshapes"), (OpKind.Kernel, "Others, each with a kernel of its own")])
        {
            _text.Append(CultureInfo.InvariantCulture, $"### {title}\n\n| primitive | what | such as | data types | gradient | tolerance | tested on |\n");
            _text.Append("| --- | --- | --- | --- | --- | --- | --- |\n");
            foreach (Type type in types.Where(t => cases[t].FirstOrDefault()?.Op.Kind == kind))
                Row(type, [.. cases[type]]);
            _text.Append('\n');
        }

        _text.Append("### Leaves\n\n| leaf | what |\n| --- | --- |\n");
        foreach (Type type in types.Where(t => t.IsSubclassOf(typeof(LeafOp))))
            _text.Append(CultureInfo.InvariantCulture, $"| `{type.Name}` | {_summaries["T:" + type.FullName]} |\n");
    }

    private void Row(Type type, OpCase[] cases)
    {
        OpCase first = cases[0];
        TensorType[] inputs = [.. first.Inputs.Select(i => i.Type)];
        string example = $"{string.Join(", ", inputs)} → {string.Join(", ", first.Op.Infer(inputs))}".TrimStart(' ');
        string gradient = first.Op.NoGradientReason is { } reason ? "no: " + reason : "yes";
        string tolerance = first.Op is ElementwiseOp
            ? first.Op.Record.Ulp == 0 ? "exact" : first.Op.Record.Ulp.ToString(CultureInfo.InvariantCulture) + " ulp"
            : cases.All(c => c.Tolerance == default) ? "exact" : "that of its sums";
        CaseInput? drawn = first.Inputs.FirstOrDefault(i => i.Type.DType.IsFloating());
        string domain = drawn is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{drawn.Low} to {drawn.High}");
        _text.Append(CultureInfo.InvariantCulture,
            $"| `{type.Name}` | {_summaries["T:" + type.FullName]} | {example} | {Accepted(cases)} | {gradient} | {tolerance} | {domain} |\n");
    }

    /// <summary>The types that a case accepts in place of its own.</summary>
    private static string Accepted(OpCase[] cases)
    {
        if (cases[0].Inputs.Length == 0)
            return "all but bool";
        DType[] accepted = [.. DTypes.Where(d => cases.Any(c => Accepts(c, d)))];
        return accepted.Length == DTypes.Length ? "all"
            : accepted.SequenceEqual(DTypes.Where(d => d != DType.Bool)) ? "all but bool"
            : accepted.SequenceEqual(DTypes.Where(d => d.IsFloating())) ? "floating-point"
            : string.Join(", ", accepted.Select(d => d.Name()));
    }

    private static bool Accepts(OpCase test, DType dtype)
    {
        // Indices, conditions and seeds stay what they are.
        DType own = test.Inputs.Any(i => i.Type.DType.IsFloating()) ? DType.Float32 : test.Inputs[0].Type.DType;
        try
        {
            test.Op.Infer([.. test.Inputs.Select(i => i.Type.DType == own ? i.Type with { DType = dtype } : i.Type)]);
            return true;
        }
        catch (OperandException)
        {
            return false;
        }
    }

    private static string Signature(MethodInfo method)
    {
        IEnumerable<string> parameters = method.GetParameters().Select(p => p.HasDefaultValue ? $"[{p.Name}]" : p.Name!);
        return $"{method.Name}({string.Join(", ", parameters)})";
    }

    /// <summary>The name of a method in the file of comments.</summary>
    private static string DocumentationId(MethodInfo method)
    {
        string arity = method.IsGenericMethod ? "``" + method.GetGenericArguments().Length.ToString(CultureInfo.InvariantCulture) : "";
        ParameterInfo[] parameters = method.GetParameters();
        string list = parameters.Length == 0 ? "" : $"({string.Join(',', parameters.Select(p => TypeId(p.ParameterType)))})";
        return $"M:{method.DeclaringType!.FullName}.{method.Name}{arity}{list}";
    }

    private static string TypeId(Type type)
    {
        if (type.IsGenericMethodParameter)
            return "``" + type.GenericParameterPosition.ToString(CultureInfo.InvariantCulture);
        if (type.IsArray)
            return TypeId(type.GetElementType()!) + (type.GetArrayRank() == 1 ? "[]" : "[" + string.Join(',', Enumerable.Repeat("0:", type.GetArrayRank())) + "]");
        if (!type.IsGenericType)
            return type.FullName!;
        string name = type.GetGenericTypeDefinition().FullName!;
        return name[..name.IndexOf('`', StringComparison.Ordinal)] + "{" + string.Join(',', type.GetGenericArguments().Select(TypeId)) + "}";
    }

    /// <summary>A comment as one line of Markdown.</summary>
    private static string Plain(XElement summary)
    {
        var text = new StringBuilder();
        foreach (XNode node in summary.Nodes())
        {
            text.Append(node switch
            {
                XElement { Name.LocalName: "see" } see => "`" + ((string)see.Attribute("cref")!).Split('(')[0].Split('.')[^1] + "`",
                XElement { Name.LocalName: "paramref" } reference => (string)reference.Attribute("name")!,
                XElement element => "`" + element.Value + "`",
                XText plain => plain.Value,
                _ => "",
            });
        }

        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Replace("|", "\\|", StringComparison.Ordinal);
    }
}

/// <summary>The document is the one that the source gives.</summary>
public sealed class OperationsDocumentTests
{
    [Fact]
    public void TheDocumentIsUpToDate()
    {
        string file = Path.Combine(Repository.Root, "docs", "operations.md"), expected = OperationsDocument.Write();
        if (Environment.GetEnvironmentVariable("ANNEAL_WRITE_DOCS") == "1")
            File.WriteAllText(file, expected);
        Assert.True(
            File.Exists(file) && File.ReadAllText(file).ReplaceLineEndings("\n") == expected.ReplaceLineEndings("\n"),
            "docs/operations.md is not what the source says. Hint: run this test with ANNEAL_WRITE_DOCS=1.");
    }
}
