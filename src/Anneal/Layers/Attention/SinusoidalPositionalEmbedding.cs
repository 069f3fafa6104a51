namespace Anneal;

/// <summary>
/// Adds sines and cosines of each position (Vaswani et al., 2017; see <see cref="Tensor.SinusoidalEncoding"/>): input and output
/// <c>[batch, time, features]</c>. Positions count from 0, unless a second input gives them, int32 or int64 <c>[batch, time]</c>. No weights.
/// </summary>
public sealed class SinusoidalPositionalEmbedding : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="maximumWavelength">What the longest wave approaches, in steps and over 2π; at least 1.</param>
    /// <param name="name">The name; null takes <c>sinusoidal_positional_embedding</c> with a counter.</param>
    /// <exception cref="OptionException">The wavelength is out of range.</exception>
    public SinusoidalPositionalEmbedding(double maximumWavelength = 10000, string? name = null) : base(name) => MaximumWavelength =
        Require.Within(maximumWavelength, 1, double.PositiveInfinity, nameof(SinusoidalPositionalEmbedding), nameof(maximumWavelength));

    /// <summary>What the longest wave approaches, in steps and over 2π.</summary>
    public double MaximumWavelength { get; }

    /// <summary>Adds the encoding of the positions given, inside of a trace or lazily.</summary>
    /// <param name="input">Floating, <c>[batch, time, features]</c>.</param>
    /// <param name="positions">Int32 or int64 <c>[batch, time]</c>.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public Tensor Apply(Tensor input, Tensor positions) => ApplyAll([input, positions])[0];

    /// <summary>Adds the encoding of the positions given, to describe a functional model.</summary>
    /// <param name="input">What it is added to.</param>
    /// <param name="positions">The positions.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public LayerOutput Apply(LayerOutput input, LayerOutput positions) => LayerCall.Connect(this, [input, positions])[0];

    internal override Tensor[] Run(Tensor[] inputs)
    {
        Tensor positions = PositionInputs.Check(inputs, this) ?? Tensor.Range(inputs[0].Shape[1]);
        return [inputs[0] + Tensor.SinusoidalEncoding(positions, (int)inputs[0].Shape[2], MaximumWavelength, inputs[0].DType)];
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input) => Run([input])[0];

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("maximumWavelength", MaximumWavelength);

    internal static SinusoidalPositionalEmbedding Read(LayerConfig config) => new(config.GetDouble("maximumWavelength"));
}

/// <summary>Checks what layers that add positions are given.</summary>
internal static class PositionInputs
{
    /// <summary>The positions <c>[batch, time]</c> among the inputs, or null where they count from 0.</summary>
    internal static Tensor? Check(Tensor[] inputs, Layer layer)
    {
        if (inputs.Length is < 1 or > 2)
            throw new ShapeException($"Layer {layer.Path} takes an input and positions, but {inputs.Length} were given.");
        Tensor input = inputs[0];
        Require.FloatingPoint(input, layer);
        Require.Rank(input.Shape, 3, layer, "[batch, time, features]");
        if (input.Shape[1] < 1 || input.Shape[2] < 1)
            throw new ShapeException($"Layer {layer.Path} expects at least one step and one feature, but found an input of shape {input.Shape}.");
        if (inputs.Length == 1)
            return null;
        Tensor positions = inputs[1];
        if (positions.DType is not (DType.Int32 or DType.Int64))
            throw new DTypeException($"Layer {layer.Path} expects positions of int32 or int64, but found {positions.Type}.");
        return positions.Shape == input.Shape[..2]
            ? positions
            : throw new ShapeException($"Layer {layer.Path} expects positions [batch, time] of shape {input.Shape[..2]}, but found {positions.Shape}.");
    }
}
