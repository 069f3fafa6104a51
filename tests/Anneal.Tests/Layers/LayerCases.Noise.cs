namespace Anneal.Tests;

/// <content>Noise.</content>
internal static partial class LayerCases
{
    private static LayerCase[] Noise =>
    [
        new(() => new SpatialDropout1D(0.3), new TensorType(DType.Float32, [6, 3, 5])) { IsRandom = true, Variants = [("rate", () => new SpatialDropout1D(0.6))] },
        new(() => new SpatialDropout2D(0.3), new TensorType(DType.Float32, [6, 3, 2, 5])) { IsRandom = true, Variants = [("rate", () => new SpatialDropout2D(0.6))] },
        new(() => new GaussianNoise(0.1), new TensorType(DType.Float32, [6, 5])) { IsRandom = true, Variants = [("deviation", () => new GaussianNoise(0.3))] },
        new(() => new GaussianDropout(0.1), new TensorType(DType.Float32, [6, 5])) { IsRandom = true, Variants = [("rate", () => new GaussianDropout(0.3))] },
        new(() => new AlphaDropout(0.1), new TensorType(DType.Float32, [6, 5])) { IsRandom = true, Variants = [("rate", () => new AlphaDropout(0.3))] },
    ];
}
