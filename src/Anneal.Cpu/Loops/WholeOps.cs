using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Elementwise operations on whole numbers, exact in 64 bits; the caller wraps the result to its type.</summary>
internal static unsafe class WholeOps
{
    /// <summary>The function of an operation on whole numbers, or null where it has none. Unary operations ignore b.</summary>
    internal static delegate*<long, long, long> Find(ElementwiseOp op) => op switch
    {
        Ops.Add => &Add,
        Ops.Subtract => &Subtract,
        Ops.Multiply => &Multiply,
        Ops.Divide => &Divide,
        Ops.Power => &Power,
        Ops.Maximum => &Maximum,
        Ops.Minimum => &Minimum,
        Ops.Negate => &Negate,
        Ops.Abs => &Abs,
        Ops.Sign => &Sign,
        LogicalAnd => &And,
        LogicalOr => &Or,
        LogicalNot => &Not,
        StopGradient or Copy => &Same,
        Compare compare => Find(compare.Comparison),
        _ => null,
    };

    private static delegate*<long, long, long> Find(Comparison comparison) => comparison switch
    {
        Comparison.Equal => &Equal,
        Comparison.NotEqual => &NotEqual,
        Comparison.Less => &Less,
        Comparison.LessOrEqual => &LessOrEqual,
        Comparison.Greater => &Greater,
        _ => &GreaterOrEqual,
    };

    private static long Add(long a, long b) => unchecked(a + b);

    private static long Subtract(long a, long b) => unchecked(a - b);

    private static long Multiply(long a, long b) => unchecked(a * b);

    /// <summary>Towards zero; division by zero gives 0, and the one quotient that overflows wraps.</summary>
    private static long Divide(long a, long b) => b == 0 ? 0 : b == -1 ? unchecked(-a) : a / b;

    /// <summary>A negative power is the truncated quotient 1 / a^-b.</summary>
    private static long Power(long a, long b)
    {
        if (b < 0)
            return a == 1 || (a == -1 && b % 2 == 0) ? 1 : a == -1 ? -1 : 0;
        long result = 1;
        for (; b > 0; b >>= 1)
        {
            if ((b & 1) != 0)
                result = unchecked(result * a);
            a = unchecked(a * a);
        }

        return result;
    }

    private static long Maximum(long a, long b) => Math.Max(a, b);

    private static long Minimum(long a, long b) => Math.Min(a, b);

    private static long Negate(long a, long b) => unchecked(-a);

    private static long Abs(long a, long b) => a < 0 ? unchecked(-a) : a;

    private static long Sign(long a, long b) => Math.Sign(a);

    private static long And(long a, long b) => a & b;

    private static long Or(long a, long b) => a | b;

    private static long Not(long a, long b) => a ^ 1;

    private static long Same(long a, long b) => a;

    private static long Equal(long a, long b) => a == b ? 1 : 0;

    private static long NotEqual(long a, long b) => a != b ? 1 : 0;

    private static long Less(long a, long b) => a < b ? 1 : 0;

    private static long LessOrEqual(long a, long b) => a <= b ? 1 : 0;

    private static long Greater(long a, long b) => a > b ? 1 : 0;

    private static long GreaterOrEqual(long a, long b) => a >= b ? 1 : 0;
}
