using Anneal.Reference;

namespace Anneal.Tests;

/// <summary>
/// Every optimizer with options that all differ from the defaults, its rule written out in double precision, and a variant for each option.
/// </summary>
internal sealed record OptimizerCase(string Name, Func<LearningRateSchedule, Optimizer> Make, Func<double[], double, Rule> Start)
{
    internal (string Option, Func<LearningRateSchedule, Optimizer> Make)[] Variants { get; init; } = [];

    public override string ToString() => Name;
}

/// <summary>One step of a rule written out: the gradient and the number of the step, counted from 1, to the new parameter.</summary>
internal delegate double[] Rule(double[] gradient, int step);

internal static class OptimizerCases
{
    private const double Decay = 0.03;

    internal static readonly OptimizerCase[] All =
    [
        new("Sgd", r => new Sgd(r, 0.8, 0.1, weightDecay: Decay), (p, lr) => PerElement(p, 1, (s, x, g, t) =>
        {
            g += Decay * x;
            s[0] = t == 1 ? g : 0.8 * s[0] + 0.9 * g;
            return x - lr * s[0];
        }))
        {
            Variants =
            [
                ("momentum", r => new Sgd(r, 0.7, 0.1, weightDecay: Decay)), ("dampening", r => new Sgd(r, 0.8, 0.2, weightDecay: Decay)),
                ("nesterov", r => new Sgd(r, 0.8, 0, true, Decay)), ("weightDecay", r => new Sgd(r, 0.8, 0.1)),
            ],
        },
        new("Nesterov", r => new Sgd(r, 0.8, nesterov: true), (p, lr) => PerElement(p, 1, (s, x, g, _) =>
        {
            s[0] = 0.8 * s[0] + g;
            return x - lr * (g + 0.8 * s[0]);
        })),
        new("Adam", r => new Adam(r, 0.8, 0.95, 1e-3, Decay), (p, lr) => PerElement(p, 2, (s, x, g, t) => AdamStep(s, x, g + Decay * x, t, lr, x))) { Variants =
            [
                ("beta1", r => new Adam(r, 0.7, 0.95, 1e-3, Decay)), ("beta2", r => new Adam(r, 0.8, 0.9, 1e-3, Decay)), ("epsilon", r => new Adam(r, 0.8, 0.95, 1e-2, Decay)),
                ("weightDecay", r => new Adam(r, 0.8, 0.95, 1e-3)), ("amsgrad", r => new Adam(r, 0.8, 0.95, 1e-3, Decay, true)),
            ] },
        new("AdamW", r => new AdamW(r, 0.8, 0.95, 1e-3, Decay), (p, lr) => PerElement(p, 2, (s, x, g, t) => AdamStep(s, x, g, t, lr, x * (1 - lr * Decay)))) { Variants =
            [
                ("beta1", r => new AdamW(r, 0.7, 0.95, 1e-3, Decay)), ("beta2", r => new AdamW(r, 0.8, 0.9, 1e-3, Decay)), ("epsilon", r => new AdamW(r, 0.8, 0.95, 1e-2, Decay)),
                ("weightDecay", r => new AdamW(r, 0.8, 0.95, 1e-3)), ("amsgrad", r => new AdamW(r, 0.8, 0.95, 1e-3, Decay, true)),
            ] },
        new("Amsgrad", r => new Adam(r, 0.8, 0.95, 1e-3, amsgrad: true), (p, lr) => PerElement(p, 3, (s, x, g, t) =>
        {
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = 0.95 * s[1] + 0.05 * g * g;
            s[2] = Math.Max(s[2], s[1]);
            return x - lr * s[0] / (1 - Math.Pow(0.8, t)) / (Math.Sqrt(s[2] / (1 - Math.Pow(0.95, t))) + 1e-3);
        })),
        new("RmsProp", r => new RmsProp(r, 0.9, 1e-3, 0.7, true, Decay), (p, lr) => PerElement(p, 3, (s, x, g, _) =>
        {
            g += Decay * x;
            s[0] = 0.9 * s[0] + 0.1 * g * g;
            s[1] = 0.9 * s[1] + 0.1 * g;
            s[2] = 0.7 * s[2] + g / (Math.Sqrt(s[0] - s[1] * s[1]) + 1e-3);
            return x - lr * s[2];
        }))
        {
            Variants =
            [
                ("alpha", r => new RmsProp(r, 0.8, 1e-3, 0.7, true, Decay)), ("epsilon", r => new RmsProp(r, 0.9, 1e-2, 0.7, true, Decay)),
                ("momentum", r => new RmsProp(r, 0.9, 1e-3, 0.6, true, Decay)), ("centered", r => new RmsProp(r, 0.9, 1e-3, 0.7, false, Decay)),
                ("weightDecay", r => new RmsProp(r, 0.9, 1e-3, 0.7, true)),
            ],
        },
        new("Adagrad", r => new Adagrad(r, 0.1, 0.5, 1e-3, Decay), (p, lr) => PerElement(p, 1, (s, x, g, t) =>
        {
            g += Decay * x;
            s[0] = (t == 1 ? 0.5 : s[0]) + g * g;
            return x - lr / (1 + (t - 1) * 0.1) * g / (Math.Sqrt(s[0]) + 1e-3);
        }))
        {
            Variants =
            [
                ("learningRateDecay", r => new Adagrad(r, 0.2, 0.5, 1e-3, Decay)), ("initialAccumulator", r => new Adagrad(r, 0.1, 0.4, 1e-3, Decay)),
                ("epsilon", r => new Adagrad(r, 0.1, 0.5, 1e-2, Decay)), ("weightDecay", r => new Adagrad(r, 0.1, 0.5, 1e-3)),
            ],
        },
        new("Adadelta", r => new Adadelta(r, 0.8, 1e-3, Decay), (p, lr) => PerElement(p, 2, (s, x, g, _) =>
        {
            g += Decay * x;
            s[0] = 0.8 * s[0] + 0.2 * g * g;
            double d = g * Math.Sqrt(s[1] + 1e-3) / Math.Sqrt(s[0] + 1e-3);
            s[1] = 0.8 * s[1] + 0.2 * d * d;
            return x - lr * d;
        }))
        {
            Variants = [("rho", r => new Adadelta(r, 0.7, 1e-3, Decay)), ("epsilon", r => new Adadelta(r, 0.8, 1e-2, Decay)), ("weightDecay", r => new Adadelta(r, 0.8, 1e-3))],
        },
        new("Adamax", r => new Adamax(r, 0.8, 0.95, 1e-3, Decay), (p, lr) => PerElement(p, 2, (s, x, g, t) =>
        {
            g += Decay * x;
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = Math.Max(0.95 * s[1], Math.Abs(g) + 1e-3);
            return x - lr / (1 - Math.Pow(0.8, t)) * s[0] / s[1];
        }))
        {
            Variants =
            [
                ("beta1", r => new Adamax(r, 0.7, 0.95, 1e-3, Decay)), ("beta2", r => new Adamax(r, 0.8, 0.5, 1e-3, Decay)),
                ("epsilon", r => new Adamax(r, 0.8, 0.95, 1e-2, Decay)), ("weightDecay", r => new Adamax(r, 0.8, 0.95, 1e-3)),
            ],
        },
        new("Nadam", r => new Nadam(r, 0.8, 0.95, 1e-3, Decay, 0.01, true), (p, lr) => PerElement(p, 2, (s, x, g, t) => NadamStep(s, x * (1 - lr * Decay), g, t, lr)))
        {
            Variants =
            [
                ("beta1", r => new Nadam(r, 0.7, 0.95, 1e-3, Decay, 0.01, true)), ("beta2", r => new Nadam(r, 0.8, 0.9, 1e-3, Decay, 0.01, true)),
                ("epsilon", r => new Nadam(r, 0.8, 0.95, 1e-2, Decay, 0.01, true)), ("weightDecay", r => new Nadam(r, 0.8, 0.95, 1e-3, 0, 0.01, true)),
                ("momentumDecay", r => new Nadam(r, 0.8, 0.95, 1e-3, Decay, 0.5, true)), ("decoupledWeightDecay", r => new Nadam(r, 0.8, 0.95, 1e-3, Decay, 0.01)),
            ],
        },
        new("RAdam", r => new RAdam(r, 0.8, 0.95, 1e-3, Decay), (p, lr) => PerElement(p, 2, (s, x, g, t) =>
        {
            g += Decay * x;
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = 0.95 * s[1] + 0.05 * g * g;
            double m = s[0] / (1 - Math.Pow(0.8, t)), last = 2 / 0.05 - 1, power = Math.Pow(0.95, t), rho = last - 2 * t * power / (1 - power);
            if (rho <= 5)
                return x - lr * m;
            double l = Math.Sqrt(1 - power) / (Math.Sqrt(s[1]) + 1e-3);
            return x - lr * m * l * Math.Sqrt((rho - 4) * (rho - 2) * last / ((last - 4) * (last - 2) * rho));
        }))
        {
            Variants =
            [
                ("beta1", r => new RAdam(r, 0.7, 0.95, 1e-3, Decay)), ("beta2", r => new RAdam(r, 0.8, 0.9, 1e-3, Decay)),
                ("epsilon", r => new RAdam(r, 0.8, 0.95, 1e-2, Decay)), ("weightDecay", r => new RAdam(r, 0.8, 0.95, 1e-3)),
                ("decoupledWeightDecay", r => new RAdam(r, 0.8, 0.95, 1e-3, Decay, true)),
            ],
        },
        new("Lion", r => new Lion(r, 0.8, 0.95, Decay), (p, lr) => PerElement(p, 1, (s, x, g, _) =>
        {
            double next = x * (1 - lr * Decay) - lr * Math.Sign(0.8 * s[0] + 0.2 * g);
            s[0] = 0.95 * s[0] + 0.05 * g;
            return next;
        }))
        {
            Variants = [("beta1", r => new Lion(r, 0.3, 0.95, Decay)), ("beta2", r => new Lion(r, 0.8, 0.5, Decay)), ("weightDecay", r => new Lion(r, 0.8, 0.95))],
        },
        new("Lamb", r => new Lamb(r, 0.8, 0.95, 1e-3, Decay), LambRule)
        {
            Variants =
            [
                ("beta1", r => new Lamb(r, 0.7, 0.95, 1e-3, Decay)), ("beta2", r => new Lamb(r, 0.8, 0.9, 1e-3, Decay)),
                ("epsilon", r => new Lamb(r, 0.8, 0.95, 1e-1, Decay)), ("weightDecay", r => new Lamb(r, 0.8, 0.95, 1e-3)),
            ],
        },
    ];

