namespace Anneal;

/// <content>
/// Arithmetic where no operand is a tensor: the language does not look for a conversion to one then.
/// </content>
public abstract partial class Variable
{
    /// <summary>The sum of each pair of elements.</summary>
    public static Tensor operator +(Variable a, Variable b) => (Tensor)a + (Tensor)b;

    /// <summary>The difference of each pair of elements.</summary>
    public static Tensor operator -(Variable a, Variable b) => (Tensor)a - (Tensor)b;

    /// <summary>The product of each pair of elements.</summary>
    public static Tensor operator *(Variable a, Variable b) => (Tensor)a * (Tensor)b;

    /// <summary>The quotient of each pair of elements.</summary>
    public static Tensor operator /(Variable a, Variable b) => (Tensor)a / (Tensor)b;

    /// <summary>Adds a number to each element.</summary>
    public static Tensor operator +(Variable a, double b) => (Tensor)a + b;

    /// <summary>Adds a number to each element.</summary>
    public static Tensor operator +(double a, Variable b) => a + (Tensor)b;

    /// <summary>Subtracts a number from each element.</summary>
    public static Tensor operator -(Variable a, double b) => (Tensor)a - b;

    /// <summary>Subtracts each element from a number.</summary>
    public static Tensor operator -(double a, Variable b) => a - (Tensor)b;

    /// <summary>Multiplies each element by a number.</summary>
    public static Tensor operator *(Variable a, double b) => (Tensor)a * b;

    /// <summary>Multiplies each element by a number.</summary>
    public static Tensor operator *(double a, Variable b) => a * (Tensor)b;

    /// <summary>Divides each element by a number.</summary>
    public static Tensor operator /(Variable a, double b) => (Tensor)a / b;

    /// <summary>Divides a number by each element.</summary>
    public static Tensor operator /(double a, Variable b) => a / (Tensor)b;

    /// <summary>The negative of each element.</summary>
    public static Tensor operator -(Variable x) => -(Tensor)x;
}
