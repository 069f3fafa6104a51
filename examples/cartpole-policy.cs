#:package ScottPlot
#:package System.CommandLine
#:project ../src/Anneal

// Learns to balance a pole on a cart from nothing but its own attempts: a policy gradient with a learned baseline (an advantage
// actor-critic), whose whole step is one compiled program. The cart is part of this file.
//
//   dotnet run -c Release examples/cartpole-policy.cs
//   dotnet run -c Release examples/cartpole-policy.cs -- --epochs 50 --seed 2
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Anneal;
using ScottPlot;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string here = (string?)AppContext.GetData("EntryPointFileDirectoryPath") ?? Environment.CurrentDirectory;
var epochs = new Option<int>("--epochs") { Description = "How many times to play 32 episodes and learn from them.", DefaultValueFactory = _ => 150 };
var seed = new Option<int>("--seed") { Description = "Chooses the first weights, where episodes begin, and what is tried.", DefaultValueFactory = _ => 1 };
var output = new Option<string>("--output") { Description = "Where to write the picture.", DefaultValueFactory = _ => Path.Combine(here, "output", "cartpole-policy") };
var command = new RootCommand("Trains a policy to balance a pole on a cart.") { epochs, seed, output };
command.SetAction(arguments =>
{
    try
    {
        return Run(arguments.GetValue(epochs), arguments.GetValue(seed), arguments.GetValue(output)!);
    }
    catch (Exception mistake) when (mistake is AnnealException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(mistake.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static int Run(int epochs, int seed, string output)
{
    ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
    const int EpisodesPerEpoch = 32, TestEpisodes = 100, FirstTestSeed = 1_000_000;
    Directory.CreateDirectory(output);
    var random = new Random(seed);
    var agent = new Agent(seed, epochs);
    var curve = new List<double[]>();
    long pushes = 0;
    var watch = Stopwatch.StartNew();
    for (int epoch = 1; epoch <= epochs; epoch++)
    {
        Episode[] episodes = agent.Play([.. Enumerable.Range(0, EpisodesPerEpoch).Select(_ => new CartPole(random))], random);
        double entropy = agent.Learn(episodes);
        curve.Add([.. episodes.Select(e => (double)e.Return).Order()]);
        pushes += episodes.Sum(e => e.Return);
        if (epoch % 10 == 0 || epoch == epochs)
        {
            double seconds = watch.Elapsed.TotalSeconds;
            Console.WriteLine(
                $"epoch {epoch}/{epochs}: mean return {curve[^1].Average():F1}, worst {curve[^1][0]:F0}, entropy {entropy:F3} "
                + $"({pushes / seconds:N0} pushes/s, {seconds * (epochs - epoch) / epoch:F0} s left)");
        }
    }

    Console.WriteLine($"trained in {watch.Elapsed.TotalSeconds:F1} s with {pushes:N0} pushes in {epochs * EpisodesPerEpoch:N0} episodes");

    // Each test episode begins where its own seed says, and always takes the likelier push.
    Episode[] tests = agent.Play([.. Enumerable.Range(FirstTestSeed, TestEpisodes).Select(s => new CartPole(new Random(s)))]);
    string picture = Path.Combine(output, "learning.png");
    Draw(curve, tests[0], picture);
    Console.WriteLine($"picture in {Path.GetFullPath(picture)}");
    Console.WriteLine($"{tests.Count(e => e.Return == CartPole.MaximumSteps)} of {TestEpisodes} test episodes reached {CartPole.MaximumSteps} steps, the worst {tests.Min(e => e.Return)}");
    Console.WriteLine($"test mean return {tests.Average(e => e.Return):F1}");
    return 0;
}

// To the left what was reached in each epoch, to the right how the pole and the cart move in a test episode.
static void Draw(List<double[]> curve, Episode test, string path)
{
    double[] epochs = [.. Enumerable.Range(1, curve.Count).Select(e => (double)e)];
    var plots = new Multiplot();
    plots.AddPlots(2);
    plots.Layout = new ScottPlot.MultiplotLayouts.Columns();
    Plot learning = plots.GetPlot(0);
    ScottPlot.Plottables.FillY range = learning.Add.FillY(epochs, [.. curve.Select(c => c[0])], [.. curve.Select(c => c[^1])]);
    range.FillColor = Colors.C0.WithAlpha(0.2);
    range.LineWidth = 0;
    range.LegendText = "worst to best";
    Line(learning, epochs, curve.Select(c => c.Average()), "mean", Colors.C0);
    ScottPlot.Plottables.HorizontalLine goal = learning.Add.HorizontalLine(195, 1.5f, Colors.Gray, LinePattern.Dashed);
    goal.LegendText = "solved: 195";
    learning.Title("return in training");
    learning.XLabel("epoch");
    learning.YLabel("steps upright");
    learning.ShowLegend(Alignment.LowerRight);

    Plot motion = plots.GetPlot(1);
    double[] seconds = [.. test.States.Select((_, i) => i * CartPole.SecondsPerStep)];
    Line(motion, seconds, test.States.Select(s => s.Angle * 180 / Math.PI), "pole", Colors.C0);
    Line(motion, seconds, test.States.Select(s => s.Position * 100), "cart", Colors.C1).Axes.YAxis = motion.Axes.Right;
    motion.Axes.Left.Label.Text = "pole, degrees";
    motion.Axes.Left.Label.ForeColor = Colors.C0;
    motion.Axes.Right.Label.Text = "cart, cm";
    motion.Axes.Right.Label.ForeColor = Colors.C1;
    motion.Title("a test episode");
    motion.XLabel("seconds");
    motion.HideLegend();
    plots.SavePng(path, 1000, 380);
}

static ScottPlot.Plottables.Scatter Line(Plot plot, double[] x, IEnumerable<double> y, string legend, Color color)
{
    ScottPlot.Plottables.Scatter line = plot.Add.ScatterLine(x, y.ToArray(), color);
    line.LineWidth = 2;
    line.LegendText = legend;
    return line;
}

/// <summary>
/// A pole on a cart that is pushed to the left or to the right, after Barto, Sutton and Anderson (1983), with the constants, the limits
/// and the Euler steps of CartPole-v0. Positions are in metres, angles in radians.
/// </summary>
internal sealed class CartPole
{
    /// <summary>The steps after which an episode is cut off.</summary>
    public const int MaximumSteps = 200;

    /// <summary>The time between two pushes.</summary>
    public const double SecondsPerStep = 0.02;

    private const double Gravity = 9.8, CartMass = 1, PoleMass = 0.1, HalfLength = 0.5, Force = 10;
    private const double TotalMass = CartMass + PoleMass, MaximumPosition = 2.4, MaximumAngle = 12 * Math.PI / 180;

    public CartPole(Random random)
    {
        double Draw() => random.NextDouble() * 0.1 - 0.05;
        State = new CartState(Draw(), Draw(), Draw(), Draw());
    }

    /// <summary>Where the cart and the pole are now.</summary>
    public CartState State { get; private set; }

    /// <summary>Whether the pole has fallen, or the cart has left the track.</summary>
    public bool HasFallen => Math.Abs(State.Position) > MaximumPosition || Math.Abs(State.Angle) > MaximumAngle;

    public void Push(bool right)
    {
        (double position, double velocity, double angle, double angularVelocity) = State;
        double sine = Math.Sin(angle), cosine = Math.Cos(angle);
        double pressure = ((right ? Force : -Force) + PoleMass * HalfLength * angularVelocity * angularVelocity * sine) / TotalMass;
        double angularAcceleration = (Gravity * sine - cosine * pressure) / (HalfLength * (4.0 / 3 - PoleMass * cosine * cosine / TotalMass));
        double acceleration = pressure - PoleMass * HalfLength * angularAcceleration * cosine / TotalMass;
        State = new CartState(
            position + SecondsPerStep * velocity, velocity + SecondsPerStep * acceleration,
            angle + SecondsPerStep * angularVelocity, angularVelocity + SecondsPerStep * angularAcceleration);
    }
}

/// <summary>What an agent sees.</summary>
internal readonly record struct CartState(double Position, double Velocity, double Angle, double AngularVelocity)
{
    /// <summary>How many numbers there are.</summary>
    public const int Features = 4;

    /// <summary>The states as float32 <c>[states, 4]</c>.</summary>
    public static TensorData Batch(IReadOnlyList<CartState> states)
    {
        var values = new float[states.Count, Features];
        for (int i = 0; i < states.Count; i++)
        {
            CartState s = states[i];
            (values[i, 0], values[i, 1], values[i, 2], values[i, 3]) = ((float)s.Position, (float)s.Velocity, (float)s.Angle, (float)s.AngularVelocity);
        }

        return TensorData.From(values);
    }
}

/// <summary>What was seen and done in one attempt; each step that the pole stood is worth 1.</summary>
internal sealed class Episode
{
    public List<CartState> States { get; } = [];

    public List<bool> PushedRight { get; } = [];

    /// <summary>What came after the last push.</summary>
    public CartState End { get; set; }

    public bool HasFallen { get; set; }

    public int Return => PushedRight.Count;
}

/// <summary>A policy, which says how likely each push is, a critic, which says what a state is worth, and the step that trains both.</summary>
internal sealed class Agent
{
    private const double Discount = 0.99, CriticWeight = 0.5, EntropyWeight = 0.01, LearningRate = 1e-2;
    private readonly Sequential _policy, _critic;
    private readonly Anneal.Program _act, _judge, _step;

    /// <summary>Makes an agent that knows nothing.</summary>
    /// <param name="seed">Chooses the first weights.</param>
    /// <param name="steps">How many steps of learning there will be: the learning rate falls to 0 meanwhile.</param>
    public Agent(int seed, int steps)
    {
        _policy = new Sequential("policy", new Dense(64, Activation.Tanh), new Dense(2)) { Seed = seed };
        _critic = new Sequential("critic", new Dense(64, Activation.Tanh), new Dense(1)) { Seed = seed };
        _policy.Build([CartState.Features]);
        _critic.Build([CartState.Features]);
        _act = Anneal.Program.Compile(states => _policy.Apply(states).Softmax());
        _judge = Anneal.Program.Compile(states => _critic.Apply(states).Flatten());
        Parameter[] parameters = [.. _policy.Parameters, .. _critic.Parameters];
        var optimizer = new Adam(new PolynomialSchedule(LearningRate, steps)) { GlobalClipNorm = 1 };
        OptimizerState state = optimizer.CreateState(parameters);
        _step = Anneal.Program.Compile(inputs =>
        {
            (Tensor loss, Tensor entropy) = Loss(inputs[0], inputs[1], inputs[2], inputs[3]);
            optimizer.Apply(state, parameters, Gradients.Of(loss, parameters));
            return [entropy];
        });
    }

    /// <summary>Plays one episode with each cart, all at the same time.</summary>
    /// <param name="carts">The carts.</param>
    /// <param name="random">Where chance comes from; null always takes the likelier push.</param>
    public Episode[] Play(CartPole[] carts, Random? random = null)
    {
        Episode[] episodes = [.. carts.Select(_ => new Episode())];
        for (int step = 0; step < CartPole.MaximumSteps && !episodes.All(e => e.HasFallen); step++)
        {
            // Carts that have fallen are asked about, too: one shape is one compiled program.
            float[] likelihoods = _act.Run(CartState.Batch([.. carts.Select(c => c.State)])).ToArray<float>();
            for (int i = 0; i < carts.Length; i++)
            {
                if (episodes[i].HasFallen)
                    continue;
                bool right = likelihoods[2 * i + 1] > (random?.NextDouble() ?? 0.5);
                episodes[i].States.Add(carts[i].State);
                episodes[i].PushedRight.Add(right);
                carts[i].Push(right);
                episodes[i].End = carts[i].State;
                episodes[i].HasFallen = carts[i].HasFallen;
            }
        }

        return episodes;
    }

    /// <summary>Makes one step of learning from these episodes.</summary>
    /// <returns>How undecided the policy was: log 2 = 0.693 is a coin.</returns>
    public double Learn(Episode[] episodes)
    {
        // Shorter episodes are filled up with steps of weight 0, for the sake of one shape.
        int rows = episodes.Length * CartPole.MaximumSteps;
        var states = new CartState[rows];
        int[] pushes = new int[rows];
        float[] returns = new float[rows], weights = new float[rows];
        float[] worthOfEnds = _judge.Run(CartState.Batch([.. episodes.Select(e => e.End)])).ToArray<float>();
        for (int i = 0; i < episodes.Length; i++)
        {
            // An episode that was cut off would have gone on; what its end is worth is the critic's guess. Rewards of 1 - Discount instead
            // of 1 keep what states are worth between 0 and 1.
            double worth = episodes[i].HasFallen ? 0 : worthOfEnds[i];
            for (int step = episodes[i].Return - 1; step >= 0; step--)
            {
                int row = i * CartPole.MaximumSteps + step;
                worth = 1 - Discount + Discount * worth;
                states[row] = episodes[i].States[step];
                pushes[row] = episodes[i].PushedRight[step] ? 1 : 0;
                (returns[row], weights[row]) = ((float)worth, 1);
            }
        }

        return _step.Run(CartState.Batch(states), TensorData.From(pushes), TensorData.From(returns), TensorData.From(weights)).Item<float>();
    }

    private (Tensor Loss, Tensor Entropy) Loss(Tensor states, Tensor pushes, Tensor returns, Tensor weights)
    {
        Tensor count = weights.Sum();
        Tensor Mean(Tensor x) => (x * weights).Sum() / count;
        Tensor surprise = returns - _critic.Apply(states).Flatten();

        // The advantage is a number to the policy: the critic learns from its own error alone.
        Tensor advantage = surprise.StopGradient();
        advantage = (advantage - Mean(advantage)) / (Tensor.Sqrt(Mean(Tensor.Square(advantage - Mean(advantage)))) + 1e-6);
        Tensor logLikelihoods = _policy.Apply(states).LogSoftmax();
        Tensor chosen = (logLikelihoods * pushes.OneHot(2)).Sum([1]);
        Tensor entropy = Mean(-(Tensor.Exp(logLikelihoods) * logLikelihoods).Sum([1]));
        Tensor loss = -Mean(chosen * advantage) + Mean(Tensor.Square(surprise)) * CriticWeight - entropy * EntropyWeight;
        return (loss, entropy);
    }
}