    /// <summary>The parameter after each of many steps with gradients that follow from the number of the step, in double precision.</summary>
    internal static double[][] Path(Optimizer optimizer, double[] start, int steps)
    {
        var parameter = new Parameter(TensorData.From(start), "layer/weight");
        OptimizerState state = optimizer.CreateState([parameter]);
        Program program = Program.Compile(
            gradients =>
            {
                optimizer.Apply(state, [parameter], gradients);
                return [];
            },
            new ProgramOptions { Device = new ReferenceDevice() });
        var path = new double[steps][];
        for (int i = 0; i < steps; i++)
        {
            program.RunAll(TensorData.From(Gradient(start.Length, i + 1)));
            path[i] = parameter.Value.ToArray<double>();
        }

        return path;
    }

    internal static double[] Gradient(int length, int step) => [.. Enumerable.Range(0, length).Select(i => Math.Sin(1.7 * step + 0.9 * i) + 0.3 * Math.Cos(0.4 * step * (i + 1)))];

    private static Rule PerElement(double[] start, int slots, Func<double[], double, double, int, double> step)
    {
        double[] p = [.. start];
        double[][] memory = [.. start.Select(_ => new double[slots])];
        return (gradient, t) =>
        {
            for (int i = 0; i < p.Length; i++)
                p[i] = step(memory[i], p[i], gradient[i], t);
            return p;
        };
    }

