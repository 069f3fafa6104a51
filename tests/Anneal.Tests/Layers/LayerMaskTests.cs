using Anneal.Reference;

namespace Anneal.Tests;

/// <summary>What masks leave out does not change what they leave, for every layer and every option; where it does, the layer is named here.</summary>
public sealed class LayerMaskTests
{
    /// <summary>
    /// Layers whose outputs at steps that count come from several steps, or have no steps any more, and which do not look at the mask: windows and
    /// resampling along time or the rows of images, products and statistics of whole examples, arrangements.
    /// </summary>
    private static readonly string[] Mixing =
    [
        nameof(AdaptiveAveragePool2D), nameof(AveragePool1D), nameof(AveragePool2D), nameof(Conv1D), nameof(Conv1DTranspose), nameof(Conv2D),
        nameof(Conv2DTranspose), nameof(DepthwiseConv1D), nameof(DepthwiseConv2D), nameof(Dot), nameof(Flatten), nameof(GlobalAveragePool2D),
        nameof(GlobalMaxPool2D), nameof(GroupNormalization), nameof(InstanceNormalization), nameof(MaxPool1D), nameof(MaxPool2D), nameof(MixUp),
        nameof(RandomCrop), nameof(RandomFlip), nameof(RandomRotation), nameof(RandomTranslation), nameof(RandomZoom), nameof(Reshape),
        nameof(SeparableConv1D), nameof(SeparableConv2D),
    ];

    /// <summary>Further ones with some options only.</summary>
    private static readonly string[] MixingWithOptions =
    [
        "LayerNormalization with axes", "Permute", "RandomContrast", "RandomContrast with factor", "RmsNormalization with axis", "Softmax with axis",
        "UpSampling2D", "UpSampling2D with interpolation",
    ];

    public static TheoryData<string> Masked() => [.. LayerHarness.Subjects.Values.Where(s => LayerHarness.TakesMasks(s.Case)).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Masked))]
    public void WhatIsMaskedChangesNothingElse(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        Layer layer = LayerHarness.Built(subject);
        double[][] values = LayerHarness.Draw(subject.Case, subject.Case.Inputs), changed = LayerHarness.ChangeMasked(subject.Case, values);
        bool mixes = false;
        foreach (bool training in (bool[])[false, true])
        {
            Graphs.Graph graph = LayerHarness.TraceCounted(layer, subject.Case.Inputs, training);
            double[][] before = ReferenceDevice.Evaluate(graph, values), after = ReferenceDevice.Evaluate(graph, changed);
            mixes |= !before.Zip(after).All(p => p.First.AsSpan().SequenceEqual(p.Second));
        }

        bool isKnown = Mixing.Contains(subject.Ordinary.Name) || MixingWithOptions.Contains(subject.Name);
        LayerHarness.Require(
            mixes == isKnown, subject,
            mixes ? "what the mask leaves out changes an output that counts." : $"heeds masks, so it has no place in {nameof(Mixing)}.");
    }

    [Fact]
    public void AMaskEndsWhereTheStepsAreSummed()
    {
        bool[,] mask = { { true, false, true }, { true, true, false } };
        Assert.Equal("101110", LayerChecks.MaskAfter(new Flatten(), [2, 3, 1], mask));
        Assert.Equal("101110", LayerChecks.MaskAfter(new Dense(4), [2, 3, 5], mask));
        Assert.Null(LayerChecks.MaskAfter(new Dense(3), [2, 3], mask));
        Assert.Null(LayerChecks.MaskAfter(new FeedForward(4), [2, 3], mask));
        Assert.Null(LayerChecks.MaskAfter(new Embedding(3, 3), [2, 3], mask));
        Assert.Equal("101110", LayerChecks.MaskAfter(new Embedding(3, 5), [2, 3, 5], mask));
        Assert.Equal("101110", LayerChecks.MaskAfter(new Dropout(0.5), [2, 3], mask));

        // The loss of the dense outputs counts them all.
        var model = new Sequential(new Embedding(3, 1, maskZero: true), new Flatten(), new Dense(3, kernelInitializer: new Constant(0), biasInitializer: new Constant(1)));
        model.Compile(new Sgd(0), Loss.MeanSquaredError());
        Assert.Equal(1 + 4 + 9, 3 * model.Evaluate(TensorData.From([1, 0, 0], [1, 3]), TensorData.From<float>([0, 3, 4], [1, 3])).Loss, 5);
    }
}
