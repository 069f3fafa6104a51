namespace Anneal.Tests;

/// <content>Normalizations.</content>
internal static partial class LayerCases
{
    private static LayerCase[] Normalization =>
    [
        new(() => new BatchNormalization(), new TensorType(DType.Float32, [6, 5, 5]))
        {
            IsRandom = true,
            Variants =
            [
                ("axis", () => new BatchNormalization(1)),
                ("momentum", () => new BatchNormalization(momentum: 0.5)),
                ("epsilon", () => new BatchNormalization(epsilon: 0.1)),
                ("center", () => new BatchNormalization(center: false)),
                ("scale", () => new BatchNormalization(scale: false)),
                ("betaInitializer", () => new BatchNormalization(betaInitializer: new Constant(0.5))),
                ("gammaInitializer", () => new BatchNormalization(gammaInitializer: new Constant(0.5))),
                ("movingMeanInitializer", () => new BatchNormalization(movingMeanInitializer: new Constant(0.5))),
                ("movingVarianceInitializer", () => new BatchNormalization(movingVarianceInitializer: new Constant(0.5))),
            ],
        },
        new(() => new LayerNormalization(), new TensorType(DType.Float32, [4, 3, 5]))
        {
            Variants =
            [
                ("axes", () => new LayerNormalization([1, -1])),
                ("epsilon", () => new LayerNormalization(epsilon: 0.1)),
                ("center", () => new LayerNormalization(center: false)),
                ("scale", () => new LayerNormalization(scale: false)),
                ("betaInitializer", () => new LayerNormalization(betaInitializer: new Constant(0.5))),
                ("gammaInitializer", () => new LayerNormalization(gammaInitializer: new Constant(0.5))),
            ],
        },
        new(() => new RmsNormalization(), new TensorType(DType.Float32, [4, 3, 5]))
        {
            Variants =
            [
                ("axis", () => new RmsNormalization(1)),
                ("epsilon", () => new RmsNormalization(epsilon: 0.1)),
                ("scaleInitializer", () => new RmsNormalization(scaleInitializer: new Constant(0.5))),
            ],
        },
        new(() => new GroupNormalization(2), new TensorType(DType.Float32, [3, 2, 3, 6]))
        {
            Variants =
            [
                ("groups", () => new GroupNormalization(3)),
                ("epsilon", () => new GroupNormalization(2, epsilon: 0.1)),
                ("center", () => new GroupNormalization(2, center: false)),
                ("scale", () => new GroupNormalization(2, scale: false)),
                ("betaInitializer", () => new GroupNormalization(2, betaInitializer: new Constant(0.5))),
                ("gammaInitializer", () => new GroupNormalization(2, gammaInitializer: new Constant(0.5))),
            ],
        },
        new(() => new InstanceNormalization(), new TensorType(DType.Float32, [3, 2, 3, 4]))
        {
            Variants =
            [
                ("epsilon", () => new InstanceNormalization(epsilon: 0.1)),
                ("center", () => new InstanceNormalization(center: false)),
                ("scale", () => new InstanceNormalization(scale: false)),
                ("betaInitializer", () => new InstanceNormalization(betaInitializer: new Constant(0.5))),
                ("gammaInitializer", () => new InstanceNormalization(gammaInitializer: new Constant(0.5))),
            ],
        },
    ];
}
