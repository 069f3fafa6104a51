namespace Anneal.Onnx;

/// <summary>Operators on each element; operands are broadcast.</summary>
internal static class ElementwiseRules
{
    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        Unary(rules, "Abs", Tensor.Abs);
        Unary(rules, "Neg", x => -x);
        Unary(rules, "Exp", Tensor.Exp);
        Unary(rules, "Log", Tensor.Log);
        Unary(rules, "Sqrt", Tensor.Sqrt);
        Unary(rules, "Reciprocal", Tensor.Reciprocal);
        Unary(rules, "Sin", Tensor.Sin);
        Unary(rules, "Cos", Tensor.Cos);
        Unary(rules, "Tan", x => Tensor.Sin(x) / Tensor.Cos(x));
        Unary(rules, "Atan", Tensor.Atan);
        Unary(rules, "Asin", x => Tensor.Atan(x / Tensor.Sqrt((1 - x) * (1 + x))));
        Unary(rules, "Acos", x => Tensor.Atan(Tensor.Sqrt((1 - x) / (1 + x))) * 2);
        Unary(rules, "Asinh", x => Tensor.Sign(x) * Tensor.Log1p(Tensor.Abs(x) + x * x / (1 + Tensor.Sqrt(x * x + 1))));
        Unary(rules, "Acosh", x => Tensor.Log(x + Tensor.Sqrt((x - 1) * (x + 1))));
        Unary(rules, "Sinh", x => (Tensor.Expm1(x) - Tensor.Expm1(-x)) * 0.5);
        Unary(rules, "Cosh", x => (Tensor.Exp(x) + Tensor.Exp(-x)) * 0.5);
        Unary(rules, "Tanh", Tensor.Tanh);
        Unary(rules, "Atanh", x => (Tensor.Log1p(x) - Tensor.Log1p(-x)) * 0.5);
        Unary(rules, "Erf", Tensor.Erf);
        Unary(rules, "Floor", Tensor.Floor);
        Unary(rules, "Ceil", Tensor.Ceiling);
        Unary(rules, "Round", Tensor.Round);
        Unary(rules, "Sign", Tensor.Sign);
        Unary(rules, "Not", x => !x);
        Unary(rules, "IsNaN", x => x.NotEqualTo(x));
        rules["IsInf"] = IsInfinite;
        rules["Identity"] = call => [call.Value(0)];

        Binary(rules, "Add", (a, b) => a + b);
        Binary(rules, "Sub", (a, b) => a - b);
        Binary(rules, "Mul", (a, b) => a * b);
        Binary(rules, "Div", (a, b) => a / b);
        rules["Pow"] = Power;
        rules["Mod"] = Modulo;
        Binary(rules, "Equal", (a, b) => a.EqualTo(b));
        Binary(rules, "Less", (a, b) => a.LessThan(b));
        Binary(rules, "LessOrEqual", (a, b) => a.LessOrEqual(b));
        Binary(rules, "Greater", (a, b) => a.GreaterThan(b));
        Binary(rules, "GreaterOrEqual", (a, b) => a.GreaterOrEqual(b));
        Binary(rules, "And", (a, b) => a & b);
        Binary(rules, "Or", (a, b) => a | b);
        Binary(rules, "Xor", (a, b) => (a | b) & !(a & b));
        rules["Where"] = call => [Tensor.Select(call[0], call[1], call[2])];
        rules["Sum"] = call => [Folded(call, (a, b) => a + b)];
        rules["Mean"] = call => [Folded(call, (a, b) => a + b) * (1.0 / call.Count)];
        rules["Max"] = call => [Folded(call, Tensor.Maximum)];
        rules["Min"] = call => [Folded(call, Tensor.Minimum)];
        rules["Clip"] = Clip;
        rules["Cast"] = call =>
        {
            call.Ignore("saturate");
            return [Converted(call[0], call.TypeOf(call.Integer("to")))];
        };
        rules["CastLike"] = call =>
        {
            call.Ignore("saturate");
            return [Converted(call[0], call.Value(1).Type.DType)];
        };

