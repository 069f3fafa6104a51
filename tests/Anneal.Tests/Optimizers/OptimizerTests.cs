namespace Anneal.Tests;

/// <summary>One parameter under given gradients, against the definitions in double precision; longer paths are golden tests.</summary>
public class OptimizerTests
{
    private static readonly double[] GradientPath = [1, -0.5, 2, 0.25];

    [Fact]
    public void SgdDampensAllStepsButTheFirst()
    {
        double p = 1, v = 0;
        for (int i = 0; i < 4; i++)
        {
            double g = GradientPath[i] + 0.1 * p;
            v = i == 0 ? g : 0.9 * v + 0.7 * g;
            p -= 0.2 * v;
        }

        Assert.Equal(p, Run(new Sgd(0.2, momentum: 0.9, dampening: 0.3, weightDecay: 0.1)), 5);
    }

    [Fact]
    public void NesterovLooksAhead()
    {
        double p = 1, v = 0;
        foreach (double g in GradientPath)
        {
            v = 0.9 * v + g;
            p -= 0.1 * (g + 0.9 * v);
        }

        Assert.Equal(p, Run(new Sgd(0.1, momentum: 0.9, nesterov: true)), 5);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void AdamCorrectsItsMoments(bool decoupled, bool amsgrad)
    {
        double p = 1, m = 0, v = 0, largest = 0;
        for (int i = 0; i < 4; i++)
        {
            double g = GradientPath[i] + (decoupled ? 0 : 0.2 * p);
            p *= decoupled ? 1 - 0.05 * 0.2 : 1;
            m = 0.8 * m + 0.2 * g;
            v = 0.95 * v + 0.05 * g * g;
            largest = Math.Max(largest, v);
            double mean = m / (1 - Math.Pow(0.8, i + 1)), square = (amsgrad ? largest : v) / (1 - Math.Pow(0.95, i + 1));
            p -= 0.05 * mean / (Math.Sqrt(square) + 1e-8);
        }

        Assert.Equal(p, Run(decoupled ? new AdamW(0.05, 0.8, 0.95, weightDecay: 0.2, amsgrad: amsgrad) : new Adam(0.05, 0.8, 0.95, weightDecay: 0.2, amsgrad: amsgrad)), 5);
    }

    [Fact]
    public void StatesDoNotMix()
    {
        var optimizer = new Adam(0.1);
        Sequential a = TestModels.Linear(optimizer), b = TestModels.Linear(optimizer);
        TensorData one = TensorData.From<float>([1], [1, 1]);
        a.Fit(one, one, TestModels.Quiet with { Epochs = 5, BatchSize = 1 });
        b.Fit(one, one, TestModels.Quiet with { Epochs = 1, BatchSize = 1 });
        Assert.Equal(0.1f, b.Parameters[0].Value.ToArray<float>()[0], 5);
    }

    private static double Run(Optimizer optimizer)
    {
        var parameter = new Parameter(TensorData.From<float>([1]), "p");
        OptimizerState state = optimizer.CreateState([parameter]);
        Program step = Program.Compile(x =>
        {
            optimizer.Apply(state, [parameter], x);
            return [];
        });
        foreach (double gradient in GradientPath)
            step.RunAll(TensorData.From([(float)gradient]));
        return parameter.Value.ToArray<float>()[0];
    }
}
