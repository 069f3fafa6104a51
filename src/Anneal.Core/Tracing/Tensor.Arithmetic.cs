using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <content>Operations on each element. Operands of different shapes are broadcast as NumPy does; data types must be equal.</content>
public sealed partial class Tensor
{
    /// <summary>The sum of each pair of elements.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => Combine(new Add(), a, b);

    /// <summary>The difference of each pair of elements.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => Combine(new Subtract(), a, b);

    /// <summary>The product of each pair of elements.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => Combine(new Multiply(), a, b);

    /// <summary>The quotient of each pair of elements; whole numbers are divided towards zero.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => Combine(new Divide(), a, b);

    /// <summary>Adds a number to each element.</summary>
    public static Tensor operator +(Tensor a, double b) => a + NotNull(a).FillLike(b);

    /// <summary>Adds a number to each element.</summary>
    public static Tensor operator +(double a, Tensor b) => NotNull(b).FillLike(a) + b;

    /// <summary>Subtracts a number from each element.</summary>
    public static Tensor operator -(Tensor a, double b) => a - NotNull(a).FillLike(b);

    /// <summary>Subtracts each element from a number.</summary>
    public static Tensor operator -(double a, Tensor b) => NotNull(b).FillLike(a) - b;

    /// <summary>Multiplies each element by a number.</summary>
    public static Tensor operator *(Tensor a, double b) => a * NotNull(a).FillLike(b);

    /// <summary>Multiplies each element by a number.</summary>
    public static Tensor operator *(double a, Tensor b) => NotNull(b).FillLike(a) * b;

    /// <summary>Divides each element by a number.</summary>
    public static Tensor operator /(Tensor a, double b) => a / NotNull(a).FillLike(b);

    /// <summary>Divides a number by each element.</summary>
    public static Tensor operator /(double a, Tensor b) => NotNull(b).FillLike(a) / b;

    /// <summary>The negative of each element.</summary>
    public static Tensor operator -(Tensor x) => Node.Apply(new Negate(), x);

    /// <summary>a to the power of b.</summary>
    public static Tensor Pow(Tensor a, Tensor b) => Combine(new Power(), a, b);

    /// <summary>Each element to a power.</summary>
    public static Tensor Pow(Tensor a, double b) => b == 2 ? a * a : b == 1 ? a : Pow(a, NotNull(a).FillLike(b));

    /// <summary>The larger of each pair; a NaN wins.</summary>
    public static Tensor Maximum(Tensor a, Tensor b) => Combine(new Maximum(), a, b);

    /// <summary>The smaller of each pair; a NaN wins.</summary>
    public static Tensor Minimum(Tensor a, Tensor b) => Combine(new Minimum(), a, b);

    /// <summary>Each element, moved into a range; the gradient passes inside of it, its ends included.</summary>
    public static Tensor Clamp(Tensor x, double low, double high)
    {
        Tensor below = NotNull(x).LessThan(low), above = x.GreaterThan(high);
        return Select(below, x.FillLike(low), Select(above, x.FillLike(high), x));
    }

    /// <summary>The absolute value.</summary>
    public static Tensor Abs(Tensor x) => Node.Apply(new Abs(), x);

    /// <summary>-1, 0 or 1.</summary>
    public static Tensor Sign(Tensor x) => Node.Apply(new Sign(), x);

    /// <summary>e to the power of x.</summary>
    public static Tensor Exp(Tensor x) => Node.Apply(new Exp(), x);

    /// <summary>e to the power of x, less 1, exact near 0.</summary>
    public static Tensor Expm1(Tensor x) => Node.Apply(new Expm1(), x);

    /// <summary>The natural logarithm.</summary>
    public static Tensor Log(Tensor x) => Node.Apply(new Log(), x);

    /// <summary>The natural logarithm of 1 + x, exact near 0.</summary>
    public static Tensor Log1p(Tensor x) => Node.Apply(new Log1p(), x);

    /// <summary>The square root.</summary>
    public static Tensor Sqrt(Tensor x) => Node.Apply(new Sqrt(), x);

    /// <summary>1 over x.</summary>
    public static Tensor Reciprocal(Tensor x) => 1 / x;

    /// <summary>1 over the square root.</summary>
    public static Tensor Rsqrt(Tensor x) => 1 / Sqrt(x);

    /// <summary>The square.</summary>
    public static Tensor Square(Tensor x) => x * x;

    /// <summary>The sine of an angle in radians.</summary>
    public static Tensor Sin(Tensor x) => Node.Apply(new Sin(), x);

    /// <summary>The cosine of an angle in radians.</summary>
    public static Tensor Cos(Tensor x) => Node.Apply(new Cos(), x);

    /// <summary>The angle in radians whose tangent is x.</summary>
    public static Tensor Atan(Tensor x) => Node.Apply(new Atan(), x);