        // Both are for training; a graph is read as it infers, where they pass everything on.
        rules["Dropout"] = Dropout;
    }

    private static void Unary(Dictionary<string, OnnxRule> rules, string name, Func<Tensor, Tensor> function) => rules[name] = call => [function(call[0])];

    private static void Binary(Dictionary<string, OnnxRule> rules, string name, Func<Tensor, Tensor, Tensor> function) =>
        rules[name] = call => [function(call[0], call[1])];

    /// <summary>A conversion between whole numbers keeps the lowest bits, as the format says; Anneal's own goes to the nearest number there is.</summary>
    private static Tensor Converted(Tensor x, DType to)
    {
        if (to is not (DType.UInt8 or DType.Int8) || x.DType == to || !x.DType.IsInteger())
            return x.Cast(to);
        const int Numbers = 256;
        Tensor wide = x.DType == DType.Int64 ? x : x.Cast(DType.Int32), rest = wide - wide / Numbers * Numbers;
        rest = Tensor.Select(rest.LessThan(0), rest + Numbers, rest);
        if (to == DType.Int8)
            rest = Tensor.Select(rest.GreaterThan(sbyte.MaxValue), rest - Numbers, rest);
        return rest.Cast(to);
    }

    private static Tensor Folded(OnnxCall call, Func<Tensor, Tensor, Tensor> function)
    {
        Tensor result = call[0];
        for (int i = 1; i < call.Count; i++)
            result = function(result, call[i]);
        return result;
    }

    private static OnnxValue[] IsInfinite(OnnxCall call)
    {
        Tensor x = call[0], high = x.EqualTo(double.PositiveInfinity), low = x.EqualTo(double.NegativeInfinity);
        bool positive = call.Flag("detect_positive", true), negative = call.Flag("detect_negative", true);
        return [positive && negative ? high | low : positive ? high : negative ? low : high & low];
    }

    // The exponent may have another type than the base, which is that of the result.
    private static OnnxValue[] Power(OnnxCall call)
    {
        Tensor x = call[0];
        if (call.Value(1).Known is { Shape.ElementCount: 1 } exponent && x.DType.IsFloating() && exponent.GetDouble(0) is var power and (1 or 2 or 3 or 0.5 or -1) && exponent.Shape.Rank <= x.Shape.Rank)
        {
            return [power switch { 1 => x, 2 => x * x, 3 => x * x * x, 0.5 => Tensor.Sqrt(x), _ => Tensor.Reciprocal(x) }];
        }

        if (x.DType.IsFloating())
            return [Tensor.Pow(x, call[1].Cast(x.DType))];

        // A power of whole numbers is whole but for rounding; one with a fraction is cut off, as a conversion does.
        Tensor result = Tensor.Pow(x.Cast(DType.Float64), call[1].Cast(DType.Float64));
        return [(call.Value(1).Type.DType.IsFloating() ? result : Tensor.Round(result)).Cast(x.DType)];
    }

    private static OnnxValue[] Modulo(OnnxCall call)
    {
        Tensor a = call[0], b = call[1];
        bool signOfDividend = call.Flag("fmod");
        if (a.DType.IsFloating())
        {
            Tensor quotient = a / b;
            Tensor whole = signOfDividend ? Tensor.Select(quotient.LessThan(0), Tensor.Ceiling(quotient), Tensor.Floor(quotient)) : Tensor.Floor(quotient);
            return [a - whole * b];
        }

        Tensor rest = a - a / b * b;
        if (signOfDividend)
            return [rest];
        Tensor differs = rest.NotEqualTo(0) & Tensor.Sign(rest).NotEqualTo(Tensor.Sign(b));
        return [Tensor.Select(differs, rest + b, rest)];
    }

    private static OnnxValue[] Clip(OnnxCall call)
    {
        Tensor x = call[0];
        Tensor? low = call.Optional(1), high = call.Optional(2);
        if (call.HasAttribute("min"))
            low = x.FillLike(call.Number("min", 0));
        if (call.HasAttribute("max"))
            high = x.FillLike(call.Number("max", 0));

        // Chosen rather than compared by minimum and maximum, which would share the gradient at the bounds.
        Tensor result = low is null ? x : Tensor.Select(x.LessThan(low), low, x);
        return [high is null ? result : Tensor.Select(result.GreaterThan(high), high, result)];
    }

    private static OnnxValue[] Dropout(OnnxCall call)
    {
        call.Ignore("ratio");
        call.Ignore("seed");
        call.Ignore("is_test");
        if (call.Has(2) && call.KnownNumber(2, "the mode") != 0)
            throw call.Fail("it drops while it infers (training_mode), which Anneal does not read. Hint: export the model for inference.");
        return [call.Value(0), Tensor.Full(call.Value(0).Shape, 1, DType.Bool)];
    }
}
