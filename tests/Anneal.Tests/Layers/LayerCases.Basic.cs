namespace Anneal.Tests;

/// <content>Dense layers and those without weights.</content>
internal static partial class LayerCases
{
    private static LayerCase[] Basic =>
    [
        new(() => new Dense(3), new TensorType(DType.Float32, [4, 5]))
        {
            Variants =
            [
                ("units", () => new Dense(2)),
                ("activation", () => new Dense(3, Activation.Tanh)),
                ("useBias", () => new Dense(3, useBias: false)),
                ("kernelInitializer", () => new Dense(3, kernelInitializer: new RandomNormal())),
                ("biasInitializer", () => new Dense(3, biasInitializer: new Constant(0.5))),
            ],
        },
    ];
}