    /// <summary>The hyperbolic tangent.</summary>
    public static Tensor Tanh(Tensor x) => Node.Apply(new Tanh(), x);

    /// <summary>The logistic function.</summary>
    public static Tensor Sigmoid(Tensor x) => Node.Apply(new Sigmoid(), x);

    /// <summary>The error function.</summary>
    public static Tensor Erf(Tensor x) => Node.Apply(new Erf(), x);

    /// <summary>The largest whole number not above x.</summary>
    public static Tensor Floor(Tensor x) => Node.Apply(new Floor(), x);

    /// <summary>The smallest whole number not below x.</summary>
    public static Tensor Ceiling(Tensor x) => Node.Apply(new Ceiling(), x);

    /// <summary>The nearest whole number, halves to even.</summary>
    public static Tensor Round(Tensor x) => Node.Apply(new Round(), x);

    /// <summary>The larger of x and 0.</summary>
    public static Tensor Relu(Tensor x) => Node.Apply(new Relu(), x);

    /// <summary>The same value, through which no gradient passes.</summary>
    public Tensor StopGradient() => Node.Apply(new StopGradient(), this);

    /// <summary>Whether each pair is equal.</summary>
    public Tensor EqualTo(Tensor other) => Combine(new Compare(Comparison.Equal), this, other);

    /// <summary>Whether each element equals a number.</summary>
    public Tensor EqualTo(double other) => EqualTo(FillLike(other));

    /// <summary>Whether each pair differs.</summary>
    public Tensor NotEqualTo(Tensor other) => Combine(new Compare(Comparison.NotEqual), this, other);

    /// <summary>Whether each element differs from a number.</summary>
    public Tensor NotEqualTo(double other) => NotEqualTo(FillLike(other));

    /// <summary>Whether each element is less than its partner.</summary>
    public Tensor LessThan(Tensor other) => Combine(new Compare(Comparison.Less), this, other);

    /// <summary>Whether each element is less than a number.</summary>
    public Tensor LessThan(double other) => LessThan(FillLike(other));

    /// <summary>Whether each element is at most its partner.</summary>
    public Tensor LessOrEqual(Tensor other) => Combine(new Compare(Comparison.LessOrEqual), this, other);

    /// <summary>Whether each element is at most a number.</summary>
    public Tensor LessOrEqual(double other) => LessOrEqual(FillLike(other));

    /// <summary>Whether each element is greater than its partner.</summary>
    public Tensor GreaterThan(Tensor other) => Combine(new Compare(Comparison.Greater), this, other);

    /// <summary>Whether each element is greater than a number.</summary>
    public Tensor GreaterThan(double other) => GreaterThan(FillLike(other));

    /// <summary>Whether each element is at least its partner.</summary>
    public Tensor GreaterOrEqual(Tensor other) => Combine(new Compare(Comparison.GreaterOrEqual), this, other);

    /// <summary>Whether each element is at least a number.</summary>
    public Tensor GreaterOrEqual(double other) => GreaterOrEqual(FillLike(other));

    /// <summary>Both, element by element.</summary>
    public static Tensor operator &(Tensor a, Tensor b) => Combine(new LogicalAnd(), a, b);

    /// <summary>Either, element by element.</summary>
    public static Tensor operator |(Tensor a, Tensor b) => Combine(new LogicalOr(), a, b);

    /// <summary>Not, element by element.</summary>
    public static Tensor operator !(Tensor x) => Node.Apply(new LogicalNot(), x);

    /// <summary>The second operand where the condition holds, else the third.</summary>
    public static Tensor Select(Tensor condition, Tensor whenTrue, Tensor whenFalse)
    {
        Shape shape = CommonShape("Select", CommonShape("Select", NotNull(condition).Shape, NotNull(whenTrue).Shape), NotNull(whenFalse).Shape);
        return Node.Apply(new Select(), condition.BroadcastTo(shape), whenTrue.BroadcastTo(shape), whenFalse.BroadcastTo(shape));
    }

    /// <summary>The elements converted to another data type.</summary>
    public Tensor Cast(DType dtype) => dtype == DType ? this : Node.Apply(new Cast(dtype), this);

    private static Tensor Combine(BinaryOp op, Tensor a, Tensor b)
    {
        Shape shape = CommonShape(op.Name, NotNull(a).Shape, NotNull(b).Shape);
        return Node.Apply(op, a.BroadcastTo(shape), b.BroadcastTo(shape));
    }

    private static Shape CommonShape(string operation, Shape a, Shape b)
    {
        if (Shape.Broadcast(a, b) is { } shape)
            return shape;
        string where = Origin.Capture(Trace.Current?.LayerPath ?? "").ToString();
        throw new ShapeException(
            $"{operation}: the shapes {a} and {b} do not fit: axes counted from the last must be equal or 1." + (where.Length == 0 ? "" : $" At {where}."));
    }

    private static Tensor NotNull(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor;
    }
}
