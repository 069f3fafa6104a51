using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Operations on each element.</summary>
internal static class ExportElementwise
{
    internal static void Register(Dictionary<Type, ExportRule> rules)
    {
        Same<Negate>(rules, "Neg");
        Same<Abs>(rules, "Abs");
        Same<Sign>(rules, "Sign");
        Same<Exp>(rules, "Exp");
        Same<Log>(rules, "Log");
        Same<Sqrt>(rules, "Sqrt");
        Same<Tanh>(rules, "Tanh");
        Same<Sigmoid>(rules, "Sigmoid");
        Same<Erf>(rules, "Erf");
        Same<Sin>(rules, "Sin");
        Same<Cos>(rules, "Cos");
        Same<Atan>(rules, "Atan");
        Same<Floor>(rules, "Floor");
        Same<Ceiling>(rules, "Ceil");
        Same<Round>(rules, "Round");
        Same<Relu>(rules, "Relu");
        Same<LogicalNot>(rules, "Not");
        Same<Ops.Add>(rules, "Add");
        Same<Ops.Subtract>(rules, "Sub");
        Same<Ops.Multiply>(rules, "Mul");
        Same<Divide>(rules, "Div");
        Same<Power>(rules, "Pow");
        Same<Ops.Maximum>(rules, "Max");
        Same<Ops.Minimum>(rules, "Min");
        Same<LogicalAnd>(rules, "And");
        Same<LogicalOr>(rules, "Or");
        rules[typeof(Compare)] = Comparing;
        rules[typeof(Select)] = Choosing;
        rules[typeof(Expm1)] = Expm1;
        rules[typeof(Log1p)] = Log1p;
        rules[typeof(Cast)] = (e, n) => e.Result(n, "Cast", [e.Name(n.Input(0))], Attributes.Of("to", OnnxTypes.Of(n.Output.DType)));

        // These say something to Anneal's compiler and nothing about values.
        foreach (Type type in (Type[])[typeof(StopGradient), typeof(Copy), typeof(Softmaxed), typeof(After), typeof(Later)])
            rules[type] = (e, n) => e.Alias(n.Output, e.Name(n.Input(0)));
    }

    private static void Same<T>(Dictionary<Type, ExportRule> rules, string op) where T : ElementwiseOp => rules[typeof(T)] = (e, n) => Write(e, n, op);

    /// <summary>Runtimes compute with whole numbers of 32 and 64 bits; smaller ones are widened around the operator and wrap when they come back.</summary>
    private static void Write(OnnxEmitter e, NodePair n, string op)
    {
        string[] operands = e.Operands(n);
        DType dtype = n.Output.DType;
        if (dtype is not (DType.Int8 or DType.UInt8))
        {
            e.Result(n, op, operands);
            return;
        }

        string wide = e.Step(n, op, Widened(e, n, operands));
        e.Result(n, "Cast", [wide], Attributes.Of("to", OnnxTypes.Of(dtype)));
    }

    private static string[] Widened(OnnxEmitter e, NodePair n, string[] operands) =>
        Array.ConvertAll(operands, o => e.Step(n, "Cast", [o], Attributes.Of("to", OnnxTypes.Of(DType.Int32))));

    private static void Comparing(OnnxEmitter e, NodePair n)
    {
        string[] operands = e.Operands(n);
        if (n.Input(0).DType is DType.Int8 or DType.UInt8 || (n.Input(0).DType == DType.Bool && n.Op is not Compare { Comparison: Comparison.Equal or Comparison.NotEqual }))
            operands = Widened(e, n, operands);
        switch (((Compare)n.Op).Comparison)
        {
            case Comparison.NotEqual: e.Result(n, "Not", [e.Step(n, "Equal", operands)]); break;
            case Comparison.Equal: e.Result(n, "Equal", operands); break;
            case Comparison.Less: e.Result(n, "Less", operands); break;
            case Comparison.LessOrEqual: e.Result(n, "LessOrEqual", operands); break;
            case Comparison.Greater: e.Result(n, "Greater", operands); break;
            default: e.Result(n, "GreaterOrEqual", operands); break;
        }
    }

    private static void Choosing(OnnxEmitter e, NodePair n)
    {
        string[] operands = e.Operands(n);
        if (n.Output.DType is not (DType.Bool or DType.Int8))
        {
            e.Result(n, "Where", operands);
            return;
        }

        string[] choices = Widened(e, n, operands[1..]);
        e.Result(n, "Cast", [e.Step(n, "Where", [operands[0], .. choices])], Attributes.Of("to", OnnxTypes.Of(n.Output.DType)));
    }

    /// <summary>
    /// exp(x) - 1 near 0 without loss (Kahan): with u = exp(x), (u - 1) · x / log(u); x where u is 1, and u - 1 where that is -1 or u has overflowed.
    /// </summary>
    private static void Expm1(OnnxEmitter e, NodePair n)
    {
        string x = e.Name(n.Input(0)), one = e.Number(1, n.Output.DType);
        string u = e.Step(n, "Exp", [x]), less = e.Step(n, "Sub", [u, one]);
        string exact = e.Step(n, "Mul", [less, e.Step(n, "Div", [x, e.Step(n, "Log", [u])])]);
        string isSmall = e.Step(n, "Less", [e.Step(n, "Abs", [x]), one]), isOne = e.Step(n, "Equal", [u, one]);
        e.Result(n, "Where", [isOne, x, e.Step(n, "Where", [isSmall, exact, less])]);
    }

    /// <summary>log(1 + x) near 0 without loss (Kahan): with u = 1 + x, log(u) · x / (u - 1), and x where u is 1.</summary>
    private static void Log1p(OnnxEmitter e, NodePair n)
    {
        string x = e.Name(n.Input(0)), one = e.Number(1, n.Output.DType);
        string u = e.Step(n, "Add", [x, one]), log = e.Step(n, "Log", [u]);
        string exact = e.Step(n, "Mul", [log, e.Step(n, "Div", [x, e.Step(n, "Sub", [u, one])])]);
        string isSmall = e.Step(n, "Less", [e.Step(n, "Abs", [x]), one]), isOne = e.Step(n, "Equal", [u, one]);
        e.Result(n, "Where", [isOne, x, e.Step(n, "Where", [isSmall, exact, log])]);
    }
}
