using Anneal.Testing;

namespace Anneal.Tests.Losses;

/// <summary>A loss with outputs and targets that suit it, and its definition in plain double precision.</summary>
/// <param name="Name">What to call the case.</param>
/// <param name="Loss">The loss, with options that are not the defaults where it has any.</param>
/// <param name="Output">The shape of the output.</param>
/// <param name="Definition">The mean over positions, from outputs and targets.</param>
internal sealed record LossCase(string Name, Loss Loss, Shape Output, Func<double[], double[], double> Definition)
{
    internal Shape Target { get; init; } = Output;

    /// <summary>The range of outputs.</summary>
    internal (double Low, double High) Range { get; init; } = (-2, 2);

    /// <summary>The targets; null for numbers from -2 to 2.</summary>
    internal Func<double[]>? Targets { get; init; }

    /// <summary>How often the loss can be differentiated.</summary>
    internal int Order { get; init; } = 2;

    internal DType TargetType => Loss.Targets == TargetKind.Labels || Loss.Name == "ctc" ? DType.Int32 : DType.Float32;

    internal double[] DrawOutputs() => Values.Uniform(Output.ElementCount, Range.Low, Range.High, 5);

    internal double[] DrawTargets() => Targets?.Invoke() ?? Values.Uniform(Target.ElementCount, -2, 2, 9);

    public override string ToString() => Name;
}

/// <summary>Every loss, with the formulas of the papers written out.</summary>
internal static class LossCases
{
    private const int Rows = 4, Classes = 5;
    private static readonly double[] Labels = [2, -1, 0, 4];

    internal static IEnumerable<LossCase> All() => [.. Numbers(), .. Truths(), .. Distributions(), .. Labelled(), .. Vectors()];

    private static IEnumerable<LossCase> Numbers()
    {
        LossCase Of(Loss loss, Func<double, double, double> each) => new(loss.Name, loss, [Rows, 3], (o, t) => o.Zip(t, each).Average());
        Func<double[]> positive = () => Values.Uniform(Rows * 3, 0.1, 3, 4);
        yield return Of(Loss.MeanSquaredError(), (o, t) => (o - t) * (o - t));
        yield return Of(Loss.MeanAbsoluteError(), (o, t) => Math.Abs(o - t));
        yield return Of(Loss.MeanAbsolutePercentageError(), (o, t) => 100 * Math.Abs((o - t) / t)) with { Targets = positive };
        yield return Of(Loss.MeanSquaredLogarithmicError(), (o, t) => Math.Pow(Math.Log(1 + o) - Math.Log(1 + t), 2)) with { Targets = positive, Range = (0.1, 3) };
        yield return Of(Loss.Huber(0.7), (o, t) => Math.Abs(o - t) is var d && d <= 0.7 ? d * d / 2 : 0.7 * (d - 0.35));
        yield return Of(Loss.SmoothL1(0.6), (o, t) => Math.Abs(o - t) is var d && d < 0.6 ? d * d / 2 / 0.6 : d - 0.3);
        yield return Of(Loss.SmoothL1(0), (o, t) => Math.Abs(o - t)) with { Name = "smooth_l1 with beta 0" };
        yield return Of(Loss.LogCosh(), (o, t) => Math.Log(Math.Cosh(o - t)));
        yield return Of(Loss.Poisson(), (o, t) => o - t * Math.Log(o + 1e-7)) with { Targets = positive, Range = (0.1, 3) };
        yield return Of(Loss.Poisson(logInput: true), (o, t) => Math.Exp(o) - t * o) with { Targets = positive, Name = "poisson of logarithms" };
    }

