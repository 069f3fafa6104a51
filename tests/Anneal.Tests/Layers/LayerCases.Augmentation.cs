namespace Anneal.Tests;

/// <content>Changes of images by chance.</content>
internal static partial class LayerCases
{
    private static readonly TensorType Images = new(DType.Float32, [6, 5, 4, 2]);

    /// <summary>Values that stay away from the ends of the range, where the clipping has a kink.</summary>
    private static readonly (double Low, double High) InRange = (1, 2);

    private static LayerCase[] Augmentation =>
    [
        new(() => new RandomFlip(), Images) { IsRandom = true, Variants = [("mode", () => new RandomFlip(FlipMode.Vertical))] },
        new(() => new RandomRotation(0.2), Images)
        {
            IsRandom = true,
            Variants =
            [
                ("factor", () => new RandomRotation((0, 0.3))),
                ("fillMode", () => new RandomRotation(0.2, FillMode.Wrap)),
                ("interpolation", () => new RandomRotation(0.2, interpolation: Interpolation.Nearest)),
                ("fillValue", () => new RandomRotation(0.2, FillMode.Constant, fillValue: 0.5)),
            ],
        },
        new(() => new RandomTranslation(0.3, 0.2), Images)
        {
            IsRandom = true,
            Variants =
            [
                ("heightFactor", () => new RandomTranslation((0, 0.3), 0.2)),
                ("widthFactor", () => new RandomTranslation(0.3, 0.5)),
                ("fillMode", () => new RandomTranslation(0.3, 0.2, FillMode.Nearest)),
                ("interpolation", () => new RandomTranslation(0.3, 0.2, interpolation: Interpolation.Nearest)),
                ("fillValue", () => new RandomTranslation(0.3, 0.2, FillMode.Constant, fillValue: 0.5)),
            ],
        },
        new(() => new RandomZoom(0.3), Images)
        {
            IsRandom = true,
            Variants =
            [
                ("heightFactor", () => new RandomZoom((0, 0.3))),
                ("widthFactor", () => new RandomZoom(0.3, 0.3)),
                ("fillMode", () => new RandomZoom(0.3, fillMode: FillMode.Nearest)),
                ("interpolation", () => new RandomZoom(0.3, interpolation: Interpolation.Nearest)),
                ("fillValue", () => new RandomZoom(0.3, fillMode: FillMode.Constant, fillValue: 0.5)),
            ],
        },
        new(() => new RandomCrop(3, 2), Images) { IsRandom = true, Variants = [("height", () => new RandomCrop(2, 2)), ("width", () => new RandomCrop(3, 3))] },
        new(() => new RandomContrast(0.3, 3), Images)
        {
            IsRandom = true,
            Span = InRange,
            Variants = [("factor", () => new RandomContrast((0, 0.3), 3)), ("valueRange", () => new RandomContrast(0.3, 0.5))],
        },
        new(() => new RandomBrightness(0.1, 3), Images)
        {
            IsRandom = true,
            Span = InRange,
            Variants = [("factor", () => new RandomBrightness((0, 0.1), 3)), ("valueRange", () => new RandomBrightness(0.1, 0.5))],
        },
        new(() => new RandomErasing(), Images)
        {
            IsRandom = true,
            Variants =
            [
                ("rate", () => new RandomErasing(1)),
                ("scale", () => new RandomErasing(scale: (0.5, 0.6))),
                ("ratio", () => new RandomErasing(ratio: (1, 1))),
                ("fillValue", () => new RandomErasing(fillValue: 0.5)),
            ],
        },
        new(() => new MixUp(), Images, new TensorType(DType.Float32, [6, 3])) { IsRandom = true, Variants = [("alpha", () => new MixUp(1))] },
    ];
}
