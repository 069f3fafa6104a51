namespace Anneal.Tests;

/// <content>Layers that arrange, merge, choose or drop elements, and activations.</content>
internal static partial class LayerCases
{
    private static readonly TensorType Row = new(DType.Float32, [4, 5]), Table = new(DType.Float32, [3, 4, 2]), Square = new(DType.Float32, [3, 4, 4]);

    private static LayerCase[] Arrangement =>
    [
        new(() => new Flatten(), Table),
        new(() => new Reshape([2, 4]), Table) { Variants = [("targetShape", () => new Reshape([8]))] },
        new(() => new Permute([2, 1]), Table) { Variants = [("axes", () => new Permute([1, 2]))] },
        new(() => new RepeatVector(3), Row) { Variants = [("count", () => new RepeatVector(2))] },
        new(() => new UpSampling1D(), Series) { Variants = [("size", () => new UpSampling1D(3))] },
        new(() => new UpSampling2D(), Picture)
        {
            Variants = [("size", () => new UpSampling2D((1, 3))), ("interpolation", () => new UpSampling2D(2, Interpolation.Bilinear))],
        },
        new(() => new ZeroPadding1D(), Series) { Variants = [("padding", () => new ZeroPadding1D((0, 2)))] },
        new(() => new ZeroPadding2D(), Picture) { Variants = [("padding", () => new ZeroPadding2D(((0, 1), (2, 0))))] },
        new(() => new Cropping1D(1), Series) { Variants = [("cropping", () => new Cropping1D((0, 3)))] },
        new(() => new Cropping2D(1), Picture) { Variants = [("cropping", () => new Cropping2D(((0, 1), (2, 0))))] },
    ];

    private static LayerCase[] Merging =>
    [
        new(() => new Add(), Row, Row),
        new(() => new Subtract(), Row, Row),
        new(() => new Multiply(), Row, Row),
        new(() => new Average(), Row, Row),
        new(() => new Maximum(), Row, Row),
        new(() => new Minimum(), Row, Row),
        new(() => new Concatenate(), Table, Table) { Variants = [("axis", () => new Concatenate(1))] },
        new(() => new Dot(), Square, Square)
        {
            Variants = [("leftAxis", () => new Dot(1)), ("rightAxis", () => new Dot(-1, 1)), ("normalize", () => new Dot(normalize: true))],
        },
    ];

    private static LayerCase[] Activations =>
    [
        new(() => new ActivationLayer(Activation.Tanh), Row) { Variants = [("activation", () => new ActivationLayer(Activation.Sigmoid))] },
        new(() => new LeakyRelu(), Row) { Variants = [("negativeSlope", () => new LeakyRelu(0.5))] },
        new(() => new Elu(), Row) { Variants = [("alpha", () => new Elu(0.5))] },
        new(() => new Softmax(), Table) { Variants = [("axis", () => new Softmax(1))] },
        new(() => new PRelu(), Table)
        {
            Variants = [("alphaInitializer", () => new PRelu(Half)), ("sharedAxes", () => new PRelu(sharedAxes: [1]))],
        },
        new(() => new Dropout(0.5), Row) { IsRandom = true, Variants = [("rate", () => new Dropout(0.2))] },
    ];

    private static LayerCase[] Lookup =>
    [
        new(() => new Embedding(4, 3), new TensorType(DType.Int32, [3, 5]))
        {
            Variants =
            [
                ("vocabularySize", () => new Embedding(7, 3)),
                ("dimension", () => new Embedding(4, 2)),
                ("initializer", () => new Embedding(4, 3, Normal)),
                ("lazyUpdate", () => new Embedding(4, 3, lazyUpdate: true)),
            ],
        },
    ];
}
