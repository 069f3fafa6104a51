namespace Anneal;

/// <summary>
/// The means of windows that cover the image as evenly as whole pixels allow, so that the output has the wanted size whatever the input's
/// (as PyTorch): input <c>[batch, height, width, channels]</c>, output <c>[batch, outputSize.Height, outputSize.Width, channels]</c>. Along an
/// axis of n pixels, window i of m reaches from pixel <c>floor(i · n / m)</c> to, but without, <c>ceiling((i + 1) · n / m)</c>.
/// </summary>
public sealed class AdaptiveAveragePool2D : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="outputSize">The rows and columns of the output.</param>
    /// <param name="name">The name; null takes <c>adaptive_average_pool2d</c> with a counter.</param>
    /// <exception cref="OptionException">The size is below 1.</exception>
    public AdaptiveAveragePool2D(Size2D outputSize, string? name = null) : base(name) =>
        OutputSize = Require.AtLeastOne(outputSize, nameof(AdaptiveAveragePool2D), nameof(outputSize));

    /// <summary>The rows and columns of the output.</summary>
    public Size2D OutputSize { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        Require.Rank(input.Shape, 4, this, "[batch, height, width, channels]");
        return input.AdaptiveAveragePool(OutputSize.Height, OutputSize.Width);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) => null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("outputSize", OutputSize);

    internal static AdaptiveAveragePool2D Read(LayerConfig config) => new(config.GetSize2D("outputSize"));
}