    private static double AdamStep(double[] s, double x, double g, int t, double lr, double from)
    {
        s[0] = 0.8 * s[0] + 0.2 * g;
        s[1] = 0.95 * s[1] + 0.05 * g * g;
        return from - lr * s[0] / (1 - Math.Pow(0.8, t)) / (Math.Sqrt(s[1] / (1 - Math.Pow(0.95, t))) + 1e-3);
    }

    private static double NadamStep(double[] s, double x, double g, int t, double lr)
    {
        double product = 1;
        for (int i = 1; i <= t; i++)
            product *= Mu(i);
        s[0] = 0.8 * s[0] + 0.2 * g;
        s[1] = 0.95 * s[1] + 0.05 * g * g;
        double scale = Math.Sqrt(s[1] / (1 - Math.Pow(0.95, t))) + 1e-3;
        return x - lr * (1 - Mu(t)) / (1 - product) * g / scale - lr * Mu(t + 1) / (1 - product * Mu(t + 1)) * s[0] / scale;

        static double Mu(int step) => 0.8 * (1 - 0.5 * Math.Pow(0.96, step * 0.01));
    }

    private static Rule LambRule(double[] start, double lr)
    {
        double[] p = [.. start], m = new double[p.Length], v = new double[p.Length];
        return (gradient, t) =>
        {
            var direction = new double[p.Length];
            for (int i = 0; i < p.Length; i++)
            {
                m[i] = 0.8 * m[i] + 0.2 * gradient[i];
                v[i] = 0.95 * v[i] + 0.05 * gradient[i] * gradient[i];
                direction[i] = m[i] / (1 - Math.Pow(0.8, t)) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.95, t))) + 1e-3) + Decay * p[i];
            }

            double trust = Math.Sqrt(p.Sum(x => x * x)) / Math.Sqrt(direction.Sum(x => x * x));
            for (int i = 0; i < p.Length; i++)
                p[i] -= lr * trust * direction[i];
            return p;
        };
    }
}
