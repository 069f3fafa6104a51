namespace Anneal.Models.Tests;

/// <summary>
/// Variants of architectures that no published set here has, against references in double precision. Each reference is checked first: it gives
/// the published numbers of the variant that there is.
/// </summary>
public sealed class VariantTests
{
    private const double Tolerance = 2e-5;

    [Fact]
    public void TheReferenceOfT5GivesThePublishedLogits()
    {
        TensorData ids = Published.Array("t5", "input_ids"), written = Published.Array("t5", "decoder_input_ids");
        var reference = new T5Reference(Published.Tensors(Published.Folder("t5")), ((T5ForConditionalGeneration)Published.Load("t5")).Config);
        bool[] all = [.. Enumerable.Repeat(true, (int)ids.Shape[1])];
        double[] logits = [.. Enumerable.Range(0, (int)ids.Shape[0]).SelectMany(b => reference.Logits(Row(ids, b), all, Row(written, b)))];

        // The published numbers were computed in float32, with weights so wide that scores, which T5 does not scale, reach the hundreds.
        Matrix.AssertClose(logits, Published.Array("t5", "logits").AsSpan<float>(), 10 * Tolerance);
    }

    [Theory]
    [InlineData("gated-gelu", true)]
    [InlineData("gated-gelu", false)]
    [InlineData("gated-silu", true)]
    [InlineData("gated-relu", false)]
    public void T5WithGatedNetworks(string feedForward, bool isTied)
    {
        using var scratch = new Scratch();
        var made = new T5ForConditionalGeneration(new T5Config
        {
            VocabularySize = 41,
            HiddenSize = 24,
            HeadDimension = 7,
            IntermediateSize = 20,
            LayerCount = 2,
            DecoderLayerCount = 3,
            HeadCount = 3,
            BucketCount = 8,
            MaximumDistance = 12,
            HiddenActivation = feedForward switch { "gated-gelu" => Activation.GeluTanh, "gated-silu" => Activation.Silu, _ => Activation.Relu },
            IsGated = true,
            TieWordEmbeddings = isTied,
            ScaleDecoderOutputs = isTied,
        });
        made.SavePretrained(scratch.Path);
        Assert.Equal(feedForward, (string?)Published.Config(scratch.Path)["feed_forward_proj"]);
        SortedDictionary<string, TensorData> tensors = Published.Tensors(scratch.Path);
        Assert.Contains("decoder.block.2.layer.2.DenseReluDense.wi_1.weight", tensors.Keys);
        Assert.Equal(!isTied, tensors.ContainsKey("lm_head.weight"));
        T5ForConditionalGeneration model = T5ForConditionalGeneration.Load(scratch.Path);
        var random = new Random(5);
        int[] text = [.. Enumerable.Range(0, 19).Select(_ => random.Next(41))], written = [.. Enumerable.Range(0, 15).Select(_ => random.Next(41))];
        bool[] counts = [.. Enumerable.Range(0, 19).Select(i => i < 16)];
        double[] expected = new T5Reference(tensors, model.Config).Logits(text, counts, written);
        Tensor logits = model.Apply(Batch(text), Batch(written), Tensor.From(counts).Reshape(1, 19));
        Matrix.AssertClose(expected, logits.Evaluate().AsSpan<float>(), Tolerance);
    }

    [Fact]
    public void TheReferenceOfResidualNetworksGivesThePublishedLogits()
    {
        double[] pixels = Matrix.Values(Published.Array("resnet", "pixel_values"));
        int count = (int)Published.Array("resnet", "logits").Shape[0], each = pixels.Length / count, side = (int)Published.Array("resnet", "pixel_values").Shape[3];
        var reference = new ResNetReference(Published.Tensors(Published.Folder("resnet")), ((ResNetForImageClassification)Published.Load("resnet")).Config);
        double[] logits = [.. Enumerable.Range(0, count).SelectMany(b => reference.Logits(pixels[(b * each)..((b + 1) * each)], side))];
        Matrix.AssertClose(logits, Published.Array("resnet", "logits").AsSpan<float>(), Tolerance);
    }

    [Theory]
    [InlineData(ResNetLayerType.Basic, false, false, 24)]
    [InlineData(ResNetLayerType.Basic, true, false, 17)]
    [InlineData(ResNetLayerType.Bottleneck, true, true, 22)]
    public void ResidualNetworksOfAllKinds(ResNetLayerType type, bool downsampleInFirstStage, bool downsampleInBottleneck, int side)
    {
        using var scratch = new Scratch();
        var model = new ResNetForImageClassification(new ResNetConfig
        {
            EmbeddingSize = 6,
            HiddenSizes = [8, 12],
            Depths = [2, 2],
            LayerType = type,
            DownsampleInFirstStage = downsampleInFirstStage,
            DownsampleInBottleneck = downsampleInBottleneck,
            Labels = ["a", "b", "c"],
        });
        var random = new Random(6);
        model.EnsureBuilt([.. model.InputsToBuild]);

        // Moving averages other than the first ones, so that none can be left out.
        foreach (WeightEntry entry in model.Weights().Entries.Where(e => e.Layout != WeightLayout.Count && e.Name.Contains("normalization", StringComparison.Ordinal)))
        {
            foreach (ref float value in entry.Variable.Storage.AsSpan<float>())
                value = 0.5f + random.NextSingle();
            entry.Variable.MarkChanged();
        }

        model.SavePretrained(scratch.Path);
        SortedDictionary<string, TensorData> tensors = Published.Tensors(scratch.Path);
        Assert.Equal(type == ResNetLayerType.Bottleneck, tensors.ContainsKey("resnet.encoder.stages.1.layers.0.layer.2.convolution.weight"));
        ResNetForImageClassification again = ResNetForImageClassification.Load(scratch.Path);
        Assert.Equal(type, again.Config.LayerType);
        double[] pixels = [.. Enumerable.Range(0, 3 * side * side).Select(_ => (double)(float)(random.NextDouble() - 0.5))];
        float[] inOrder = Array.ConvertAll(pixels, p => (float)p);
        TensorData logits = again.Predict(Tensor.From(inOrder).Reshape(1, 3, side, side).Transpose(0, 2, 3, 1).Evaluate());
        Matrix.AssertClose(new ResNetReference(tensors, again.Config).Logits(pixels, side), logits.AsSpan<float>(), Tolerance);
    }

    private static int[] Row(TensorData ids, int row)
    {
        int time = (int)ids.Shape[1];
        return [.. Enumerable.Range(row * time, time).Select(i => (int)ids.GetDouble(i))];
    }

    private static Tensor Batch(int[] ids) => Tensor.From(ids).Reshape(1, ids.Length);
}
