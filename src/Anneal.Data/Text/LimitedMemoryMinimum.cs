namespace Anneal.Data;

/// <summary>
/// The minimum of a smooth convex function by L-BFGS (Liu and Nocedal, 1989) with a line search by halving and doubling until both of Wolfe's conditions hold
/// (Lewis and Overton, 2013).
/// </summary>
internal sealed record LimitedMemoryMinimum(double[] Point, double Value, int Iterations, bool HasConverged)
{
    private const int Memory = 10, MostTries = 60;
    private const double EnoughDecrease = 1e-4, EnoughCurvature = 0.9;

    /// <param name="function">Gives the value at a point and writes the gradient.</param>
    /// <param name="start">Where to begin; it is changed.</param>
    /// <param name="maximumIterations">How many steps to make at most.</param>
    /// <param name="tolerance">The largest entry of the gradient at which to end.</param>
    internal static LimitedMemoryMinimum Find(Func<double[], double[], double> function, double[] start, int maximumIterations, double tolerance)
    {
        double[] point = start, gradient = new double[start.Length];
        double value = function(point, gradient);
        var pairs = new LinkedList<(double[] Move, double[] Change, double Scale)>();
        for (int iteration = 0; iteration < maximumIterations; iteration++)
        {
            if (gradient.Max(Math.Abs) <= tolerance)
                return new LimitedMemoryMinimum(point, value, iteration, true);
            double[] direction = Direction(gradient, pairs);
            double step = pairs.Count == 0 ? 1 / Math.Max(1, Math.Sqrt(Dot(gradient, gradient))) : 1;
            if (Search(function, point, value, gradient, direction, step) is not { } next)
                return new LimitedMemoryMinimum(point, value, iteration, false);
            double[] move = Subtract(next.Point, point), change = Subtract(next.Gradient, gradient);
            double curvature = Dot(move, change);
            if (curvature > 0)
                pairs.AddLast((move, change, 1 / curvature));
            if (pairs.Count > Memory)
                pairs.RemoveFirst();
            (point, value, gradient) = next;
        }

        return new LimitedMemoryMinimum(point, value, maximumIterations, gradient.Max(Math.Abs) <= tolerance);
    }

    /// <summary>Minus the gradient times the inverse of the curvature that the last moves saw (the two loops of Nocedal, 1980).</summary>
    private static double[] Direction(double[] gradient, LinkedList<(double[] Move, double[] Change, double Scale)> pairs)
    {
        double[] direction = Array.ConvertAll(gradient, g => -g);
        var shares = new Stack<double>();
        for (var node = pairs.Last; node is not null; node = node.Previous)
        {
            double share = node.Value.Scale * Dot(node.Value.Move, direction);
            shares.Push(share);
            AddTo(direction, -share, node.Value.Change);
        }

        if (pairs.Last is { } last)
        {
            double scale = 1 / (last.Value.Scale * Dot(last.Value.Change, last.Value.Change));
            for (int i = 0; i < direction.Length; i++)
                direction[i] *= scale;
        }

        foreach ((double[] move, double[] change, double scale) in pairs)
            AddTo(direction, shares.Pop() - scale * Dot(change, direction), move);
        return direction;
    }

    /// <summary>A point along a direction that is low and flat enough; null where there is none within what a double can tell apart.</summary>
    private static (double[] Point, double Value, double[] Gradient)? Search(
        Func<double[], double[], double> function, double[] point, double value, double[] gradient, double[] direction, double step)
    {
        double slope = Dot(gradient, direction), low = 0, high = double.PositiveInfinity;
        for (int tries = 0; tries < MostTries; tries++)
        {
            var there = (double[])point.Clone();
            AddTo(there, step, direction);
            var gradientThere = new double[there.Length];
            double valueThere = function(there, gradientThere);
            if (!(valueThere <= value + EnoughDecrease * step * slope))
                high = step;
            else if (Dot(gradientThere, direction) < EnoughCurvature * slope)
                low = step;
            else
                return (there, valueThere, gradientThere);
            step = double.IsInfinity(high) ? 2 * step : (low + high) / 2;
        }

        return null;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static double[] Subtract(double[] a, double[] b)
    {
        var difference = new double[a.Length];
        for (int i = 0; i < a.Length; i++)
            difference[i] = a[i] - b[i];
        return difference;
    }

    private static void AddTo(double[] sum, double scale, double[] term)
    {
        for (int i = 0; i < sum.Length; i++)
            sum[i] += scale * term[i];
    }
}
