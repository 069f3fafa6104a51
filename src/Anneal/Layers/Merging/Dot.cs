namespace Anneal;

/// <summary>
/// The products of two float32 inputs, example by example, summed over one axis of each: the output has the other axes of the first and then
/// those of the second. <c>[batch, i, k]</c> and <c>[batch, k, j]</c> with axes 2 and 1 give <c>[batch, i, j]</c>; two inputs <c>[batch, k]</c>
/// give <c>[batch, 1]</c> (as Keras).
/// </summary>
public sealed class Dot : MergeLayer
{
    // As Keras: a vector shorter than this is divided by this instead of its length.
    private const double ShortestLength = 1e-6;

    /// <summary>Makes the layer.</summary>
    /// <param name="leftAxis">The axis of the first input, counted from the end where it is negative; not 0, which counts the examples.</param>
    /// <param name="rightAxis">The axis of the second input, likewise.</param>
    /// <param name="normalize">
    /// Whether vectors along the axes are divided by their lengths first: the output is the cosine of their angle.
    /// </param>
    /// <param name="name">The name; null takes <c>dot</c> with a counter.</param>
    /// <exception cref="OptionException">An axis is 0.</exception>
    public Dot(int leftAxis = -1, int rightAxis = -1, bool normalize = false, string? name = null) : base(name)
    {
        if (leftAxis == 0 || rightAxis == 0)
            throw new OptionException($"{nameof(Dot)}: leftAxis and rightAxis must not be 0, which counts the examples, but are {leftAxis} and {rightAxis}.");
        (LeftAxis, RightAxis, Normalize) = (leftAxis, rightAxis, normalize);
    }

    /// <summary>The axis of the first input, counted from the end where it is negative.</summary>
    public int LeftAxis { get; }

    /// <summary>The axis of the second input, counted from the end where it is negative.</summary>
    public int RightAxis { get; }

    /// <summary>Whether vectors along the axes are divided by their lengths first.</summary>
    public bool Normalize { get; }

    /// <inheritdoc/>
    protected override Tensor Call(IReadOnlyList<Tensor> inputs)
    {
        if (inputs.Count != 2)
            throw new ShapeException($"Layer {Path} takes two inputs, but {inputs.Count} were given.");
        (Tensor left, Tensor right) = (inputs[0], inputs[1]);
        Require.Floating(left, this);
        Require.Floating(right, this);
        (int a, int b) = (Axis(left.Shape, LeftAxis), Axis(right.Shape, RightAxis));
        if (a < 1 || b < 1 || left.Shape[0] != right.Shape[0] || left.Shape[a] != right.Shape[b])
        {
            throw new ShapeException(
                $"Layer {Path} expects inputs of one batch with equal extents along axes {LeftAxis} and {RightAxis}, but found {left.Shape} and {right.Shape}.");
        }

        if (Normalize)
            (left, right) = (Unit(left, a), Unit(right, b));

        // z counts examples, a is summed over, other letters are the inputs' own axes.
        string leftLetters = Letters(left.Shape.Rank, a, 'b'), rightLetters = Letters(right.Shape.Rank, b, 'm');
        string result = string.Concat(leftLetters.Where(c => c != 'a')) + string.Concat(rightLetters.Where(c => c is not ('a' or 'z')));
        Tensor product = Tensor.Einsum($"{leftLetters},{rightLetters}->{result}", left, right);
        return product.Shape.Rank == 1 ? product.ExpandAxis(-1) : product;
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) => null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("leftAxis", LeftAxis);
        config.Set("rightAxis", RightAxis);
        config.Set("normalize", Normalize);
    }

    internal static Dot Read(LayerConfig config) =>
        new(config.GetInt32("leftAxis"), config.GetInt32("rightAxis"), config.GetBoolean("normalize"));

    private static int Axis(Shape shape, int axis)
    {
        int counted = axis < 0 ? axis + shape.Rank : axis;
        return counted < shape.Rank ? counted : -1;
    }

    private static string Letters(int rank, int summed, char first) =>
        string.Concat(Enumerable.Range(0, rank).Select(i => i == 0 ? 'z' : i == summed ? 'a' : (char)(first + i)));

    private static Tensor Unit(Tensor x, int axis)
    {
        Tensor squares = Tensor.Square(x).Sum([axis], keepAxes: true);
        return x * Tensor.Rsqrt(Tensor.Maximum(squares, squares.FillLike(ShortestLength * ShortestLength)));
    }
}
