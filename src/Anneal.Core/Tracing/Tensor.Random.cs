using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <content>Random numbers: functions of the seed, the layer, the use and the step, never of time or threads.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// Numbers drawn evenly from [0, 1), different at every run of a program and for every call in it, the same for equal seeds.
    /// </summary>
    /// <param name="shape">The extents of the result, which is float32.</param>
    /// <param name="use">What they are for. Calls of one use within a layer are numbered, so a call of another use changes none of them.</param>
    /// <exception cref="TraceException">Outside of a trace, or in one that was not given a seed.</exception>
    public static Tensor RandomUniform(Shape shape, string use = "uniform")
    {
        if (Trace.Current is { IsBody: true } body)
        {
            throw new TraceException(
                $"Random numbers ({use}) are drawn inside of {body.Name}, where every step would get the same. "
                + "Hint: draw those of all steps outside and pass them as a sequence.");
        }

        if (Trace.Current is not { RandomState: { } state } trace)
            throw new TraceException($"Random numbers ({use}) need a program with a seed. Hint: pass a seed to Program.Compile, or to Fit.");
        return Node.Apply(new RandomUniform(trace.NextStream(use), shape), state.Read());
    }

    /// <summary>
    /// Numbers drawn from the normal distribution of mean 0 and deviation 1 (Box and Muller, 1958), as chance as those of
    /// <see cref="RandomUniform"/>. None lies farther from 0 than 5.77: the uniform numbers behind them have 24 bits.
    /// </summary>
    /// <param name="shape">The extents of the result, which is float32.</param>
    /// <param name="use">What they are for. Calls of one use within a layer are numbered, so a call of another use changes none of them.</param>
    /// <exception cref="TraceException">Outside of a trace, or in one that was not given a seed.</exception>
    public static Tensor RandomNormal(Shape shape, string use = "normal")
    {
        // 1 - u lies in (0, 1] and is exact, so the logarithm is finite.
        Tensor radius = Sqrt(Log(1 - RandomUniform(shape, use + " radius")) * -2);
        return radius * Cos(RandomUniform(shape, use + " angle") * (2 * Math.PI));
    }
}
