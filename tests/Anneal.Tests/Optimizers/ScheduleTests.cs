using System.Text.Json.Nodes;

namespace Anneal.Tests;

/// <summary>Schedules at their boundaries, their options, and their storage. Whole paths are golden tests.</summary>
public class ScheduleTests
{
    /// <summary>A schedule and a variant for each of its options, which must differ within a few steps.</summary>
    private static readonly Dictionary<string, (LearningRateSchedule Schedule, LearningRateSchedule[] Variants)> Cases = new()
    {
        ["constant"] = (new ConstantSchedule(0.1), [new ConstantSchedule(0.2)]),
        ["step"] = (new StepSchedule(0.1, 3, 0.5), [new StepSchedule(0.2, 3, 0.5), new StepSchedule(0.1, 4, 0.5), new StepSchedule(0.1, 3)]),
        ["exponential"] = (new ExponentialSchedule(0.1, 0.9, 2), [new ExponentialSchedule(0.2, 0.9, 2), new ExponentialSchedule(0.1, 0.8, 2), new ExponentialSchedule(0.1, 0.9)]),
        ["cosine"] = (new CosineSchedule(0.1, 10, 0.01), [new CosineSchedule(0.2, 10, 0.01), new CosineSchedule(0.1, 11, 0.01), new CosineSchedule(0.1, 10)]),
        ["restarts"] = (
            new CosineRestartsSchedule(0.1, 4, 2, 0.01),
            [new CosineRestartsSchedule(0.2, 4, 2, 0.01), new CosineRestartsSchedule(0.1, 5, 2, 0.01), new CosineRestartsSchedule(0.1, 4, 1, 0.01), new CosineRestartsSchedule(0.1, 4, 2)]),
        ["cycle"] = (
            new OneCycleSchedule(0.5, 20, 0.2, 10, 100, Annealing.Linear, true),
            [
                new OneCycleSchedule(0.4, 20, 0.2, 10, 100, Annealing.Linear, true), new OneCycleSchedule(0.5, 19, 0.2, 10, 100, Annealing.Linear, true),
                new OneCycleSchedule(0.5, 20, 0.3, 10, 100, Annealing.Linear, true), new OneCycleSchedule(0.5, 20, 0.2, 9, 100, Annealing.Linear, true),
                new OneCycleSchedule(0.5, 20, 0.2, 10, 90, Annealing.Linear, true), new OneCycleSchedule(0.5, 20, 0.2, 10, 100, Annealing.Cosine, true),
                new OneCycleSchedule(0.5, 20, 0.2, 10, 100, Annealing.Linear),
            ]),
        ["polynomial"] = (
            new PolynomialSchedule(0.1, 10, 0.01, 2),
            [new PolynomialSchedule(0.2, 10, 0.01, 2), new PolynomialSchedule(0.1, 9, 0.01, 2), new PolynomialSchedule(0.1, 10, 0, 2), new PolynomialSchedule(0.1, 10, 0.01)]),
        ["piecewise"] = (new PiecewiseSchedule([3, 6], [0.3, 0.2, 0.1]), [new PiecewiseSchedule([3, 7], [0.3, 0.2, 0.1]), new PiecewiseSchedule([3, 6], [0.3, 0.2, 0.11])]),
        ["warm-up"] = (
            new CosineSchedule(0.1, 10).WithWarmUp(5, delaysSchedule: true),
            [new CosineSchedule(0.1, 9).WithWarmUp(5, true), new CosineSchedule(0.1, 10).WithWarmUp(4, true), new CosineSchedule(0.1, 10).WithWarmUp(5)]),
        ["epoch"] = (new StepSchedule(0.1, 1).PerEpoch(4), [new StepSchedule(0.1, 2).PerEpoch(4), new StepSchedule(0.1, 1).PerEpoch(3)]),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryOptionCountsAndIsStored(string name)
    {
        (LearningRateSchedule schedule, LearningRateSchedule[] variants) = Cases[name];
        double[] rates = Rates(schedule);
        Assert.Equal(rates, Rates(Again(schedule)));
        foreach (LearningRateSchedule variant in variants)
        {
            Assert.NotEqual(rates, Rates(variant));
            Assert.Equal(Rates(variant), Rates(Again(variant)));
        }
    }

    [Fact]
    public void EveryScheduleHasACase() => Assert.Equal(
        typeof(LearningRateSchedule).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(LearningRateSchedule))).Select(t => t.Name).Order(),
        Cases.Values.Select(c => c.Schedule.GetType().Name).Order());

    [Fact]
    public void RatesChangeAtTheirBoundaries()
    {
        Near([0.1, 0.1, 0.01, 0.01, 0.001], new StepSchedule(0.1, 2), 0, 1, 2, 3, 4);
        Near([3, 3, 2, 2, 1, 1], new PiecewiseSchedule([2, 5], [3, 2, 1]), 0, 1, 2, 4, 5, 1_000_000);
        Near([4, 2, 1], new ExponentialSchedule(4, 0.5, 3), 0, 3, 6);
        Near([1, 0.55, 0.1, 0.55, 1], new CosineSchedule(1, 4, 0.1), 0, 2, 4, 6, 8);
        Near([1, 0.5, 1, 0.5, 1, 0.5], new CosineRestartsSchedule(1, 4, 2), 0, 2, 4, 8, 12, 20);
        Near([1, 0.5, 1, 0.5], new CosineRestartsSchedule(1, 4), 0, 2, 4_000_000_000, 4_000_000_002);
        Near([1, 0.7, 0.4, 0.4], new PolynomialSchedule(1, 2, 0.4), 0, 1, 2, 99);
        Near([1, 0.25, 0], new PolynomialSchedule(1, 2, power: 2), 0, 1, 2);
        Near([0.25, 0.5, 0.75, 1, 1], new ConstantSchedule(1).WithWarmUp(4), 0, 1, 2, 3, 4);
        Near([0.5, 1, 1, 0.5, 0], new PolynomialSchedule(1, 2).WithWarmUp(2, delaysSchedule: true), 0, 1, 2, 3, 4);
        Near([1, 1, 0.1, 0.1, 0.01], new StepSchedule(1, 1).PerEpoch(3), 0, 2, 3, 5, 6);
        Near([0.1, 0.55, 1, 0.505, 0.01, 0.01], new OneCycleSchedule(1, 5, 0.6, 10, 10, Annealing.Linear), 0, 1, 2, 3, 4, 5);
    }

    [Fact]
    public void ThreePhasesMirrorTheRise()
    {
        var schedule = new OneCycleSchedule(1, 11, 0.3, 10, 10, Annealing.Linear, threePhases: true);
        double top = 0.3 * 11 - 1;
        Near([0.1, 0.1 + 0.9 / top, 1 - 0.9 * (3 - top) / top], schedule, 0, 1, 3);
        Near([0.1 - 0.09 * (7 - 2 * top) / (10 - 2 * top), 0.01, 0.01], schedule, 7, 10, 11);
    }

    [Fact]
    public void MistakesAreNamed()
    {
        Says(() => new StepSchedule(-1, 3), "StepSchedule", "initialRate", "-1");
        Says(() => new StepSchedule(1, 0), "StepSchedule", "stepSize");
        Says(() => new ExponentialSchedule(1, 0), "ExponentialSchedule", "factor");
        Says(() => new CosineSchedule(double.NaN, 3), "CosineSchedule", "initialRate");
        Says(() => new CosineRestartsSchedule(1, 3, 0), "CosineRestartsSchedule", "periodFactor");
        Says(() => new OneCycleSchedule(1, 3, 0.1), "OneCycleSchedule", "riseShare");
        Says(() => new OneCycleSchedule(1, 30, 0.5, threePhases: true), "three phases");
        Says(() => new OneCycleSchedule(1, 30, divisor: 0), "divisor");
        Says(() => new PiecewiseSchedule([3], [1]), "one more rate");
        Says(() => new PiecewiseSchedule([3, 3], [1, 2, 3]), "grow");
        Says(() => new PiecewiseSchedule([3], [1, -2]), "rates", "-2");
        Says(() => new ConstantSchedule(1).WithWarmUp(0), "WarmUpSchedule", "steps");
        Says(() => new ConstantSchedule(1).PerEpoch(0), "EpochSchedule", "stepsPerEpoch");
        Says(() => new ConstantSchedule(double.PositiveInfinity), "ConstantSchedule");
    }

    [Fact]
    public void AnOptimizerFollowsItsSchedule()
    {
        var optimizer = new Sgd(new PolynomialSchedule(1, 4));
        double[][] path = OptimizerCases.Path(optimizer, [0.0], 5);
        double expected = 0;
        for (int step = 1; step <= 5; step++)
        {
            expected -= Math.Max(0, 1 - (step - 1) / 4.0) * OptimizerCases.Gradient(1, step)[0];
            Assert.Equal(expected, path[step - 1][0], 12);
        }

        Assert.Contains("PolynomialSchedule", Assert.Throws<OptionException>(() => optimizer.LearningRate).Message);
        Assert.Throws<OptionException>(() => optimizer.LearningRate = 1);
        optimizer.Schedule = 0.5;
        optimizer.LearningRate *= 2;
        Assert.Equal(1, optimizer.LearningRate);
    }

    [Fact]
    public void AScheduleOfOnesOwnIsStored()
    {
        ScheduleRegistry.Register(nameof(Sawtooth), c => new Sawtooth(c.GetInt64("period")));
        Assert.Equal(Rates(new Sawtooth(3)), Rates(Again(new Sawtooth(3))));
        var bad = new Sgd(new Sawtooth(-1));
        var mistake = Assert.Throws<OptionException>(() => OptimizerCases.Path(bad, [0.0], 1));
        Assert.Contains("Sawtooth", mistake.Message);
    }

    private sealed record Sawtooth(long Period) : LearningRateSchedule
    {
        public override double RateAt(long step) => Period > 0 ? step % Period : double.NaN;

        protected internal override void WriteConfig(LayerConfig config) => config.Set("period", Period);
    }

    private static double[] Rates(LearningRateSchedule schedule) => [.. Enumerable.Range(0, 30).Select(i => schedule.RateAt(i))];

    private static LearningRateSchedule Again(LearningRateSchedule schedule)
    {
        JsonNode stored = JsonNode.Parse(ScheduleRegistry.Write(schedule).Values.ToJsonString())!;
        var config = new LayerConfig("test", stored.AsObject(), "test");
        LearningRateSchedule again = ScheduleRegistry.Read(config);
        config.RequireAllRead();
        return again;
    }

    private static void Near(double[] expected, LearningRateSchedule schedule, params long[] steps)
    {
        for (int i = 0; i < steps.Length; i++)
            Assert.Equal(expected[i], schedule.RateAt(steps[i]), 12);
    }

    private static void Says(Func<object> make, params string[] words)
    {
        string message = Assert.Throws<OptionException>(make).Message;
        Assert.All(words, w => Assert.Contains(w, message));
    }
}