    private static IEnumerable<LossCase> Truths()
    {
        LossCase Of(string name, Loss loss, Func<double, double, double> each) =>
            new(name, loss, [Rows, 3], (o, t) => o.Zip(t, each).Average()) { Targets = () => Values.Uniform(Rows * 3, 0, 1, 4) };
        (double Low, double High) open = (0.05, 0.95);
        double Entropy(double p, double t) => -t * Math.Log(p) - (1 - t) * Math.Log(1 - p);
        double Focal(double p, double t) => -0.3 * t * Math.Pow(1 - p, 1.5) * Math.Log(p) - 0.7 * (1 - t) * Math.Pow(p, 1.5) * Math.Log(1 - p);
        yield return Of("binary", Loss.BinaryCrossentropy(), Entropy) with { Range = open };
        yield return Of("binary of logits", Loss.BinaryCrossentropy(fromLogits: true), (o, t) => Entropy(Sigmoid(o), t));
        yield return Of("binary, smoothed", Loss.BinaryCrossentropy(true, 0.2), (o, t) => Entropy(Sigmoid(o), t * 0.8 + 0.1));
        yield return Of("binary focal", Loss.BinaryFocalCrossentropy(1.5, 0.3), Focal) with { Range = open };
        yield return Of("binary focal of logits", Loss.BinaryFocalCrossentropy(1.5, 0.3, fromLogits: true), (o, t) => Focal(Sigmoid(o), t));
        yield return Of("binary focal without options", Loss.BinaryFocalCrossentropy(0, null, true), (o, t) => Entropy(Sigmoid(o), t));
        Func<double[]> sides = () => [.. Values.Integers(Rows * 3, 0, 2, 8).Select(v => 2 * v - 1)];
        yield return Of("hinge", Loss.Hinge(), (o, t) => Math.Max(0, 1 - o * t)) with { Targets = sides };
        yield return Of("squared hinge", Loss.SquaredHinge(), (o, t) => Math.Pow(Math.Max(0, 1 - o * t), 2)) with { Targets = sides };
    }

    private static IEnumerable<LossCase> Distributions()
    {
        LossCase Of(string name, Loss loss, Func<double[], double[], double> each) => new(name, loss, [Rows, Classes], (o, t) => ByRow(o, t, each))
        {
            Targets = () => [.. Enumerable.Range(0, Rows).SelectMany(r => Softmax(Values.Uniform(Classes, -1, 1, r)))],
        };
        (double Low, double High) open = (0.1, 0.9);
        yield return Of("categorical", Loss.CategoricalCrossentropy(), (o, t) => Cross(Shares(o), t)) with { Range = open };
        yield return Of("categorical of logits", Loss.CategoricalCrossentropy(true), (o, t) => Cross(Softmax(o), t));
        yield return Of("categorical, smoothed", Loss.CategoricalCrossentropy(true, 0.3), (o, t) => Cross(Softmax(o), [.. t.Select(x => 0.7 * x + 0.3 / Classes)]));
        yield return Of("categorical focal", Loss.CategoricalFocalCrossentropy(1.5, 0.3), (o, t) => 0.3 * Focal(Shares(o), t, 1.5)) with { Range = open };
        yield return Of("categorical focal of logits", Loss.CategoricalFocalCrossentropy(2, null, true), (o, t) => Focal(Softmax(o), t, 2));
        yield return Of("kl", Loss.KullbackLeiblerDivergence(), (o, t) => Cross(Shares(o), t) - Cross(t, t)) with { Range = open };
        yield return Of("kl of logits", Loss.KullbackLeiblerDivergence(true), (o, t) => Cross(Softmax(o), t) - Cross(t, t));
        yield return Of("categorical hinge", Loss.CategoricalHinge(), (o, t) =>
            Math.Max(0, 1 + o.Zip(t, (x, y) => (1 - y) * x).Max() - o.Zip(t, (x, y) => x * y).Sum())) with
        { Targets = () => OneHot(2, 1, 0, 4) };
    }

