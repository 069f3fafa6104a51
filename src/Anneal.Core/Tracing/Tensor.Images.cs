using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <content>Operations on images <c>[batch, height, width, channels]</c>.</content>
public sealed partial class Tensor
{
    /// <summary>Cross-correlation with weights <c>[height, width, channels / groups, filters]</c>.</summary>
    internal Tensor Convolve(Tensor weights, ConvolutionWindow window) => Node.Apply(new Convolve(window), this, weights);

    /// <summary>The largest pixel of each window.</summary>
    internal Tensor MaxPool(PoolingWindow pooling) => Node.Apply(new MaxPool(pooling), this);

    /// <summary>The mean of each window.</summary>
    internal Tensor AveragePool(PoolingWindow pooling, bool countIncludesPadding) => Node.Apply(new AveragePool(pooling, countIncludesPadding), this);

    /// <summary>
    /// Numbers drawn evenly from [0, 1), different at every step of a program and for every call in it, the same for equal seeds.
    /// </summary>
    /// <exception cref="TraceException">Outside of a trace, or in one that was not given a seed.</exception>
    internal static Tensor RandomUniform(Shape shape, string use)
    {
        if (Trace.Current is not { RandomState: { } state } trace)
            throw new TraceException($"Random numbers ({use}) need a program with a seed. Hint: pass a seed to Program.Compile, or to Fit.");
        return Node.Apply(new RandomUniform(trace.NextStream(use), shape), state.Read());
    }

    /// <summary>
    /// Numbers drawn from the normal distribution of mean 0 and deviation 1 (Box and Muller, 1958), as chance as those of
    /// <see cref="RandomUniform"/>. None lies farther from 0 than 5.77: the uniform numbers behind them have 24 bits.
    /// </summary>
    /// <exception cref="TraceException">Outside of a trace, or in one that was not given a seed.</exception>
    internal static Tensor RandomNormal(Shape shape, string use)
    {
        // 1 - u lies in (0, 1] and is exact, so the logarithm is finite.
        Tensor radius = Sqrt(Log(1 - RandomUniform(shape, use + " radius")) * -2);
        return radius * Cos(RandomUniform(shape, use + " angle") * (2 * Math.PI));
    }
}
