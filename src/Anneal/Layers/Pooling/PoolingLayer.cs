using Anneal.Ops;

namespace Anneal;

/// <summary>
/// What poolings with windows share: each channel of an image <c>[batch, height, width, channels]</c> or a sequence
/// <c>[batch, time, channels]</c> is folded window by window. A mask is handed on where the steps of the output are those of the input
/// (stride 1 and an equal extent).
/// </summary>
public abstract class PoolingLayer : Layer
{
    private protected PoolingLayer(SlidingWindow window, string? name) : base(name) => Window = window;

    /// <summary>What surrounds the input.</summary>
    public Padding Padding => Window.Padding;

    private protected SlidingWindow Window { get; }

    /// <inheritdoc/>
    protected sealed override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        Require.Rank(input.Shape, Window.IsImage ? 4 : 3, this, Window.InputForm);
        return Pool(input, new PoolingWindow(Window.Size.Height, Window.Size.Width, Window.Place(this, input.Shape)));
    }

    /// <inheritdoc/>
    protected sealed override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) =>
        Window.KeepsTime(inputs[0].Shape, output.Shape) ? base.ComputeMask(inputs, output) : null;

    /// <inheritdoc/>
    protected internal sealed override void WriteConfig(LayerConfig config) => Window.Write(config, "poolSize", withDilation: false);

    private protected abstract Tensor Pool(Tensor input, PoolingWindow pooling);
}
