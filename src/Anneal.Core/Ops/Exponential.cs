using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>e to the power of x.</summary>
internal sealed record Exp : UnaryOp
{
    internal override int Cost => 8;

    internal override double Evaluate(double x) => Math.Exp(x);

    protected override Tensor? Derivative(GradientCall call) => call.Upstream * call.Output;

    internal override OpRecord Record => OpRecord.Domain(-8, 8, ulp: 2);
}

/// <summary>e to the power of x, less 1, exact near 0.</summary>
internal sealed record Expm1 : UnaryOp
{
    internal override int Cost => 12;

    // Math has no expm1: below 1e-5 the series to the third term is exact in double precision to 1e-17 relative.
    internal override double Evaluate(double x) =>
        Math.Abs(x) < 1e-5 ? x + x * x / 2 + x * x * x / 6
        : Math.Abs(x) < 0.5 ? 2 * Math.Sinh(x / 2) * Math.Exp(x / 2)
        : Math.Exp(x) - 1;

    protected override Tensor? Derivative(GradientCall call) => call.Upstream * (call.Output + 1);

    internal override OpRecord Record => OpRecord.Domain(-8, 8, ulp: 2);
}

/// <summary>The natural logarithm.</summary>
internal sealed record Log : UnaryOp
{
    internal override int Cost => 10;

    internal override double Evaluate(double x) => Math.Log(x);

    protected override Tensor? Derivative(GradientCall call) => call.Upstream / call.Input;

    internal override OpRecord Record => OpRecord.Domain(0.05, 8, ulp: 2);
}

/// <summary>The natural logarithm of 1 + x, exact near 0.</summary>
internal sealed record Log1p : UnaryOp
{
    internal override int Cost => 14;

    // Kahan's correction: the rounding of 1 + x is made good by the quotient.
    internal override double Evaluate(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : double.IsPositiveInfinity(u) ? u : Math.Log(u) * (x / (u - 1));
    }

    protected override Tensor? Derivative(GradientCall call) => call.Upstream / (call.Input + 1);

    internal override OpRecord Record => OpRecord.Domain(-0.9, 8, ulp: 2);
}

/// <summary>The square root.</summary>
internal sealed record Sqrt : UnaryOp
{
    internal override int Cost => 4;

    internal override double Evaluate(double x) => Math.Sqrt(x);

    protected override Tensor? Derivative(GradientCall call) => call.Upstream * 0.5 / call.Output;

    internal override OpRecord Record => OpRecord.Domain(0.05, 8);
}

/// <summary>The hyperbolic tangent.</summary>
internal sealed record Tanh : UnaryOp
{
    internal override int Cost => 12;

    internal override double Evaluate(double x) => Math.Tanh(x);

    protected override Tensor? Derivative(GradientCall call) => call.Upstream * (1 - call.Output * call.Output);

    internal override OpRecord Record => OpRecord.Domain(-8, 8, ulp: 3);
}

/// <summary>The logistic function 1 / (1 + exp(-x)).</summary>
internal sealed record Sigmoid : UnaryOp
{
    internal override int Cost => 10;

    internal override double Evaluate(double x) =>
        x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    protected override Tensor? Derivative(GradientCall call) => call.Upstream * (call.Output * (1 - call.Output));

    internal override OpRecord Record => OpRecord.Domain(-12, 12, ulp: 3);
}

/// <summary>The error function.</summary>
internal sealed record Erf : UnaryOp
{
    internal override int Cost => 20;

    internal override double Evaluate(double x) => SpecialFunctions.Erf(x);

    protected override Tensor? Derivative(GradientCall call) =>
        call.Upstream * (2 / Math.Sqrt(Math.PI)) * Tensor.Exp(-(call.Input * call.Input));

    internal override OpRecord Record => OpRecord.Domain(-5, 5, ulp: 3);
}

/// <summary>Functions that .NET lacks, in double precision.</summary>
internal static class SpecialFunctions
{
    /// <summary>The error function: its Taylor series below 3, the continued fraction of its complement above; error below 1e-15.</summary>
    internal static double Erf(double x)
    {
        double a = Math.Abs(x);
        if (double.IsNaN(x))
            return x;
        if (a > 6)
            return Math.Sign(x);
        if (a < 3)
        {
            // erf x = 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!: all terms positive, so nothing cancels.
            double term = a, sum = a;
            for (int n = 1; n < 200 && term > sum * 1e-18; n++)
            {
                term *= 2 * a * a / (2 * n + 1);
                sum += term;
            }

            return Math.CopySign(2 / Math.Sqrt(Math.PI) * Math.Exp(-a * a) * sum, x);
        }

        double fraction = 0;
        for (int n = 120; n >= 1; n--)
            fraction = n / 2.0 / (a + fraction);
        return Math.CopySign(1 - Math.Exp(-a * a) / Math.Sqrt(Math.PI) / (a + fraction), x);
    }
}