    private static IEnumerable<LossCase> Labelled()
    {
        LossCase Of(string name, Loss loss, Func<double[], int, double> each) => new(name, loss, [Rows, Classes], (o, t) =>
            Enumerable.Range(0, Rows).Where(r => t[r] >= 0).Average(r => each(Row(o, r), (int)t[r])))
        { Target = [Rows], Targets = () => Labels };
        yield return Of("sparse", Loss.SparseCategoricalCrossentropy(), (o, l) => -Math.Log(Shares(o)[l])) with { Range = (0.1, 0.9) };
        yield return Of("sparse of logits", Loss.SparseCategoricalCrossentropy(true), (o, l) => -Math.Log(Softmax(o)[l]));
        yield return Of("sparse, smoothed", Loss.SparseCategoricalCrossentropy(true, -7, 0.3), (o, l) =>
            -0.7 * Math.Log(Softmax(o)[l]) - 0.3 * Softmax(o).Average(Math.Log));
        yield return Of("sparse focal", Loss.SparseCategoricalFocalCrossentropy(1.5, 0.3, true, -7), (o, l) =>
            -0.3 * Math.Pow(1 - Softmax(o)[l], 1.5) * Math.Log(Softmax(o)[l]));
    }

    private static IEnumerable<LossCase> Vectors()
    {
        yield return new("cosine", Loss.CosineSimilarity(), [Rows, Classes], (o, t) => ByRow(o, t, (a, b) => -Dot(a, b) / Math.Sqrt(Dot(a, a) * Dot(b, b))));
        yield return new("triplet", Loss.TripletMargin(0.6), [Rows, 3, 2], (o, t) =>
        {
            double sum = 0;
            for (int r = 0; r < Rows; r++)
            {
                double[] v = o[(6 * r)..(6 * r + 6)];
                sum += t[r] * Math.Max(0, 0.6 + Distance(v[..2], v[2..4], 1e-6) - Distance(v[..2], v[4..], 1e-6));
            }

            return sum / t.Sum();
        })
        { Target = [Rows], Targets = () => [1, 0, 1, 1] };
        yield return new("contrastive", Loss.Contrastive(3), [Rows, 2, 2], (o, t) =>
        {
            double sum = 0;
            for (int r = 0; r < Rows; r++)
            {
                double d = Distance(o[(4 * r)..(4 * r + 2)], o[(4 * r + 2)..(4 * r + 4)], 0);
                sum += ((1 - t[r]) * d * d + t[r] * Math.Pow(Math.Max(0, 3 - d), 2)) / 2;
            }

            return sum / Rows;
        })
        { Target = [Rows], Targets = () => [1, 0, 1, 0] };
        yield return new("ctc", Loss.Ctc(blank: 1, padding: -5, zeroInfinity: true), [2, 4, 3], (o, t) => Enumerable.Range(0, 2).Average(n =>
            CtcTests.ByEnumeration([.. Enumerable.Range(0, 4).Select(s => Softmax(o[((n * 4 + s) * 3)..((n * 4 + s) * 3 + 3)]))], [.. t[(n * 2)..(n * 2 + 2)].Where(l => l >= 0).Select(l => (int)l)], 1)))
        {
            Target = [2, 2],
            Targets = () => [0, 2, 2, -1],
            Order = 1,
        };
    }

    internal static double[] Softmax(double[] x) => [.. x.Select(v => Math.Exp(v) / x.Sum(Math.Exp))];

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double[] Shares(double[] x) => [.. x.Select(v => v / x.Sum())];

    private static double Cross(double[] p, double[] t) => -p.Zip(t, (a, b) => b * Math.Log(a)).Sum();

    private static double Focal(double[] p, double[] t, double gamma) => -p.Zip(t, (a, b) => b * Math.Pow(1 - a, gamma) * Math.Log(a)).Sum();

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Distance(double[] a, double[] b, double epsilon) => Math.Sqrt(a.Zip(b, (x, y) => Math.Pow(x - y + epsilon, 2)).Sum());

    private static double[] Row(double[] all, int row) => all[(row * Classes)..((row + 1) * Classes)];

    private static double ByRow(double[] o, double[] t, Func<double[], double[], double> each) => Enumerable.Range(0, Rows).Average(r => each(Row(o, r), Row(t, r)));

    private static double[] OneHot(params int[] labels) => [.. labels.SelectMany(l => Enumerable.Range(0, Classes).Select(c => c == l ? 1.0 : 0.0))];
}
