namespace Anneal;

/// <summary>What poolings over whole images or sequences share. The output has no steps, so it has no mask.</summary>
public abstract class GlobalPoolingLayer : Layer
{
    private readonly bool _isImage;

    private protected GlobalPoolingLayer(bool isImage, bool keepDims, string? name) : base(name) => (_isImage, KeepDims) = (isImage, keepDims);

    /// <summary>Whether the folded axes stay, with extent 1.</summary>
    public bool KeepDims { get; }

    /// <inheritdoc/>
    protected sealed override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        string form = _isImage ? "[batch, height, width, channels]" : "[batch, time, channels]";
        Require.Rank(input.Shape, _isImage ? 4 : 3, this, form);
        if (input.Shape[1..^1].ElementCount == 0)
            throw new ShapeException($"Layer {Path} expects an input {form} with something to fold, but found one of shape {input.Shape}.");
        return Fold(input, MaskOf(input));
    }

    /// <inheritdoc/>
    protected sealed override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) => null;

    /// <inheritdoc/>
    protected internal sealed override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("keepDims", KeepDims);
    }

    private protected abstract Tensor Fold(Tensor input, Tensor? mask);
}
