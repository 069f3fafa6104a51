namespace Anneal;

/// <content>Sums of products by the names of axes.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// The sum of products that an equation names, such as <c>bij,bjk->bik</c>: each axis has a letter; letters that the result lacks are
    /// summed over, letters of both operands and the result are carried along. Becomes one stack of matrix products.
    /// </summary>
    /// <param name="equation">The letters of the first operand, a comma, those of the second, an arrow, and those of the result.</param>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <exception cref="OptionException">The equation is not of this form, or names an axis twice in one operand.</exception>
    /// <exception cref="ShapeException">The operands do not have the axes that the equation names.</exception>
    public static Tensor Einsum(string equation, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(equation);
        (string left, string right, string result) = ParseEquation(equation);
        RequireAxes(equation, left, NotNull(a));
        RequireAxes(equation, right, NotNull(b));
        (a, left) = SumAlone(a, left, right + result);
        (b, right) = SumAlone(b, right, left + result);

        string shared = string.Concat(left.Where(c => right.Contains(c) && result.Contains(c)));
        string summed = string.Concat(left.Where(c => right.Contains(c) && !result.Contains(c)));
        string ownLeft = string.Concat(left.Except(shared + summed)), ownRight = string.Concat(right.Except(shared + summed));
        Tensor rows = Order(a, left, shared + ownLeft + summed), columns = Order(b, right, shared + summed + ownRight);
        Shape lead = rows.Shape[..shared.Length], height = rows.Shape[shared.Length..(shared.Length + ownLeft.Length)];
        Shape width = columns.Shape[(shared.Length + summed.Length)..], depth = rows.Shape[(shared.Length + ownLeft.Length)..];
        if (columns.Shape[..(shared.Length + summed.Length)] != lead.Concat(depth))
            throw new ShapeException($"Einsum \"{equation}\": axes of one letter differ in {a.Type} and {b.Type}.");
        Tensor product = rows.Reshape(lead.ElementCount, height.ElementCount, depth.ElementCount)
            .MatMul(columns.Reshape(lead.ElementCount, depth.ElementCount, width.ElementCount));
        return Order(product.Reshape(lead.Concat(height).Concat(width)), shared + ownLeft + ownRight, result);
    }

    private static (string Left, string Right, string Result) ParseEquation(string equation)
    {
        string[] sides = equation.Replace(" ", "", StringComparison.Ordinal).Split("->");
        string[] operands = sides[0].Split(',');
        bool valid = sides.Length == 2 && operands.Length == 2;
        foreach (string letters in valid ? [.. operands, sides[1]] : (string[])[])
            valid &= letters.All(char.IsAsciiLetter) && letters.Distinct().Count() == letters.Length;
        if (!valid || sides[1].Any(c => !sides[0].Contains(c)))
        {
            throw new OptionException(
                $"Einsum: \"{equation}\" is not an equation such as \"bij,bjk->bik\", with each letter once in each operand and every letter of the result in one.");
        }

        return (operands[0], operands[1], sides[1]);
    }

    private static void RequireAxes(string equation, string letters, Tensor tensor)
    {
        if (letters.Length != tensor.Shape.Rank)
            throw new ShapeException($"Einsum \"{equation}\": \"{letters}\" names {letters.Length} axes, the operand is {tensor.Type}.");
    }

    // An axis that nothing else names is summed before the product.
    private static (Tensor Tensor, string Letters) SumAlone(Tensor tensor, string letters, string used)
    {
        int[] alone = [.. Enumerable.Range(0, letters.Length).Where(i => !used.Contains(letters[i]))];
        return alone.Length == 0 ? (tensor, letters) : (tensor.Sum(alone), string.Concat(letters.Where(used.Contains)));
    }

    private static Tensor Order(Tensor tensor, string from, string to) =>
        from == to ? tensor : tensor.Transpose([.. to.Select(c => from.IndexOf(c, StringComparison.Ordinal))]);
}
