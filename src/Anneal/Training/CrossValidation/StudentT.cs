namespace Anneal;

/// <summary>Student's t distribution.</summary>
internal static class StudentT
{
    private const double Tiny = 1e-300;

    /// <summary>The value below which a share of the distribution lies, for a share from 0.5 to below 1.</summary>
    internal static double Quantile(double share, int degrees)
    {
        double low = 0, high = 1;
        while (Below(high, degrees) < share)
            high *= 2;

        // Halved until it no longer changes.
        for (double middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2)
            (low, high) = Below(middle, degrees) < share ? (middle, high) : (low, middle);
        return high;
    }

    /// <summary>The share of the distribution below a value of at least 0.</summary>
    internal static double Below(double t, int degrees) => 1 - IncompleteBeta(degrees / (degrees + t * t), degrees / 2.0, 0.5) / 2;

    /// <summary>The regularized incomplete beta function I_x(a, b), by its continued fraction (Lentz, 1976).</summary>
    private static double IncompleteBeta(double x, double a, double b)
    {
        if (x is 0 or 1)
            return x;
        if (x > (a + 1) / (a + b + 2))
            return 1 - IncompleteBeta(1 - x, b, a);
        double front = Math.Exp(a * Math.Log(x) + b * Math.Log(1 - x) + LogGamma(a + b) - LogGamma(a) - LogGamma(b)) / a;
        double c = 1, d = Reciprocal(1 - (a + b) * x / (a + 1)), fraction = d;
        for (int m = 1; m < 10_000; m++)
        {
            double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            (c, d) = (NotZero(1 + even / c), Reciprocal(1 + even * d));
            fraction *= c * d;
            (c, d) = (NotZero(1 + odd / c), Reciprocal(1 + odd * d));
            fraction *= c * d;
            if (Math.Abs(c * d - 1) < 1e-16)
                break;
        }

        return front * fraction;
    }

    private static double Reciprocal(double value) => 1 / NotZero(value);

    private static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;

    /// <summary>The logarithm of the gamma function for positive x: Stirling's series above 15, to which smaller ones are carried.</summary>
    private static double LogGamma(double x)
    {
        double shift = 0;
        for (; x < 15; x++)
            shift += Math.Log(x);
        double inverse = 1 / x, square = inverse * inverse;
        double series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680 - square / 1188))));
        return (x - 0.5) * Math.Log(x) - x + 0.5 * Math.Log(2 * Math.PI) + series - shift;
    }
}
